//! `list`: activities by day, user, text, client, contact and deal.

use bytes::Bytes;
use chrono::NaiveDate;
use crm_model::Page;
use crm_model::history::{ClientId, ContactId, DealId, Entry, EntryOrder};
use crm_transport::{Credentials, Error, Operation, OperationInfo};
use http::{Request, Response};
use serde::Serialize;

use super::catalog;
use crate::operations::id_fault;
use crate::{answer, operations, sql_safety};

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

    const INFO: OperationInfo = catalog::LIST;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        if let Some((field, fault)) = self.query.fault() {
            return Err(Error::invalid_request(Self::INFO.id, field, fault));
        }
        operations::request(&Self::INFO, &self.query.parameters())
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        answer::page(&Self::INFO, response)
    }

    fn redact(&self, page: &mut Self::Output, credentials: &Credentials) {
        credentials.scrub_unreadable(page);
    }
}

/// Which activities to list, in which order, and which page of them.
///
/// Without dates the server lists the activities of today (documented). Without a user it lists those of the current user
/// and of all subordinates (documented).
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
    activity_type: Option<String>,
    client: Option<ClientId>,
    deal: Option<DealId>,
    contact: Option<ContactId>,
}

impl EntryQuery {
    /// Creates a query for the activities of today, newest first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `dateStart` and `dateEnd`: the first and the last day, both included (observed), in the account's time.
    #[doc(alias = "dateStart")]
    #[doc(alias = "dateEnd")]
    pub fn between(self, first: NaiveDate, last: NaiveDate) -> Self {
        self.since(first).until(last)
    }

    /// Sets `dateStart`: from this day on, future days included.
    ///
    /// Without `until` it is sent with a far `dateEnd`, because the server takes a missing one for today (observed).
    #[doc(alias = "dateStart")]
    pub fn since(mut self, first: NaiveDate) -> Self {
        self.since = Some(first);
        self
    }

    /// Sets `dateEnd`: up to this day, the day itself included (observed).
    ///
    /// Without `since` it is sent with an early `dateStart`, because the server takes a missing one for today (observed).
    #[doc(alias = "dateEnd")]
    pub fn until(mut self, last: NaiveDate) -> Self {
        self.until = Some(last);
        self
    }

    /// Sets `user`: the login of the owner. An unknown login lists the activities without an owner (observed).
    pub fn user(mut self, login: impl Into<String>) -> Self {
        self.user = Some(login.into());
        self
    }

    /// Sets `word`: a text in the content or the type, regardless of case (observed).
    pub fn word(mut self, text: impl Into<String>) -> Self {
        self.word = Some(text.into());
        self
    }

    /// Sets `tip`: the title of the activity type. The server ignores it (observed), so compare
    /// [`Entry::activity_type`], too. An export does that for you.
    #[doc(alias = "tip")]
    pub fn activity_type(mut self, title: impl Into<String>) -> Self {
        self.activity_type = Some(title.into());
        self
    }

    /// Sets `clid`: the client.
    #[doc(alias = "clid")]
    pub fn client(mut self, id: ClientId) -> Self {
        self.client = Some(id);
        self
    }

    /// Sets `pid`: the contact.
    #[doc(alias = "pid")]
    pub fn contact(mut self, id: ContactId) -> Self {
        self.contact = Some(id);
        self
    }

    /// Sets `did`: the deal.
    #[doc(alias = "did")]
    pub fn deal(mut self, id: DealId) -> Self {
        self.deal = Some(id);
        self
    }

    /// Sets `order`: the field to sort by (default: the date).
    #[doc(alias = "order")]
    pub fn order_by(mut self, order: EntryOrder) -> Self {
        self.order = Some(order);
        self
    }

    /// Sets `first: new`: newest or greatest first (the default).
    #[doc(alias = "first")]
    pub fn newest_first(mut self) -> Self {
        self.oldest_first = Some(false);
        self
    }

    /// Sets `first: old`: oldest or smallest first.
    #[doc(alias = "first")]
    pub fn oldest_first(mut self) -> Self {
        self.oldest_first = Some(true);
        self
    }

    /// Sets `offset`: the page, from 0. A page has 200 activities (documented); a page past the end is empty.
    #[doc(alias = "offset")]
    pub fn page(mut self, page: u64) -> Self {
        self.page = page;
        self
    }

    /// Returns the query in an order that stays stable while activities are added, unless an order was chosen.
    pub(crate) fn in_stable_order(self) -> Self {
        match (self.order, self.oldest_first) {
            (None, None) => self.order_by(EntryOrder::Id).oldest_first(),
            _ => self,
        }
    }

    /// Returns the query for an export: by id, with both dates.
    pub(crate) fn for_export(mut self) -> Result<Self, (&'static str, &'static str)> {
        if self.page > 0 {
            return Err(("page", "cannot be set for an export, which reads every page: leave it out"));
        }
        if self.oldest_first == Some(false) || self.order.is_some_and(|order| order != EntryOrder::Id) {
            let fault = "cannot be set for an export, which is sorted by id, oldest first: leave it out";
            return Err(("order_by", fault));
        }
        if let Some(fault) = self.fault() {
            return Err(fault);
        }
        self.since.get_or_insert(EARLIEST);
        self.until.get_or_insert(LATEST);
        Ok(self.order_by(EntryOrder::Id).oldest_first())
    }

    /// Returns the activity type that was asked for.
    pub(crate) fn wanted_activity_type(&self) -> Option<&str> {
        self.activity_type.as_deref()
    }

    /// Returns the page that the query begins with.
    pub(crate) fn first_page(&self) -> u64 {
        self.page
    }

    /// Returns a field that the server could not understand or would silently take for something else, and why.
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
            query if is_empty(&query.user) => ("user", "is empty: leave it out to list every user"),
            query if is_empty(&query.word) => ("word", "is empty: leave it out"),
            query if is_empty(&query.activity_type) => {
                ("activity_type", "is empty: leave it out to list every type")
            }
            _ => {
                let user = self.user.as_deref().and_then(sql_safety::fault);
                let id = |id: Option<u64>| id.and_then(id_fault);
                return [
                    ("user", user),
                    ("client", id(self.client.map(u64::from))),
                    ("contact", id(self.contact.map(u64::from))),
                    ("deal", id(self.deal.map(u64::from))),
                ]
                .into_iter()
                .find_map(|(field, fault)| Some((field, fault?)));
            }
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
            tip: self.activity_type.as_deref(),
            clid: self.client,
            did: self.deal,
            pid: self.contact,
        }
    }
}

/// The range of days that the server's database can hold.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_the_server_would_take_for_sql_or_for_none_is_refused() {
        let refused =
            |query: EntryQuery| List::new(query).request().err().and_then(|e| e.field().map(str::to_owned));
        for (query, field) in [
            (EntryQuery::new().user("o'hara"), Some("user")),
            (EntryQuery::new().user("a\\"), Some("user")),
            (EntryQuery::new().client(ClientId(u64::MAX)), Some("client")),
            (EntryQuery::new().contact(ContactId(1 << 63)), Some("contact")),
            (EntryQuery::new().deal(DealId(0)), Some("deal")),
            (EntryQuery::new().user("seller").client(ClientId(i64::MAX as u64)), None),
        ] {
            assert_eq!(refused(query).as_deref(), field);
        }
    }
}
