//! Watches that no activity is sent while an equal one is in doubt.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// The activities whose request broke off, by the body of the item.
#[derive(Debug, Default)]
pub(crate) struct SettleWatch {
    broken: BTreeMap<String, Vec<BrokenOff>>,
    /// The activities that were sent too early.
    too_early: Vec<String>,
}

#[derive(Debug)]
struct BrokenOff {
    at: Instant,
    /// How many equal records there were when it came to the server, which may store it later.
    stored: usize,
}

impl SettleWatch {
    /// Notes that the connection of a request with this item broke now. `stored`: how many equal records there were when it
    /// came to the server.
    pub(crate) fn broke(&mut self, item: &str, stored: usize) {
        self.broken.entry(item.to_owned()).or_default().push(BrokenOff { at: Instant::now(), stored });
    }

    /// Notes that this item is sent now. A record that has appeared since then may have been found. A request that was begun
    /// before may have waited for its turn in the client for up to `longest_wait`.
    pub(crate) fn sent(&mut self, item: &str, stored: usize, longest_wait: Duration, settle: Duration) {
        let now = Instant::now();
        let broken = self.broken.get(item).into_iter().flatten();
        let is_early = |broken: &BrokenOff| {
            now > broken.at + longest_wait && now < broken.at + settle && stored <= broken.stored
        };
        for BrokenOff { at, .. } in broken.filter(|broken| is_early(broken)) {
            let after = now - *at;
            self.too_early.push(format!(
                "an activity was sent {after:?} after the request of an equal one broke off: {item}"
            ));
        }
    }

    /// A new process takes over.
    pub(crate) fn restart(&mut self) {
        self.broken.clear();
    }

    pub(crate) fn take_violations(&mut self) -> Vec<String> {
        std::mem::take(&mut self.too_early)
    }
}
