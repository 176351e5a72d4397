//! What became of a whole import.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crm_model::history::{AddOutcome, NewEntry};

use super::{Imported, Progress};

/// The outcomes of an import, one for each activity, and those that need a look.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ImportReport {
    /// One for each activity, by its index.
    pub outcomes: Vec<AddOutcome>,
    /// How many of each kind.
    pub totals: Progress,
    /// The activities that are not known to be stored, with their index and outcome.
    pub left: Vec<Left>,
    /// Activities that are stored with a loss; see [`NewEntry::losses`].
    pub with_losses: u64,
    /// Activities of an unknown login; see [`Import::check_users`](super::Import::check_users).
    pub with_unknown_user: u64,
}

/// An activity that is not known to be stored.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Left {
    /// Its place in the input, counted from 0.
    pub index: u64,
    /// The activity.
    pub entry: NewEntry,
    /// What became of it.
    pub outcome: AddOutcome,
}

impl ImportReport {
    /// Adds an outcome, which must be that of the next activity.
    pub fn add(&mut self, imported: Imported) {
        let Imported { index, entry, outcome, losses, unknown_user } = imported;
        self.totals.count(&outcome);
        if outcome.id().is_none() {
            self.left.push(Left { index, entry, outcome: outcome.clone() });
        } else {
            self.with_losses += u64::from(!losses.is_empty());
            self.with_unknown_user += u64::from(unknown_user);
        }
        self.outcomes.push(outcome);
    }

    /// Whether every activity is stored.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.left.is_empty()
    }

    /// Whether running the import again, with its journal, can bring it further: something was not sent.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        self.totals.not_sent > 0
    }

    /// Writes the refused activities as CSV with the vendor's names and the reason, to be mended and imported
    /// again. Without any, the file has only its header.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_rejected(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(b"datum,content,tip,user,clid,pid,did,reason\n")?;
        for Left { entry, outcome, .. } in &self.left {
            let AddOutcome::Rejected(rejection) = outcome else { continue };
            let number = |id: Option<u64>| id.map(|id| id.to_string()).unwrap_or_default();
            let contacts: Vec<String> = entry.contacts.iter().map(ToString::to_string).collect();
            let values = [
                entry.at.map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default(),
                entry.content.clone(),
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

/// A cell of CSV (RFC 4180).
fn cell(value: String) -> String {
    if value.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Progress { done, created, rejected, not_sent, unknown } = self.totals;
        write!(f, "{done} activities: {created} stored")?;
        for (count, what) in [
            (rejected, "refused"),
            (not_sent, "not sent"),
            (unknown, "stored or not, which a person must look up"),
            (self.with_losses, "of the stored were changed by the server"),
            (self.with_unknown_user, "of the stored belong to nobody"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}
