//! What happened in a run, line by line.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// The lines of a run, each with its virtual time. Clones write to the same lines.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    start: Instant,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Trace {
    pub(crate) fn new() -> Trace {
        Trace { start: Instant::now(), lines: Arc::default() }
    }

    pub(crate) fn note(&self, line: impl AsRef<str>) {
        let time = self.start.elapsed().as_secs_f64();
        let line = format!("{time:>9.3} {}", line.as_ref());
        self.lines().push(line);
    }

    /// Takes all lines.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines())
    }

    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a number that is the same for the same lines.
pub(crate) fn hash(lines: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    lines.hash(&mut hasher);
    hasher.finish()
}
