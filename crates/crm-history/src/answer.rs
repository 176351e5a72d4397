//! Reads the responses of SalesMan CRM: `{"data": …}`, `{"result": "Успешно", …}`, and errors inside HTTP 200.
#![doc(alias = "result")]

use std::borrow::Cow;

use bytes::Bytes;
use crm_model::Page;
use crm_model::history::ErrorCode;
use crm_transport::json::{self, JsonError};
use crm_transport::{Error, OperationInfo, Refusal, answer};
use http::Response;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
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

/// Decodes the value of `data`. For operations of your own.
///
/// # Errors
/// The response reports an error, or its `data` is missing, empty or does not fit the type.
pub fn data<T: DeserializeOwned>(info: &OperationInfo, response: &Response<Bytes>) -> Result<T, Error> {
    let json = answer::json(info, response)?;
    if let Some(Plain { data: Some(data), result: None, error: None }) = json::well_formed(json) {
        return Ok(data); // nearly always
    }
    if let Some(error) = answer::api_error(info, json, refusal) {
        return Err(error);
    }
    let data = json::decode::<Data<&RawValue>>(json, "$").map(|data| data.data.get());
    match data {
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
    if let Some(Plain { data: Some(items), result: None, error: None }) = json::well_formed(json) {
        return Ok(Page::new(items)); // nearly always: no error, every record valid
    }
    if let Some(error) = answer::api_error(info, json, refusal) {
        return Err(error);
    }
    let page = if json.starts_with(b"[") {
        json::decode::<&RawValue>(json, "$").and_then(|records| json::page(records.get(), "$"))
    } else {
        json::decode::<Data<&RawValue>>(json, "$").and_then(|data| json::page(data.data.get(), "$.data"))
    };
    page.map_err(|e| Error::undecodable(info, e))
}

/// Returns `true` if a response, or the part of it that arrived, reports success: `{"result":"Успешно"`.
pub(crate) fn is_accepted(json: &[u8]) -> bool {
    match serde_json::from_slice::<Word<'_>>(json) {
        Ok(word) => word.result == SUCCESS,
        Err(_) => json.starts_with(format!("{{\"result\":\"{SUCCESS}\"").as_bytes()),
    }
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

/// One element of the response to `add.list`, and the whole response to `add`. `data` and `error` may be left over from
/// the element before, so only `result` counts (observed).
pub(crate) struct Added<'a> {
    pub(crate) result: Option<Cow<'a, str>>,
    pub(crate) data: Option<&'a RawValue>,
    pub(crate) error: Option<&'a RawValue>,
}

impl<'a> Added<'a> {
    pub(crate) fn read(json: &'a [u8], at: &str) -> Result<Self, JsonError> {
        #[derive(Deserialize)]
        struct Keys<'a> {
            #[serde(borrow, default)]
            result: Option<Cow<'a, str>>,
            #[serde(borrow, default)]
            data: Option<&'a RawValue>,
            #[serde(borrow, default)]
            error: Option<&'a RawValue>,
        }
        let Keys { result, data, error } = json::decode(json, at)?;
        Ok(Self { result, data, error })
    }
}

#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct Plain<T> {
    data: Option<T>,
    result: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Word<'a> {
    #[serde(borrow)]
    result: Cow<'a, str>,
}
