//! The part of the network that edits lists, and watches what is sent.

use bytes::Bytes;
use chrono::TimeDelta;
use crm_sandbox::Record;
use crm_transport::http::{Request, Response};
use tokio::time::Instant;

use super::{FAR, Network, items_of};
use crate::activities::Key;

impl Network {
    /// Notes records whose answer is lost.
    pub(super) fn lose(&self, ids: &[u64]) {
        let mut progress = self.progress();
        progress.lost.extend(ids);
        let known = progress.last_confirmed.filter(|known| ids.iter().all(|id| id > known));
        if let Some(known) = known.filter(|_| self.0.tricks.hides_with_known) {
            let until = Instant::now() + FAR * 365;
            // What lies between them may have been found in a list, and is known now. A list that shows it and lacks only
            // the lost ones and older ones cannot be noticed by anybody.
            let last = ids.iter().copied().max().unwrap_or(known);
            progress.hidden.hide(&(known..=last).collect::<Vec<u64>>(), until);
        }
        drop(progress);
        if let Some(hours) = self.0.twin {
            ids.iter().for_each(|id| self.write_twin(*id, hours));
        }
    }

    /// Another client writes a record that differs from this one of ours by so many hours. Once.
    fn write_twin(&self, id: u64, hours: i64) {
        let Some(record) = self.0.sandbox.record(id) else { return };
        let twin_of = record.clone();
        let twin = Record { datum: record.datum.map(|at| at + TimeDelta::hours(hours)), ..record };
        let key = Key::of_record(&twin);
        // Another one of ours with the same content may be so many hours from it, and then all of them look unshifted.
        let own = Key::of_record(&twin_of);
        let is_ours = self.0.keys.iter().any(|other| other.content == key.content && other.at != own.at);
        if !key.is_dated() || is_ours || std::mem::replace(&mut self.progress().has_twin, true) {
            return;
        }
        let id = self.0.sandbox.add_record(Record { cid: 0, ..twin });
        self.progress().foreign_ids.insert(id);
        self.0.trace.note(format!("somebody else writes record {id}: {hours} hours from one of ours"));
    }

    /// Watches what is sent in this run.
    pub(super) fn watch(&self, request: &Request<Bytes>) {
        if self.0.keys_of_items.is_empty() || !request.uri().path().ends_with("add.list") {
            return;
        }
        for item in items_of(request) {
            let stored = self.stored(&item);
            self.progress().watch.sent(&item, stored, self.0.longest_wait, self.0.settle);
        }
    }

    /// Returns how many records are equal to this item.
    pub(super) fn stored(&self, item: &str) -> usize {
        let Some(key) = self.0.keys_of_items.get(item) else { return usize::MAX };
        self.0.sandbox.with_records(|records| records.filter(|record| Key::of_record(record) == *key).count())
    }

    /// Takes what was sent too early.
    pub(crate) fn take_violations(&self) -> Vec<String> {
        self.progress().watch.take_violations()
    }

    pub(super) fn edited(&self, response: Response<Bytes>) -> Response<Bytes> {
        let progress = self.progress();
        self.0.tricks.edit(&progress.hidden, &progress.lost, response)
    }
}
