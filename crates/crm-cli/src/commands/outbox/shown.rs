//! A status for programs and for people.

use crm::history::{EntryId, Loss, LossKind, NewEntry};
use crm::outbox::Status;
use serde::Serialize;

use super::held;
use crate::exit::Exit;
use crate::language::{Messages, one_line};

/// A status as JSON. What does not apply is left out.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    pub(super) key: String,
    pub(super) status: &'static str,
    /// The ID of the record in the CRM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<u64>,
    /// The code of the server's refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// The ID of a record that may be this activity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) candidate: Option<u64>,
    /// What the CRM changes in it. Only an answer to a `put` has them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<String>,
}

impl Shown {
    pub(super) fn new(key: &str, status: &Status) -> Self {
        let mut shown = Self {
            key: key.to_owned(),
            status: status.state().as_str(),
            id: None,
            code: None,
            reason: None,
            candidate: None,
            warnings: Vec::new(),
        };
        let id = |id: EntryId| id.0;
        match status {
            Status::Stored(record) => shown.id = record.map(id),
            Status::Sending => shown.reason = Some(NOT_CONFIRMED.to_owned()),
            Status::Held(reason) => shown.reason = Some(one_line(reason)),
            Status::Refused(rejection) => {
                (shown.code, shown.reason) = (rejection.code, Some(one_line(&rejection.text)));
            }
            Status::Unknown(unknown) => {
                shown.reason = Some(one_line(&unknown.reason));
                shown.candidate = unknown.candidate.map(id);
            }
            _ => {}
        }
        shown
    }

    /// Adds what the CRM changes in the activity that was put.
    pub(super) fn with_warnings(self, entry: &NewEntry, has_fallback_client: bool) -> Self {
        Self {
            warnings: losses(entry, has_fallback_client).iter().map(ToString::to_string).collect(),
            ..self
        }
    }

    /// Returns it in words.
    pub(super) fn in_words(&self, messages: &Messages) -> String {
        let mut words = messages.text(match self.status {
            "queued" => "outbox-queued",
            "held" => "outbox-held",
            "sending" => "outbox-sending",
            "stored" => "outbox-stored",
            "refused" => "outbox-refused",
            _ => "outbox-unknown",
        });
        if let Some(id) = self.id {
            words += &format!(", ID {id}");
        }
        if let Some(reason) = &self.reason {
            match self.code {
                // The words of the server.
                Some(code) => words += &format!(": {code} {reason}"),
                None => words += &format!(": {}", messages.of_library(reason)),
            }
        }
        words
    }
}

/// Why an activity is being sent for long.
const NOT_CONFIRMED: &str = "it was sent and is not confirmed yet: after a lost answer it is looked up first, and without a \
                             time it waits for another activity or for --patience";

/// Returns what the CRM changes in an activity. A delivery with a fallback client gives it to those without any.
pub(super) fn losses(entry: &NewEntry, has_fallback_client: bool) -> Vec<Loss> {
    let mut losses = entry.losses();
    losses.retain(|loss| !has_fallback_client || loss.kind != LossKind::Unlinked);
    losses
}

/// Returns how a command ends that asked for this status.
pub(super) fn exit(status: &Status) -> Exit {
    match status {
        Status::Stored(_) => Exit::Done,
        Status::Refused(_) => Exit::Refused,
        Status::Unknown(_) => Exit::Person,
        Status::Held(reason) => held::exit(reason),
        _ => Exit::Again,
    }
}
