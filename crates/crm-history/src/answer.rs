//! Reads the responses of SalesMan CRM: `{"data": …}`, `{"result": "Успешно", …}`, and errors inside HTTP 200.
#![doc(alias = "result")]

use bytes::Bytes;
use crm_model::Page;
use crm_model::history::ErrorCode;
use crm_transport::json::{self, JsonError, Members, Object};
use crm_transport::{Error, OperationInfo, Refusal, answer};
use http::Response;
use serde_core::de::{Deserialize, DeserializeOwned, IgnoredAny, MapAccess};
use serde_json::value::RawValue;

/// The word for success.
pub(crate) const SUCCESS: &str = "Успешно";

/// Returns the JSON of a response without an error.
///
/// # Errors
/// The response reports an error, or is not JSON.
pub fn json<'a>(info: &OperationInfo, response: &'a Response<Bytes>) -> Result<&'a [u8], Error> {
    let json = answer::json(info, response)?;
    match answer::api_error(info, json, refusal) {
        None => Ok(json),
        Some(error) => Err(error),
    }
}

/// Decodes the value of `data`. For your own operations.
///
/// # Errors
/// The response reports an error, or its `data` is missing, empty or does not fit the type.
pub fn data<T: DeserializeOwned>(info: &OperationInfo, response: &Response<Bytes>) -> Result<T, Error> {
    let json = answer::json(info, response)?;
    if let Some(data) = plain(json) {
        return Ok(data);
    }
    if let Some(error) = answer::api_error(info, json, refusal) {
        return Err(error);
    }
    match data_text(json) {
        Ok("null" | "false" | "[]" | "\"\"") => Err(Error::no_record(info)),
        Ok(data) => json::decode(data.as_bytes(), "$.data").map_err(|e| Error::undecodable(info, e)),
        Err(_) if json == b"[]" => Err(Error::no_record(info)),
        Err(e) => Err(Error::undecodable(info, e)),
    }
}

/// Decodes the records under `data`, each by itself. Without records the response is `[]`, without the key (observed).
///
/// # Errors
/// The response reports an error, or holds no list.
pub fn page<T: DeserializeOwned>(info: &OperationInfo, response: &Response<Bytes>) -> Result<Page<T>, Error> {
    let json = answer::json(info, response)?;
    if let Some(json::RecordList(items)) = plain(json) {
        return Ok(Page::new(items)); // every record is valid
    }
    if let Some(error) = answer::api_error(info, json, refusal) {
        return Err(error);
    }
    let undecodable = |e| Error::undecodable(info, e);
    let text = std::str::from_utf8(json);
    match (text.ok().filter(|text| text.starts_with('[')), data_text(json)) {
        (Some(records), _) => json::page(records, "$").map_err(undecodable),
        (None, Ok(data)) => json::page(data, "$.data").map_err(undecodable),
        // One record that is not JSON does not hide the others.
        (None, Err(fault)) => match text.ok().and_then(|text| json::member(text, "data")) {
            Some(records) if records.starts_with(['[', '{']) => {
                json::page(records, "$.data").map_err(undecodable)
            }
            _ => Err(undecodable(fault)),
        },
    }
}

/// Reads the response to a call that changes something, and returns its `data`: `{"result":"Успешно","data":…}`.
///
/// # Errors
/// The server refused the call, or the response is not its own, whole answer: [`Error::foreign_answer`].
pub(crate) fn done<'a>(
    info: &OperationInfo,
    response: &'a Response<Bytes>,
) -> Result<Option<&'a RawValue>, Error> {
    let json = answer::json(info, response)?;
    done_in(info, json, "$")
}

/// Reads one answer of a call that changes something, as [`done`] does. Only `result` counts where it says success:
/// `data` and `error` may be left over from the element before (observed in `add.list`).
pub(crate) fn done_in<'a>(
    info: &OperationInfo,
    json: &'a [u8],
    at: &str,
) -> Result<Option<&'a RawValue>, Error> {
    if !json.starts_with(b"{") {
        // Whether it is cut decides the kind of the error.
        json::decode::<&RawValue>(json, at).map_err(|e| Error::undecodable(info, e))?;
        return Err(Error::foreign_answer(info, format_args!("expected an object at {at}")));
    }
    let changed: Changed<'a> = match json::decode(json, at) {
        Ok(Object(changed)) => changed,
        Err(e) if json::well_formed::<&RawValue>(json).is_none() => return Err(Error::undecodable(info, e)),
        Err(e) => return Err(Error::foreign_answer(info, e)),
    };
    if changed.result.as_deref() == Some(SUCCESS) {
        return Ok(changed.data);
    }
    let expected =
        || Error::foreign_answer(info, format_args!("expected «{SUCCESS}» or Error at {at}.result"));
    Err(answer::api_error(info, json, refusal).unwrap_or_else(expected))
}

/// Returns what a code is about. A failure of the server itself may have any code from 500 to 599 (assumed).
pub(crate) fn refusal(code: Option<i64>) -> Refusal {
    match (code.and_then(ErrorCode::from_number), code) {
        (Some(ErrorCode::KeyRefused | ErrorCode::Unauthorized | ErrorCode::CredentialsRefused), _) => {
            Refusal::Auth
        }
        (Some(ErrorCode::NotAvailable | ErrorCode::NotFound), _) => Refusal::NotFound,
        (Some(ErrorCode::MissingParameters), _) => Refusal::InvalidRequest,
        (Some(ErrorCode::ServerFault), _) | (None, Some(500..=599)) => Refusal::ServerFault,
        _ => Refusal::Other,
    }
}

/// What counts in the response to a call that changes something.
#[derive(Default)]
struct Changed<'a> {
    result: Option<String>,
    data: Option<&'a RawValue>,
}

impl<'de> Members<'de> for Changed<'de> {
    const KEYS: &'static [&'static str] = &["result", "data"];

    fn read_member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "result" => self.result = map.next_value()?,
            _ => self.data = map.next_value()?,
        }
        Ok(())
    }
}

/// Returns the text of `data`.
fn data_text(json: &[u8]) -> Result<&str, JsonError> {
    let Object(Data(data)) = json::decode(json, "$")?;
    Ok(data)
}

#[derive(Default)]
struct Data<'a>(&'a str);

impl<'de> Members<'de> for Data<'de> {
    const KEYS: &'static [&'static str] = &["data"];
    const REQUIRED: usize = 1;

    fn read_member<A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        self.0 = map.next_value::<&RawValue>()?.get();
        Ok(())
    }
}

/// Returns `data` if nothing beside it may report an error. Nearly every response is like this and is decoded in one go.
fn plain<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Option<T> {
    let Object(plain): Object<Plain<T>> = json::well_formed(json)?;
    plain.data.filter(|_| !plain.is_unclear)
}

struct Plain<T> {
    data: Option<T>,
    is_unclear: bool,
}

impl<'de, T: Deserialize<'de>> Members<'de> for Plain<T> {
    const KEYS: &'static [&'static str] = &["data", "result", "error"];

    fn read_member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "data" => self.data = map.next_value()?,
            _ => self.is_unclear |= map.next_value::<Option<IgnoredAny>>()?.is_some(),
        }
        Ok(())
    }
}

impl<T> Default for Plain<T> {
    fn default() -> Self {
        Self { data: None, is_unclear: false }
    }
}
