//! What came of an export, and how far it is.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What an export is worth, once it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Every record that was in the list from the beginning to the end was given, once. Records that were added or
    /// deleted meanwhile may be among those given or not. An export by windows (by month) vouches for the records that
    /// stayed in their window: one that an edit moves out of a window still to be read, into one that was read, it
    /// cannot see.
    #[non_exhaustive]
    Complete {
        /// The figures.
        figures: ExportFigures,
    },
    /// The list was read to its end, but records moved up in it meanwhile, which no adding and no deleting does: some
    /// came in from elsewhere (restored, or edited so that they fit the query now). Up to as many others may have
    /// been missed. Export it again.
    #[non_exhaustive]
    Shifted {
        /// The figures.
        figures: ExportFigures,
    },
    /// It ended early. What was given up to there is sound: by id, each record once.
    #[non_exhaustive]
    Truncated {
        /// The figures.
        figures: ExportFigures,
        /// The words of the error that ended it.
        why: String,
    },
}

impl Verdict {
    /// What was given is all there is: complete, and every record could be read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete { figures } if figures.unreadable == 0)
    }

    /// The figures.
    #[must_use]
    pub fn figures(&self) -> &ExportFigures {
        match self {
            Self::Complete { figures } | Self::Shifted { figures } | Self::Truncated { figures, .. } => {
                figures
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete { figures } if figures.unreadable > 0 => {
                write!(f, "read to the end, but not every record can be read: {figures}")
            }
            Self::Complete { figures } => write!(f, "complete: {figures}"),
            Self::Shifted { figures } => {
                write!(f, "records moved while they were read, some may be missing: {figures}")
            }
            Self::Truncated { figures, why } => write!(f, "ended early: {figures}; {why}"),
        }
    }
}

/// What an export has done; with a checkpoint, what the runs before it did too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ExportFigures {
    /// Records given.
    pub records: u64,
    /// Records that could not be read. Each was given as an error.
    pub unreadable: u64,
    /// Records that the server sent although the query excludes them; they were not given.
    pub left_out: u64,
    /// Records given as the list has them, for their whole text was to be fetched and they were gone by then.
    pub as_listed: u64,
    /// Pages asked for.
    pub pages: u64,
    /// How often a deletion was met, and made up for.
    pub repaired: u64,
    /// How often records were met that had moved up.
    pub moved_up: u64,
    /// Records that were met again in a later window, because an edit had moved them there. They were given once.
    pub met_again: u64,
}

impl fmt::Display for ExportFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records from {} pages", self.records, self.pages)?;
        let others = [
            (self.unreadable, "unreadable"),
            (self.left_out, "left out"),
            (self.as_listed, "only as listed"),
            (self.repaired, "deletions made up for"),
            (self.moved_up, "moves seen"),
            (self.met_again, "met again in a later window"),
        ];
        for (count, what) in others {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

/// How far an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportProgress {
    /// What was done so far.
    pub figures: ExportFigures,
    /// How many records there are, about, once that can be told; never where there are several windows.
    pub records_in_all: Option<u64>,
    /// How much longer it takes, about, once that can be told; never where there are several windows.
    pub rest: Option<Duration>,
    /// How many windows were read to their end, and how many there are; one where the list is read as one.
    pub windows_read: u64,
    /// See there.
    pub windows: u64,
}
