//! Reads the records that may belong to activities in doubt.

use std::borrow::Cow;
use std::collections::HashSet;

use bytes::Bytes;
use chrono::TimeDelta;
use crm_model::history::{Entry, EntryId};
use crm_model::{Page, Unreadable};
use crm_transport::{Error, Idempotency, Operation, OperationInfo, Parameters};
use http::{Method, Request, Response};

use super::driver::NewestIds;
use super::item::View;
use super::mutations::breaks;
use crate::{HistoryClient, answer};

/// What the views show from the newest record down to the floor.
pub(super) struct Reading(pub(super) Vec<(View, ViewReading)>);

impl Reading {
    /// Returns what this view shows, or `None` if it was not read.
    pub(super) fn get(&self, view: &View) -> Option<&ViewReading> {
        self.0.iter().find(|(other, _)| other == view).map(|(_, read)| read)
    }
}

/// What one view shows.
#[derive(Default)]
pub(super) struct ViewReading {
    /// By ID, ascending, and some at or below the floor.
    pub(super) records: Vec<Entry>,
    /// Those of them whose owner is not the caller.
    pub(super) of_others: HashSet<EntryId>,
    pub(super) unreadable: Vec<Unreadable>,
}

/// Why a reading says nothing.
pub(super) enum LookupFault {
    Failed(Error),
    NotBelievable(&'static str),
}

impl From<Error> for LookupFault {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Reads these views down to the floor. Each must show the records that are known to be there, so far as it is read.
/// A page holds at least `page_size` records. `is_proof`: what is missing in the reading may count as not stored.
pub(super) async fn read(
    client: &HistoryClient,
    views: Vec<(View, Vec<EntryId>)>,
    floor: u64,
    page_size: usize,
    is_proof: bool,
) -> Result<Reading, LookupFault> {
    let mut reading = Vec::new();
    for (view, must_show) in views {
        let read = read_view(client, &view, floor, page_size, &must_show).await?;
        if is_proof {
            ask_for_a_day_without_records(client, &view).await?;
        }
        reading.push((view, read));
    }
    Ok(Reading(reading))
}

/// Returns the IDs of the newest records of a view, or `None` if it shows nothing, twice. `is_proof`: the days asked for are
/// checked, too. A server that ignores them shows the records of today, so a list that spans more than two days is proof enough.
/// Another one is read once more after the check, because the day may end between two readings. What either of them shows is older
/// than the first request.
pub(super) async fn newest_ids(
    client: &HistoryClient,
    view: &View,
    is_proof: bool,
) -> Result<NewestIds, LookupFault> {
    let all = Asked::all_of(view);
    for _ in 0..2 {
        let page = page(client, &all, 0).await?;
        if !page.unreadable.is_empty() {
            return Err(LookupFault::NotBelievable("its newest records cannot be decoded"));
        }
        let Some(newest) = page.items.first() else { continue };
        let mut ids: HashSet<EntryId> = page.items.iter().map(|record| record.id).collect();
        if is_proof && spans_two_days_at_most(&page.items) {
            ask_for_a_day_without_records(client, view).await?;
            let again = self::page(client, &all, 0).await?;
            if again.items.first().is_none_or(|first| first.id < newest.id) {
                return Err(LookupFault::NotBelievable("its newest record has vanished"));
            }
            ids.extend(again.items.iter().map(|record| record.id));
        }
        return Ok(Some(ids));
    }
    Ok(None)
}

fn spans_two_days_at_most(records: &[Entry]) -> bool {
    let times = || records.iter().filter_map(|record| record.at);
    times().max().zip(times().min()).is_none_or(|(last, first)| last - first <= TimeDelta::days(2))
}

/// Fails if the server ignores the days asked for. It would then list the records of today only (observed).
pub(super) async fn ask_for_a_day_without_records(
    client: &HistoryClient,
    view: &View,
) -> Result<(), LookupFault> {
    let asked = Asked { days: days(ONE_DAY), ..Asked::all_of(view) };
    let answer = client.run(&Lookup { asked, page: 0 }).await?;
    if answer.is_empty() || breaks("a-list-keeps-to-its-days") {
        Ok(())
    } else {
        Err(LookupFault::NotBelievable("it ignores the days asked for"))
    }
}

async fn read_view(
    client: &HistoryClient,
    view: &View,
    floor: u64,
    page_size: usize,
    must_show: &[EntryId],
) -> Result<ViewReading, LookupFault> {
    let all = Asked::all_of(view);
    for _ in 0..ATTEMPTS {
        let mut reached_old = |page: &[Entry]| page.last().is_some_and(|oldest| oldest.id.0 <= floor);
        let Some((mut read, lowest)) = read_until(client, &all, page_size, &mut reached_old).await? else {
            continue;
        };
        read.records.reverse();
        let shown: HashSet<EntryId> = read.records.iter().map(|record| record.id).collect();
        if !must_show.iter().all(|id| id.0 < lowest || shown.contains(id))
            && !breaks("a-list-shows-known-records")
        {
            return Err(LookupFault::NotBelievable("it lacks records that are known to be there"));
        }
        return Ok(read);
    }
    Err(LookupFault::NotBelievable("the same record was on several of its pages"))
}

/// Reads pages until `is_enough` returns `true` for one, or to the end. Returns the records in the order of the list, and the
/// rank down to which it was read: the ID, where the newest come first. A page holds at least `page_size` records. Returns
/// `None` if pages repeat records, and not because others wrote meanwhile.
pub(super) async fn read_until(
    client: &HistoryClient,
    asked: &Asked,
    page_size: usize,
    is_enough: &mut (dyn FnMut(&[Entry]) -> bool + Send),
) -> Result<Option<(ViewReading, u64)>, LookupFault> {
    let mut read = ViewReading::default();
    let mut sizes: Vec<usize> = Vec::new();
    let mut lowest = u64::MAX;
    // By how many records the pages have moved, because others wrote meanwhile.
    let mut moved = 0;
    // A server may answer with junk for ever.
    let mut junk_pages = 0;
    for number in 0.. {
        let page = page(client, asked, number).await?;
        if page.is_empty() {
            // One empty page may be a mistake of the server.
            if !self::page(client, asked, number).await?.is_empty()
                || !self::page(client, asked, number + 1).await?.is_empty()
            {
                return Err(LookupFault::NotBelievable("a page in its middle was empty"));
            }
            lowest = 0;
            break;
        }
        junk_pages = if page.items.is_empty() { junk_pages + 1 } else { 0 };
        if junk_pages >= UNREADABLE_PAGES {
            return Err(LookupFault::NotBelievable("several of its pages in a row cannot be decoded"));
        }
        sizes.push(page.items.len() + page.unreadable.len());
        read.unreadable.extend(page.unreadable);
        let mut items = page.items;
        let repeated = items.iter().take_while(|record| asked.rank(record) >= lowest).count();
        if repeated > 0 && !breaks("no-page-comes-twice") {
            moved += repeated;
            let is_tail = read.records.ends_with(&items[..repeated]) && repeated < items.len();
            if !is_tail || !have_come(client, asked, &read.records, moved).await? {
                return Ok(None);
            }
            items.drain(..repeated);
        }
        lowest = items.last().map_or(lowest, |last| asked.rank(last));
        let is_last = is_enough(&items);
        let others = items.iter().filter(|record| !may_belong_to_caller(client, record));
        read.of_others.extend(others.map(|record| record.id));
        read.records.extend(items);
        if is_last {
            break;
        }
    }
    // Only the last page may be shorter. A shorter one before it lacks records.
    let largest = sizes.iter().copied().fold(page_size, usize::max);
    let is_short = |size: &usize| *size < largest;
    let short = sizes.iter().position(is_short).filter(|_| !breaks("no-page-is-short"));
    if let Some(short) = short
        && (short + 1 < sizes.len()
            || (lowest > 0 && !page(client, asked, sizes.len() as u64).await?.is_empty()))
    {
        return Err(LookupFault::NotBelievable("a page in its middle was shorter than the others"));
    }
    Ok(Some((read, lowest)))
}

/// Returns whether the server would have stored a record without a named owner like that.
fn may_belong_to_caller(client: &HistoryClient, record: &Entry) -> bool {
    let credentials = client.pipeline().credentials();
    record.user_login.as_deref().is_none_or(|owner| credentials.matches("login", owner))
}

/// Returns whether so many records were written since the first of these was the newest.
async fn have_come(
    client: &HistoryClient,
    asked: &Asked,
    records: &[Entry],
    count: usize,
) -> Result<bool, LookupFault> {
    let first = records.first().map_or(0, |record| asked.rank(record));
    let page = page(client, asked, 0).await?;
    Ok(page.items.iter().filter(|record| asked.rank(record) > first).count() >= count)
}

/// How often a list is read that others change meanwhile.
pub(super) const ATTEMPTS: usize = 3;
/// Pages in a row without a record that can be decoded, after which a list is given up.
const UNREADABLE_PAGES: usize = 3;

/// Reads a page, and checks that it is what was requested.
async fn page(client: &HistoryClient, asked: &Asked, page: u64) -> Result<Page<Entry>, LookupFault> {
    let read = client.run(&Lookup { asked: asked.clone(), page }).await?;
    if !read.items.is_sorted_by(|a, b| asked.rank(a) > asked.rank(b)) && !breaks("a-list-is-sorted") {
        return Err(LookupFault::NotBelievable("it is not sorted by id as asked"));
    }
    if let View(Some(login)) = &asked.view {
        let owner = |entry: &Entry| entry.user_login.as_ref().map(|owner| owner.trim_end().to_lowercase());
        if !breaks("a-list-is-of-its-user")
            && read.items.iter().any(|entry| owner(entry).is_some_and(|owner| owner != *login))
        {
            return Err(LookupFault::NotBelievable("it has records of another user than requested"));
        }
    }
    Ok(read)
}

/// What a list is requested.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) view: View,
    /// The first and the last day.
    pub(super) days: (Cow<'static, str>, Cow<'static, str>),
    /// A text in the content or in the type.
    pub(super) word: Option<String>,
    /// From the lowest ID on, and not from the highest.
    pub(super) is_oldest_first: bool,
}

impl Asked {
    /// All records of a view, and those of the zero date.
    pub(super) fn all_of(view: &View) -> Self {
        Self { view: view.clone(), days: days(ALL_DAYS), word: None, is_oldest_first: false }
    }

    /// Returns a number that is the higher the earlier a record is listed.
    fn rank(&self, record: &Entry) -> u64 {
        if self.is_oldest_first { u64::MAX - record.id.0 } else { record.id.0 }
    }
}

fn days((first, last): (&'static str, &'static str)) -> (Cow<'static, str>, Cow<'static, str>) {
    (first.into(), last.into())
}

/// A page of `history/list` as POST, because some servers drop the body of a GET (observed). By ID.
struct Lookup {
    asked: Asked,
    page: u64,
}

const ALL_DAYS: (&str, &str) = ("0000-00-00", "9999-12-31");
/// No CRM holds records of this day, or of the days around it.
const ONE_DAY: (&str, &str) = ("1871-01-02", "1871-01-02");

impl Operation for Lookup {
    type Output = Page<Entry>;

    const INFO: OperationInfo = OperationInfo {
        id: "history.list",
        method: Method::POST,
        path: "/developer/v3/history/list",
        idempotency: Idempotency::Read,
        accepts_post: true,
    };

    fn request(&self) -> Result<Request<Bytes>, Error> {
        Parameters::new()
            .with("offset", self.page)
            .with("order", "cid")
            .with("first", if self.asked.is_oldest_first { "old" } else { "new" })
            .with_option("user", self.asked.view.0.as_deref())
            .with("dateStart", &self.asked.days.0)
            .with("dateEnd", &self.asked.days.1)
            .with_option("word", self.asked.word.as_deref())
            .request(&Self::INFO)
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        answer::page(&Self::INFO, response)
    }
}
