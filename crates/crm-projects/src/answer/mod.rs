//! Reads the responses of solOS, none of which are documented.
//!
//! Assumed, in this order: an array or object under `payload` (seen in the vendor's examples of API v1), `data`, `items`,
//! `result`, or the name of the resource; otherwise the whole response. Records are an array, or an object keyed by ID; a
//! `total` may be beside them. One record is an object, or the only element of such a list. An object that holds an error
//! is an error, whatever the HTTP status.
#![doc(alias("payload", "errors", "message"))]

use std::borrow::Cow;

use bytes::Bytes;
use crm_model::Page;
use crm_model::projects::ProjectId;
use crm_transport::json::{self, JsonError, Members, Object, Place, RawRecord};
use crm_transport::{Error, OperationInfo, answer};
use http::Response;
use serde_core::de::{Deserialize, DeserializeOwned, IgnoredAny, MapAccess};
use serde_json::Value;
use serde_json::value::RawValue;

/// Decodes the records of a list. `names` are the names that solOS may give them: `["projects"]`.
///
/// # Errors
/// The response reports an error, or holds no list.
pub fn page<T: DeserializeOwned>(
    info: &OperationInfo,
    response: &Response<Bytes>,
    names: &[&str],
) -> Result<Page<T>, Error> {
    if let Some(page) = plain_page(answer::json(info, response)?) {
        return Ok(page);
    }
    let found = Found::read(info, response, names, "a list of records")?;
    let page = match found.shape {
        Shape::Array => json::page(found.json, &found.path),
        Shape::Keyed(records) => Ok(json::read_records(with_ids(records), &found.path)),
        // It may be what is left of a list that could not be read.
        Shape::Nothing if found.json == "null" => {
            Err(JsonError::new(&*found.path, "expected a list of records, found null"))
        }
        Shape::Nothing => Ok(Page::new(Vec::new())),
        Shape::Record | Shape::Unknown => Err(found.unexpected("a list of records", names)),
    };
    let page = page.map_err(|e| Error::undecodable(info, e))?;
    Ok(with_total(page, found.total))
}

/// A response with the data under `payload` and nothing that may report an error. Nearly every response is like this and
/// is decoded in one go.
struct Plain<P> {
    payload: Option<P>,
    total: Option<Value>,
    is_unclear: bool,
}

impl<'de, P: Deserialize<'de>> Members<'de> for Plain<P> {
    /// With an `id` the response would be a record.
    const KEYS: &'static [&'static str] =
        &["payload", "total", "error", "errors", "message", "success", "ok", "status", "result", "id"];
    const REQUIRED: usize = 1;

    fn read_member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "payload" => self.payload = Some(map.next_value()?),
            "total" => self.total = map.next_value()?,
            _ => self.is_unclear |= map.next_value::<Option<IgnoredAny>>()?.is_some(),
        }
        Ok(())
    }
}

impl<P> Default for Plain<P> {
    fn default() -> Self {
        Self { payload: None, total: None, is_unclear: false }
    }
}

/// Returns the payload of such a response, and its total.
fn plain<'de, P: Deserialize<'de>>(json: &'de [u8]) -> Option<(P, Option<Value>)> {
    let Object(plain): Object<Plain<P>> = json::well_formed(json)?;
    plain.payload.filter(|_| !plain.is_unclear).map(|payload| (payload, plain.total))
}

/// Returns the page of such a response, if every record can be decoded.
fn plain_page<T: DeserializeOwned>(json: &[u8]) -> Option<Page<T>> {
    let (json::RecordList(records), total) = plain(json)?;
    Some(with_total(Page::new(records), total.and_then(|total| unsigned(&total))))
}

/// Returns the record of such a response, if it begins with its ID and so is not another envelope.
fn plain_record(json: &[u8]) -> Option<&str> {
    let record = plain::<&RawValue>(json)?.0.get();
    record.starts_with("{\"id\":").then_some(record)
}

/// Decodes the only record of a response. `names` are the names that solOS may give it: `["project", "projects"]`.
///
/// # Errors
/// The response reports an error, or holds no record ([`Error::is_not_found`]) or more than one.
pub fn one<T: DeserializeOwned>(
    info: &OperationInfo,
    response: &Response<Bytes>,
    names: &[&str],
) -> Result<T, Error> {
    read_one(info, response, names, None)
}

/// Decodes the only record of a response, and checks that it is the one with this ID.
///
/// # Errors
/// As [`one`]. A record with another ID is an error that names both ([`Error::is_ignored_parameter`]).
pub fn one_with_id<T: DeserializeOwned>(
    info: &OperationInfo,
    response: &Response<Bytes>,
    names: &[&str],
    id: u64,
) -> Result<T, Error> {
    read_one(info, response, names, Some(id))
}

fn read_one<T: DeserializeOwned>(
    info: &OperationInfo,
    response: &Response<Bytes>,
    names: &[&str],
    asked: Option<u64>,
) -> Result<T, Error> {
    let decoded = |record: &str, path: &str| {
        check_id(info, record, asked)?;
        json::decode(record.as_bytes(), path).map_err(|e| Error::undecodable(info, e))
    };
    if let Some(record) = plain_record(answer::json(info, response)?) {
        return decoded(record, "$.payload");
    }
    let found = Found::read(info, response, names, "a record")?;
    let undecodable = |e: JsonError| Error::undecodable(info, e);
    let records = match found.shape {
        // One record was requested, so an object without an `id` is accepted as well.
        Shape::Record | Shape::Unknown => return decoded(found.json, &found.path),
        Shape::Array => json::raw_records(found.json, &found.path).map_err(undecodable)?,
        Shape::Keyed(records) => with_ids(records),
        Shape::Nothing => Vec::new(),
    };
    match &records[..] {
        [] => Err(Error::no_record(info)),
        [record] => {
            let mut path = found.path;
            match &record.place {
                Place::Index(index) => path.push_str(&format!("[{index}]")),
                Place::Key(key) => json::push_key(&mut path, key),
            }
            decoded(&record.json, &path)
        }
        more => {
            let fault = format!("expected one record, found {}", more.len());
            Err(undecodable(JsonError::new(found.path, fault)))
        }
    }
}

/// The ID of any record. Every ID is read alike.
#[derive(Default)]
struct Identified {
    id: u64,
}

impl<'de> Members<'de> for Identified {
    const KEYS: &'static [&'static str] = &["id"];
    const REQUIRED: usize = 1;

    fn read_member<A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        self.id = map.next_value::<ProjectId>()?.into();
        Ok(())
    }
}

/// Checks that a record has the ID that was requested. One without a readable ID contradicts nothing.
fn check_id(info: &OperationInfo, record: &str, asked: Option<u64>) -> Result<(), Error> {
    let id = |record: &str| match json::well_formed(record.as_bytes()) {
        Some(Object(Identified { id })) => Some(id),
        None => serde_json::from_str::<ProjectId>(json::member(record, "id")?).ok().map(u64::from),
    };
    let Some(asked) = asked else { return Ok(()) };
    match id(record).filter(|&id| id != asked) {
        None => Ok(()),
        Some(id) => {
            let found = format!("record {id} arrived in place of record {asked}");
            Err(Error::ignored_parameter(info, "id", found))
        }
    }
}

/// Checks that every record of a list has one of the IDs that its filter asked for.
///
/// # Errors
/// There is another record: the server ignored the filter.
pub(crate) fn check_filter(
    info: &OperationInfo,
    response: &Response<Bytes>,
    names: &[&str],
    (parameter, asked): (&'static str, &[u64]),
) -> Result<(), Error> {
    let page: Page<Object<Identified>> = page(info, response, names)?;
    let mut ids = page.items.into_iter().map(|Object(record)| record.id);
    match ids.find(|id| !asked.contains(id)) {
        None => Ok(()),
        Some(id) => Err(Error::ignored_parameter(info, parameter, format!("record {id} was not asked for"))),
    }
}

/// The records of a response, found in their envelope.
struct Found<'a> {
    json: &'a str,
    path: String,
    total: Option<u64>,
    shape: Shape<'a>,
}

enum Shape<'a> {
    Array,
    /// An object whose keys are IDs and whose values are objects.
    Keyed(Vec<RawRecord<'a>>),
    /// An object with an `id`.
    Record,
    /// `null`, `false`, `{}` and the like.
    Nothing,
    /// An object that is none of these.
    Unknown,
}

impl<'a> Found<'a> {
    fn read(
        info: &OperationInfo,
        response: &'a Response<Bytes>,
        names: &[&str],
        expected: &str,
    ) -> Result<Self, Error> {
        let body = answer::json(info, response)?;
        if let Some(error) = answer::api_error(info, body, |code| {
            code.map_or(crm_transport::Refusal::Other, answer::refusal_of_http)
        }) {
            return Err(error);
        }
        let json = std::str::from_utf8(body).map_err(|_| {
            // decode reports the byte from which on it is not UTF-8
            let cause = json::decode::<Value>(body, "$").err();
            let cause = cause.unwrap_or_else(|| JsonError::new("$", format!("expected {expected}")));
            Error::undecodable(info, cause)
        })?;
        Self::locate(json, names).map_err(|e| Error::undecodable(info, e))
    }

    fn locate(mut json: &'a str, names: &[&str]) -> Result<Self, JsonError> {
        let mut path = "$".to_owned();
        let mut total = None;
        // An envelope within an envelope (`{"payload": {"projects": […], "total": 7}}`), and no deeper.
        for _ in 0..3 {
            if json.starts_with('[') {
                return Ok(Self { json, path, total, shape: Shape::Array });
            }
            if !json.starts_with('{') {
                return Ok(Self { json, path, total, shape: Shape::Nothing });
            }
            let entries = json::raw_records(json, &path)?;
            total = entry(&entries, "total")
                .and_then(|json| unsigned(&serde_json::from_str(json).ok()?))
                .or(total);
            if entries.is_empty() {
                return Ok(Self { json, path, total, shape: Shape::Nothing });
            }
            if entry(&entries, "id").is_some() {
                return Ok(Self { json, path, total, shape: Shape::Record });
            }
            if entries.iter().all(is_keyed_by_id) {
                return Ok(Self { json, path, total, shape: Shape::Keyed(entries) });
            }
            let envelopes = ["payload", "data", "items", "result"];
            let find = |fits: fn(&str) -> bool| {
                let mut names = envelopes.iter().chain(names);
                names.find_map(|name| Some((*name, entry(&entries, name).filter(|value| fits(value))?)))
            };
            let envelope = find(|value| value.starts_with(['[', '{']))
                .or_else(|| find(|value| matches!(value, "null" | "false"))); // PHP's nothing
            match envelope {
                Some((name, value)) => {
                    json::push_key(&mut path, name);
                    json = value;
                }
                None => break,
            }
        }
        Ok(Self { json, path, total, shape: Shape::Unknown })
    }

    /// Describes what was found by the names of its keys, because values may be personal data.
    fn unexpected(&self, expected: &str, names: &[&str]) -> JsonError {
        let keys = json::raw_records(self.json, &self.path).unwrap_or_default();
        let keys: Vec<String> = keys
            .iter()
            .filter_map(|entry| match &entry.place {
                Place::Key(key) => Some(format!("{:?}", key.chars().take(64).collect::<String>())),
                Place::Index(_) => None,
            })
            .take(12)
            .collect();
        let reason = format!(
            "expected {expected}, bare or under \"payload\", \"data\", \"items\", \"result\" or \"{}\", found an \
             object with the keys {}",
            names.join("\" or \""),
            keys.join(", "),
        );
        JsonError::new(self.path.clone(), reason)
    }
}

fn entry<'a>(entries: &[RawRecord<'a>], name: &str) -> Option<&'a str> {
    // If a key occurs twice, the last one counts, as in PHP.
    entries.iter().rev().find_map(|entry| match (&entry.place, &entry.json) {
        (Place::Key(key), Cow::Borrowed(json)) if key == name => Some(*json),
        _ => None,
    })
}

fn is_keyed_by_id(entry: &RawRecord<'_>) -> bool {
    let Place::Key(key) = &entry.place else { return false };
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit()) && entry.json.starts_with('{')
}

/// Adds the ID that records are keyed by to those that do not repeat it.
fn with_ids(mut records: Vec<RawRecord<'_>>) -> Vec<RawRecord<'_>> {
    for record in &mut records {
        let Place::Key(key) = &record.place else { continue };
        let has_id = json::raw_records(&record.json, "$").is_ok_and(|fields| {
            fields.is_empty() || fields.iter().any(|field| matches!(&field.place, Place::Key(k) if k == "id"))
        });
        if !has_id && let Some(fields) = record.json.strip_prefix('{') {
            record.json = Cow::Owned(format!("{{\"id\":{key:?},{fields}"));
        }
    }
    records
}

fn with_total<T>(mut page: Page<T>, total: Option<u64>) -> Page<T> {
    page.total = total;
    page
}

fn unsigned(value: &Value) -> Option<u64> {
    match value {
        Value::Number(n) => n.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
