//! What the lists of the server do besides the faults of the sandbox: a record that appears late, and one that cannot be
//! decoded.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use crm_transport::http::Response;
use serde_json::{Value, json};
use tokio::time::Instant;

/// What the lists of a run do.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListTricks {
    /// How long after its request ended a record is listed first, if the answer to the request was lost. A transaction that
    /// commits late has such records.
    pub(crate) commit_after: Option<Duration>,
    /// The content of the activity whose record cannot be decoded.
    pub(crate) unreadable: Option<String>,
}

/// The records that are not listed yet.
#[derive(Debug, Default)]
pub(crate) struct HiddenRecords(BTreeMap<u64, Instant>);

impl HiddenRecords {
    pub(crate) fn hide(&mut self, ids: &[u64], until: Instant) {
        self.0.extend(ids.iter().map(|&id| (id, until)));
    }

    fn hides(&self, id: u64) -> bool {
        self.0.get(&id).is_some_and(|&until| Instant::now() < until)
    }
}

impl ListTricks {
    /// Edits the answer to a list. Any other answer stays.
    pub(crate) fn edit(&self, hidden: &HiddenRecords, response: Response<Bytes>) -> Response<Bytes> {
        if self.commit_after.is_none() && self.unreadable.is_none() {
            return response;
        }
        let Ok(mut body) = serde_json::from_slice::<Value>(response.body()) else { return response };
        let Some(records) = body.get_mut("data").and_then(Value::as_array_mut) else { return response };
        let id = |record: &Value| {
            let id = record.get("cid");
            id.and_then(|id| id.as_u64().or_else(|| id.as_str()?.parse().ok())).unwrap_or(0)
        };
        records.retain(|record| !hidden.hides(id(record)));
        for record in records {
            let content = record.get("content").and_then(Value::as_str);
            if content.is_some() && content == self.unreadable.as_deref() {
                record["cid"] = json!({ "broken": true });
            }
        }
        let (parts, _) = response.into_parts();
        Response::from_parts(parts, Bytes::from(body.to_string()))
    }
}
