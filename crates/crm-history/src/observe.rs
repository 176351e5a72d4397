//! What an import shows of itself with the feature `metrics`.

use crm_model::history::AddOutcome;

/// Counts the outcome of an activity of an import.
pub(crate) fn import_outcome(outcome: &AddOutcome) {
    #[cfg(feature = "metrics")]
    {
        let name = match outcome {
            AddOutcome::Created(_) => "created",
            AddOutcome::StoredWithoutId => "stored_without_id",
            AddOutcome::Rejected(_) => "rejected",
            AddOutcome::NotSent(_) => "not_sent",
            _ => "unknown",
        };
        metrics::describe_counter!(
            IMPORT_OUTCOMES,
            metrics::Unit::Count,
            "Activities of imports with an outcome"
        );
        metrics::counter!(IMPORT_OUTCOMES, "outcome" => name).increment(1);
    }
    #[cfg(not(feature = "metrics"))]
    let _ = outcome;
}

#[cfg(feature = "metrics")]
const IMPORT_OUTCOMES: &str = "crm_import_outcomes_total";
