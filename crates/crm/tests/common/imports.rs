//! Support for the tests of imports: activities, some of them equal, clients, and a comparison with what is stored.
#![allow(dead_code, clippy::unwrap_used, reason = "test support; no test file uses all of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use crm::ReqwestTransport;
use crm::history::{
    ApiKey, ClientId, ContactId, HistoryClient, Import, ImportReport, NewEntry, Pace, RetryPolicy,
};
use crm_sandbox::Sandbox;

/// Returns so many activities. One in five is equal to others in everything.
pub(crate) fn entries(count: u32) -> Vec<NewEntry> {
    let start = NaiveDate::from_ymd_opt(2024, 3, 1).unwrap().and_hms_opt(9, 0, 0).unwrap();
    (0..count)
        .map(|i| {
            let i = if i % 5 == 0 { i % 50 } else { i };
            let types = ["вх.Звонок", "исх.Почта", "Встреча"];
            NewEntry::new(format!("Звонок {}", i % 97))
                .at(start + TimeDelta::minutes(i64::from(i / 3)))
                .activity_type(types[i as usize % 3])
                .client(ClientId(1 + u64::from(i % 2)))
                .contacts([ContactId(1 + u64::from(i % 2))])
        })
        .collect()
}

type Key = (Option<NaiveDateTime>, String, Option<String>, u64);

pub(crate) fn wanted(entries: &[NewEntry]) -> BTreeMap<Key, usize> {
    let keys = entries
        .iter()
        .map(|e| (e.at, e.content.clone(), e.activity_type.clone(), e.client.map_or(0, |id| id.0)));
    count(keys)
}

pub(crate) fn stored(sandbox: &Sandbox) -> BTreeMap<Key, usize> {
    let records = sandbox.records().into_iter().filter(|record| record.content.as_deref() != Some(OLD));
    count(records.map(|r| (r.datum, r.content.unwrap_or_default(), r.tip, r.clid as u64)))
}

fn count(keys: impl Iterator<Item = Key>) -> BTreeMap<Key, usize> {
    let mut counts = BTreeMap::new();
    keys.for_each(|key| *counts.entry(key).or_default() += 1);
    counts
}

/// Returns what is stored more or less often than it should be, one line each.
pub(crate) fn difference(stored: &BTreeMap<Key, usize>, wanted: &BTreeMap<Key, usize>) -> String {
    let keys: std::collections::BTreeSet<&Key> = stored.keys().chain(wanted.keys()).collect();
    let times = |counts: &BTreeMap<Key, usize>, key| counts.get(key).copied().unwrap_or(0);
    let lines = keys
        .into_iter()
        .filter(|key| times(stored, key) != times(wanted, key))
        .map(|key| format!("{key:?} is stored {} times, not {}\n", times(stored, key), times(wanted, key)));
    lines.collect()
}

pub(crate) fn transport() -> ReqwestTransport {
    ReqwestTransport::builder().no_proxy().without_system_certificates().body_limit(1 << 20).build().unwrap()
}

pub(crate) fn client(url: &str) -> HistoryClient {
    client_with_timeout(url, Duration::from_secs(30))
}

pub(crate) fn client_with_timeout(url: &str, timeout: Duration) -> HistoryClient {
    HistoryClient::builder(url)
        .credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS))
        .transport(transport())
        .retry(RetryPolicy::default().base(Duration::from_millis(1)))
        .pace(Pace::new().in_flight(8))
        .timeout(timeout)
        .body_limit(1 << 20)
        .build()
        .unwrap()
}

/// The sandbox carries a request out at once or not at all, so the import need not wait.
pub(crate) fn quick(import: Import) -> Import {
    import.settle(Duration::ZERO).patience(Duration::from_secs(5))
}

/// Starts a sandbox whose history is not empty, so that lists are seen to show what is there.
pub(crate) async fn sandbox_with_history() -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    add_old_record(&sandbox);
    sandbox
}

/// Adds a record that was there before, so that a lookup can see that the list shows what is there.
pub(crate) fn add_old_record(sandbox: &Sandbox) {
    let record =
        crm_sandbox::Record { content: Some(OLD.to_owned()), iduser: 1, clid: 1, ..Default::default() };
    sandbox.add_record(record);
}

const OLD: &str = "запись, которая была раньше";

#[track_caller]
pub(crate) fn all_created(report: &ImportReport, sandbox: &Sandbox, entries: &[NewEntry], what: &str) {
    let reason = report.not_stored.first().map(|outcome| (&outcome.outcome, &outcome.reason));
    assert_eq!(difference(&stored(sandbox), &wanted(entries)), "", "{what}: {report} {reason:?}");
    assert_eq!(report.totals.created, entries.len() as u64, "{what}: {report}");
    let mut ids: Vec<u64> = report.outcomes.iter().map(|outcome| outcome.id().unwrap().0).collect();
    for (id, entry) in ids.iter().zip(entries) {
        let record = sandbox.record(*id).unwrap();
        assert_eq!((record.content.as_ref(), record.datum), (Some(&entry.content), entry.at), "{what}");
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), entries.len(), "{what}: two activities have the same id");
}

/// A file of one test, removed at its end.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("import-{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
