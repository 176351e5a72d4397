//! The file of a recording: JSON Lines, a head and then an exchange in each line.

use std::collections::BTreeMap;

use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName};
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::line;
use super::scramble::Rules;
use crate::{Delivery, ErrorKind, TransportError};

/// The first line.
#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    /// The version of the format.
    pub(super) recording: u32,
    pub(super) scramble: Rules,
}

pub(super) const VERSION: u32 = 1;

/// Any other line: a request, and the answer or why none came.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) request: Asked,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) answer: Option<Answered>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<Failed>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) operation: Option<String>,
    pub(super) method: String,
    pub(super) path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) query: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Body>,
}

impl Asked {
    /// The request in one line.
    pub(super) fn line(&self) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let body = self.body.as_ref().map(Body::shown).unwrap_or_default();
        line(self.operation.as_deref(), &self.method, &format!("{}{query}", self.path), &body)
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answered {
    pub(super) status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Body>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Failed {
    kind: FailureKind,
    message: String,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FailureKind {
    Connect,
    Timeout,
    Closed,
    CutBody,
    BodyTooLarge,
    /// Refused before it was sent, as by a script or another replay.
    Refused,
}

impl Failed {
    pub(super) fn new(error: &TransportError, edit: impl FnOnce(String) -> String) -> Self {
        let kind = match error.kind {
            ErrorKind::Connect => FailureKind::Connect,
            ErrorKind::Timeout => FailureKind::Timeout,
            ErrorKind::CutBody => FailureKind::CutBody,
            ErrorKind::BodyTooLarge => FailureKind::BodyTooLarge,
            ErrorKind::InvalidRequest => FailureKind::Refused,
            // What else a transport may say is that the connection was lost.
            _ => FailureKind::Closed,
        };
        Self { kind, message: edit(error.to_string()) }
    }

    /// The call was dropped before it had an answer, as by the client's time limit.
    pub(super) fn given_up() -> Self {
        let message = "no answer came before the call was given up".to_owned();
        Self { kind: FailureKind::Timeout, message }
    }

    pub(super) fn error(&self) -> TransportError {
        let (kind, delivery) = match self.kind {
            FailureKind::Connect => (ErrorKind::Connect, Delivery::NotSent),
            FailureKind::Refused => (ErrorKind::InvalidRequest, Delivery::NotSent),
            FailureKind::Timeout => (ErrorKind::Timeout, Delivery::Unknown),
            FailureKind::Closed => (ErrorKind::Closed, Delivery::Unknown),
            FailureKind::CutBody => (ErrorKind::CutBody, Delivery::Unknown),
            FailureKind::BodyTooLarge => (ErrorKind::BodyTooLarge, Delivery::Unknown),
        };
        TransportError::new(kind, delivery, self.message.clone())
    }
}

/// The headers that are recorded: what a client reads, and nothing that could be a key.
const REQUEST_HEADERS: [HeaderName; 2] = [ACCEPT, CONTENT_TYPE];
const ANSWER_HEADERS: [HeaderName; 5] = [CONTENT_ENCODING, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER];

pub(super) fn request_headers(
    headers: &HeaderMap,
    edit: impl Fn(String) -> String,
) -> BTreeMap<String, String> {
    allowed(headers, &REQUEST_HEADERS, edit)
}

pub(super) fn answer_headers(
    headers: &HeaderMap,
    edit: impl Fn(String) -> String,
) -> BTreeMap<String, String> {
    let mut all = allowed(headers, &ANSWER_HEADERS, edit);
    if let Some(location) = all.get_mut(LOCATION.as_str()) {
        // Nobody follows it, and its path and query may carry anything.
        let start = location.find("//").map_or(0, |at| at + 2);
        let end = location[start..].find(['/', '?', '#']).map_or(location.len(), |at| start + at);
        location.truncate(end);
    }
    all
}

fn allowed(
    headers: &HeaderMap,
    names: &[HeaderName],
    edit: impl Fn(String) -> String,
) -> BTreeMap<String, String> {
    let known = names.iter().filter_map(|name| {
        let value = headers.get(name).filter(|value| !value.is_sensitive())?;
        Some((name.as_str().to_owned(), edit(value.to_str().ok()?.to_owned())))
    });
    known.collect()
}
