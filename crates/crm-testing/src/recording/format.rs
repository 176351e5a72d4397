//! The format of a recording: JSON Lines, first a head, then one exchange per line.

use std::collections::BTreeMap;

use crm_transport::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use crm_transport::http::{HeaderMap, HeaderName, Request, Response};
use crm_transport::{Bytes, ErrorKind, TransportError, operation_of};
use serde::{Deserialize, Serialize};

use super::recorded_body::RecordedBody;
use crate::message::request_line;
use crate::request_secrets::RequestSecrets;
use crate::scramble::ScrambleRules;

/// The first line.
#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    /// The version of the format.
    pub(super) recording: u32,
    pub(super) scramble: ScrambleRules,
}

pub(super) const VERSION: u32 = 1;

/// Any other line: a request, and either its response or why there was none.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) request: RecordedRequest,
    #[serde(rename = "answer", default, skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<RecordedResponse>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<RecordedFailure>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RecordedRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) operation: Option<String>,
    pub(super) method: String,
    pub(super) path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) query: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<RecordedBody>,
}

impl RecordedRequest {
    /// Describes a request without its secrets, and edits its texts.
    pub(super) fn new(
        request: &Request<Bytes>,
        secrets: &RequestSecrets,
        edit_body: impl Fn(String) -> String,
        edit_query: impl Fn(String) -> String,
    ) -> Self {
        let (uri, scrub) = (request.uri(), |text: &str| secrets.scrub(text.to_owned()));
        Self {
            operation: operation_of(request).map(str::to_owned),
            method: request.method().to_string(),
            path: scrub(uri.path()),
            query: uri.query().map(|text| edit_query(scrub(text))),
            headers: allowed(request.headers(), &REQUEST_HEADERS, |text| secrets.scrub(text)),
            body: RecordedBody::new(request.body(), |text| edit_body(secrets.scrub(text))),
        }
    }

    /// Describes the request in one line.
    pub(super) fn line(&self) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let body = self.body.as_ref().map(RecordedBody::shown).unwrap_or_default();
        request_line(self.operation.as_deref(), &self.method, &format!("{}{query}", self.path), &body)
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RecordedResponse {
    pub(super) status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<RecordedBody>,
}

impl RecordedResponse {
    /// Describes a response without secrets, and edits its body.
    pub(super) fn new(
        response: &Response<Bytes>,
        secrets: &RequestSecrets,
        edit_body: impl FnOnce(String) -> String,
    ) -> Self {
        let (headers, body) = (response.headers(), response.body());
        let is_compressed = headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
        let body = if is_compressed {
            RecordedBody::from_non_text(body)
        } else {
            RecordedBody::new(body, |text| edit_body(secrets.scrub(text)))
        };
        let mut headers = allowed(headers, &RESPONSE_HEADERS, |text| secrets.scrub(text));
        if let Some(location) = headers.get_mut(LOCATION.as_str()) {
            // No client follows it, and its path and query may hold anything.
            let start = location.find("//").map_or(0, |at| at + 2);
            let end = location[start..].find(['/', '?', '#']).map_or(location.len(), |at| start + at);
            location.truncate(end);
        }
        Self { status: response.status().as_u16(), headers, body }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RecordedFailure {
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
    /// Refused before anything was sent, for example by a script or another replay.
    Refused,
}

impl RecordedFailure {
    /// Describes a failure without secrets.
    pub(super) fn new(error: &TransportError, secrets: &RequestSecrets) -> Self {
        let kind = match error.kind() {
            ErrorKind::Connect => FailureKind::Connect,
            ErrorKind::Timeout => FailureKind::Timeout,
            ErrorKind::CutBody => FailureKind::CutBody,
            ErrorKind::BodyTooLarge => FailureKind::BodyTooLarge,
            ErrorKind::InvalidRequest => FailureKind::Refused,
            // Any other failure of a transport is a lost connection.
            _ => FailureKind::Closed,
        };
        Self { kind, message: secrets.scrub(error.to_string()) }
    }

    /// Describes a call that was dropped before its response, for example by the client's timeout.
    pub(super) fn dropped() -> Self {
        let message = "no response before the call was dropped".to_owned();
        Self { kind: FailureKind::Timeout, message }
    }

    pub(super) fn error(&self) -> TransportError {
        let message = self.message.clone();
        match self.kind {
            FailureKind::Connect => TransportError::connect(message),
            FailureKind::Refused => TransportError::refused(message),
            FailureKind::Timeout => TransportError::timeout(message),
            FailureKind::Closed => TransportError::closed(message),
            FailureKind::CutBody => TransportError::cut_body(message),
            FailureKind::BodyTooLarge => TransportError::body_too_large(0).with_message(message),
        }
    }
}

/// The headers that are recorded: those that a client reads, and none that could be a key.
const REQUEST_HEADERS: [HeaderName; 2] = [ACCEPT, CONTENT_TYPE];
const RESPONSE_HEADERS: [HeaderName; 5] = [CONTENT_ENCODING, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER];

fn allowed(
    headers: &HeaderMap,
    names: &[HeaderName],
    edit: impl Fn(String) -> String,
) -> BTreeMap<String, String> {
    let found = names.iter().filter_map(|name| {
        let value = headers.get(name).filter(|value| !value.is_sensitive())?;
        Some((name.as_str().to_owned(), edit(value.to_str().ok()?.to_owned())))
    });
    found.collect()
}
