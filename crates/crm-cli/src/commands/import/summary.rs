//! The counts of an import.

use serde::Serialize;

use crate::exit::Exit;

/// What became of the rows.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    pub(super) rows: u64,
    pub(super) stored: u64,
    /// Those of `stored` that this run did not send.
    pub(super) stored_before: u64,
    /// Rows with a remark: stored now or to be sent, and not as the file has them.
    pub(super) with_warnings: u64,
    pub(super) refused: u64,
    pub(super) unreadable: u64,
    pub(super) not_sent: u64,
    pub(super) unknown: u64,
    /// Those of `unknown` that another run looks up.
    pub(super) not_settled: u64,
    /// Those of `not_sent` that may be stored rows which were changed since.
    pub(super) perhaps_changed: u64,
    /// In a dry run: would be sent.
    pub(super) to_send: u64,
    pub(super) changed_by_server: u64,
    pub(super) without_owner: u64,
    pub(super) with_unknown_type: u64,
    pub(super) stored_twice: u64,
    pub(super) rejected_file: Option<String>,
    pub(super) exit_code: u8,
}

impl Summary {
    /// Returns how many rows have an outcome.
    pub(super) fn done(&self) -> u64 {
        self.stored + self.refused + self.unreadable + self.not_sent + self.unknown + self.to_send
    }

    /// Counts what was not taken from the input as not sent.
    pub(super) fn end(&mut self) {
        self.rows = self.rows.max(self.done());
        self.not_sent += self.rows - self.done();
    }

    /// Returns the counts that are not zero, with the names of their texts.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let (now, before) = (self.stored - self.stored_before, self.stored_before);
        let words =
            if before > 0 { ["count-stored-now", "count-stored-before"] } else { ["count-stored"; 2] };
        let counts = [
            (words[0], now),
            (words[1], before),
            ("count-to-send", self.to_send),
            ("count-refused", self.refused),
            ("count-unreadable", self.unreadable),
            ("count-not-sent", self.not_sent),
            ("count-unknown", self.unknown),
        ];
        // That nothing is new is worth a word.
        counts.into_iter().filter(move |(name, count)| *count > 0 || *name == "count-stored-now")
    }

    /// Returns the exit that the counts ask for, as far as no reason asks for a worse one.
    pub(super) fn exit(&self) -> Exit {
        if self.stored_twice > 0 {
            Exit::Person
        } else if self.not_sent > self.perhaps_changed {
            Exit::Again
        } else if self.refused + self.unreadable > 0 {
            Exit::Refused
        } else {
            Exit::Done
        }
    }
}
