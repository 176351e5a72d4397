//! An export of a list in memory: order, errors, limits, verdicts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crm_model::{Page, Unreadable};
use crm_transport::json::JsonError;
use crm_transport::{
    Error, ErrorKind, Export, ExportBuilder, ExportPage, ExportProgress, ExportSource, Idempotency,
    OperationInfo, Verdict,
};

/// A list of ids, and what goes wrong with it.
#[derive(Clone, Default)]
struct List {
    ids: Arc<Mutex<Vec<u64>>>,
    /// Inserted below all others, once the first pages were read.
    restored: Option<u64>,
    unreadable: Option<u64>,
    broken_page: Option<u64>,
    ignores_offset: bool,
    hydrates: bool,
    in_flight: Arc<AtomicUsize>,
    most_in_flight: Arc<AtomicUsize>,
}

pub(crate) const INFO: OperationInfo = OperationInfo {
    id: "test.list",
    method: http::Method::GET,
    path: "/list",
    idempotency: Idempotency::Read,
    accepts_post: false,
};

impl ExportSource for List {
    type Record = u64;
    const OPERATION: OperationInfo = INFO;
    const NAME: &'static str = "test.export";
    const COUNTS_RECORDS: bool = false;

    fn identity(&self) -> Result<String, Error> {
        Ok("all".to_owned())
    }

    fn id(record: &u64) -> u64 {
        *record
    }

    fn page_size(&self) -> usize {
        10
    }

    async fn page(&self, at: ExportPage) -> Result<Page<u64>, Error> {
        self.wait().await;
        if self.broken_page == Some(at.number) {
            return Err(Error::undecodable(&INFO, JsonError::new("$", "broken")));
        }
        let number = if self.ignores_offset { 0 } else { at.number as usize };
        let mut ids = self.ids.lock().unwrap();
        if let Some(id) = self.restored.filter(|id| number > 20 && ids[0] != *id) {
            ids.insert(0, id);
        }
        let mut page = Page::new(ids.iter().skip(number * 10).take(10).copied().collect::<Vec<u64>>());
        if let Some(bad) = page.items.iter().position(|id| Some(*id) == self.unreadable) {
            page.items.remove(bad);
            page.unreadable.push(Unreadable::new("$[0].cid", "expected an id", "{}"));
        }
        Ok(page)
    }

    fn fits(&self, record: &u64) -> bool {
        *record != 13
    }

    fn needs_hydration(&self, record: &u64) -> bool {
        self.hydrates && record.is_multiple_of(3)
    }

    async fn hydrate(&self, record: u64) -> Result<(u64, bool), Error> {
        self.wait().await;
        Ok((record, !record.is_multiple_of(5)))
    }
}

impl List {
    fn new(records: u64) -> Self {
        Self { ids: Arc::new(Mutex::new((1..=records).collect())), ..Self::default() }
    }

    /// Some turns of the others, so that calls overlap and come back in another order.
    async fn wait(&self) {
        struct Flight<'a>(&'a AtomicUsize);
        impl Drop for Flight<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        let _flight = Flight(&self.in_flight);
        let turns = self.most_in_flight.fetch_max(now, Ordering::SeqCst) * 7 % 5;
        for _ in 0..=turns {
            tokio::task::yield_now().await;
        }
    }
}

async fn start(list: List) -> Export<List> {
    ExportBuilder::new(list).start().await.unwrap()
}

/// Everything that is returned: the records and the errors.
async fn all(export: &mut Export<List>) -> (Vec<u64>, Vec<Error>) {
    let (mut records, mut errors) = (Vec::new(), Vec::new());
    while let Some(record) = export.next().await {
        match record {
            Ok(record) => records.push(record),
            Err(error) => errors.push(error),
        }
    }
    (records, errors)
}

/// What is returned of a list of this length, from which 13 is left out.
fn ids(records: u64) -> Vec<u64> {
    (1..=records).filter(|id| *id != 13).collect()
}

#[tokio::test]
async fn every_record_is_returned_once_in_order_and_counted() {
    let mut export = ExportBuilder::new(List::new(1_234)).concurrency(5).start().await.unwrap();
    let (records, errors) = all(&mut export).await;
    assert!(records == ids(1_234) && errors.is_empty(), "{errors:?}");
    assert!(export.next().await.is_none(), "asking again is no mistake");
    let verdict = export.finish().await;
    assert!(verdict.is_complete());
    assert_eq!((verdict.figures().records, verdict.figures().left_out), (1_233, 1));
    assert!(verdict.to_string().starts_with("complete: 1233 records ("), "{verdict}");
}

#[tokio::test]
async fn no_more_calls_are_in_flight_than_allowed() {
    for calls in [1, 2, 7] {
        let list = List { hydrates: true, ..List::new(700) };
        let mut export = ExportBuilder::new(list.clone()).concurrency(calls).start().await.unwrap();
        assert_eq!(all(&mut export).await.0, ids(700));
        assert_eq!(list.most_in_flight.load(Ordering::SeqCst), calls);
        assert_eq!(export.figures().as_listed, 700 / 15);
    }
}

#[tokio::test]
async fn an_unreadable_record_is_an_error_and_the_next_one_follows() {
    let mut export = start(List { unreadable: Some(350), ..List::new(400) }).await;
    let (records, errors) = all(&mut export).await;
    assert_eq!(records.len(), 398);
    let texts: Vec<String> = errors.iter().map(Error::to_string).collect();
    assert!(texts[0].contains("expected an id at $[0].cid"), "{texts:?}");
    assert!(texts[1].contains("1 records cannot be decoded"), "{texts:?}");
    assert_eq!((texts.len(), errors[1].id()), (2, "incomplete-export"));
    let verdict = export.finish().await;
    assert!(matches!(verdict, Verdict::Complete { .. }) && !verdict.is_complete());
    assert!(verdict.to_string().contains("1 unreadable"), "{verdict}");
}

#[tokio::test]
async fn a_page_that_fails_ends_it_and_what_came_before_is_sound() {
    let list = List { broken_page: Some(50), ..List::new(1_000) };
    let mut export = ExportBuilder::new(list).concurrency(3).start().await.unwrap();
    let (records, errors) = all(&mut export).await;
    assert_eq!(errors.len(), 1);
    assert!(records.len() > 200 && records == ids(1_000)[..records.len()]);
    let Verdict::Truncated { figures, cause, .. } = export.finish().await else { panic!("no end") };
    assert_eq!((figures.records, cause.to_string()), (records.len() as u64, errors[0].to_string()));
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_is_reported_and_its_page_returned() {
    let mut export = start(List { ignores_offset: true, ..List::new(1_000) }).await;
    let (records, errors) = all(&mut export).await;
    assert_eq!(records.len(), 10);
    assert!(errors[0].to_string().contains("ignores the offset"), "{errors:?}");
    assert!(matches!(export.finish().await, Verdict::Truncated { .. }));
}

#[tokio::test]
async fn an_export_in_which_records_moved_up_ends_with_an_error() {
    let list = List::new(1_000);
    list.ids.lock().unwrap().remove(0);
    let mut export = start(List { restored: Some(1), ..list }).await;
    let (records, errors) = all(&mut export).await;
    assert!(records.len() >= 990, "{}", records.len());
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].kind(), ErrorKind::Incomplete);
    assert!(errors[0].to_string().contains("export it again") && !errors[0].is_retryable(), "{errors:?}");
    let verdict = export.finish().await;
    assert!(matches!(verdict, Verdict::Shifted { .. }), "{verdict}");
}

#[tokio::test]
async fn finishing_before_the_end_ends_the_calls_and_is_truncated() {
    let list = List::new(1_000);
    let mut export = start(list.clone()).await;
    export.next().await.unwrap().unwrap();
    let verdict = export.finish().await;
    let Verdict::Truncated { figures, cause, .. } = &verdict else { panic!("{verdict}") };
    assert_eq!((figures.records, cause.id()), (1, "incomplete-export"));
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    assert_eq!(list.in_flight.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn dropping_it_ends_the_calls() {
    let list = List::new(1_000);
    let mut export = ExportBuilder::new(list.clone()).concurrency(4).start().await.unwrap();
    export.next().await.unwrap().unwrap();
    drop(export);
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    assert_eq!(list.in_flight.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn progress_estimates_how_many_records_there_are() {
    let told: Arc<Mutex<Vec<Option<u64>>>> = Arc::default();
    let report = {
        let told = Arc::clone(&told);
        move |progress: &ExportProgress| told.lock().unwrap().push(progress.records_in_all)
    };
    let mut export = ExportBuilder::new(List::new(20_000)).on_progress(report).start().await.unwrap();
    all(&mut export).await;
    let told = told.lock().unwrap();
    let early = told.iter().take(100).flatten().last().unwrap();
    assert!((17_000..23_000).contains(early), "{early}");
    assert_eq!(told.last(), Some(&Some(20_000)));
}

#[tokio::test]
async fn a_function_before_a_checkpoint_is_refused_without_a_checkpoint() {
    let builder = ExportBuilder::new(List::default()).before_checkpoint(|_| Ok(0));
    let error = builder.start().await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidRequest, Some("before_checkpoint")));
    assert!(error.to_string().contains("checkpoint(…)"), "{error}");
}
