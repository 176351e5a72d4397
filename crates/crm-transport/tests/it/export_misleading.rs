//! Exports and streams from servers whose pages mislead: empty, short, doubled, repeated, undecodable.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crm_model::{Page, Unreadable};
use crm_transport::json::JsonError;
use crm_transport::{
    Error, ErrorKind, ExportBuilder, ExportPage, ExportSource, OperationInfo, Records, Verdict, records,
};

use crate::export::INFO;

const SIZE: usize = 10;

/// What a page holds, by its number and how often it was asked for before.
type Answer = Arc<dyn Fn(u64, u64) -> Result<Page<u64>, Error> + Send + Sync>;

#[derive(Clone)]
struct List {
    answer: Answer,
    asked: Arc<Mutex<BTreeMap<u64, u64>>>,
}

impl List {
    fn new(answer: impl Fn(u64, u64) -> Result<Page<u64>, Error> + Send + Sync + 'static) -> Self {
        Self { answer: Arc::new(answer), asked: Arc::default() }
    }

    fn read(&self, number: u64) -> Result<Page<u64>, Error> {
        let mut asked = self.asked.lock().unwrap();
        assert!(asked.values().sum::<u64>() < 20_000, "no end");
        let times = asked.entry(number).or_default();
        *times += 1;
        (self.answer)(number, *times - 1)
    }

    fn requests(&self) -> u64 {
        self.asked.lock().unwrap().values().sum()
    }

    fn stream(&self) -> Records<u64> {
        let list = self.clone();
        records(INFO, SIZE, |id| *id, move |position| std::future::ready(list.read(position.pages)))
    }
}

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
        SIZE
    }

    async fn page(&self, at: ExportPage) -> Result<Page<u64>, Error> {
        self.read(at.number)
    }
}

/// The page of a list in which every id has a gap after it.
fn page(records: u64, number: u64) -> Page<u64> {
    let first = number.saturating_mul(SIZE as u64);
    Page::new((first..records.min(first.saturating_add(SIZE as u64))).map(|at| 3 * at + 1).collect())
}

fn all(records: u64) -> Vec<u64> {
    (0..records).map(|at| 3 * at + 1).collect()
}

fn unreadable(page: Page<u64>) -> Page<u64> {
    let mut hidden = Page::new(Vec::new());
    hidden.unreadable = page.items.iter().map(|id| Unreadable::new("$", "no", id.to_string())).collect();
    hidden
}

/// What an export returns: the records, the last error, the verdict.
async fn export(list: &List, calls: usize) -> (Vec<u64>, Option<Error>, Verdict) {
    let mut export = ExportBuilder::new(list.clone()).concurrency(calls).start().await.unwrap();
    let (mut ids, mut last) = (Vec::new(), None);
    while let Some(record) = export.next().await {
        match record {
            Ok(id) => ids.push(id),
            Err(error) => last = Some(error),
        }
    }
    (ids, last, export.finish().await)
}

async fn stream(list: &List) -> (Vec<u64>, Option<Error>) {
    let (mut ids, mut last, mut records) = (Vec::new(), None, list.stream());
    while let Some(record) = records.next().await {
        match record {
            Ok(id) => ids.push(id),
            Err(error) => last = Some(error),
        }
    }
    (ids, last)
}

#[tokio::test]
async fn a_page_that_is_empty_once_hides_nothing() {
    for records in [300, 295] {
        for hidden in 0..31 {
            let lie = move |number, times| {
                let is_hidden = number == hidden && times == 0;
                Ok(if is_hidden { Page::new(Vec::new()) } else { page(records, number) })
            };
            for calls in [1, 2, 5] {
                let (ids, error, verdict) = export(&List::new(lie), calls).await;
                assert!(ids == all(records) && verdict.is_complete(), "page {hidden}: {verdict} {error:?}");
            }
            let (ids, error) = stream(&List::new(lie)).await;
            assert!(ids == all(records) && error.is_none(), "page {hidden}: {error:?}");
        }
    }
}

#[tokio::test]
async fn every_page_may_be_empty_once() {
    let lie = |number, times| Ok(if times == 0 { Page::new(Vec::new()) } else { page(300, number) });
    let (ids, _, verdict) = export(&List::new(lie), 2).await;
    assert!(ids == all(300) && verdict.is_complete(), "{verdict}");
    assert_eq!(stream(&List::new(lie)).await.0, all(300));
}

#[tokio::test]
async fn a_page_that_is_always_empty_forbids_a_complete_export_and_hides_no_other() {
    for hidden in 0..29 {
        let lie =
            move |number, _| Ok(if number == hidden { Page::new(Vec::new()) } else { page(300, number) });
        let left: Vec<u64> = all(300).into_iter().filter(|id| (id - 1) / 30 != hidden).collect();
        for calls in [1, 2, 5] {
            let (ids, error, verdict) = export(&List::new(lie), calls).await;
            assert_eq!(ids, left, "page {hidden}");
            assert!(matches!(verdict, Verdict::Contradicted { .. }) && !verdict.is_complete(), "{verdict}");
            let error = error.unwrap();
            assert_eq!(error.kind(), ErrorKind::Incomplete);
            assert!(error.to_string().contains(&format!("page {hidden} ")), "{error}");
        }
        let (ids, error) = stream(&List::new(lie)).await;
        assert_eq!((ids, error.unwrap().kind()), (left, ErrorKind::Incomplete));
    }
}

#[tokio::test]
async fn short_doubled_and_repeated_pages_forbid_a_complete_export() {
    let cut = |number, times: u64| {
        let mut page = page(300, number);
        page.items.truncate(1 + (number.wrapping_mul(7) + times.wrapping_mul(5)) as usize % SIZE);
        Ok(page)
    };
    let short = |number, _| {
        let mut page = page(300, number);
        page.items.truncate(if number == 17 { 4 } else { SIZE });
        Ok(page)
    };
    let doubled = |number: u64, _| {
        let mut page = page(300, number);
        page.items = page.items.into_iter().flat_map(|id| [id, id]).take(SIZE).collect();
        Ok(page)
    };
    let repeated = |number: u64, _| Ok(page(300, if number == 17 { 18 } else { number }));
    let shrinking = |number: u64, _| {
        let mut page = page(300, number);
        page.items.truncate(if number < 20 { SIZE } else { SIZE / 2 });
        Ok(page)
    };
    for (name, list) in [
        ("cut", List::new(cut)),
        ("short", List::new(short)),
        ("doubled", List::new(doubled)),
        ("repeated", List::new(repeated)),
        ("shrinking", List::new(shrinking)),
    ] {
        let (ids, error, verdict) = export(&list, 2).await;
        assert!(ids.len() < 300 && ids.is_sorted_by(|a, b| a < b), "{name}");
        assert!(matches!(verdict, Verdict::Contradicted { .. }), "{name}: {verdict}");
        assert_eq!(error.unwrap().kind(), ErrorKind::Incomplete, "{name}");
        let (ids, error) = stream(&list).await;
        assert!(ids.len() < 301 && error.is_some(), "{name}: {error:?}");
    }
}

#[tokio::test]
async fn a_page_that_is_short_or_repeated_once_is_read_again() {
    for bad in 0..29 {
        let short = move |number, times| {
            let mut page = page(300, number);
            page.items.truncate(if number == bad && times == 0 { 4 } else { SIZE });
            Ok(page)
        };
        let (ids, _, verdict) = export(&List::new(short), 2).await;
        assert!(ids == all(300) && verdict.is_complete(), "page {bad}: {verdict}");
        let (mut ids, error) = stream(&List::new(short)).await;
        ids.sort_unstable();
        assert!(ids == all(300) && error.is_none(), "page {bad}: {error:?}");
    }
    for bad in [3, 8, 17] {
        let repeated =
            move |number, times| Ok(page(300, if number == bad && times == 0 { bad + 1 } else { number }));
        let (ids, _, verdict) = export(&List::new(repeated), 2).await;
        assert!(ids == all(300) && verdict.is_complete(), "page {bad}: {verdict}");
    }
}

#[tokio::test]
async fn a_hundred_undecodable_pages_neither_hang_it_nor_hide_others() {
    for (from, to) in [(0, 100), (37, 137), (100, 200), (0, 200)] {
        let list = List::new(move |number, _| {
            let page = page(2_000, number);
            Ok(if (from..to).contains(&number) { unreadable(page) } else { page })
        });
        let left: Vec<u64> =
            all(2_000).into_iter().filter(|id| !(from..to).contains(&((id - 1) / 30))).collect();
        for calls in [1, 3] {
            let (ids, _, verdict) = export(&list, calls).await;
            assert_eq!(ids, left, "pages {from} to {to}");
            assert!(matches!(verdict, Verdict::Complete { .. }) && !verdict.is_complete(), "{verdict}");
            assert_eq!(verdict.figures().unreadable, (to - from) * SIZE as u64);
        }
        assert!(list.requests() < 2 * 280, "{}", list.requests());
        assert_eq!(stream(&list).await.0, left);
    }
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_ends_an_export_of_which_nothing_can_be_decoded() {
    for full in [unreadable(page(300, 0)), {
        let mut nulls = Page::new(Vec::new());
        nulls.unreadable = vec![Unreadable::new("$", "no", "null"); SIZE];
        nulls
    }] {
        let list = List::new(move |_, _| Ok(full.clone()));
        let (ids, error, verdict) = export(&list, 2).await;
        assert!(ids.is_empty() && matches!(verdict, Verdict::Truncated { .. }), "{verdict}");
        assert!(error.unwrap().to_string().contains("ignores the offset"));
        assert!(stream(&list).await.1.unwrap().to_string().contains("ignores the offset"));
        assert!(list.requests() < 60, "{}", list.requests());
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_decoded_once_is_read_again() {
    let broken = || Error::undecodable(&INFO, JsonError::new("$", "broken"));
    let once =
        move |number, times| if number == 7 && times == 0 { Err(broken()) } else { Ok(page(300, number)) };
    assert!(export(&List::new(once), 2).await.2.is_complete());
    assert_eq!(stream(&List::new(once)).await.0, all(300));
    let always = move |number, _| if number == 7 { Err(broken()) } else { Ok(page(300, number)) };
    let (_, error, verdict) = export(&List::new(always), 2).await;
    assert!(matches!(verdict, Verdict::Truncated { .. }) && error.unwrap().to_string().contains("broken"));
    assert_eq!(stream(&List::new(always)).await.0, all(70));
}

#[tokio::test]
async fn a_calm_list_takes_little_more_requests_than_it_has_pages() {
    let sparse = |records: u64| List::new(move |number, _| Ok(page(records, number)));
    let dense = |records: u64| {
        List::new(move |number, _| {
            let page = page(records, number);
            Ok(Page::new(page.items.iter().map(|id| id / 3 + 1).collect()))
        })
    };
    for records in (0..300_u64).chain([1_000, 2_001, 5_005, 50_000]) {
        let pages = records.div_ceil(SIZE as u64);
        let list = dense(records);
        assert!(export(&list, 2).await.2.is_complete());
        assert!(list.requests() <= pages + pages / 50 + 9, "{} requests for {pages} pages", list.requests());
        let list = sparse(records);
        assert!(export(&list, 2).await.2.is_complete());
        assert!(list.requests() <= pages + pages / 50 + 14, "{} requests for {pages} pages", list.requests());
    }
}

#[tokio::test]
async fn any_number_of_calls_is_allowed() {
    let list = List::new(|number, _| Ok(page(300, number)));
    for calls in [0, 1_000, usize::MAX] {
        assert_eq!(export(&list, calls).await.0, all(300));
    }
}
