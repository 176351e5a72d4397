//! `add`: logs an activity.

use bytes::Bytes;
use chrono::Datelike;
use crm_model::history::{EntryId, NewEntry};
use crm_transport::json::{self, JsonError};
use crm_transport::{Error, Operation, OperationInfo};
use http::{Request, Response};
use serde_json::value::RawValue;

use super::catalog;
use crate::{answer, operations};

/// `history/add`: logs one activity and returns its id.
#[derive(Clone, Debug)]
pub struct Add {
    entry: NewEntry,
}

impl Add {
    /// Creates the operation for this activity.
    #[must_use]
    pub fn new(entry: NewEntry) -> Self {
        Self { entry }
    }
}

impl Operation for Add {
    type Output = EntryId;

    const INFO: OperationInfo = catalog::ADD;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        if let Some((field, fault)) = fault(&self.entry) {
            return Err(Error::invalid_request(Self::INFO.id, field, fault));
        }
        operations::request(&Self::INFO, &self.entry)
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        let data = answer::done(&Self::INFO, response).map_err(|error| self.hinted(error))?;
        // It is stored, whatever its id is.
        read_id(data).map_err(|cause| Error::undecodable(&Self::INFO, cause).accepted())
    }
}

impl Add {
    /// Adds the missing parameter, because the server only says «Отсутствуют параметры».
    fn hinted(&self, error: Error) -> Error {
        let NewEntry { client, contacts, deal, .. } = &self.entry;
        if error.api_code() == Some(405) && client.is_none() && contacts.is_empty() && deal.is_none() {
            error.hint("give the activity a client, a contact or a deal: the server requires one of them")
        } else {
            error
        }
    }
}

/// Reads the id of an activity that is stored.
pub(super) fn read_id(data: Option<&RawValue>) -> Result<EntryId, JsonError> {
    match data {
        Some(data) => json::decode(data.get().as_bytes(), "$.data"),
        None => Err(JsonError::new("$.data", "expected the id of the new activity, found nothing")),
    }
}

/// Returns a field that the server could not understand or would silently store as something else, and why.
pub(crate) fn fault(entry: &NewEntry) -> Option<(&'static str, &'static str)> {
    let is_empty = |text: &Option<String>| text.as_ref().is_some_and(|text| text.trim().is_empty());
    let dates = 1000..=9999; // of the server's database; any other date is stored as the zero date (observed)
    Some(match entry {
        entry if entry.content.trim().is_empty() => ("content", "is empty"),
        entry if is_empty(&entry.user) => ("user", "is empty: leave it out for the current user"),
        entry if is_empty(&entry.activity_type) => {
            ("activity_type", "is empty: leave it out for the default")
        }
        entry if entry.at.is_some_and(|at| !dates.contains(&at.year())) => {
            ("at", "is outside the years 1000 to 9999")
        }
        entry if entry.client.is_some_and(|id| id.0 == 0) => ("client", "is 0: leave it out"),
        entry if entry.contacts.iter().any(|id| id.0 == 0) => ("contacts", "have an id that is 0"),
        entry if entry.deal.is_some_and(|id| id.0 == 0) => ("deal", "is 0: leave it out"),
        _ => return None,
    })
}
