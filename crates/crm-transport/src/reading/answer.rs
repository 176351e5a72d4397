//! From an HTTP answer to its JSON: what every API of PHP servers has in common.

use std::borrow::Cow;

use bytes::Bytes;
use http::uri::Authority;
use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::php_noise::{self, Noise};
use crate::error::{Error, ErrorKind, Refusal};
use crate::operation_info::OperationInfo;

/// The JSON of an answer that came with a status of success: without a byte order mark, notices of PHP before it
/// and HTML after it.
///
/// # Errors
/// The answer is a redirect, a status of failure, a PHP error, a foreign page, empty, or no JSON. An error of the
/// API in the body of a failure is found and told; in an answer with a status of success it is left to
/// [`api_error`].
pub fn json<'a>(info: &OperationInfo, response: &'a Response<Bytes>) -> Result<&'a [u8], Error> {
    let status = response.status();
    if status.is_redirection() {
        return Err(redirect(info, response));
    }
    let found = find_json(info, response.body());
    if status.is_success() {
        return found;
    }
    let error = match found {
        Ok(json) => api_error(info, json, |code| refusal_of_status(code, status)),
        Err(_) => None,
    };
    Err(error.unwrap_or_else(|| failure(info, status, response)))
}

/// The API's own error in a JSON object: under `error` (`{code, text}` as SalesMan writes it, or `message`, or a
/// text), under `errors`, a `message` beside nothing else that could be an answer, or a flag of failure (`success`,
/// `ok` or `status`) beside no `id`. `None` where there is none. All but SalesMan's is assumed.
///
/// `refusal` says what a code is about.
#[must_use]
pub fn api_error(
    info: &OperationInfo,
    json: &[u8],
    refusal: impl FnOnce(Option<i64>) -> Refusal,
) -> Option<Error> {
    let envelope: ErrorEnvelope<'_> = serde_json::from_slice(json).ok()?;
    let (mut code, mut text) = (None, None);
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
    Some(Error::api(info, number, text, refusal(number)))
}

/// What a code means where it follows HTTP.
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

fn refusal_of_status(code: Option<i64>, status: StatusCode) -> Refusal {
    match code.map(refusal_of_http) {
        None | Some(Refusal::Other) => refusal_of_http(status.as_u16().into()),
        Some(refusal) => refusal,
    }
}

/// The keys that an error stands under; how many other keys there are.
struct ErrorEnvelope<'a> {
    result: Option<Cow<'a, str>>,
    error: Option<&'a RawValue>,
    errors: Option<&'a RawValue>,
    message: Option<Value>,
    code: Option<Value>,
    /// `success` or `ok` is false, or `status` is a word or a number of failure.
    flagged: bool,
    /// It may be a record, whose `status` is its own.
    has_id: bool,
    others: usize,
}

impl<'de> Deserialize<'de> for ErrorEnvelope<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EnvelopeVisitor;

        impl<'de> serde::de::Visitor<'de> for EnvelopeVisitor {
            type Value = ErrorEnvelope<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
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
                            // Only a word stands beside an error; records under `result` are an answer.
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
                            map.next_value::<serde::de::IgnoredAny>()?;
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

fn is_flag_of_failure(json: &str) -> bool {
    match serde_json::from_str(json) {
        Ok(Value::Bool(good)) => !good,
        Ok(Value::Number(status)) => status.as_u64().is_some_and(|status| (400..600).contains(&status)),
        Ok(Value::String(word)) => matches!(word.to_ascii_lowercase().as_str(), "error" | "fail" | "failed"),
        _ => false,
    }
}

/// Gathers codes and texts from whatever stands under `error` or `errors`.
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

/// The text of a scalar; nothing for `null`, `false`, `0` and `""`, which say that there is no error.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.as_f64() != Some(0.0) => Some(number.to_string()),
        Value::Bool(true) => Some("true".to_owned()),
        _ => None,
    }
}

fn find_json<'a>(info: &OperationInfo, body: &'a [u8]) -> Result<&'a [u8], Error> {
    let fail = |kind, message: String| Err(Error::not_a_response(info, kind, message));
    if body.starts_with(b"\xFF\xFE") || body.starts_with(b"\xFE\xFF") {
        let message = "the answer is UTF-16, where JSON is UTF-8".to_owned();
        return fail(ErrorKind::Undecodable, message);
    }
    if body.starts_with(b"\x1F\x8B") {
        let message = "the answer is packed by gzip, which nobody asked for: turn on the feature \"gzip\", or let \
                       your transport unpack it";
        return fail(ErrorKind::Undecodable, message.to_owned());
    }
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii();
    let json = match body.first() {
        None => return fail(ErrorKind::EmptyBody, "the answer is empty".to_owned()),
        Some(b'{' | b'[') => body,
        Some(_) => {
            let text = match std::str::from_utf8(body) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(body),
            };
            match php_noise::tell(&text) {
                // The same bytes from the end, for the text may be a lossy copy.
                Noise::Notices(json) if matches!(text, Cow::Borrowed(_)) => &body[body.len() - json.len()..],
                Noise::Error(report) => {
                    return fail(
                        ErrorKind::PhpError,
                        format!("the server failed with a PHP error: {report}"),
                    );
                }
                Noise::Page(title) => {
                    let message = format!("a web page came instead of an answer: «{title}»");
                    return fail(ErrorKind::Gateway, message);
                }
                Noise::Notices(_) | Noise::Other => {
                    let message = "the answer is neither JSON nor a page".to_owned();
                    return fail(ErrorKind::Undecodable, message);
                }
            }
        }
    };
    Ok(without_trailing_html(json))
}

/// The JSON before the HTML of a PHP error: the answer was whole before the server failed.
fn without_trailing_html(json: &[u8]) -> &[u8] {
    if matches!(json.last(), Some(b'}' | b']')) {
        return json;
    }
    let mut values = serde_json::Deserializer::from_slice(json).into_iter::<serde::de::IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => {
            let (value, rest) = json.split_at(values.byte_offset());
            let rest = std::str::from_utf8(rest).unwrap_or_default();
            let noise = matches!(php_noise::tell(rest), Noise::Error(_) | Noise::Page(_));
            if noise { value } else { json }
        }
        _ => json,
    }
}

fn redirect(info: &OperationInfo, response: &Response<Bytes>) -> Error {
    let location = response.headers().get(http::header::LOCATION).and_then(|value| value.to_str().ok());
    let message = match location.and_then(origin) {
        Some(origin) => format!("the server points to {origin}"),
        None => "the server points to another path".to_owned(),
    };
    Error::not_a_response(info, ErrorKind::Redirect, message)
        .hint("redirects are not followed, for the keys are for one server: if that is the right one, give its address to the builder")
}

/// `https://host:port` of an address, without its path and query: they may carry what is nobody's business.
fn origin(location: &str) -> Option<String> {
    let (scheme, rest) = location.split_once("//")?;
    let authority = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    let scheme_fits = scheme.is_empty() || (scheme.ends_with(':') && !scheme.contains(['/', '?', '#']));
    // What is no host is not repeated: nobody knows what it is.
    let is_host = authority.parse::<Authority>().is_ok_and(|parsed| !parsed.host().is_empty());
    let fits = scheme_fits && is_host && scheme.len() + authority.len() <= LONGEST_ORIGIN;
    fits.then(|| format!("{scheme}//{authority}"))
}

/// The longest host name there is, with scheme and port.
const LONGEST_ORIGIN: usize = 270;

fn failure(info: &OperationInfo, status: StatusCode, response: &Response<Bytes>) -> Error {
    let page = response.body().trim_ascii_start().starts_with(b"<");
    let reason = status.canonical_reason().unwrap_or("no known status");
    let kind = match status.as_u16() {
        502 | 504 => ErrorKind::Gateway,
        503 if page => ErrorKind::Gateway,
        _ => ErrorKind::Http,
    };
    let who = if kind == ErrorKind::Gateway { "a gateway answered" } else { "the server answered" };
    let error = Error::not_a_response(info, kind, format!("{who} {reason}"));
    match status.as_u16() {
        401 | 403 => error.hint(crate::error::CHECK_CREDENTIALS),
        404 => error.hint("check the address: its path is the folder in which the CRM is installed"),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation_info::Idempotency;

    const INFO: OperationInfo = OperationInfo {
        id: "test.call",
        method: http::Method::GET,
        path: "/x",
        idempotency: Idempotency::Read,
        accepts_post: false,
    };

    fn answer(status: u16, body: &str) -> Response<Bytes> {
        Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
    }

    fn read(body: &str) -> Result<String, Error> {
        let response = answer(200, body);
        json(&INFO, &response).map(|json| String::from_utf8_lossy(json).into_owned())
    }

    fn error_in(body: &str) -> Option<(Option<i64>, String)> {
        api_error(&INFO, body.as_bytes(), |_| Refusal::Other)
            .map(|e| (e.api_code(), e.api_text().unwrap().to_owned()))
    }

    const FATAL: &str = "<br />\n<b>Fatal error</b>:  Uncaught X in /a.php:1\n";

    #[test]
    fn a_packed_answer_says_what_unpacks_it() {
        let response = Response::new(Bytes::from_static(b"\x1F\x8B\x08\0\0\0"));
        let text = json(&INFO, &response).unwrap_err().to_string();
        assert!(text.contains("packed by gzip") && text.contains("feature \"gzip\""), "{text}");
    }

    #[test]
    fn json_is_found_behind_marks_and_notices_and_before_html() {
        let warning = "<br />\n<b>Warning</b>:  x in <b>/a.php</b> on line <b>7</b><br />\n";
        for body in [
            "{\"a\":1}".to_owned(),
            "\u{feff}{\"a\":1}".to_owned(),
            " \r\n{\"a\":1}\n".to_owned(),
            format!("{warning}{{\"a\":1}}"),
            format!("{{\"a\":1}}{warning}"),
            format!("{{\"a\":1}}{FATAL}"),
            format!("{warning}{{\"a\":1}}{warning}"),
        ] {
            assert_eq!(read(&body).unwrap(), "{\"a\":1}", "{body}");
        }
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        for (body, kind) in [
            ("", ErrorKind::EmptyBody),
            (" \n", ErrorKind::EmptyBody),
            (FATAL, ErrorKind::PhpError),
            ("<html><title>Login</title>", ErrorKind::Gateway),
            ("OK", ErrorKind::Undecodable),
        ] {
            assert_eq!(read(body).unwrap_err().kind(), kind, "{body}");
        }
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
        ] {
            assert_eq!(error_in(body), expected, "{body}");
        }
    }

    #[test]
    fn an_answer_beside_an_empty_error_is_no_error() {
        for body in [
            r#"{"error":null,"payload":[]}"#,
            r#"{"error":0,"errors":[],"payload":[{"id":1}]}"#,
            r#"{"message":"ok","payload":[]}"#,
            r#"{"result":"Успешно","data":5}"#,
            r#"{"result":[{"id":1}],"message":"x"}"#,
            r#"{"id":1,"status":"failed","message":"x"}"#,
            r#"{"status":"ok","payload":[]}"#,
            "[]",
        ] {
            assert_eq!(error_in(body), None, "{body}");
        }
    }

    #[test]
    fn a_status_of_failure_tells_the_error_of_the_api_where_there_is_one() {
        let error = json(&INFO, &answer(401, r#"{"message":"Bad token"}"#)).unwrap_err();
        assert_eq!((error.kind(), error.api_text()), (ErrorKind::Api, Some("Bad token")));
        assert!(error.is_auth());
        let error = json(&INFO, &answer(500, "oops")).unwrap_err();
        assert_eq!((error.kind(), error.api_text()), (ErrorKind::Http, None));
    }

    #[test]
    fn a_redirect_names_the_other_host_and_not_its_path() {
        for (location, host) in [
            ("https://user:pw@evil.example/x?key=1", "https://evil.example"),
            ("//evil.example/x", " //evil.example;"),
            ("/other?to=https://evil.example", "another path"),
        ] {
            let response = Response::builder().status(302).header("location", location);
            let error = json(&INFO, &response.body(Bytes::new()).unwrap()).unwrap_err().to_string();
            assert!(error.contains(host) && !error.contains("key=") && !error.contains("pw"), "{error}");
        }
    }
}
