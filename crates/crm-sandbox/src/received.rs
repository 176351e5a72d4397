//! What the sandbox received, without the secrets.

use std::collections::VecDeque;

use http::HeaderMap;
use serde::Serialize;
use serde_json::Value;

use crate::{Fault, Operation};

/// A request the sandbox received.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Received {
    /// The HTTP method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query string, without the values of credentials.
    pub query: String,
    /// The operation, if the request is one.
    pub operation: Option<Operation>,
    /// The headers with their names as they were sent, without the credentials.
    pub headers: Vec<(String, String)>,
    /// The credentials: their names, and whether they were right.
    pub credentials: Vec<(String, Credential)>,
    /// The body, cut at 16 KiB; without the values of credentials. Empty if the fault was applied before it was read.
    pub body: String,
    /// The length of the body in bytes as it was received.
    pub body_length: usize,
    /// The fault that was applied; the body of its response is cut at 16 KiB.
    pub fault: Option<Fault>,
}

/// Whether a credential was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// The right one.
    Right,
    /// A wrong one.
    Wrong,
    /// It was not sent, or not where it is read.
    Absent,
}

/// The two credentials of an API, by name.
pub(crate) type Credentials = [(&'static str, Credential); 2];

impl Credential {
    pub(crate) fn from_check(is_right: Option<bool>) -> Credential {
        match is_right {
            Some(true) => Credential::Right,
            Some(false) => Credential::Wrong,
            None => Credential::Absent,
        }
    }
}

/// The last requests, oldest first, as many as the sandbox keeps.
#[derive(Debug, Default)]
pub(crate) struct Log {
    requests: VecDeque<Received>,
    size: usize,
}

impl Log {
    /// The most requests that are kept.
    const REQUESTS: usize = 10_000;
    /// The most bytes of them, roughly.
    const SIZE: usize = 32 * 1024 * 1024;

    pub(crate) fn push(&mut self, request: Received) {
        self.size += request.size();
        self.requests.push_back(request);
        while (self.requests.len() > Log::REQUESTS || self.size > Log::SIZE)
            && let Some(oldest) = self.requests.pop_front()
        {
            self.size -= oldest.size();
        }
    }

    pub(crate) fn all(&self) -> Vec<Received> {
        self.requests.iter().cloned().collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        *self = Log::default();
    }
}

impl Received {
    fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let answer = self.fault.as_ref().and_then(|fault| fault.answer.as_ref());
        let answer = answer.map_or(0, |answer| answer.body.len() + answer.unit.len());
        self.path.len() + self.query.len() + self.body.len() + headers + answer
    }
}

const SECRET_HEADERS: [&str; 7] = [
    "apikey",
    "login",
    "x-crypto-token",
    "x-crypto-secret",
    "authorization",
    "proxy-authorization",
    "cookie",
];
const SECRET_PARAMETERS: [&str; 2] = ["apikey", "login"];
const HIDDEN: &str = "(hidden)";
const BODY_KEPT: usize = 16 * 1024;

/// The headers that are no secret, with their names as they were sent.
pub(crate) fn harmless_headers(headers: &HeaderMap, names: &[String]) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| !SECRET_HEADERS.contains(&name.as_str()))
        .map(|(name, value)| {
            let sent = names.iter().find(|sent| sent.eq_ignore_ascii_case(name.as_str()));
            let name = sent.map_or_else(|| name.to_string(), String::clone);
            (name, String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect()
}

pub(crate) fn harmless_query(query: &str) -> String {
    let parts: Vec<String> = query
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((name, _)) if SECRET_PARAMETERS.contains(&name) => format!("{name}={HIDDEN}"),
            _ => part.to_owned(),
        })
        .collect();
    parts.join("&")
}

/// The body as it came, unless it carries credentials or is too long.
pub(crate) fn harmless_body(body: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(body).into_owned();
    // A name may be written with escapes.
    if text.contains("apikey") || text.contains("\\u00") {
        match serde_json::from_slice(body) {
            Ok(Value::Object(mut members)) if members.contains_key("apikey") => {
                for name in SECRET_PARAMETERS {
                    members.entry(name).and_modify(|value| *value = HIDDEN.into());
                }
                text = Value::Object(members).to_string();
            }
            Ok(_) => {}
            Err(_) => text = harmless_query(&text),
        }
    }
    cut(&mut text);
    text
}

/// A fault with no more of the body of its answer than the log keeps.
pub(crate) fn short_fault(mut fault: Fault) -> Fault {
    if let Some(answer) = &mut fault.answer {
        cut(&mut answer.body);
        cut(&mut answer.unit);
    }
    fault
}

fn cut(text: &mut String) {
    if text.len() > BODY_KEPT {
        let end = (0..=BODY_KEPT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_a_query_or_a_body_are_hidden() {
        assert_eq!(harmless_query("a=1&apikey=k&login=l"), "a=1&apikey=(hidden)&login=(hidden)");
        let body = harmless_body(br#"{"apikey":"k","cid":1,"login":"l"}"#);
        assert_eq!(body, r#"{"apikey":"(hidden)","cid":1,"login":"(hidden)"}"#);
        assert_eq!(harmless_body(br#"{"\u0061pikey":"k"}"#), r#"{"apikey":"(hidden)"}"#);
        assert_eq!(harmless_body(b"apikey=k&login=l&cid=1"), "apikey=(hidden)&login=(hidden)&cid=1");
    }

    #[test]
    fn the_log_forgets_the_oldest_requests_by_number_and_by_size() {
        let request = |body_length| Received { body: "x".repeat(body_length), body_length, ..empty() };
        let mut log = Log::default();
        log.push(request(1));
        (0..10_000).for_each(|_| log.push(request(2)));
        assert_eq!((log.all().len(), log.all()[0].body_length), (10_000, 2));
        (0..5).for_each(|_| log.push(request(8 * 1024 * 1024)));
        assert_eq!(log.all().len(), 4);
    }

    #[test]
    fn the_page_of_a_fault_counts_and_is_cut() {
        let page = crate::FixedAnswer::new(200).body("text/html", "ё".repeat(20_000));
        let fault = short_fault(Fault::new().answer(page));
        assert_eq!(fault.answer.as_ref().map(|answer| answer.body.len()), Some(BODY_KEPT));
        let mut log = Log::default();
        for _ in 0..10_000 {
            log.push(Received { fault: Some(fault.clone()), ..empty() });
        }
        assert_eq!(log.all().len(), Log::SIZE / BODY_KEPT);
    }

    fn empty() -> Received {
        Received {
            method: "POST".to_owned(),
            path: String::new(),
            query: String::new(),
            operation: None,
            headers: Vec::new(),
            credentials: Vec::new(),
            body: String::new(),
            body_length: 0,
            fault: None,
        }
    }

    #[test]
    fn a_harmless_body_is_kept_as_it_came() {
        assert_eq!(harmless_body(b"{\"content\": "), "{\"content\": ");
        assert_eq!(harmless_body("ё".repeat(20_000).as_bytes()).len(), BODY_KEPT);
    }
}
