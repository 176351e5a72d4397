//! Counters of deliveries, with the feature `metrics`.

pub(crate) fn takeover() {
    #[cfg(feature = "metrics")]
    metrics::counter!("crm_outbox_takeovers_total").increment(1);
}

pub(crate) fn stored(count: u64) {
    #[cfg(feature = "metrics")]
    metrics::counter!("crm_outbox_stored_total").increment(count);
    #[cfg(not(feature = "metrics"))]
    let _ = count;
}
