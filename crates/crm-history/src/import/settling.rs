//! Decides what became of activities that were sent and got no usable response.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crm_model::history::{AddOutcome, NewEntry};
use crm_transport::Error;

use super::chunk::Sent;
use super::lookup;
use super::matching::Found;
use crate::HistoryClient;

/// Activities in doubt, and where to look for them.
pub(super) struct Doubt<'a> {
    pub(super) entries: Vec<&'a NewEntry>,
    pub(super) sent: &'a Sent,
    /// IDs that belong to other activities of the import.
    pub(super) claimed: BTreeSet<u64>,
    /// How long to wait for the server if it may still be working on the call; counted from the sending.
    pub(super) settle: Option<Duration>,
}

impl Doubt<'_> {
    /// Looks the activities up until all are found, or until the server must be done with them and two consecutive
    /// readings agree. Returns one result for each.
    pub(super) async fn settle(&self, client: &HistoryClient) -> Result<Vec<Found>, Error> {
        let mut last = self.read(client).await?;
        if let Some(settle) = self.settle
            && !all_stored(&last)
        {
            tokio::time::sleep(remaining(self.sent.at, settle)).await;
            last = self.read(client).await?;
        }
        for _ in 0..MAX_READINGS {
            if all_stored(&last) {
                return Ok(last);
            }
            let next = self.read(client).await?;
            if next == last {
                return Ok(last);
            }
            last = next;
        }
        // Others add and delete so fast that no two readings agree.
        let undecided = |found| if found == Found::Missing { Found::Undecidable } else { found };
        Ok(last.into_iter().map(undecided).collect())
    }

    async fn read(&self, client: &HistoryClient) -> Result<Vec<Found>, Error> {
        lookup::find(client, &self.entries, self.sent.watermark, self.sent.at, &self.claimed).await
    }
}

fn all_stored(found: &[Found]) -> bool {
    found.iter().all(|found| matches!(found, Found::Stored(_)))
}

/// Returns the outcome of an activity that was looked up. A missing one is [`AddOutcome::NotSent`].
pub(super) fn outcome(found: Found) -> AddOutcome {
    match found {
        Found::Stored(id) => AddOutcome::Created(id),
        Found::Missing => AddOutcome::NotSent("not stored".to_owned()),
        Found::Similar(id) => AddOutcome::Unknown(format!(
            "the call got no usable response, and record {id} resembles the activity without being equal to it"
        )),
        Found::Undecidable => AddOutcome::Unknown(
            "the call got no usable response, and the activity cannot be looked up".to_owned(),
        ),
    }
}

/// Returns the seconds since 1970 by the clock of this machine.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs())
}

/// Returns how much of `settle` is left.
fn remaining(sent_at: u64, settle: Duration) -> Duration {
    // Both times are cut to seconds, so up to one second less has passed than they show.
    settle.saturating_sub(Duration::from_secs(now().saturating_sub(sent_at).saturating_sub(1)))
}

/// Readings after which the import gives up on two that agree.
const MAX_READINGS: u32 = 5;
