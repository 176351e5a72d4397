//! The counts of an import.

use serde::Serialize;

use crate::exit::Exit;

/// What became of the rows.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    pub(super) rows: u64,
    pub(super) stored: u64,
    pub(super) refused: u64,
    pub(super) unreadable: u64,
    pub(super) not_sent: u64,
    pub(super) unknown: u64,
    pub(super) changed_by_server: u64,
    pub(super) without_owner: u64,
    pub(super) with_unknown_type: u64,
    pub(super) stored_twice: u64,
    pub(super) exit_code: u8,
}

impl Summary {
    /// Returns how many rows have an outcome.
    pub(super) fn done(&self) -> u64 {
        self.stored + self.refused + self.unreadable + self.not_sent + self.unknown
    }

    /// Returns the exit that the counts ask for, as far as no reason asks for a worse one.
    pub(super) fn exit(&self) -> Exit {
        if self.stored_twice > 0 {
            Exit::Person
        } else if self.not_sent > 0 {
            Exit::Again
        } else if self.refused + self.unreadable > 0 {
            Exit::Refused
        } else {
            Exit::Done
        }
    }
}
