//! Reads the records that may belong to activities in doubt.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use crm_model::Page;
use crm_model::history::Entry;
use crm_transport::{Error, Idempotency, Operation, OperationInfo};
use http::{Method, Request, Response};
use serde::Serialize;

use super::item::View;
use super::mutations::breaks;
use crate::{HistoryClient, answer, operations};

/// What the views show from the newest record down to the floor.
pub(super) struct Reading(pub(super) BTreeMap<View, ViewReading>);

/// What one view shows.
#[derive(Default)]
pub(super) struct ViewReading {
    /// By id, ascending, and some at or below the floor.
    pub(super) records: Vec<Entry>,
    /// A record at or below the floor was reached, so the list shows what was there before.
    pub(super) reached_old: bool,
    pub(super) has_unreadable: bool,
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
/// `is_proof`: what is missing in the reading may count as not stored.
pub(super) async fn read(
    client: &HistoryClient,
    views: Vec<(View, BTreeSet<u64>)>,
    floor: u64,
    is_proof: bool,
) -> Result<Reading, LookupFault> {
    let mut reading = BTreeMap::new();
    for (view, must_show) in views {
        let read = read_view(client, &view, floor, &must_show).await?;
        if is_proof {
            ask_for_a_day_without_records(client, &view).await?;
        }
        reading.insert(view, read);
    }
    Ok(Reading(reading))
}

/// Returns the highest id of a view, or `None` if it shows nothing, twice. `is_proof`: the days asked for are checked, too.
pub(super) async fn highest_id(
    client: &HistoryClient,
    view: &View,
    is_proof: bool,
) -> Result<Option<u64>, LookupFault> {
    for _ in 0..2 {
        let page = page(client, view, 0).await?;
        if !page.unreadable.is_empty() {
            return Err(LookupFault::NotBelievable("its newest records cannot be decoded"));
        }
        if let Some(newest) = page.items.first() {
            if is_proof {
                ask_for_a_day_without_records(client, view).await?;
            }
            return Ok(Some(newest.id.0));
        }
    }
    Ok(None)
}

/// Fails if the server ignores the days asked for. It would then list the records of today only (observed).
async fn ask_for_a_day_without_records(client: &HistoryClient, view: &View) -> Result<(), LookupFault> {
    let answer = client.run(&Lookup { view: view.clone(), page: 0, days: ONE_DAY }).await?;
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
    must_show: &BTreeSet<u64>,
) -> Result<ViewReading, LookupFault> {
    for _ in 0..ATTEMPTS {
        let Some((mut read, lowest)) = read_down_to(client, view, floor).await? else { continue };
        read.records.reverse();
        let shows = |id: &u64| read.records.binary_search_by_key(id, |record| record.id.0).is_ok();
        if !must_show.range(lowest..).all(shows) && !breaks("a-list-shows-known-records") {
            return Err(LookupFault::NotBelievable("it lacks records that are known to be there"));
        }
        return Ok(read);
    }
    Err(LookupFault::NotBelievable("the same record stood on several of its pages"))
}

/// Reads pages until one holds a record at or below the floor, or the end. Returns the records, the newest first, and the
/// id down to which the list was read. Returns `None` if a page repeats a record, as happens when others write meanwhile.
async fn read_down_to(
    client: &HistoryClient,
    view: &View,
    floor: u64,
) -> Result<Option<(ViewReading, u64)>, LookupFault> {
    let mut read = ViewReading::default();
    let mut sizes: Vec<usize> = Vec::new();
    let mut lowest = u64::MAX;
    for number in 0.. {
        let page = page(client, view, number).await?;
        if page.is_empty() {
            // One empty page may be a mistake of the server.
            if breaks("an-empty-page-is-read-twice") {
                lowest = 0;
                break;
            }
            if !self::page(client, view, number).await?.is_empty()
                || !self::page(client, view, number + 1).await?.is_empty()
            {
                return Err(LookupFault::NotBelievable("a page in its middle was empty"));
            }
            lowest = 0;
            break;
        }
        sizes.push(page.items.len() + page.unreadable.len());
        read.has_unreadable |= !page.unreadable.is_empty();
        if page.items.first().is_some_and(|newest| newest.id.0 >= lowest) && !breaks("no-page-comes-twice") {
            return Ok(None);
        }
        lowest = page.items.last().map_or(lowest, |oldest| oldest.id.0);
        read.records.extend(page.items);
        read.reached_old = lowest <= floor;
        if read.reached_old {
            break;
        }
        if sizes.len() >= UNREADABLE_PAGES && read.records.is_empty() {
            return Err(LookupFault::NotBelievable("none of its newest records can be decoded"));
        }
    }
    // Only the last page may be shorter. A shorter one before it lacks records.
    let largest = sizes.iter().max();
    if sizes.split_last().is_some_and(|(_, whole)| whole.iter().any(|size| Some(size) < largest))
        && !breaks("no-page-is-short")
    {
        return Err(LookupFault::NotBelievable("a page in its middle was shorter than the others"));
    }
    Ok(Some((read, lowest)))
}

/// How often a list is read that others change meanwhile.
const ATTEMPTS: usize = 3;
/// Pages without a record that can be decoded, after which a list is given up.
const UNREADABLE_PAGES: usize = 3;

/// Reads a page, and checks that it is what was asked for.
async fn page(client: &HistoryClient, view: &View, page: u64) -> Result<Page<Entry>, LookupFault> {
    let read = client.run(&Lookup { view: view.clone(), page, days: ALL_DAYS }).await?;
    if !read.items.is_sorted_by(|a, b| a.id > b.id) && !breaks("a-list-is-sorted") {
        return Err(LookupFault::NotBelievable("it is not sorted by id as asked"));
    }
    if let View(Some(login)) = view {
        let owner = |entry: &Entry| entry.user_login.as_ref().map(|owner| owner.trim_end().to_lowercase());
        if !breaks("a-list-is-of-its-user")
            && read.items.iter().any(|entry| owner(entry).is_some_and(|owner| owner != *login))
        {
            return Err(LookupFault::NotBelievable("it holds records of another user than asked for"));
        }
    }
    Ok(read)
}

/// `history/list` as POST, because some servers drop the body of a GET (observed). By id, newest first, over all days,
/// and with the records of the zero date.
struct Lookup {
    view: View,
    page: u64,
    /// The first and the last day.
    days: (&'static str, &'static str),
}

const ALL_DAYS: (&str, &str) = ("0000-00-00", "9999-12-31");
/// No CRM holds records of this day, or of the days around it.
const ONE_DAY: (&str, &str) = ("1871-01-02", "1871-01-02");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Parameters<'a> {
    offset: u64,
    order: &'a str,
    first: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    date_start: &'a str,
    date_end: &'a str,
}

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
        let parameters = Parameters {
            offset: self.page,
            order: "cid",
            first: "new",
            user: self.view.0.as_deref(),
            date_start: self.days.0,
            date_end: self.days.1,
        };
        operations::request(&Self::INFO, &parameters)
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        answer::page(&Self::INFO, response)
    }
}
