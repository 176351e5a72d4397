//! What the lists of the server do besides the faults of the sandbox: a record that appears late, and one that cannot be
//! decoded.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use crm_transport::http::Response;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::network::parsed;

/// What the lists of a run do.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListTricks {
    /// A record whose answer was lost is listed only after another record is confirmed that was stored after the time to
    /// settle: between the two readings that follow. A transaction that commits late has such records.
    pub(crate) commits_late: bool,
    /// The content of the activity whose record cannot be decoded.
    pub(crate) unreadable: Option<String>,
    /// A record whose answer was lost is not listed in this run. Neither is the last one before it that was confirmed, nor
    /// what lies between them.
    pub(crate) hides_with_known: bool,
    /// Pages have two records. A record whose answer was lost is left out if it is the last one of its page, and the first
    /// one is another.
    pub(crate) hides_last_of_page: bool,
    /// A page with a record whose answer was lost is in another order, in which that record is on another page.
    pub(crate) is_unsorted: bool,
}

/// The records that are not listed yet.
#[derive(Debug, Default)]
pub(crate) struct HiddenRecords {
    /// Until when each is hidden.
    until: BTreeMap<u64, Instant>,
    /// The transactions that are open, each with the time at which it must have settled.
    open: Vec<(Instant, Vec<u64>)>,
}

impl HiddenRecords {
    pub(crate) fn hide(&mut self, ids: &[u64], until: Instant) {
        self.until.extend(ids.iter().map(|&id| (id, until)));
    }

    /// Hides the records of a transaction that commits late. Its request ended now.
    pub(crate) fn begin(&mut self, ids: &[u64], settle: Duration) {
        let due = Instant::now() + settle;
        self.hide(ids, due + LATEST_COMMIT.min(settle));
        self.open.push((due, ids.to_vec()));
    }

    /// Another record is confirmed. `pause`: the time until the first of two readings, and between them.
    pub(crate) fn confirmed(&mut self, pause: Duration) {
        let now = Instant::now();
        let (settled, open) = std::mem::take(&mut self.open).into_iter().partition(|(due, _)| *due <= now);
        self.open = open;
        let settled: Vec<(Instant, Vec<u64>)> = settled;
        settled.iter().for_each(|(_, ids)| self.hide(ids, now + pause.mul_f64(1.5)));
    }

    /// Lists all of them again.
    pub(crate) fn show_all(&mut self) {
        *self = Self::default();
    }

    fn hides(&self, id: u64) -> bool {
        self.until.get(&id).is_some_and(|&until| Instant::now() < until)
    }
}

impl ListTricks {
    /// Whether lists mislead so that an activity may stay in doubt for good.
    pub(crate) fn mislead(&self) -> bool {
        self.hides_with_known || self.hides_last_of_page || self.is_unsorted
    }

    /// Edits the answer to a list. Any other answer stays. `lost`: the records whose answer was lost.
    pub(crate) fn edit(
        &self,
        hidden: &HiddenRecords,
        lost: &BTreeSet<u64>,
        response: Response<Bytes>,
    ) -> Response<Bytes> {
        let Some(mut body) = parsed(response.body()) else { return response };
        let Some(records) = body.get_mut("data").and_then(Value::as_array_mut) else { return response };
        let id = |record: &Value| {
            let id = record.get("cid");
            id.and_then(|id| id.as_u64().or_else(|| id.as_str()?.parse().ok())).unwrap_or(0)
        };
        records.retain(|record| !hidden.hides(id(record)));
        if let ([first, last], true) = (&records[..], self.hides_last_of_page)
            && lost.contains(&id(last))
            && !lost.contains(&id(first))
        {
            records.pop();
        }
        if self.is_unsorted && records.len() > 3 {
            // An order that only hides records, and shows none of the others out of place, cannot be noticed by anybody.
            let mut others: Vec<Value> =
                records.iter().filter(|record| !lost.contains(&id(record))).cloned().collect();
            if others.len() < records.len()
                && let [.., before, last] = &mut others[..]
                && id(before) > id(last)
            {
                std::mem::swap(before, last);
                *records = others;
            }
        }
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

/// When a record is listed at the latest, after the time to settle.
pub(crate) const LATEST_COMMIT: Duration = Duration::from_secs(10);
