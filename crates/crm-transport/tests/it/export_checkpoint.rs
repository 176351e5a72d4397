//! An export with a checkpoint: what is saved, when, and how the next run resumes.

use std::collections::{BTreeSet, VecDeque};
use std::error::Error as _;
use std::future::Future as _;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};

use crm_model::Page;
use crm_transport::{
    Error, ErrorKind, Export, ExportBuilder, ExportPage, ExportSource, Idempotency, OperationInfo, Verdict,
};
use proptest::prelude::*;

/// A file of one test, removed with this.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("crm-export-checkpoint-{}-{name}", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        let _ = std::fs::remove_file(&file.0);
        file
    }

    fn lock(&self) -> PathBuf {
        self.0.with_file_name(format!("{}.lock", self.0.file_name().unwrap().to_str().unwrap()))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A list of ids. If it is counted, the server returns pages of three records, although five are asked for.
#[derive(Clone)]
struct List<const COUNTED: bool> {
    name: &'static str,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    ids: Vec<u64>,
    /// The greatest ID of a record that was added. No ID is given twice, even if its record was deleted.
    newest: u64,
    /// What happens before each page is read.
    events: VecDeque<Event>,
    /// Records that nobody deleted.
    stayed: BTreeSet<u64>,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Nothing,
    /// Neighbours are deleted: the place of the first, and how many.
    Delete(usize, usize),
    /// So many are added.
    Add(u64),
    /// The page begins at this place.
    BeginAt(u64),
    /// The page cannot be read.
    Fail,
}

impl State {
    fn happen(&mut self, event: Event) {
        match event {
            Event::Delete(at, count) if !self.ids.is_empty() => {
                let at = at % self.ids.len();
                let end = self.ids.len().min(at + count);
                for id in self.ids.drain(at..end) {
                    self.stayed.remove(&id);
                }
            }
            Event::Add(count) => {
                self.ids.extend(self.newest + 1..=self.newest + count);
                self.newest += count;
            }
            _ => {}
        }
    }
}

impl<const COUNTED: bool> ExportSource for List<COUNTED> {
    type Record = u64;
    const OPERATION: OperationInfo = OperationInfo {
        id: "test.list",
        method: http::Method::GET,
        path: "/list",
        idempotency: Idempotency::Read,
        accepts_post: false,
    };
    const NAME: &'static str = "test.export";
    const COUNTS_RECORDS: bool = COUNTED;

    fn identity(&self) -> Result<String, Error> {
        Ok(self.name.to_owned())
    }

    fn id(record: &u64) -> u64 {
        *record
    }

    fn page_size(&self) -> usize {
        if COUNTED { 5 } else { 10 }
    }

    async fn page(&self, at: ExportPage) -> Result<Page<u64>, Error> {
        for _ in 0..at.number % 3 {
            tokio::task::yield_now().await;
        }
        let mut state = self.state.lock().unwrap();
        let event = state.events.pop_front().unwrap_or(Event::Nothing);
        state.happen(event);
        let (mut skip, size) = if COUNTED { (at.offset(5), 3) } else { (at.number * 10, 10) };
        match event {
            Event::BeginAt(place) => skip = place,
            Event::Fail => return Err(Error::incomplete(Self::NAME, "cut")),
            _ => {}
        }
        Ok(Page::new(state.ids.iter().copied().skip(skip as usize).take(size).collect()))
    }
}

impl<const COUNTED: bool> List<COUNTED> {
    fn new(records: u64) -> Self {
        let ids = (1..=records).collect();
        let state = State { ids, newest: 9_999, stayed: (1..=records).collect(), ..State::default() };
        Self { name: "all", state: Arc::new(Mutex::new(state)) }
    }
}

fn list(records: u64) -> List<false> {
    List::new(records)
}

type Output = Arc<Mutex<Vec<u64>>>;

/// Starts an export whose checkpoints hold the length of the output, and cuts the output back to it.
async fn start<const COUNTED: bool>(
    list: &List<COUNTED>,
    file: &File,
    concurrency: usize,
    output: &Output,
) -> Export<List<COUNTED>> {
    let flushed = Arc::clone(output);
    let export = ExportBuilder::new(list.clone())
        .concurrency(concurrency)
        .checkpoint(&file.0)
        .before_checkpoint(move |_| Ok(flushed.lock().unwrap().len() as u64))
        .start()
        .await
        .unwrap();
    output.lock().unwrap().truncate(export.resumed_at().unwrap_or(0) as usize);
    export
}

async fn refused(list: List<false>, file: &File) -> Error {
    ExportBuilder::new(list).checkpoint(&file.0).start().await.unwrap_err()
}

#[tokio::test]
async fn an_export_that_is_cut_at_any_record_resumes_from_its_checkpoint() {
    for cut in [1, 9, 130, 131, 271, 272, 500, 999] {
        let file = File::new(&format!("cut-{cut}"));
        let (list, output) = (list(1_000), Output::default());
        let mut export = start(&list, &file, 2, &output).await;
        assert_eq!(export.resumed_at(), None);
        for _ in 0..cut {
            let record = export.next().await.unwrap().unwrap();
            output.lock().unwrap().push(record);
        }
        drop(export);
        // Some that were returned are deleted, and one is added.
        list.state.lock().unwrap().ids.drain(0..55);
        list.state.lock().unwrap().ids.push(1_001);

        let mut export = start(&list, &file, 2, &output).await;
        assert_eq!(export.resumed_at().is_some(), file.0.exists());
        assert!(export.resumed_at().is_some() || cut < 200, "nothing was saved after {cut}");
        while let Some(record) = export.next().await {
            output.lock().unwrap().push(record.unwrap());
        }
        let output = output.lock().unwrap().clone();
        assert!(output.is_sorted_by(|a, b| a < b), "not each once, cut at {cut}");
        assert!(output.ends_with(&(56..=1_001).collect::<Vec<u64>>()), "not all, cut at {cut}");
        assert_eq!(export.finish().await.figures().records, output.len() as u64);
        assert!(!file.0.exists(), "nothing is left to resume");
    }
}

#[tokio::test]
async fn a_checkpoint_of_another_query_or_a_damaged_one_is_refused_and_kept() {
    let file = File::new("refused");
    let mut export = start(&list(1_000), &file, 2, &Output::default()).await;
    for _ in 0..500 {
        export.next().await.unwrap().unwrap();
    }
    drop(export);
    let saved = std::fs::read(&file.0).unwrap();
    let error = refused(List { name: "others", ..list(1_000) }, &file).await;
    assert!(error.to_string().contains("belongs to another query"), "{error}");
    assert_eq!((error.kind(), error.id()), (ErrorKind::Storage, "storage"));
    assert_eq!(std::fs::read(&file.0).unwrap(), saved);
    assert!(!String::from_utf8(saved).unwrap().contains("all"), "only a hash of the query is kept");

    std::fs::write(&file.0, "{").unwrap();
    let error = refused(list(1_000), &file).await;
    assert!(error.to_string().contains("is damaged"), "{error}");
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_read_or_saved_is_an_error_with_its_cause() {
    let file = File::new("folder");
    std::fs::create_dir(&file.0).unwrap();
    let error = refused(list(1), &file).await;
    assert!(error.to_string().contains("cannot be read") && error.source().is_some(), "{error}");
    std::fs::remove_dir(&file.0).unwrap();

    let mut export = start(&list(1_000), &file, 2, &Output::default()).await;
    std::fs::create_dir(&file.0).unwrap();
    let error = loop {
        if let Err(error) = export.next().await.unwrap() {
            break error;
        }
    };
    std::fs::remove_dir(&file.0).unwrap();
    assert!(error.to_string().contains("cannot be saved") && error.source().is_some(), "{error}");
    assert!(matches!(export.finish().await, Verdict::Truncated { .. }));
}

#[tokio::test]
async fn what_cannot_be_written_out_ends_it_before_the_checkpoint_is_saved() {
    let file = File::new("full");
    let full = |_: &_| Err(io::Error::from(io::ErrorKind::StorageFull));
    let builder = ExportBuilder::new(list(1_000)).checkpoint(&file.0).before_checkpoint(full);
    let mut export = builder.start().await.unwrap();
    let mut records = 0;
    let error = loop {
        match export.next().await.unwrap() {
            Ok(_) => records += 1,
            Err(error) => break error,
        }
    };
    assert!(records < 200 && error.to_string().contains("could not be written out"), "{error}");
    assert_eq!((error.kind(), error.source().is_some()), (ErrorKind::Storage, true));
    assert!(export.next().await.is_none() && !file.0.exists());
}

#[tokio::test]
async fn no_record_is_returned_while_a_checkpoint_is_being_saved() {
    let file = File::new("slow");
    let (called, hear) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let slow = move |figures: &crm_transport::ExportFigures| {
        called.send(figures.records).unwrap();
        let _ = released.recv();
        Ok(7)
    };
    let builder = ExportBuilder::new(list(1_000)).checkpoint(&file.0).before_checkpoint(slow);
    let mut export = builder.start().await.unwrap();
    let mut returned = 0;
    // This thread is never blocked: the future of the next record is pending until the function is released.
    let at = loop {
        let mut next = pin!(export.next());
        match next.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(record) => returned += u64::from(record.unwrap().is_ok()),
            Poll::Pending => match hear.try_recv() {
                Ok(at) => break at,
                Err(_) => tokio::task::yield_now().await,
            },
        }
    };
    assert_eq!(at, returned);
    assert!(pin!(export.next()).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(!file.0.exists());
    release.send(()).unwrap();
    export.next().await.unwrap().unwrap();
    let saved: serde_json::Value = serde_json::from_slice(&std::fs::read(&file.0).unwrap()).unwrap();
    assert_eq!((&saved["mark"], &saved["figures"]["records"]), (&7.into(), &returned.into()));
}

#[tokio::test]
async fn a_panic_before_a_checkpoint_is_passed_on_and_ends_the_export() {
    let file = File::new("panic");
    let panics = |_: &_| panic!("of the function");
    let builder = ExportBuilder::new(list(1_000)).checkpoint(&file.0).before_checkpoint(panics);
    let export = Arc::new(tokio::sync::Mutex::new(builder.start().await.unwrap()));
    let other = Arc::clone(&export);
    let read = tokio::spawn(async move { while other.lock().await.next().await.is_some() {} });
    assert_eq!(read.await.unwrap_err().into_panic().downcast_ref(), Some(&"of the function"));
    assert!(export.lock().await.next().await.is_none());
    let export = Arc::into_inner(export).unwrap().into_inner();
    assert!(matches!(export.finish().await, Verdict::Truncated { .. }));
}

#[tokio::test]
async fn two_exports_do_not_share_a_checkpoint() {
    let file = File::new("shared");
    let mut first = start(&list(100), &file, 2, &Output::default()).await;
    first.next().await.unwrap().unwrap();
    let error = refused(list(100), &file).await;
    assert!(error.to_string().contains("is in use by another export: wait until that has ended"), "{error}");
    assert!(error.is_retryable());
    drop(first);
    let mut third = start(&list(100), &file, 2, &Output::default()).await;
    assert!(file.lock().exists());
    while third.next().await.is_some() {}
    assert!(!file.lock().exists(), "the lock goes with the last record");
    let _ = third.finish().await;

    let fourth = start(&list(100), &file, 2, &Output::default()).await;
    let verdict = fourth.finish().await;
    assert!(matches!(verdict, Verdict::Truncated { .. }) && !file.lock().exists(), "{verdict}");
}

#[tokio::test]
async fn a_checkpoint_stays_when_the_export_ends_early() {
    let (file, list, output) = (File::new("stays"), list(1_000), Output::default());
    let mut export = start(&list, &file, 2, &output).await;
    for _ in 0..500 {
        let record = export.next().await.unwrap().unwrap();
        output.lock().unwrap().push(record);
    }
    assert!(matches!(export.finish().await, Verdict::Truncated { .. }));
    let export = start(&list, &file, 2, &output).await;
    assert!(export.resumed_at().is_some_and(|mark| mark > 100));
}

#[tokio::test]
async fn a_checkpoint_that_stays_at_the_end_is_the_error_of_the_export_and_its_verdict() {
    const RECORDS: u64 = 300;
    let file = File::new("left");
    let (called, hear) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let path = file.0.clone();
    let before = move |figures: &crm_transport::ExportFigures| {
        let _ = (std::fs::remove_file(&path), std::fs::remove_dir(&path));
        called.send(figures.records).unwrap();
        let _ = released.recv();
        Ok(0)
    };
    let builder = ExportBuilder::new(list(RECORDS)).checkpoint(&file.0).before_checkpoint(before);
    let mut export = builder.start().await.unwrap();
    let mut records = 0;
    let error = loop {
        // Polled once, so that the file can be replaced between its last saving and its removal.
        let next = pin!(export.next()).poll(&mut Context::from_waker(Waker::noop()));
        match next {
            Poll::Ready(Some(Ok(_))) => records += 1,
            Poll::Ready(Some(Err(error))) => break error,
            Poll::Ready(None) => panic!("the export ended without an error"),
            Poll::Pending => match hear.try_recv() {
                Ok(saved) => {
                    release.send(()).unwrap();
                    while !file.0.is_file() {
                        std::thread::yield_now();
                    }
                    if saved == RECORDS {
                        std::fs::remove_file(&file.0).unwrap();
                        std::fs::create_dir(&file.0).unwrap();
                    }
                }
                Err(_) => tokio::task::yield_now().await,
            },
        }
    };
    assert_eq!((records, error.kind()), (RECORDS, ErrorKind::Storage));
    assert!(error.to_string().contains("cannot be removed; remove it before the next export"), "{error}");
    assert!(export.next().await.is_none());
    let verdict = export.finish().await;
    assert!(!verdict.is_complete() && verdict.figures().records == RECORDS, "{verdict}");
    std::fs::remove_dir(&file.0).unwrap();
}

#[tokio::test]
async fn the_size_of_a_page_is_learnt_once() {
    let file = File::new("size");
    let list: List<true> = List::new(301);
    let mut export = start(&list, &file, 2, &Output::default()).await;
    for _ in 0..200 {
        export.next().await.unwrap().unwrap();
    }
    drop(export);
    let mut export = start(&list, &file, 2, &Output::default()).await;
    while export.next().await.is_some() {}
    let verdict = export.finish().await;
    assert!(verdict.is_complete() && verdict.figures().records == 301, "{verdict}");
    assert!(verdict.figures().pages < 150, "{verdict}");
}

/// Exports the list in runs of these lengths, the last one to its end. Each resumes from the checkpoint of the one before.
async fn in_runs<const COUNTED: bool>(
    list: &List<COUNTED>,
    file: &File,
    concurrency: usize,
    runs: &[usize],
) -> (Vec<u64>, Verdict) {
    let output = Output::default();
    for run in runs.iter().copied().chain([usize::MAX]) {
        let mut export = start(list, file, concurrency, &output).await;
        for _ in 0..run {
            let Some(record) = export.next().await else {
                let ids = output.lock().unwrap().clone();
                return (ids, export.finish().await);
            };
            output.lock().unwrap().push(record.unwrap());
        }
    }
    unreachable!("the last run has no end")
}

/// Nothing doubled, and nothing lost that stayed.
fn holds<const COUNTED: bool>(
    name: &str,
    records: u64,
    concurrency: usize,
    runs: &[usize],
    events: Vec<Event>,
) -> Result<(), TestCaseError> {
    let list: List<COUNTED> = List::new(records);
    list.state.lock().unwrap().events = events.into();
    let file = File::new(name);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (ids, verdict) = runtime.block_on(in_runs(&list, &file, concurrency, runs));
    prop_assert!(ids.is_sorted_by(|a, b| a < b), "not each once: {:?}", ids);
    let given: BTreeSet<u64> = ids.iter().copied().collect();
    let state = list.state.lock().unwrap();
    let missed: Vec<&u64> = state.stayed.difference(&given).collect();
    prop_assert!(missed.is_empty(), "missed: {:?}, {}", missed, verdict);
    prop_assert_eq!(verdict.figures().records, ids.len() as u64);
    Ok(())
}

/// What happens before each page: nothing (`.`), a record is added (`+`), or the record at this place is deleted.
fn events_from(text: &str) -> Vec<Event> {
    let event = |word: &str| match word {
        "." => Event::Nothing,
        "+" => Event::Add(1),
        place => Event::Delete(place.parse().unwrap(), 1),
    };
    text.split(' ').map(event).collect()
}

#[tokio::test]
async fn a_move_that_was_seen_after_the_last_checkpoint_is_in_the_verdict_of_the_next_run() {
    let mut seen = 0;
    for (first, second) in (0..6).flat_map(|first| (0..6).map(move |second| (first, second))) {
        let list = list(60);
        let calls = |count| std::iter::repeat_n(Event::Nothing, count);
        // A page is wrong. Then others delete what it showed, and what it should have shown, and the export ends early.
        let mut events = VecDeque::from([Event::BeginAt(30)]);
        events.extend(calls(first).chain([Event::Delete(20, 35)]));
        events.extend(calls(second).chain([Event::Delete(0, 10), Event::Fail]));
        list.state.lock().unwrap().events = events;
        let file = File::new(&format!("moved-{first}-{second}"));
        let mut verdicts = Vec::new();
        for _ in 0..2 {
            let mut export = start(&list, &file, 2, &Output::default()).await;
            while export.next().await.is_some_and(|record| record.is_ok()) {}
            verdicts.push(export.finish().await);
        }
        let moves = |verdict: &Verdict| verdict.figures().moved_up + verdict.figures().contradictions;
        let [before, after] = &verdicts[..] else { unreachable!() };
        assert!(moves(after) >= moves(before), "{first} {second}: {before}, then {after}");
        seen += moves(before);
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn lists_that_change_while_they_are_read_in_two_or_three_runs_are_complete() {
    let events = events_from("+ + 45 . . 6 . . . 17 . . 1 20 1 17 6 14 11 30 13 23 +");
    holds::<true>("two-runs", 46, 1, &[44], events).unwrap();
    let events =
        events_from("0 0 0 0 . . . . . . 0 77 . 6 147 . . 176 0 5 . . 0 . . . . . . . . 0 . . 0 171 . . +");
    holds::<false>("three-runs", 196, 1, &[190, 1], events).unwrap();
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        3 => Just(Event::Nothing),
        3 => (any::<usize>(), prop_oneof![3 => Just(1), 1 => 1..=25_usize])
            .prop_map(|(at, count)| Event::Delete(at, count)),
        1 => prop_oneof![3 => Just(1), 1 => 1..=25_u64].prop_map(Event::Add),
    ];
    prop::collection::vec(event, 0..90)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn each_record_is_returned_once_whatever_changes_and_wherever_it_is_cut(
        records in 0..400_u64,
        concurrency in 1..5_usize,
        runs in prop::collection::vec(0..250_usize, 0..4),
        events in events(),
        counted: bool,
    ) {
        if counted {
            holds::<true>("counted", records, concurrency, &runs, events)?;
        } else {
            holds::<false>("paged", records, concurrency, &runs, events)?;
        }
    }
}
