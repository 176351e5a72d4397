//! The progress of an export.

use std::time::{Duration, Instant};

use super::plan::Plan;
use super::verdict::ExportFigures;

/// Called after each page.
pub(super) type OnProgress = Box<dyn FnMut(&ExportProgress) + Send>;

/// The progress of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportProgress {
    /// What has been done.
    pub figures: ExportFigures,
    /// The estimated number of records, if it is known yet.
    pub records_in_all: Option<u64>,
    /// The estimated time left, if it is known yet.
    pub rest: Option<Duration>,
}

/// Reports the progress to the user's function.
pub(super) struct Reporter {
    on_progress: OnProgress,
    started: Instant,
    /// Pages that an earlier run has read.
    pages_before: u64,
}

impl Reporter {
    pub(super) fn new<T>(on_progress: OnProgress, plan: &Plan<T>) -> Self {
        Self { on_progress, started: Instant::now(), pages_before: plan.pages_read() }
    }

    pub(super) fn report<T>(&mut self, plan: &Plan<T>, figures: ExportFigures) {
        let read = plan.pages_read();
        let rest = plan.pages().and_then(|pages| {
            let read_now = read.saturating_sub(self.pages_before).max(1);
            let ratio = pages.saturating_sub(read) as f64 / read_now as f64;
            Duration::try_from_secs_f64((self.started.elapsed().as_secs_f64() * ratio).round()).ok()
        });
        (self.on_progress)(&ExportProgress { figures, records_in_all: plan.records_in_all(), rest });
    }
}
