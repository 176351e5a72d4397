//! Exports of both CRMs over HTTP, while the lists change.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::common::transport;
use chrono::{Datelike, NaiveDate, NaiveDateTime};
use crm::history::{ApiKey, Contact, EntryExport, EntryQuery, HistoryClient, Pace, RetryPolicy, Texts};
use crm::http::{Request, Response};
use crm::projects::{ProjectFilter, ProjectId, ProjectQuery, ProjectsClient, TokenPair};
use crm::{BoxFuture, Bytes, Error, ReqwestTransport, Transport, TransportError, Verdict};
use crm_sandbox::{Fault, Operation, PageChange, ProjectsShape, Record, Revision, Sandbox};

fn history(sandbox: &Sandbox, transport: impl Transport, calls: usize) -> HistoryClient {
    HistoryClient::builder(sandbox.url())
        .credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS))
        .transport(transport)
        .retry(RetryPolicy::none())
        .pace(Pace::new().in_flight(calls))
        .build()
        .unwrap()
}

async fn ids(export: &mut EntryExport) -> Result<Vec<u64>, Error> {
    let mut ids = Vec::new();
    while let Some(entry) = export.next().await {
        ids.push(entry?.id.0);
    }
    Ok(ids)
}

fn noon() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2024, 2, 29).unwrap().and_hms_opt(12, 0, 0).unwrap()
}

fn record(content: &str) -> Record {
    Record {
        datum: Some(noon()),
        content: Some(content.to_owned()),
        tip: Some("Звонок".to_owned()),
        iduser: 1,
        pid: "1;2".to_owned(),
        ..Record::default()
    }
}

/// Adds and deletes records of the sandbox while requests are under way, the same ones in every run.
struct Meddler {
    inner: ReqwestTransport,
    sandbox: Arc<Sandbox>,
    chance: Arc<AtomicU64>,
    deleted: Arc<Mutex<BTreeSet<u64>>>,
}

impl Meddler {
    fn draw(&self, below: u64) -> u64 {
        // splitmix64
        let mut bits = self.chance.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (bits ^ (bits >> 27)) % below
    }

    fn meddle(&self) {
        let newest = self.sandbox.with_records(|records| records.last().map_or(0, |record| record.cid));
        for _ in 0..self.draw(8) {
            self.sandbox.add_record(record("added meanwhile"));
        }
        if self.draw(3) == 0 {
            let first = 1 + self.draw(newest);
            for cid in first..first + self.draw(30) {
                self.sandbox.remove_record(cid);
                self.deleted.lock().unwrap().insert(cid);
            }
        }
    }
}

impl Transport for Meddler {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            self.meddle();
            let response = self.inner.send(request).await;
            self.meddle();
            response
        })
    }
}

#[tokio::test]
async fn of_twenty_thousand_records_with_equal_times_each_that_stays_comes_once() {
    for (seed, calls) in [(1, 1), (2, 2), (3, 8)] {
        let sandbox = Arc::new(Sandbox::start().await.unwrap());
        for _ in 0..20_000 {
            sandbox.add_record(record("x"));
        }
        let deleted: Arc<Mutex<BTreeSet<u64>>> = Arc::default();
        let meddler = Meddler {
            inner: transport(),
            sandbox: Arc::clone(&sandbox),
            chance: Arc::new(AtomicU64::new(seed)),
            deleted: Arc::clone(&deleted),
        };
        let client = history(&sandbox, meddler, calls);
        let mut export = client.export(EntryQuery::new()).concurrency(calls).start().await.unwrap();
        let ids = ids(&mut export).await.unwrap();
        assert!(ids.is_sorted_by(|a, b| a < b), "not each once");
        let verdict = export.finish().await;
        assert!(verdict.is_complete(), "{verdict}");
        let deleted = deleted.lock().unwrap();
        let ids: BTreeSet<u64> = ids.into_iter().collect();
        let missed: Vec<u64> =
            (1..=20_000).filter(|cid| !deleted.contains(cid) && !ids.contains(cid)).collect();
        assert_eq!(missed, [0; 0], "with {calls} calls at once");
        assert!(deleted.len() > 100, "nothing happened");
    }
}

#[tokio::test]
async fn a_calm_list_takes_a_tenth_more_requests_than_pages() {
    let sandbox = Sandbox::builder().records(20_000).start().await.unwrap();
    for calls in [2, 8] {
        sandbox.clear_requests();
        let client = history(&sandbox, transport(), calls);
        let mut export = client.export(EntryQuery::new()).concurrency(calls).start().await.unwrap();
        let ids = ids(&mut export).await.unwrap();
        assert_eq!(ids, (1..=20_000).collect::<Vec<u64>>());
        let requests = sandbox.requests().len();
        assert!(requests <= 112, "{requests} requests for 101 pages");
    }
}

#[tokio::test]
async fn the_first_records_may_change_before_every_page() {
    let sandbox = Sandbox::builder().records(9_000).start().await.unwrap();
    sandbox.add_fault(
        Fault::change_between_pages(PageChange { add: 2, delete: 3, ..PageChange::default() })
            .on(Operation::HistoryList)
            .always(),
    );
    let client = history(&sandbox, transport(), 4);
    let mut export = client.export(EntryQuery::new()).concurrency(4).start().await.unwrap();
    let ids = ids(&mut export).await.unwrap();
    let stayed = sandbox.with_records(|records| records.map(|r| r.cid).filter(|cid| *cid <= 9_000).collect());
    let stayed: BTreeSet<u64> = stayed;
    assert!(stayed.len() < 8_900 && stayed.is_subset(&ids.iter().copied().collect()));
    assert!(ids.is_sorted_by(|a, b| a < b));
    assert!(export.figures().repaired > 0);
}

#[tokio::test]
async fn an_open_range_sends_both_dates_and_holds_the_days_to_come() {
    let sandbox = Sandbox::builder().now(noon()).start().await.unwrap();
    for year in [1999, 2024, 2099] {
        let datum = noon().date().with_ordinal(1).unwrap().with_year(year).unwrap();
        sandbox.add_record(Record { datum: datum.and_hms_opt(0, 0, 0), ..record("x") });
    }
    let client = history(&sandbox, transport(), 2);
    let since = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
    for (query, found) in [
        (EntryQuery::new(), vec![1, 2, 3]),
        (EntryQuery::new().since(since), vec![2, 3]),
        (EntryQuery::new().until(since), vec![1, 2]),
    ] {
        sandbox.clear_requests();
        let mut export = client.export(query).start().await.unwrap();
        assert_eq!(ids(&mut export).await.unwrap(), found);
        for request in sandbox.requests() {
            let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
            assert!(body["dateStart"].is_string() && body["dateEnd"].is_string(), "{body}");
            assert_eq!((&body["order"], &body["first"]), (&"cid".into(), &"old".into()));
        }
    }
}

#[tokio::test]
async fn the_type_is_filtered_whether_the_server_does_it_or_not() {
    for revision in [Revision::Observed, Revision::Documented] {
        let sandbox = Sandbox::builder().records(3_000).revision(revision).start().await.unwrap();
        let client = history(&sandbox, transport(), 2);
        let mut export = client.export(EntryQuery::new().activity_type("встреча")).start().await.unwrap();
        assert_eq!(ids(&mut export).await.unwrap(), (1..=3_000).step_by(3).collect::<Vec<u64>>());
        let left_out = if revision == Revision::Observed { 2_000 } else { 0 };
        assert_eq!(export.figures().left_out, left_out);
    }
}

#[tokio::test]
async fn contents_that_the_list_spoils_come_as_stored_with_all_contacts() {
    let sandbox = Sandbox::start().await.unwrap();
    for content in ["https://x.ru/a", "просто", "a\r\nb", "<b>tags</b>"] {
        sandbox.add_record(record(content));
    }
    let client = history(&sandbox, transport(), 2);
    for (texts, contents, calls) in [
        (Texts::AsListed, ["https:--x.ru-a", "просто", "a<br />\r\nb", "tags"], 0),
        (Texts::Changed, ["https://x.ru/a", "просто", "a\r\nb", "tags"], 2),
        (Texts::All, ["https://x.ru/a", "просто", "a\r\nb", "<b>tags</b>"], 4),
    ] {
        sandbox.clear_requests();
        let mut export = client.export(EntryQuery::new().with_texts(texts)).start().await.unwrap();
        let mut found = Vec::new();
        while let Some(entry) = export.next().await {
            let entry = entry.unwrap();
            let names: Vec<_> = entry.contacts.iter().map(|Contact { id, .. }| id.0).collect();
            assert_eq!(names, [1, 2]);
            found.push(entry.content.unwrap());
        }
        assert_eq!(found, contents);
        let infos = sandbox.requests().iter().filter(|r| r.operation == Some(Operation::HistoryInfo)).count();
        assert_eq!(infos, calls);
    }
}

#[tokio::test]
async fn a_record_that_is_deleted_before_its_text_is_fetched_stays_as_it_was_listed() {
    let sandbox = Sandbox::builder().records(3).start().await.unwrap();
    let gone = Fault::error_in_ok(403, "Не найдено");
    sandbox.add_fault(gone.on(Operation::HistoryInfo));
    let client = history(&sandbox, transport(), 2);
    let mut export = client.export(EntryQuery::new().with_texts(Texts::All)).start().await.unwrap();
    assert_eq!(ids(&mut export).await.unwrap(), [1, 2, 3]);
    assert_eq!(export.figures().as_listed, 1);
}

#[tokio::test]
async fn a_page_that_fails_truncates_it() {
    let sandbox = Sandbox::builder().records(9_000).start().await.unwrap();
    sandbox.add_fault(Fault::close_before_reading().on(Operation::HistoryList).each(30));
    let client = history(&sandbox, transport(), 2);
    let mut export = client.export(EntryQuery::new()).start().await.unwrap();
    let error = ids(&mut export).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    let Verdict::Truncated { cause, .. } = export.finish().await else { panic!("not truncated") };
    assert_eq!(cause.to_string(), error.to_string());
}

#[tokio::test]
async fn a_query_that_cannot_be_exported_is_refused_before_anything_is_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = history(&sandbox, transport(), 2);
    let first = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
    for (query, field) in [
        (EntryQuery::new().page(1), "page"),
        (EntryQuery::new().newest_first(), "order_by"),
        (EntryQuery::new().between(first, first.pred_opt().unwrap()), "between"),
    ] {
        let error = client.export(query).start().await.unwrap_err();
        assert_eq!(error.field(), Some(field));
    }
    assert!(sandbox.requests().is_empty());
}

fn projects(sandbox: &Sandbox) -> ProjectsClient {
    ProjectsClient::builder(sandbox.url())
        .credentials(TokenPair::new(crm_sandbox::TOKEN, crm_sandbox::SECRET))
        .transport(transport())
        .build()
        .unwrap()
}

#[tokio::test]
async fn projects_are_exported_by_query_and_by_filter_in_every_shape() {
    for shape in [ProjectsShape::Payload, ProjectsShape::Bare, ProjectsShape::Keyed] {
        let sandbox = Sandbox::builder().projects(1_234).projects_shape(shape).start().await.unwrap();
        let client = projects(&sandbox);
        let active: Vec<u64> =
            sandbox.projects().iter().filter(|project| !project.deleted).map(|project| project.id).collect();
        for builder in [
            client.export(ProjectQuery::new().count(7)),
            client.export(ProjectQuery::new().deleted(false)),
            client.export(ProjectFilter::new().deleted(false).count(30)),
        ] {
            let mut export = builder.start().await.unwrap();
            let mut ids = Vec::new();
            while let Some(project) = export.next().await {
                let ProjectId(id) = project.unwrap().id;
                ids.push(id);
            }
            assert_eq!(ids, active);
            assert!(export.finish().await.is_complete());
        }
    }
}

#[tokio::test]
async fn a_project_query_with_an_offset_or_another_order_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = projects(&sandbox);
    for (query, field) in [
        (ProjectQuery::new().offset(10), "offset"),
        (ProjectQuery::new().order_by("price"), "order_by"),
        (ProjectQuery::new().descending(), "order_by"),
    ] {
        let error = client.export(query).start().await.unwrap_err();
        assert_eq!(error.field(), Some(field));
    }
}
