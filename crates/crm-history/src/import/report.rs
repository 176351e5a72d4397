//! The report of a whole import.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use chrono::SecondsFormat;
use crm_model::history::{AddOutcome, NewEntry};
use crm_transport::durable;

use super::import_outcome::{ImportOutcome, ImportProgress, OutcomeReason};
use crate::engine::NotSentReason;

/// The outcomes of an import: one for each activity, and those that need attention.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "activities that are not stored are only in the report"]
#[non_exhaustive]
pub struct ImportReport {
    /// One outcome for each activity, by its index.
    pub outcomes: Vec<AddOutcome>,
    /// The number of outcomes of each kind.
    pub totals: ImportProgress,
    /// The activities that are not known to be stored.
    pub not_stored: Vec<ImportOutcome>,
    /// Number of activities that the server stored with a loss; see
    /// [`NewEntry::losses`](crm_model::history::NewEntry::losses).
    pub with_losses: u64,
    /// Number of activities that are stored without an owner, because their login is unknown; see
    /// [`Import::check_users`](super::Import::check_users).
    pub with_unknown_user: u64,
    /// Number of activities that are stored with a type that the account does not have; see
    /// [`Import::check_types`](super::Import::check_types).
    pub with_unknown_type: u64,
}

impl ImportReport {
    /// Adds the outcome of the next activity.
    pub fn add(&mut self, outcome: ImportOutcome) {
        self.totals.count(&outcome.outcome);
        self.outcomes.push(outcome.outcome.clone());
        if !outcome.outcome.is_stored() {
            self.not_stored.push(outcome);
        } else {
            self.with_losses += u64::from(!outcome.losses.is_empty());
            self.with_unknown_user += u64::from(outcome.unknown_user);
            self.with_unknown_type += u64::from(outcome.unknown_type);
        }
    }

    /// Returns `true` if every activity is stored.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.not_stored.is_empty()
    }

    /// Returns `true` if another run with the same journal can store more, because some activities were not sent. Those that
    /// are [perhaps changed](crate::NotSentReason::PerhapsChanged) do not count.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        self.not_stored.iter().any(|not_stored| match &not_stored.reason {
            Some(OutcomeReason::NotSent(NotSentReason::PerhapsChanged { .. })) => false,
            _ => matches!(not_stored.outcome, AddOutcome::NotSent(_)),
        })
    }

    /// Writes the refused activities as CSV, so that you can fix them and import them again.
    ///
    /// The columns have the vendor's names, and the last one is the reason. An instant is in the column `datum`, as RFC 3339
    /// with a `Z`: convert it before you import the file, because the server drops the `Z`. If nothing was refused, the file holds only
    /// the header. A new file is readable by its owner alone (mode 0600 on Unix), because it holds personal data.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_rejected(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut file = BufWriter::new(durable::create_private(path.as_ref())?);
        file.write_all(b"datum,content,tip,user,clid,pid,did,reason\n")?;
        for ImportOutcome { entry, outcome, .. } in &self.not_stored {
            let AddOutcome::Rejected(rejection) = outcome else { continue };
            let number = |id: Option<u64>| id.map(|id| id.to_string()).unwrap_or_default();
            let contacts: Vec<String> = entry.contacts.iter().map(ToString::to_string).collect();
            let values = [
                time(entry),
                entry.sent_content().into_owned(),
                entry.activity_type.clone().unwrap_or_default(),
                entry.user.clone().unwrap_or_default(),
                number(entry.client.map(|id| id.0)),
                contacts.join(","),
                number(entry.deal.map(|id| id.0)),
                rejection.to_string(),
            ];
            writeln!(file, "{}", values.map(cell).join(","))?;
        }
        file.flush()
    }
}

/// Writes the instant of an activity, or its local time.
fn time(entry: &NewEntry) -> String {
    match (entry.at_instant, entry.at) {
        (Some(instant), _) => instant.to_rfc3339_opts(SecondsFormat::Secs, true),
        (None, Some(at)) => at.format("%Y-%m-%d %H:%M:%S").to_string(),
        (None, None) => String::new(),
    }
}

/// Quotes a value for CSV (RFC 4180).
fn cell(value: String) -> String {
    if value.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ImportProgress { done, created, rejected, not_sent, unknown } = self.totals;
        write!(f, "{done} activities: {created} stored")?;
        for (count, what) in [
            (rejected, "refused"),
            (not_sent, "not sent"),
            (unknown, "stored or not, look them up"),
            (self.with_losses, "stored with changes by the server"),
            (self.with_unknown_user, "stored without an owner"),
            (self.with_unknown_type, "stored with a type that the account does not have"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn refused_activities_are_written_for_their_owner_alone() {
        let path = std::env::temp_dir().join(format!("crm-rejected-{}.csv", std::process::id()));
        let _ = std::fs::remove_file(&path);
        ImportReport::default().write_rejected(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        std::fs::remove_file(path).unwrap();
    }
}
