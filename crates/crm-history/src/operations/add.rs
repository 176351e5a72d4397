//! `add`: logs an activity.

use bytes::Bytes;
use chrono::Datelike;
use crm_model::history::{EntryId, NewEntry};
use crm_transport::json::{self, JsonError};
use crm_transport::{Error, Operation, OperationInfo};
use http::{Request, Response};
use serde_json::value::RawValue;

use super::catalog;
use crate::operations::{self, id_fault};
use crate::{answer, sql_safety};

/// `history/add`: logs one activity and returns its ID.
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
        if let Some((field, fault)) = fault(&self.entry).or_else(|| unconverted(&self.entry)) {
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

/// Reads the ID of an activity that is stored.
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
        entry if entry.activity_type.as_deref().is_some_and(breaks_lists) => (
            "activity_type",
            "has a \\ before the code of a Russian letter, which would break the server's lists",
        ),
        _ => return unsafe_login(entry).or_else(|| unusable_id(entry)).or_else(|| lost_mark(entry)),
    })
}

/// Returns the fault of an instant, which the server would ignore.
pub(crate) fn unconverted(entry: &NewEntry) -> Option<(&'static str, &'static str)> {
    let fault = "needs the time zone of the account: set it with HistoryClient::with_zone, and call add, add_list or \
                 import, which convert the instant";
    entry.at_instant.map(|_| ("at_instant", fault))
}

fn unsafe_login(entry: &NewEntry) -> Option<(&'static str, &'static str)> {
    Some(("user", sql_safety::fault(entry.user.as_deref()?)?))
}

fn unusable_id(entry: &NewEntry) -> Option<(&'static str, &'static str)> {
    let NewEntry { client, contacts, deal, .. } = entry;
    let client = client.iter().map(|id| ("client", id.0));
    let contacts = contacts.iter().map(|id| ("contacts", id.0));
    let deal = deal.iter().map(|id| ("deal", id.0));
    client.chain(contacts).chain(deal).find_map(|(field, id)| Some((field, id_fault(id)?)))
}

fn lost_mark(entry: &NewEntry) -> Option<(&'static str, &'static str)> {
    Some(("mark", entry.mark_fault()?))
}

/// Returns `true` if the server could not list the record: `add.list` stores such a type unchanged, and `list` writes
/// `\А` for `\u0410`. No page with it is valid JSON (observed, for А to я, Ё and ё in small hexadecimal digits).
fn breaks_lists(activity_type: &str) -> bool {
    activity_type.split("\\u04").skip(1).any(|rest| {
        let digits = rest
            .get(..2)
            .filter(|digits| digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')));
        let letter = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        letter.is_some_and(|letter| matches!(letter, 0x01 | 0x10..=0x4f | 0x51))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm_model::history::{ClientId, ContactId, DealId};

    fn refused(entry: NewEntry) -> Option<&'static str> {
        let error = Add::new(entry).request().err()?;
        assert_eq!(error.delivery(), crm_transport::Delivery::NotSent);
        match error.field()? {
            "user" => Some("user"),
            "activity_type" => Some("activity_type"),
            "mark" => Some("mark"),
            "client" | "contacts" | "deal" => Some("id"),
            _ => Some("another field"),
        }
    }

    #[test]
    fn a_type_that_would_break_every_list_is_refused() {
        let of_type = |title: &str| refused(NewEntry::new("x").activity_type(title));
        for title in [r"\u0410", r"x \u044f", r"\\u0401", r"\u0451x", r"\u04 \u0430"] {
            assert_eq!(of_type(title), Some("activity_type"), "{title}");
        }
        for title in
            [r"\u041A", r"\U0410", "u0410", r"\u0409", r"\u0450", r"\u04+1", r"\u04", r"\u044ё", r"\"]
        {
            assert_eq!(of_type(title), None, "{title}");
        }
    }

    #[test]
    fn a_login_that_the_server_would_take_for_sql_is_refused() {
        for login in ["o'hara", "a\\", "a\\b"] {
            assert_eq!(refused(NewEntry::new("x").user(login)), Some("user"), "{login}");
        }
        assert_eq!(refused(NewEntry::new("x").user("\"a\" <b>; --@example.test")), None);
    }

    #[test]
    fn an_id_that_php_cannot_hold_is_refused() {
        for (id, fault) in [
            (0, Some("id")),
            (1, None),
            (i64::MAX as u64, None),
            (1 << 63, Some("id")),
            (u64::MAX, Some("id")),
        ] {
            assert_eq!(refused(NewEntry::new("x").client(ClientId(id))), fault, "{id}");
            assert_eq!(refused(NewEntry::new("x").contacts([ContactId(1), ContactId(id)])), fault, "{id}");
            assert_eq!(refused(NewEntry::new("x").deal(DealId(id))), fault, "{id}");
        }
    }

    #[test]
    fn an_instant_that_was_not_converted_is_refused() {
        let error =
            Add::new(NewEntry::new("x").at_instant(chrono::DateTime::UNIX_EPOCH)).request().unwrap_err();
        assert_eq!(error.field(), Some("at_instant"));
        assert!(error.to_string().contains("HistoryClient::with_zone"), "{error}");
    }

    #[test]
    fn a_mark_that_would_be_lost_is_refused() {
        assert_eq!(refused(NewEntry::new("цена <5000").mark("1")), Some("mark"));
        assert_eq!(refused(NewEntry::new("цена < 5000").mark("1")), None);
        assert_eq!(refused(NewEntry::new("x").mark("1 2")), Some("mark"));
    }
}
