//! `list`: activities by time, user, text, client, contact and deal.

use bytes::Bytes;
use chrono::NaiveDate;
use crm_model::Page;
use crm_model::history::{ClientId, ContactId, DealId, Entry, EntryOrder};
use crm_transport::{Error, Operation, OperationInfo};
use http::{Request, Response};
use serde::Serialize;

use super::table;
use crate::{answer, operations};

/// `history/list`: one page of 200 activities.
#[derive(Clone, Debug)]
pub struct List {
    query: EntryQuery,
}

impl List {
    /// Creates the operation for this query.
    #[must_use]
    pub fn new(query: EntryQuery) -> Self {
        Self { query }
    }
}

impl Operation for List {
    type Output = Page<Entry>;

    const INFO: OperationInfo = table::LIST;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        if let Some((field, fault)) = self.query.fault() {
            return Err(Error::invalid_request(Self::INFO.id, field, fault));
        }
        operations::request(&Self::INFO, &self.query.parameters())
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        answer::page(&Self::INFO, response)
    }
}

/// Which activities to list, in which order, and which page of them.
///
/// Without dates the server lists today's (documented); without a user, the caller's own and those of all
/// subordinates (documented).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct EntryQuery {
    page: u64,
    order: Option<EntryOrder>,
    oldest_first: Option<bool>,
    user: Option<String>,
    since: Option<NaiveDate>,
    until: Option<NaiveDate>,
    word: Option<String>,
    activity: Option<String>,
    client: Option<ClientId>,
    deal: Option<DealId>,
    contact: Option<ContactId>,
}

impl EntryQuery {
    /// Today's activities, newest first.
    pub fn new() -> Self {
        Self::default()
    }

    /// `dateStart` and `dateEnd`: from the one day to the other, both included (observed), in the account's time.
    #[doc(alias = "dateStart")]
    #[doc(alias = "dateEnd")]
    pub fn between(self, first: NaiveDate, last: NaiveDate) -> Self {
        self.since(first).until(last)
    }

    /// `dateStart`: from this day on, days to come included.
    ///
    /// Alone it is sent with a far `dateEnd`, for a server takes a missing one for today (observed).
    #[doc(alias = "dateStart")]
    pub fn since(mut self, first: NaiveDate) -> Self {
        self.since = Some(first);
        self
    }

    /// `dateEnd`: up to this day, the day itself included (observed).
    ///
    /// Alone it is sent with an early `dateStart`, for a server takes a missing one for today (observed).
    #[doc(alias = "dateEnd")]
    pub fn until(mut self, last: NaiveDate) -> Self {
        self.until = Some(last);
        self
    }

    /// `user`: of the user with this login. An unknown login lists what belongs to nobody (observed).
    pub fn user(mut self, login: impl Into<String>) -> Self {
        self.user = Some(login.into());
        self
    }

    /// `word`: with this text in content or type, upper or lower case (observed).
    pub fn word(mut self, text: impl Into<String>) -> Self {
        self.word = Some(text.into());
        self
    }

    /// `tip`: of the type with this title. A server of 2026-06 ignores it (observed): look at
    /// [`Entry::activity`] as well.
    #[doc(alias = "tip")]
    pub fn activity(mut self, title: impl Into<String>) -> Self {
        self.activity = Some(title.into());
        self
    }

    /// `clid`: of this client.
    #[doc(alias = "clid")]
    pub fn client(mut self, id: ClientId) -> Self {
        self.client = Some(id);
        self
    }

    /// `pid`: of this contact.
    #[doc(alias = "pid")]
    pub fn contact(mut self, id: ContactId) -> Self {
        self.contact = Some(id);
        self
    }

    /// `did`: of this deal.
    #[doc(alias = "did")]
    pub fn deal(mut self, id: DealId) -> Self {
        self.deal = Some(id);
        self
    }

    /// `order`: sorted by this; by time unless said.
    #[doc(alias = "order")]
    pub fn order_by(mut self, order: EntryOrder) -> Self {
        self.order = Some(order);
        self
    }

    /// `first: new`: the newest or greatest first, as unless said.
    #[doc(alias = "first")]
    pub fn newest_first(mut self) -> Self {
        self.oldest_first = Some(false);
        self
    }

    /// `first: old`: the oldest or smallest first.
    #[doc(alias = "first")]
    pub fn oldest_first(mut self) -> Self {
        self.oldest_first = Some(true);
        self
    }

    /// `offset`: which page, from 0; a page has 200 activities (documented), and one past the end is empty.
    #[doc(alias = "offset")]
    pub fn page(mut self, page: u64) -> Self {
        self.page = page;
        self
    }

    /// The order that stays the same while activities are added, unless an order was chosen.
    pub(crate) fn in_stable_order(self) -> Self {
        match (self.order, self.oldest_first) {
            (None, None) => self.order_by(EntryOrder::Id).oldest_first(),
            _ => self,
        }
    }

    /// The query of an export: by id, with both dates.
    pub(crate) fn for_export(mut self) -> Result<Self, (&'static str, &'static str)> {
        if self.page > 0 {
            return Err(("page", "is not for an export, which reads every page: leave it out"));
        }
        if self.oldest_first == Some(false) || self.order.is_some_and(|order| order != EntryOrder::Id) {
            let fault = "is not for an export, which comes by id, oldest first: leave the order out";
            return Err(("order_by", fault));
        }
        if let Some(fault) = self.fault() {
            return Err(fault);
        }
        self.since.get_or_insert(EARLIEST);
        self.until.get_or_insert(LATEST);
        Ok(self.order_by(EntryOrder::Id).oldest_first())
    }

    /// The type that was asked for.
    pub(crate) fn wanted_activity(&self) -> Option<&str> {
        self.activity.as_deref()
    }

    /// The page it begins with.
    pub(crate) fn first_page(&self) -> u64 {
        self.page
    }

    /// What the server could not understand, or would silently take for something else.
    pub(crate) fn fault(&self) -> Option<(&'static str, &'static str)> {
        let is_empty = |text: &Option<String>| text.as_ref().is_some_and(|text| text.trim().is_empty());
        let days = EARLIEST..=LATEST;
        let is_far = |day: &Option<NaiveDate>| day.is_some_and(|day| !days.contains(&day));
        Some(match self {
            Self { since: Some(first), until: Some(last), .. } if first > last => {
                ("between", "ends before it starts")
            }
            query if is_far(&query.since) => ("since", "is outside the years 1000 to 9999"),
            query if is_far(&query.until) => ("until", "is outside the years 1000 to 9999"),
            query if is_empty(&query.user) => ("user", "is empty: leave it out for everybody's"),
            query if is_empty(&query.word) => ("word", "is empty: leave it out"),
            query if is_empty(&query.activity) => ("activity", "is empty: leave it out for every type"),
            query if query.client.is_some_and(|id| id.0 == 0) => ("client", "is 0: leave it out"),
            query if query.contact.is_some_and(|id| id.0 == 0) => ("contact", "is 0: leave it out"),
            query if query.deal.is_some_and(|id| id.0 == 0) => ("deal", "is 0: leave it out"),
            _ => return None,
        })
    }

    fn parameters(&self) -> Parameters<'_> {
        let (since, until) = match (self.since, self.until) {
            (None, None) => (None, None),
            (since, until) => (Some(since.unwrap_or(EARLIEST)), Some(until.unwrap_or(LATEST))),
        };
        Parameters {
            offset: (self.page > 0).then_some(self.page),
            order: self.order.map(EntryOrder::as_str),
            first: self.oldest_first.map(|oldest| if oldest { "old" } else { "new" }),
            user: self.user.as_deref(),
            date_start: since.map(|day| day.to_string()),
            date_end: until.map(|day| day.to_string()),
            word: self.word.as_deref(),
            tip: self.activity.as_deref(),
            clid: self.client,
            did: self.deal,
            pid: self.contact,
        }
    }
}

/// The days that the server's database can hold.
const EARLIEST: NaiveDate = NaiveDate::from_ymd_opt(1000, 1, 1).unwrap();
const LATEST: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();

/// The eleven parameters as they are sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Parameters<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    word: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clid: Option<ClientId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    did: Option<DealId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<ContactId>,
}
