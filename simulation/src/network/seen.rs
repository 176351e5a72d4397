//! What the network sees of a request: what the client is doing, and what the server does with it.

use std::collections::BTreeSet;

use bytes::Bytes;
use crm_transport::http::Request;

use super::{Network, items_of};
use crate::coverage::State;

impl Network {
    /// What the import is doing with this request, and the items that it holds.
    pub(super) fn state(&self, operation: &str, request: &Request<Bytes>) -> (State, Vec<String>) {
        let is_write = operation.starts_with("add");
        let mut progress = self.progress();
        if !is_write {
            let state = match (progress.is_in_doubt, progress.writes_in_run) {
                (true, _) => State::ReadInDoubt,
                (false, 0) => State::FirstRead,
                (false, _) => State::Read,
            };
            return (state, Vec::new());
        }
        progress.writes_in_run += 1;
        let items = items_of(request);
        let is_again = items.iter().any(|item| progress.sent.contains(item));
        progress.sent.extend(items.iter().cloned());
        let state = match (is_again, progress.is_in_doubt, items.len()) {
            (true, ..) => State::WriteAgain,
            (false, true, _) => State::WriteInDoubt,
            (false, false, 1) => State::WriteAlone,
            (false, false, _) => State::Write,
        };
        (state, items)
    }

    /// The ids of all records, with those that are stored late but by now.
    pub(super) fn ids(&self) -> BTreeSet<u64> {
        self.0.sandbox.with_records(|records| records.map(|record| record.cid).collect())
    }

    /// The fault that struck since the last call.
    pub(super) fn struck(&self) -> Option<String> {
        let rules = self.0.sandbox.faults();
        let mut progress = self.progress();
        let before =
            std::mem::replace(&mut progress.struck, rules.iter().map(|rule| rule.struck()).collect());
        let at = rules
            .iter()
            .enumerate()
            .find(|(place, rule)| before.get(*place).is_none_or(|b| *b < rule.struck()) && rule.struck() > 0);
        at.map(|(_, rule)| rule.fault().name().to_owned())
    }
}
