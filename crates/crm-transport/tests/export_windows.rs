//! An export by windows: each read to its end before the next one, every record once, whatever moves and whenever it
//! is cut.
#![allow(clippy::unwrap_used, reason = "tests")]

mod checkpoint_file;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use checkpoint_file::File;
use crm_model::Page;
use crm_transport::{
    Error, Export, ExportPage, ExportProgress, ExportSource, Idempotency, OperationInfo, Verdict,
};
use proptest::prelude::*;

/// A record: its id, and whether it fits the query.
type Record = (u64, bool);

/// A list in windows. Where it is counted, the server gives pages of three records, though five are asked for.
#[derive(Clone, Default)]
struct List<const COUNTED: bool> {
    windows: u64,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// By id: the window, and whether it fits.
    records: BTreeMap<u64, (usize, bool)>,
    /// What happens before each page is read.
    events: VecDeque<Event>,
    asked: Vec<usize>,
    /// Records that nobody took out of the sight of the export.
    stayed: BTreeSet<u64>,
    ignores_offset: bool,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Nothing,
    Delete(usize),
    Add(usize, bool),
    /// An edit moves a record to a window of which nothing was read yet, and may let it fit.
    MoveOn(usize, usize),
    /// To one that was read to its end.
    MoveBack(usize, usize),
}

impl State {
    fn happen(&mut self, event: Event, window: usize, windows: usize) {
        let at = |at: usize| self.records.keys().nth(at % self.records.len().max(1)).copied();
        match event {
            Event::Nothing => {}
            Event::Delete(of) => {
                if let Some(id) = at(of) {
                    self.records.remove(&id);
                    self.stayed.remove(&id);
                }
            }
            Event::Add(to, fits) => {
                let id = self.records.last_key_value().map_or(1, |(id, _)| id + 1).max(1_000);
                self.records.insert(id, (to % windows, fits));
            }
            Event::MoveOn(of, to) => {
                if let Some(id) = at(of).filter(|_| window + 1 < windows) {
                    self.records.insert(id, (window + 1 + to % (windows - window - 1), true));
                }
            }
            Event::MoveBack(of, to) => {
                if let Some(id) = at(of).filter(|_| window > 0) {
                    self.records.insert(id, (to % window, true));
                    self.stayed.remove(&id);
                }
            }
        }
    }
}

impl<const COUNTED: bool> ExportSource for List<COUNTED> {
    type Record = Record;
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
        Ok("all".to_owned())
    }

    fn windows(&self) -> Vec<String> {
        (1..=self.windows).map(|window| format!("week {window}")).collect()
    }

    fn id((id, _): &Record) -> u64 {
        *id
    }

    fn page_size(&self) -> usize {
        if COUNTED { 5 } else { 3 }
    }

    async fn page(&self, at: ExportPage) -> Result<Page<Record>, Error> {
        for _ in 0..at.number % 3 {
            tokio::task::yield_now().await;
        }
        let mut state = self.state.lock().unwrap();
        state.asked.push(at.window);
        let event = state.events.pop_front().unwrap_or(Event::Nothing);
        let latest = state.asked.iter().max().copied().unwrap_or(0);
        state.happen(event, latest, self.windows as usize);
        let skip = if state.ignores_offset { 0 } else { at.offset(self.page_size() as u64) };
        let records = state.records.iter().filter(|(_, (window, _))| *window == at.window);
        Ok(Page::new(records.map(|(id, (_, fits))| (*id, *fits)).skip(skip as usize).take(3).collect()))
    }

    fn fits(&self, (_, fits): &Record) -> bool {
        *fits
    }
}

impl<const COUNTED: bool> List<COUNTED> {
    /// So many windows, and records in them.
    fn of(windows: u64, records: impl IntoIterator<Item = (usize, bool)>) -> Self {
        let list = Self { windows, ..Self::default() };
        let mut state = list.state.lock().unwrap();
        state.records =
            (1..).zip(records).map(|(id, (window, fits))| (id, (window % windows as usize, fits))).collect();
        state.stayed = state.records.iter().filter(|(_, (_, fits))| *fits).map(|(id, _)| *id).collect();
        drop(state);
        list
    }

    /// What was asked of which window since.
    fn asked(&self) -> Vec<usize> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

/// The lock of a checkpoint.
fn lock(file: &File) -> PathBuf {
    file.0.with_file_name(format!("{}.lock", file.0.file_name().unwrap().to_str().unwrap()))
}

/// Exports the list in runs of so many records each, the last one to its end; each goes on from the checkpoint of the
/// one before.
async fn in_runs<const COUNTED: bool>(
    list: &List<COUNTED>,
    file: &File,
    lanes: usize,
    runs: &[usize],
) -> (Vec<u64>, Verdict) {
    let output: Arc<Mutex<Vec<u64>>> = Arc::default();
    for run in runs.iter().copied().chain([usize::MAX]) {
        let flushed = Arc::clone(&output);
        let mut export = Export::new(list.clone())
            .concurrency(lanes)
            .checkpoint(&file.0)
            .before_checkpoint(move |_| Ok(flushed.lock().unwrap().len() as u64));
        let mark = export.mark().unwrap().unwrap_or(0);
        output.lock().unwrap().truncate(mark as usize);
        for _ in 0..run {
            let Some(record) = export.next().await else {
                let ids = output.lock().unwrap().clone();
                return (ids, export.verdict().unwrap().clone());
            };
            output.lock().unwrap().push(record.unwrap().0);
        }
    }
    unreachable!("the last run has no end")
}

#[tokio::test]
async fn windows_are_read_one_after_the_other_and_each_by_id() {
    let list: List<false> = List::of(4, (0..100).map(|n| (n * 7 % 4, true)));
    let file = File::new("order");
    let (ids, verdict) = in_runs(&list, &file, 3, &[]).await;
    let of = |window: u64| (1..=100_u64).filter(move |id| (id - 1) * 7 % 4 == window);
    assert_eq!(ids, (0..4).flat_map(of).collect::<Vec<u64>>());
    assert!(verdict.is_complete() && verdict.figures().records == 100, "{verdict}");
    assert!(!file.0.exists() && !lock(&file).exists());
}

#[tokio::test]
async fn a_finished_window_is_named_in_the_checkpoint_and_not_asked_for_again() {
    let list: List<false> = List::of(4, (0..600).map(|n| (n / 150, true)));
    let file = File::new("finished");
    let mut export = Export::new(list.clone()).checkpoint(&file.0);
    for _ in 0..380 {
        export.next().await.unwrap().unwrap();
    }
    drop(export);
    let saved: serde_json::Value = serde_json::from_slice(&std::fs::read(&file.0).unwrap()).unwrap();
    assert_eq!(saved["finished"], serde_json::json!(["week 1", "week 2"]));
    let after = saved["after"].as_u64().unwrap();
    assert!((301..380).contains(&after), "within the window it is saved by stretches: {after}");
    assert_eq!(saved["seen"], serde_json::json!([1, after - 1]), "as one range");
    list.asked();
    let (ids, verdict) = in_runs(&list, &file, 2, &[]).await;
    assert_eq!(ids, (after + 1..=600).collect::<Vec<u64>>());
    assert!(list.asked().iter().all(|window| *window >= 2));
    assert_eq!(verdict.figures().records, 600, "those of the run before are counted");
}

#[tokio::test]
async fn empty_windows_are_noted_too() {
    let list: List<true> = List::of(9, [(7, true)]);
    let file = File::new("empty");
    let mut export = Export::new(list.clone()).checkpoint(&file.0);
    export.next().await.unwrap().unwrap();
    drop(export);
    list.asked();
    let mut export = Export::new(list.clone()).checkpoint(&file.0);
    assert_eq!(export.next().await.unwrap().unwrap().0, 1);
    assert!(export.next().await.is_none());
    assert!(list.asked().iter().all(|window| *window >= 7));
}

#[tokio::test]
async fn how_long_a_page_is_is_learned_in_each_window() {
    let list: List<true> = List::of(2, (0..301).map(|n| (n.min(1), true)));
    let mut export = Export::new(list.clone());
    while export.next().await.is_some() {}
    let asked = list.asked().len();
    assert!(export.figures().records == 301 && asked < 130, "{asked} pages");
}

#[tokio::test]
async fn a_checkpoint_with_other_windows_or_none_is_refused() {
    let file = File::new("others");
    let list = |windows| List::<false>::of(windows, (0..600).map(|_| (0, true)));
    let mut export = Export::new(list(4)).checkpoint(&file.0);
    for _ in 0..100 {
        export.next().await.unwrap().unwrap();
    }
    drop(export);
    for windows in [5, 3] {
        let error = Export::new(list(windows)).checkpoint(&file.0).mark().unwrap_err();
        assert!(error.to_string().contains("belongs to another query"), "{error}");
    }
    let whole = List::<false> { windows: 0, ..list(4) };
    assert!(Export::new(whole).checkpoint(&file.0).mark().is_err());

    let mut saved: serde_json::Value = serde_json::from_slice(&std::fs::read(&file.0).unwrap()).unwrap();
    for finished in
        [serde_json::json!(["week 2"]), serde_json::json!(["week 1", "week 2", "week 3", "week 4"])]
    {
        saved["finished"] = finished;
        std::fs::write(&file.0, saved.to_string()).unwrap();
        let error = Export::new(list(4)).checkpoint(&file.0).mark().unwrap_err();
        assert!(error.to_string().contains("is damaged"), "{error}");
    }
}

#[tokio::test]
async fn two_exports_do_not_share_a_checkpoint() {
    let file = File::new("shared");
    let list = List::<false>::of(1, (0..100).map(|_| (0, true)));
    let mut first = Export::new(list.clone()).checkpoint(&file.0);
    first.next().await.unwrap().unwrap();
    let mut second = Export::new(list.clone()).checkpoint(&file.0);
    let error = second.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("is in use by another export: wait until that has ended"), "{error}");
    assert_eq!(error.field(), Some("checkpoint"));
    drop(first);
    let mut third = Export::new(list).checkpoint(&file.0);
    third.next().await.unwrap().unwrap();
    assert!(lock(&file).exists());
    while third.next().await.is_some() {}
    assert!(!lock(&file).exists(), "at its end it lets go of it");
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_is_told_in_the_window_where_it_shows() {
    let list: List<false> = List::of(3, (0..90).map(|n| (n % 3, true)));
    list.state.lock().unwrap().ignores_offset = true;
    let mut export = Export::new(list.clone());
    let mut records = 0;
    let error = loop {
        match export.next().await.unwrap() {
            Ok(_) => records += 1,
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("ignores the offset") && records == 3, "{error} after {records}");
    assert!(list.asked().iter().all(|window| *window == 0));
}

#[tokio::test]
async fn progress_counts_the_windows_and_guesses_nothing() {
    let told: Arc<Mutex<Vec<ExportProgress>>> = Arc::default();
    let tell = {
        let told = Arc::clone(&told);
        move |progress: &ExportProgress| told.lock().unwrap().push(*progress)
    };
    let list: List<false> = List::of(3, (0..300).map(|n| (n % 3, true)));
    let mut export = Export::new(list).on_progress(tell);
    while export.next().await.is_some() {}
    let told = told.lock().unwrap();
    assert!(told.iter().all(|progress| progress.records_in_all.is_none() && progress.windows == 3));
    assert!(told.is_sorted_by_key(|progress| progress.windows_read));
    assert_eq!((told[0].windows_read, told.last().unwrap().windows_read), (0, 2));
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let index = any::<usize>;
    let event = prop_oneof![
        3 => Just(Event::Nothing),
        2 => index().prop_map(Event::Delete),
        1 => (index(), any::<bool>()).prop_map(|(to, fits)| Event::Add(to, fits)),
        4 => (index(), index()).prop_map(|(of, to)| Event::MoveOn(of, to)),
        1 => (index(), index()).prop_map(|(of, to)| Event::MoveBack(of, to)),
    ];
    prop::collection::vec(event, 0..60)
}

/// Nothing doubled, and nothing lost that stayed where it was or was moved to a window still to be read.
fn holds<const COUNTED: bool>(
    (windows, records): (u64, Vec<(usize, bool)>),
    lanes: usize,
    runs: &[usize],
    events: Vec<Event>,
) -> Result<(), TestCaseError> {
    let list: List<COUNTED> = List::of(windows, records);
    list.state.lock().unwrap().events = events.into();
    let file = File::new(if COUNTED { "counted" } else { "paged" });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (ids, verdict) = runtime.block_on(in_runs(&list, &file, lanes, runs));
    let given: BTreeSet<u64> = ids.iter().copied().collect();
    prop_assert_eq!(given.len(), ids.len(), "some come twice: {:?}", ids);
    let state = list.state.lock().unwrap();
    let missed: Vec<&u64> = state.stayed.difference(&given).collect();
    prop_assert!(missed.is_empty(), "missed: {:?}, {}", missed, verdict);
    prop_assert_eq!(verdict.figures().records, ids.len() as u64);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn each_record_is_given_once_whatever_moves_and_wherever_it_is_cut(
        list in (1..6_u64, prop::collection::vec((any::<usize>(), prop::bool::weighted(0.8)), 0..250)),
        lanes in 1..5_usize,
        runs in prop::collection::vec(0..150_usize, 0..4),
        events in events(),
        counted: bool,
    ) {
        if counted {
            holds::<true>(list, lanes, &runs, events)?;
        } else {
            holds::<false>(list, lanes, &runs, events)?;
        }
    }
}
