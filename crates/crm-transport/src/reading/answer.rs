//! Finds the JSON in an HTTP response: what all APIs of PHP servers have in common.

use std::borrow::Cow;

use bytes::Bytes;
use http::uri::Authority;
use http::{Response, StatusCode};

use super::php_noise::{self, Noise};
use crate::error::{Error, ErrorKind, Refusal};
use crate::operation_info::{Idempotency, OperationInfo};

pub use super::api_error::{api_error, refusal_of_http};

/// Returns the JSON of a response with a success status, without a byte order mark, PHP notices before it, or HTML
/// after it.
///
/// # Errors
/// The response is a redirect, has a status of failure, or is a PHP error, a page that is not from the CRM, empty, only a
/// part (206), not JSON, or JSON of more values than any list of the CRM has. If the body of a failure holds an error of the API, that error is returned. In a response with a status of
/// success, errors of the API are left to [`api_error`].
pub fn json<'a>(info: &OperationInfo, response: &'a Response<Bytes>) -> Result<&'a [u8], Error> {
    let status = response.status();
    if status.is_redirection() {
        return Err(redirect(info, response));
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let message = "the response is only a part of the answer";
        return Err(Error::not_a_response(info, ErrorKind::CutBody, message));
    }
    let found = find_json(info, response.body());
    if status.is_success() {
        return found;
    }
    let error = match found {
        Ok(json) => api_error(info, json, |code| refusal_of_status(code, status))
            .filter(|error| error.kind() == ErrorKind::Api),
        Err(error) if error.kind() == ErrorKind::DatabaseUnavailable => Some(error),
        Err(_) => None,
    };
    Err(error.unwrap_or_else(|| failure(info, status, response)))
}

fn refusal_of_status(code: Option<i64>, status: StatusCode) -> Refusal {
    match code.map(refusal_of_http) {
        None | Some(Refusal::Other) => refusal_of_http(status.as_u16().into()),
        Some(refusal) => refusal,
    }
}

fn find_json<'a>(info: &OperationInfo, body: &'a [u8]) -> Result<&'a [u8], Error> {
    let fail = |kind, message: String| Err(Error::not_a_response(info, kind, message));
    if body.starts_with(b"\xFF\xFE") || body.starts_with(b"\xFE\xFF") {
        let message = "the response is UTF-16, but JSON is UTF-8".to_owned();
        return fail(ErrorKind::Undecodable, message);
    }
    if body.starts_with(b"\x1F\x8B") {
        let message = "the response is compressed with gzip, which was not requested: turn on the feature \"gzip\", or \
                       let your transport decompress it";
        return fail(ErrorKind::Undecodable, message.to_owned());
    }
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii();
    let json = match body.first() {
        None => return fail(ErrorKind::EmptyBody, "the response is empty".to_owned()),
        Some(b'{' | b'[') => body,
        Some(_) => {
            let text = match std::str::from_utf8(body) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(body),
            };
            if let Some(words) = php_noise::database_failure(&text) {
                let message = format!("the database of the CRM is unavailable: «{words}»");
                return fail(ErrorKind::DatabaseUnavailable, message);
            }
            match php_noise::tell(&text) {
                // Counted from the end, because the text may be a lossy copy.
                Noise::Notices(json) if matches!(text, Cow::Borrowed(_)) => &body[body.len() - json.len()..],
                Noise::Error(report) => {
                    return fail(
                        ErrorKind::PhpError,
                        format!("the server failed with a PHP error: {report}"),
                    );
                }
                Noise::Page(title) => {
                    let message = format!("a web page arrived instead of a response of the CRM: «{title}»");
                    return fail(ErrorKind::Gateway, message);
                }
                Noise::Notices(_) | Noise::Other => {
                    let message = "the response is neither JSON nor a web page".to_owned();
                    return fail(ErrorKind::Undecodable, message);
                }
            }
        }
    };
    if has_too_many_values(json) {
        let message = "the response holds more values than any list of the CRM";
        let error = Error::not_a_response(info, ErrorKind::BodyTooLarge, message);
        return Err(error.hint("ask for fewer records, or check what is between this program and the CRM"));
    }
    Ok(without_trailing_html(json))
}

/// Returns `true` if a text holds so many values that decoding it could cost many times its length in memory, such as
/// 60 MB of `[0,0,0,…]`.
///
/// That is more than a million lists, objects and commas, with fewer than 16 bytes for each.
fn has_too_many_values(json: &[u8]) -> bool {
    const ALWAYS_ALLOWED: usize = 1 << 20;
    const BYTES_PER_VALUE: usize = 16;
    if json.len() <= ALWAYS_ALLOWED {
        return false;
    }
    // No early exit, so that the compiler can vectorize the loop.
    let values: usize = json
        .chunks(4096)
        .map(|chunk| {
            let marks = chunk.iter().map(|byte| u16::from(matches!(byte, b',' | b'[' | b'{')));
            usize::from(marks.sum::<u16>())
        })
        .sum();
    values > ALWAYS_ALLOWED.max(json.len() / BYTES_PER_VALUE)
}

/// Returns the JSON before the HTML of a PHP error: the response was whole before the server failed.
fn without_trailing_html(json: &[u8]) -> &[u8] {
    if matches!(json.last(), Some(b'}' | b']')) {
        return json;
    }
    let mut values = serde_json::Deserializer::from_slice(json).into_iter::<serde_core::de::IgnoredAny>();
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
        .hint("redirects are not followed, because the keys are for one server: if that is the right one, give its address to the builder")
}

/// Returns `https://host:port` of an address, without path and query, which may hold secrets.
fn origin(location: &str) -> Option<String> {
    let (scheme, rest) = location.split_once("//")?;
    let authority = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    let scheme_fits = scheme.is_empty() || (scheme.ends_with(':') && !scheme.contains(['/', '?', '#']));
    // Anything but a host is not repeated, because it may be a secret.
    let is_host = authority.parse::<Authority>().is_ok_and(|parsed| !parsed.host().is_empty());
    let fits = scheme_fits && is_host && scheme.len() + authority.len() <= LONGEST_ORIGIN;
    fits.then(|| format!("{scheme}//{authority}"))
}

/// The longest host name there is, with scheme and port.
const LONGEST_ORIGIN: usize = 270;

fn failure(info: &OperationInfo, status: StatusCode, response: &Response<Bytes>) -> Error {
    let page = response.body().trim_ascii_start().starts_with(b"<");
    let reason = status.canonical_reason().unwrap_or("with an unknown status");
    let kind = match status.as_u16() {
        502 | 504 => ErrorKind::Gateway,
        503 if page => ErrorKind::Gateway,
        429 => ErrorKind::RateLimited,
        _ => ErrorKind::Http,
    };
    let who = if kind == ErrorKind::Gateway { "a gateway responded" } else { "the server responded" };
    let error = Error::not_a_response(info, kind, format!("{who} {reason}"));
    match status.as_u16() {
        401 => error.hint(crate::error::CHECK_CREDENTIALS),
        400 | 403 if info.idempotency != Idempotency::Read => {
            error.hint("a firewall or proxy may have blocked the text of the call")
        }
        403 => error.hint(crate::error::CHECK_CREDENTIALS),
        404 => error.hint("check the address: its path is the folder in which the CRM is installed"),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation_info::TEST_CALL as INFO;

    fn answer(status: u16, body: &str) -> Response<Bytes> {
        Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
    }

    fn read(body: &str) -> Result<String, Error> {
        let response = answer(200, body);
        json(&INFO, &response).map(|json| String::from_utf8_lossy(json).into_owned())
    }

    const FATAL: &str = "<br />\n<b>Fatal error</b>:  Uncaught X in /a.php:1\n";

    #[test]
    fn a_part_of_an_answer_is_not_an_answer() {
        let error = json(&INFO, &answer(206, r#"{"a":1}"#)).unwrap_err();
        assert_eq!((error.kind(), error.id()), (ErrorKind::CutBody, "response-cut"));
    }

    #[test]
    fn a_response_of_countless_values_is_refused_before_it_is_decoded() {
        for (value, count, is_refused) in [
            ("0,", 1 << 20, true),
            ("0,", (1 << 20) - 2, false),
            ("[[]],", 500_000, true),
            (r#""a text of more than thirty bytes","#, (1 << 20) + 100, false),
        ] {
            let body = format!("[{}0]", value.repeat(count));
            let refused = read(&body).err().map(|error| error.kind());
            assert_eq!(refused, is_refused.then_some(ErrorKind::BodyTooLarge), "{value} {count}");
        }
    }

    #[test]
    fn a_compressed_response_says_what_decompresses_it() {
        let response = Response::new(Bytes::from_static(b"\x1F\x8B\x08\0\0\0"));
        let text = json(&INFO, &response).unwrap_err().to_string();
        assert!(text.contains("compressed with gzip") && text.contains("feature \"gzip\""), "{text}");
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
    fn what_is_not_a_response_is_told_apart() {
        for (body, kind) in [
            ("", ErrorKind::EmptyBody),
            (" \n", ErrorKind::EmptyBody),
            (FATAL, ErrorKind::PhpError),
            ("<html><title>Login</title>", ErrorKind::Gateway),
            ("OK", ErrorKind::Undecodable),
            ("Ошибка подключения к БД: Connection refused. Рекомендуем", ErrorKind::DatabaseUnavailable),
        ] {
            assert_eq!(read(body).unwrap_err().kind(), kind, "{body}");
        }
    }

    #[test]
    fn a_status_of_failure_has_the_error_of_the_api_if_there_is_one() {
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
