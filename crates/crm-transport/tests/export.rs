//! An export of a list in memory: order, errors, checkpoints, limits.
#![allow(clippy::unwrap_used, reason = "tests")]

mod checkpoint_file;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use checkpoint_file::File;
use crm_model::{Page, Unreadable};
use crm_transport::json::JsonError;
use crm_transport::{
    Error, Export, ExportPage, ExportSource, HydratedSource, Idempotency, OperationInfo, Verdict,
};

/// A list of ids, and what goes wrong with it.
#[derive(Clone, Default)]
struct List {
    ids: Arc<Mutex<Vec<u64>>>,
    name: &'static str,
    unreadable: Option<u64>,
    broken_page: Option<u64>,
    ignores_offset: bool,
    hydrates: bool,
    in_flight: Arc<AtomicUsize>,
    most_in_flight: Arc<AtomicUsize>,
}

const INFO: OperationInfo = OperationInfo {
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
        Ok(self.name.to_owned())
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
        let ids = self.ids.lock().unwrap();
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

    fn wants(&self, record: &u64) -> bool {
        self.hydrates && record.is_multiple_of(3)
    }

    async fn hydrate(&self, record: u64) -> Result<(u64, bool), Error> {
        self.wait().await;
        Ok((record, !record.is_multiple_of(5)))
    }
}

impl HydratedSource for List {
    type Hydrate = bool;

    fn set_hydrate(&mut self, how: bool) {
        self.hydrates = how;
    }
}

impl List {
    fn of(records: u64) -> Self {
        Self { ids: Arc::new(Mutex::new((1..=records).collect())), name: "all", ..Self::default() }
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

async fn all(export: &mut Export<List>) -> (Vec<u64>, Vec<String>) {
    let (mut records, mut errors) = (Vec::new(), Vec::new());
    while let Some(record) = export.next().await {
        match record {
            Ok(record) => records.push(record),
            Err(error) => errors.push(error.to_string()),
        }
    }
    (records, errors)
}

/// What is given of a list of so many, 13 of which does not fit.
fn ids(records: u64) -> Vec<u64> {
    (1..=records).filter(|id| *id != 13).collect()
}

#[tokio::test]
async fn every_record_is_given_once_in_order_and_counted() {
    let mut export = Export::new(List::of(1_234)).concurrency(5);
    assert_eq!(all(&mut export).await, (ids(1_234), vec![]));
    let verdict = export.verdict().unwrap();
    assert!(verdict.is_complete());
    assert_eq!((verdict.figures().records, verdict.figures().left_out), (1_233, 1));
    assert!(verdict.to_string().starts_with("complete: 1233 records from "), "{verdict}");
    assert!(export.next().await.is_none(), "asking again is no mistake");
}

#[tokio::test]
async fn no_more_calls_are_in_flight_than_was_said() {
    for lanes in [1, 2, 7] {
        let list = List::of(700);
        let mut export = Export::new(list.clone()).concurrency(lanes).hydrate(true);
        assert_eq!(all(&mut export).await.0, ids(700));
        assert_eq!(list.most_in_flight.load(Ordering::SeqCst), lanes);
        assert_eq!(export.figures().as_listed, 700 / 15);
    }
}

#[tokio::test]
async fn an_unreadable_record_is_an_error_and_the_next_one_follows() {
    let mut export = Export::new(List { unreadable: Some(350), ..List::of(400) });
    let (records, errors) = all(&mut export).await;
    assert_eq!(records.len(), 398);
    assert_eq!(errors, ["test.list: the answer could not be read: expected an id at $[0].cid"]);
    let verdict = export.verdict().unwrap();
    assert!(matches!(verdict, Verdict::Complete { .. }) && !verdict.is_complete());
    assert!(verdict.to_string().contains("1 unreadable"), "{verdict}");
}

#[tokio::test]
async fn a_page_that_fails_ends_it_and_what_came_before_is_sound() {
    let mut export = Export::new(List { broken_page: Some(50), ..List::of(1_000) }).concurrency(3);
    let (records, errors) = all(&mut export).await;
    assert_eq!(errors.len(), 1);
    assert!(records.len() > 200 && records == ids(1_000)[..records.len()]);
    let Verdict::Truncated { figures, why, .. } = export.verdict().unwrap() else { panic!("no end") };
    assert_eq!((figures.records, why), (records.len() as u64, &errors[0]));
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_is_told_and_gives_its_page() {
    let mut export = Export::new(List { ignores_offset: true, ..List::of(1_000) });
    let (records, errors) = all(&mut export).await;
    assert_eq!(records.len(), 10);
    assert!(errors[0].contains("ignores the offset"), "{errors:?}");
    assert!(matches!(export.verdict(), Some(Verdict::Truncated { .. })));
}

#[tokio::test]
async fn dropping_it_ends_the_calls() {
    let list = List::of(1_000);
    let mut export = Export::new(list.clone()).concurrency(4);
    export.next().await.unwrap().unwrap();
    drop(export);
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    assert_eq!(list.in_flight.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_export_that_is_cut_at_any_record_goes_on_from_its_checkpoint() {
    for cut in [1, 9, 130, 131, 271, 272, 500, 999] {
        let file = File::new(&format!("cut-{cut}"));
        let list = List::of(1_000);
        let output: Arc<Mutex<Vec<u64>>> = Arc::default();
        let begin = || {
            let output = Arc::clone(&output);
            let flush = move |_: &_| Ok(output.lock().unwrap().len() as u64);
            Export::new(list.clone()).checkpoint(&file.0).before_checkpoint(flush)
        };
        let mut export = begin();
        assert_eq!(export.mark().unwrap(), None);
        for _ in 0..cut {
            let record = export.next().await.unwrap().unwrap();
            output.lock().unwrap().push(record);
        }
        drop(export);
        // Some that were given are deleted, some are added.
        list.ids.lock().unwrap().drain(0..55);
        list.ids.lock().unwrap().push(1_001);

        let mut export = begin();
        let mark = export.mark().unwrap();
        assert_eq!(mark.is_some(), file.0.exists());
        assert!(mark.is_some() || cut < 200, "nothing was saved after {cut}");
        output.lock().unwrap().truncate(mark.unwrap_or(0) as usize);
        while let Some(record) = export.next().await {
            output.lock().unwrap().push(record.unwrap());
        }
        let output = output.lock().unwrap();
        assert!(output.is_sorted_by(|a, b| a < b), "not each once, cut at {cut}");
        assert!(output.ends_with(&(56..=1_001).collect::<Vec<u64>>()), "not all, cut at {cut}");
        assert_eq!(export.verdict().unwrap().figures().records, output.len() as u64);
        assert!(!file.0.exists(), "nothing is left to go on with");
    }
}

#[tokio::test]
async fn a_checkpoint_of_another_query_or_a_damaged_one_is_refused_and_kept() {
    let file = File::new("refused");
    let mut export = Export::new(List::of(1_000)).checkpoint(&file.0);
    for _ in 0..500 {
        export.next().await.unwrap().unwrap();
    }
    drop(export);
    let saved = std::fs::read(&file.0).unwrap();
    let mut export = Export::new(List { name: "others", ..List::of(1_000) }).checkpoint(&file.0);
    assert!(export.mark().unwrap_err().to_string().contains("belongs to another query"));
    assert_eq!(all(&mut export).await.1.len(), 1);
    assert_eq!(std::fs::read(&file.0).unwrap(), saved);
    assert!(!String::from_utf8(saved).unwrap().contains("all"), "only a hash of the query is kept");

    std::fs::write(&file.0, "{").unwrap();
    let error = Export::new(List::of(1_000)).checkpoint(&file.0).mark().unwrap_err();
    assert_eq!(error.field(), Some("checkpoint"));
}

#[tokio::test]
async fn what_cannot_be_written_out_ends_it_before_the_checkpoint_is_saved() {
    let file = File::new("full");
    let full = |_: &_| Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
    let mut export = Export::new(List::of(1_000)).checkpoint(&file.0).before_checkpoint(full);
    let (records, errors) = all(&mut export).await;
    assert!(records.len() < 200 && errors[0].contains("could not write the records out"), "{errors:?}");
    assert!(!file.0.exists());
}

#[tokio::test]
async fn progress_tells_how_many_records_there_are() {
    let told: Arc<Mutex<Vec<Option<u64>>>> = Arc::default();
    let tell = {
        let told = Arc::clone(&told);
        move |progress: &crm_transport::ExportProgress| told.lock().unwrap().push(progress.records_in_all)
    };
    all(&mut Export::new(List::of(20_000)).on_progress(tell)).await;
    let told = told.lock().unwrap();
    let early = told.iter().take(100).flatten().last().unwrap();
    assert!((17_000..23_000).contains(early), "{early}");
    assert_eq!(told.last(), Some(&Some(20_000)));
}
