//! The result of an export.

use std::fmt;

use serde_core::de::{Deserialize, Deserializer, MapAccess};
use serde_core::ser::{Serialize, SerializeMap, Serializer};

use crate::error::Error;
use crate::reading::json::{Members, Object};

/// Whether an export is complete.
#[derive(Clone, Debug)]
#[must_use = "only the verdict says whether records are missing"]
#[non_exhaustive]
pub enum Verdict {
    /// Every record that was in the list from the beginning to the end was returned, once. Records that were added or
    /// deleted meanwhile may be among them or not.
    ///
    /// Nothing that the server returned contradicts this. Records can still be missing where its responses were wrong and
    /// fit together:
    /// - Records moved up while as many were deleted.
    /// - The last page is empty or cut in the same way each time. A page behind it that held records once, and is empty when it
    ///   is read again, looks as if these records had been added and deleted.
    /// - Several pages were empty at each reading by chance.
    /// - A page came in place of another three times in a row, looking each time as if the same records had been deleted.
    /// - The first page came once in another order, was sorted by chance, and others were deleted until the list was shorter
    ///   than a page.
    /// - A page came once in place of one above it, and was equal to that page as it was read before, because exactly a
    ///   page was deleted meanwhile.
    #[non_exhaustive]
    Complete {
        /// The figures.
        figures: ExportFigures,
    },
    /// The list was read to its end, but records moved up in it meanwhile. Adding and deleting do not cause that. Some
    /// records entered the list in another way (restored, or edited so that they match the query). The same number of
    /// other records may be missing. Export the list again.
    #[non_exhaustive]
    Shifted {
        /// The figures.
        figures: ExportFigures,
    },
    /// The list was read to its end, but its pages contradict each other: a page is empty or short although others
    /// follow, or holds a record twice. Records may be missing. Export the list again.
    #[non_exhaustive]
    Contradicted {
        /// The figures.
        figures: ExportFigures,
        /// The first contradiction.
        cause: Error,
    },
    /// The export ended early. The records returned so far are valid: by ID, each once. An export whose checkpoint
    /// cannot be removed at the end is truncated, too, because the next export would resume from it.
    #[non_exhaustive]
    Truncated {
        /// The figures.
        figures: ExportFigures,
        /// What ended it.
        cause: Error,
    },
}

impl Verdict {
    /// Creates the verdict of an export that is not an [`Export`](super::Export). `cause` is the reason why it ended
    /// early. Without a cause it is complete, or shifted if `figures` has records that moved up.
    pub fn new(figures: ExportFigures, cause: Option<Error>) -> Self {
        match cause {
            Some(cause) => Self::Truncated { figures, cause },
            None if figures.moved_up > 0 => Self::Shifted { figures },
            None => Self::Complete { figures },
        }
    }

    /// Creates the verdict of such an export if the responses of the server contradict each other.
    pub fn contradicted(mut figures: ExportFigures, cause: Error) -> Self {
        figures.contradictions = figures.contradictions.max(1);
        Self::Contradicted { figures, cause }
    }

    /// Returns `true` if the list was read to its end, no page contradicts it, nothing moved up, and every record could be
    /// decoded.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete { figures } if figures.unreadable == 0)
    }

    /// Returns the figures.
    #[must_use]
    pub fn figures(&self) -> &ExportFigures {
        match self {
            Self::Complete { figures }
            | Self::Shifted { figures }
            | Self::Contradicted { figures, .. }
            | Self::Truncated { figures, .. } => figures,
        }
    }

    /// Returns the error with which an incomplete export ends.
    #[must_use]
    pub fn to_error(&self, operation: &'static str) -> Option<Error> {
        match self {
            Self::Truncated { cause, .. } | Self::Contradicted { cause, .. } => Some(cause.clone()),
            Self::Shifted { .. } => {
                let fault = "records moved up in the list while it was read, so others may be missing: export it again";
                Some(Error::incomplete(operation, fault))
            }
            Self::Complete { figures } if figures.unreadable > 0 => {
                let fault =
                    "records cannot be decoded, and are missing: fix them in the CRM, then export again";
                Some(Error::incomplete(operation, format!("{} {fault}", figures.unreadable)))
            }
            Self::Complete { .. } => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete { figures } if figures.unreadable > 0 => {
                write!(f, "read to the end, but some records cannot be decoded: {figures}")
            }
            Self::Complete { figures } => write!(f, "complete: {figures}"),
            Self::Shifted { figures } => {
                write!(f, "records moved while they were read, so some may be missing: {figures}")
            }
            Self::Contradicted { figures, cause } => {
                write!(f, "not known to be complete: {figures}; {cause}")
            }
            Self::Truncated { figures, cause } => write!(f, "ended early: {figures}; {cause}"),
        }
    }
}

/// What an export has done. With a checkpoint, it includes the runs before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportFigures {
    /// Records returned.
    pub records: u64,
    /// Records that cannot be decoded. Each was returned as an error.
    pub unreadable: u64,
    /// Records that the server returned although the query excludes them. The export did not return them.
    pub left_out: u64,
    /// Records returned as listed, because they were deleted before their full text could be fetched.
    pub as_listed: u64,
    /// Pages requested.
    pub pages: u64,
    /// How many deletions were noticed. Nothing is missing because of them.
    pub repaired: u64,
    /// How often records were found that had moved up.
    pub moved_up: u64,
    /// How often pages contradicted each other. Records may be missing.
    pub contradictions: u64,
}

const FIGURES: &[&str] =
    &["records", "unreadable", "left_out", "as_listed", "pages", "repaired", "moved_up", "contradictions"];

/// Writes an object with all figures.
impl Serialize for ExportFigures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut figures = *self;
        // A map and not a struct, which some formats write without its keys.
        let mut object = serializer.serialize_map(Some(FIGURES.len()))?;
        for key in FIGURES {
            object.serialize_entry(key, figures.figure(key))?;
        }
        object.end()
    }
}

/// Reads such an object. A figure that is missing is 0, because an earlier version did not count it.
impl<'de> Deserialize<'de> for ExportFigures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Object::deserialize(deserializer).map(|Object(Collected(figures))| figures)
    }
}

#[derive(Default)]
struct Collected(ExportFigures);

impl<'de> Members<'de> for Collected {
    const KEYS: &'static [&'static str] = FIGURES;

    fn read_member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        *self.0.figure(key) = map.next_value()?;
        Ok(())
    }
}

impl ExportFigures {
    fn figure(&mut self, key: &str) -> &mut u64 {
        match key {
            "records" => &mut self.records,
            "unreadable" => &mut self.unreadable,
            "left_out" => &mut self.left_out,
            "as_listed" => &mut self.as_listed,
            "pages" => &mut self.pages,
            "repaired" => &mut self.repaired,
            "moved_up" => &mut self.moved_up,
            _ => &mut self.contradictions,
        }
    }
}

impl fmt::Display for ExportFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records ({} page requests)", self.records, self.pages)?;
        let others = [
            (self.unreadable, "unreadable"),
            (self.left_out, "left out"),
            (self.as_listed, "only as listed"),
            (self.repaired, "deletions made up for"),
            (self.moved_up, "moves seen"),
            (self.contradictions, "contradictions"),
        ];
        for (count, what) in others {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}
