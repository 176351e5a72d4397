//! What an outbox shows of itself: counters and gauges with the feature `metrics`, spans with the feature `tracing`.

use crate::status::OutboxStats;

/// Counts that this instance became the sender.
pub(crate) fn takeover() {
    #[cfg(feature = "metrics")]
    metrics::counter!("crm_outbox_takeovers_total").increment(1);
}

/// Counts a request to the CRM.
pub(crate) fn batch() {
    #[cfg(feature = "metrics")]
    metrics::counter!("crm_outbox_batches_total").increment(1);
}

/// Counts activities that were put with one commit.
pub(crate) fn put(activities: usize) {
    #[cfg(feature = "metrics")]
    {
        metrics::counter!("crm_outbox_puts_total").increment(activities as u64);
        metrics::counter!("crm_outbox_put_commits_total").increment(1);
    }
    #[cfg(not(feature = "metrics"))]
    let _ = activities;
}

/// Counts an activity that is stored, refused or unknown.
pub(crate) fn settled(outcome: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("crm_outbox_settled_total", "status" => outcome).increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = outcome;
}

/// Whether the counts of the store are worth a query.
pub(crate) const COUNTS_DEPTH: bool = cfg!(feature = "metrics");

/// Sets the gauges of what is in the store.
pub(crate) fn depth(stats: &OutboxStats) {
    #[cfg(feature = "metrics")]
    {
        #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
        for state in crate::status::State::ALL {
            metrics::gauge!("crm_outbox_depth", "status" => state.as_str()).set(stats.count(state) as f64);
        }
        metrics::gauge!("crm_outbox_oldest_seconds").set(stats.oldest.unwrap_or_default().as_secs_f64());
    }
    #[cfg(not(feature = "metrics"))]
    let _ = stats;
}

/// Sets the gauges to zero, because another instance counts from now on.
pub(crate) fn no_depth() {
    depth(&OutboxStats::default());
}

/// The spans of activities that this process put and that are not settled yet.
#[derive(Debug, Default)]
pub(crate) struct ActivitySpans {
    #[cfg(feature = "tracing")]
    spans: std::sync::Mutex<std::collections::HashMap<String, tracing::Span>>,
}

#[cfg(feature = "tracing")]
impl ActivitySpans {
    /// Begins the span of an activity, within the present span.
    pub(crate) fn begin(&self, key: &str) {
        let mut spans = self.spans.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if spans.len() < MOST_SPANS && !spans.contains_key(key) {
            let span = tracing::info_span!("outbox.activity", key, status = tracing::field::Empty);
            spans.insert(key.to_owned(), span);
        }
    }

    /// Ends the span of an activity with its status.
    pub(crate) fn end(&self, key: &str, status: &'static str) {
        let mut spans = self.spans.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(span) = spans.remove(key) {
            span.record("status", status);
        }
    }
}

#[cfg(not(feature = "tracing"))]
#[expect(clippy::unused_self, reason = "does something with the feature")]
impl ActivitySpans {
    pub(crate) fn begin(&self, _: &str) {}

    pub(crate) fn end(&self, _: &str, _: &'static str) {}
}

/// Maximum number of open spans. Activities beyond it have none.
#[cfg(feature = "tracing")]
const MOST_SPANS: usize = 10_000;
