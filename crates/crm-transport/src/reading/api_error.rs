//! The API's own error in a JSON object.

use std::borrow::Cow;

use serde_core::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::json::Place;
use super::json_entries;
use super::members::{Members, Object};
use super::php_noise::cap;
use crate::error::{Error, Refusal};
use crate::operation_info::{Idempotency, OperationInfo};

/// Returns the API's own error from a JSON object, if there is one.
///
/// It may be under `error` (`{code, text}` as SalesMan writes it, or `message`, or a text), under `errors`, in a
/// `message` without anything else that could be data, or in a flag of failure (`success`, `ok` or `status`) without an
/// `id`. All forms except SalesMan's are assumed. `refusal` says what a code is about.
///
/// The error of a call that changes something must be in SalesMan's own form, `{"result": "Error", "error": {"code": …,
/// "text": …}}`. In any other form it proves nothing, because a firewall or proxy may have sent it after the change; see
/// [`Error::foreign_answer`].
#[must_use]
pub fn api_error(
    info: &OperationInfo,
    json: &[u8],
    refusal: impl FnOnce(Option<i64>) -> Refusal,
) -> Option<Error> {
    let envelope: ErrorEnvelope<'_> = match serde_json::from_slice(json) {
        Ok(envelope) => envelope,
        // A value that is not JSON must not hide the error beside it.
        Err(_) if info.idempotency == Idempotency::Read => {
            return api_error(info, with_nulls_for_invalid_values(json)?.as_bytes(), refusal);
        }
        Err(_) => return None,
    };
    let (mut code, mut text) = (None, None);
    let is_own = envelope.result.as_deref() == Some("Error") && envelope.error.is_some_and(is_own_error);
    for part in [envelope.error, envelope.errors].into_iter().flatten() {
        collect(&serde_json::from_str(part.get()).ok()?, &mut code, &mut text);
    }
    let failed = envelope.result.as_deref().is_some_and(|word| word.eq_ignore_ascii_case("error"));
    let failed = failed || (envelope.flagged && !envelope.has_id);
    if code.is_none() && text.is_none() && !failed && !(envelope.message.is_some() && envelope.others == 0) {
        return None;
    }
    let code = code.or_else(|| scalar_text(&envelope.code?));
    let number = code.as_deref().and_then(|code| code.trim().parse::<i64>().ok());
    let text = text.or_else(|| scalar_text(&envelope.message?)).unwrap_or_default();
    let text = match (code, number) {
        (Some(code), None) => format!("{code}: {text}"),
        _ => text,
    };
    if info.idempotency != Idempotency::Read && !is_own {
        return Some(Error::foreign_answer(info, format_args!("«{}»", cap(&text, 240))));
    }
    Some(Error::api(info, number, text, refusal(number)))
}

/// Returns an object with `null` in place of each value that is not JSON. `None` if there is no such value, or if the text
/// is not an object.
fn with_nulls_for_invalid_values(json: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(json).ok()?;
    if !text.starts_with('{') || serde_json::from_str::<IgnoredAny>(text).is_ok() {
        return None;
    }
    let mut object = String::from("{");
    for entry in json_entries::entries(text)? {
        let Place::Key(key) = entry.place else { return None };
        let is_valid = serde_json::from_str::<IgnoredAny>(&entry.json).is_ok();
        let separator = if object.len() > 1 { "," } else { "" };
        let value = if is_valid { &*entry.json } else { "null" };
        object.push_str(&format!("{separator}{}:{value}", Value::String(key)));
    }
    object.push('}');
    Some(object)
}

/// Returns what a code means if it follows HTTP.
#[must_use]
pub fn refusal_of_http(code: i64) -> Refusal {
    match code {
        401 | 403 | 407 => Refusal::Auth,
        404 | 410 => Refusal::NotFound,
        400 | 405 | 411 | 413 | 414 | 415 | 422 => Refusal::InvalidRequest,
        500..=599 => Refusal::ServerFault,
        _ => Refusal::Other,
    }
}

/// The keys that may hold an error, and the number of other keys.
struct ErrorEnvelope<'a> {
    result: Option<Cow<'a, str>>,
    error: Option<&'a RawValue>,
    errors: Option<&'a RawValue>,
    message: Option<Value>,
    code: Option<Value>,
    /// `success` or `ok` is false, or `status` is a word or a number that means failure.
    flagged: bool,
    /// It may be a record with a `status` of its own.
    has_id: bool,
    others: usize,
}

impl<'de> Deserialize<'de> for ErrorEnvelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EnvelopeVisitor;

        impl<'de> Visitor<'de> for EnvelopeVisitor {
            type Value = ErrorEnvelope<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = ErrorEnvelope {
                    result: None,
                    error: None,
                    errors: None,
                    message: None,
                    code: None,
                    flagged: false,
                    has_id: false,
                    others: 0,
                };
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "result" => {
                            let value: &RawValue = map.next_value()?;
                            envelope.result = serde_json::from_str(value.get()).ok();
                            // Beside an error there is only a word; records under `result` are data.
                            envelope.others += usize::from(envelope.result.is_none());
                        }
                        "error" => envelope.error = map.next_value()?,
                        "errors" => envelope.errors = map.next_value()?,
                        "message" => envelope.message = map.next_value()?,
                        "code" => envelope.code = map.next_value()?,
                        "success" | "ok" | "status" => {
                            let value: &RawValue = map.next_value()?;
                            envelope.flagged |= is_flag_of_failure(value.get());
                        }
                        _ => {
                            envelope.has_id |= key == "id";
                            map.next_value::<IgnoredAny>()?;
                            envelope.others += 1;
                        }
                    }
                }
                Ok(envelope)
            }
        }

        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

/// Returns `true` for an object with a readable `code` and a `text`.
fn is_own_error(error: &RawValue) -> bool {
    serde_json::from_str::<Object<OwnError<'_>>>(error.get()).is_ok_and(|Object(own)| {
        own.code.is_some_and(|code| code.get().trim_matches('"').parse::<i64>().is_ok())
    })
}

#[derive(Default)]
struct OwnError<'a> {
    code: Option<&'a RawValue>,
}

impl<'de> Members<'de> for OwnError<'de> {
    const KEYS: &'static [&'static str] = &["code", "text"];
    const REQUIRED: usize = 2;

    fn read_member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "code" => self.code = Some(map.next_value()?),
            _ => drop(map.next_value::<String>()?),
        }
        Ok(())
    }
}

fn is_flag_of_failure(json: &str) -> bool {
    match serde_json::from_str(json) {
        Ok(Value::Bool(good)) => !good,
        Ok(Value::Number(status)) => status.as_u64().is_some_and(|status| (400..600).contains(&status)),
        Ok(Value::String(word)) => matches!(word.to_ascii_lowercase().as_str(), "error" | "fail" | "failed"),
        _ => false,
    }
}

/// Collects codes and texts from the value of `error` or `errors`.
fn collect(value: &Value, code: &mut Option<String>, text: &mut Option<String>) {
    match value {
        Value::Object(error) => {
            let named = error.get("text").or_else(|| error.get("message")).and_then(scalar_text);
            if code.is_none() {
                *code = error.get("code").and_then(scalar_text);
            }
            match named {
                Some(named) => add_text(text, &named),
                // `{"count": ["must be a number"]}`: the field, and what is wrong with it
                None => {
                    for (field, fault) in error.iter().filter(|(key, _)| *key != "code") {
                        let mut inner = None;
                        collect(fault, code, &mut inner);
                        add_text(text, &inner.map_or(field.clone(), |inner| format!("{field}: {inner}")));
                    }
                }
            }
        }
        Value::Array(errors) => errors.iter().for_each(|error| collect(error, code, text)),
        value => {
            if let Some(value) = scalar_text(value) {
                add_text(text, &value);
            }
        }
    }
}

fn add_text(text: &mut Option<String>, more: &str) {
    match text {
        Some(text) => {
            text.push_str("; ");
            text.push_str(more);
        }
        None => *text = Some(more.to_owned()),
    }
}

/// Returns the text of a scalar. `null`, `false`, `0` and `""` mean that there is no error.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.as_f64() != Some(0.0) => Some(number.to_string()),
        Value::Bool(true) => Some("true".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Delivery, ErrorKind};
    use crate::operation_info::TEST_CALL as INFO;

    fn error_in(body: &str) -> Option<(Option<i64>, String)> {
        api_error(&INFO, body.as_bytes(), |_| Refusal::Other)
            .map(|e| (e.api_code(), e.api_text().unwrap().to_owned()))
    }

    #[test]
    fn errors_of_the_api_are_found_in_every_known_place() {
        let of = |code: Option<i64>, text: &str| Some((code, text.to_owned()));
        for (body, expected) in [
            (r#"{"result":"Error","error":{"code":405,"text":"Нет"}}"#, of(Some(405), "Нет")),
            (r#"{"result":"Error","error":{"code":"403","text":"Нет"}}"#, of(Some(403), "Нет")),
            (r#"{"error":"bad token"}"#, of(None, "bad token")),
            (r#"{"error":{"message":"bad","code":"E_X"}}"#, of(None, "E_X: bad")),
            (r#"{"errors":["a","b"]}"#, of(None, "a; b")),
            (r#"{"errors":{"count":["must be a number"]}}"#, of(None, "count: must be a number")),
            (r#"{"message":"Unauthenticated.","code":401}"#, of(Some(401), "Unauthenticated.")),
            (r#"{"status":"fail","message":"no"}"#, of(None, "no")),
            (r#"{"result":"Error"}"#, of(None, "")),
            (r#"{"success":false,"payload":[],"message":"no"}"#, of(None, "no")),
            (r#"{"status":403,"payload":null}"#, of(None, "")),
            (r#"{"payload":["\q"],"error":"bad token"}"#, of(None, "bad token")),
        ] {
            assert_eq!(error_in(body), expected, "{body}");
        }
    }

    #[test]
    fn the_error_of_a_write_proves_nothing_unless_it_is_in_the_crms_own_form() {
        let write = OperationInfo { idempotency: Idempotency::Write, ..INFO };
        for (body, own) in [
            (r#"{"result":"Error","error":{"code":405,"text":"Нет"}}"#, true),
            (r#"{"result":"Error","error":{"code":"403","text":""},"data":7}"#, true),
            (r#"{"error":{"code":405,"text":"Нет"}}"#, false),
            (r#"{"result":"error","error":{"code":405,"text":"Нет"}}"#, false),
            (r#"{"result":"Error","error":{"code":405}}"#, false),
            (r#"{"result":"Error","error":{"code":"x","text":"Нет"}}"#, false),
            (r#"{"result":"Error","error":"Нет"}"#, false),
            (r#"{"result":"Error"}"#, false),
            (r#"{"message":"Forbidden"}"#, false),
        ] {
            let error = api_error(&write, body.as_bytes(), |_| Refusal::Auth).unwrap();
            let expected = if own {
                (ErrorKind::Api, Delivery::Delivered)
            } else {
                (ErrorKind::Gateway, Delivery::Unknown)
            };
            assert_eq!((error.kind(), error.delivery()), expected, "{body}");
            assert_eq!(error.is_auth(), own, "{body}");
        }
    }

    #[test]
    fn data_beside_an_empty_error_is_not_an_error() {
        for body in [
            r#"{"error":null,"payload":[]}"#,
            r#"{"error":0,"errors":[],"payload":[{"id":1}]}"#,
            r#"{"message":"ok","payload":[]}"#,
            r#"{"result":"Успешно","data":5}"#,
            r#"{"result":[{"id":1}],"message":"x"}"#,
            r#"{"id":1,"status":"failed","message":"x"}"#,
            r#"{"status":"ok","payload":[]}"#,
            r#"{"payload":["\q"],"error":null}"#,
            r#"{"error":"\q"}"#,
            r#"["\q"]"#,
            "[]",
        ] {
            assert_eq!(error_in(body), None, "{body}");
        }
    }
}
