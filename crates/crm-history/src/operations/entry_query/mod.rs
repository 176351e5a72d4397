//! Which activities to list: the parameters of `list`.

use chrono::NaiveDate;
use crm_model::history::{ClientId, ContactId, DealId, Entry, EntryOrder};
use crm_transport::Parameters;

use crate::collation::folded;
use crate::operations::id_fault;
use crate::sql_safety;

/// Which activities to list, in which order, and which page of them.
///
/// Without dates the server lists the activities of today (documented). Without a user, the role of the login decides whose
/// activities are listed: a head sees those of all users, a sales manager only their own (observed). Department heads also
/// see those of their subordinates (assumed). The vendor's page promises those of the current user and of all subordinates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct EntryQuery {
    page: u64,
    order: Option<EntryOrder>,
    oldest_first: Option<bool>,
    user: Option<String>,
    days: Days,
    word: Option<String>,
    activity_type: Option<String>,
    client: Option<ClientId>,
    deal: Option<DealId>,
    contact: Option<ContactId>,
}

/// Which days to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Days {
    /// Today, which the server takes where no date is sent (documented).
    #[default]
    Today,
    /// From the first to the last day. Where the first is open, the zero date belongs to the range.
    Range { since: Option<NaiveDate>, until: Option<NaiveDate> },
    /// Only the zero date.
    ZeroDate,
}

impl Days {
    fn range(self) -> (Option<NaiveDate>, Option<NaiveDate>) {
        match self {
            Self::Range { since, until } => (since, until),
            Self::Today | Self::ZeroDate => (None, None),
        }
    }
}

impl EntryQuery {
    /// Creates a query for the activities of today, newest first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `dateStart` and `dateEnd`: the first and the last day, both included (observed), in the account's time. The
    /// vendor's page does not say whether they are included.
    #[doc(alias = "dateStart")]
    #[doc(alias = "dateEnd")]
    pub fn between(self, first: NaiveDate, last: NaiveDate) -> Self {
        self.since(first).until(last)
    }

    /// Sets `dateStart`: from this day on, future days included.
    ///
    /// Without `until` it is sent with a `dateEnd` in the far future, because the server reads a missing one as today
    /// (observed).
    #[doc(alias = "dateStart")]
    pub fn since(mut self, first: NaiveDate) -> Self {
        let (_, until) = self.days.range();
        self.days = Days::Range { since: Some(first), until };
        self
    }

    /// Sets `dateEnd`: up to this day, the day itself included (observed).
    ///
    /// Without `since` it is sent with the `dateStart` `0000-00-00`, because the server reads a missing one as today
    /// (observed). Activities with the zero date are then listed, too (observed).
    #[doc(alias = "dateEnd")]
    pub fn until(mut self, last: NaiveDate) -> Self {
        let (since, _) = self.days.range();
        self.days = Days::Range { since, until: Some(last) };
        self
    }

    /// Selects every day, past and future, and the activities with the zero date (observed).
    ///
    /// A database in the SQL mode `NO_ZERO_DATE` lists no activity with the zero date in any range (observed).
    #[doc(alias = "dateStart")]
    #[doc(alias = "dateEnd")]
    pub fn every_day(mut self) -> Self {
        self.days = Days::Range { since: None, until: None };
        self
    }

    /// Selects only the activities with the zero date `0000-00-00`, which the server stores in place of an invalid date
    /// (observed). Replaces `since` and `until`.
    #[doc(alias = "dateStart")]
    #[doc(alias = "dateEnd")]
    pub fn zero_dated(mut self) -> Self {
        self.days = Days::ZeroDate;
        self
    }

    /// Sets `user`: the login of the owner. An unknown login lists the activities without an owner (observed).
    ///
    /// The server also returns the activities of a user who is not a subordinate (observed). Do not rely on it to hide them.
    pub fn user(mut self, login: impl Into<String>) -> Self {
        self.user = Some(login.into());
        self
    }

    /// Sets `word`: a text in the content or the type, regardless of case (observed). The vendor's page names the fields
    /// `title`, `des` and `tip`.
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

    /// Returns the query for an export: by ID, with both dates.
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
        if self.days == Days::Today {
            self = self.every_day();
        }
        Ok(self.order_by(EntryOrder::Id).oldest_first())
    }

    /// Returns the activity type that was requested.
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
        let is_far = |day: Option<NaiveDate>| day.is_some_and(|day| !days.contains(&day));
        let (since, until) = self.days.range();
        Some(match self {
            _ if self.page > LAST_PAGE => ("page", "is beyond every page that the server can count"),
            _ if since.is_some_and(|first| until.is_some_and(|last| first > last)) => {
                ("between", "ends before it starts")
            }
            _ if is_far(since) => ("since", "is outside the years 1000 to 9999"),
            _ if is_far(until) => ("until", "is outside the years 1000 to 9999"),
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

    /// Returns the parameter that the server ignored if it returned this activity, and what shows it.
    ///
    /// Only what the server surely heeds is compared, and as it compares: days, client, contact, deal and owner. It
    /// ignores `tip` (observed). An activity without a date or an owner contradicts nothing.
    pub(crate) fn contradiction(&self, entry: &Entry) -> Option<(&'static str, String)> {
        let found = |what: String| format!("activity {} {what}", entry.id);
        let (since, until) = self.days.range();
        if let Some(day) = entry.at.map(|at| at.date()) {
            let of_day = |asked: String| found(format!("is of {day}, and {asked} was asked for"));
            match (since, until) {
                (Some(first), _) if day < first => {
                    return Some(("dateStart", of_day(format!("{first} or later"))));
                }
                (_, Some(last)) if day > last => {
                    return Some(("dateEnd", of_day(format!("{last} or earlier"))));
                }
                _ if self.days == Days::ZeroDate => {
                    return Some(("dateStart", of_day("the zero date".to_owned())));
                }
                _ => {}
            }
        }
        if let (Some(asked), Some(owner)) = (&self.user, &entry.user_login)
            && folded(owner) != folded(asked)
        {
            return Some(("user", found("belongs to another user than the one asked for".to_owned())));
        }
        let other = |what: &str, asked: u64| {
            Some(found(format!("does not have {what} {asked}, which was asked for")))
        };
        if let Some(asked) = self.client.filter(|_| entry.client_id != self.client) {
            return Some("clid").zip(other("client", asked.0));
        }
        if let Some(asked) = self.deal.filter(|_| entry.deal_id != self.deal) {
            return Some("did").zip(other("deal", asked.0));
        }
        let has = |asked: &ContactId| entry.contacts.iter().any(|contact| contact.id == *asked);
        let asked = self.contact.filter(|asked| !has(asked))?;
        Some("pid").zip(other("contact", asked.0))
    }

    /// Returns whether this answer shows that the server received the query; see [`Operation::parameters_received`].
    ///
    /// Without parameters the server lists the activities of one day, which is today (observed).
    ///
    /// [`Operation::parameters_received`]: crm_transport::Operation::parameters_received
    pub(super) fn was_received(&self, entries: &[Entry]) -> Option<bool> {
        if *self == Self::new() {
            return None;
        }
        let mut days = entries.iter().map(|entry| entry.at.map(|at| at.date()));
        let first = days.next();
        let is_one_day = days.all(|day| Some(day) == first);
        let is_today = !matches!(first, Some(None)); // the zero date is never today
        if !is_one_day || !is_today {
            return Some(true);
        }
        let asks_for_one_day = matches!(self.days, Days::Range { since: Some(a), until: Some(b) } if a == b);
        (entries.is_empty() || !(asks_for_one_day || self.days == Days::Today)).then_some(false)
    }

    /// The parameters as they are sent.
    pub(super) fn parameters(&self) -> Parameters {
        let day = |day: Option<NaiveDate>, open: &str| {
            Some(day.map_or_else(|| open.to_owned(), |day| day.to_string()))
        };
        let (since, until) = match self.days {
            Days::Today => (None, None),
            Days::Range { since, until } => (day(since, ZERO_DATE), day(until, "9999-12-31")),
            Days::ZeroDate => (day(None, ZERO_DATE), day(None, ZERO_DATE)),
        };
        Parameters::new()
            .with_option("offset", (self.page > 0).then_some(self.page))
            .with_option("order", self.order.map(EntryOrder::as_str))
            .with_option("first", self.oldest_first.map(|oldest| if oldest { "old" } else { "new" }))
            .with_option("user", self.user.as_deref())
            .with_option("dateStart", since)
            .with_option("dateEnd", until)
            .with_option("word", self.word.as_deref())
            .with_option("tip", self.activity_type.as_deref())
            .with_option("clid", self.client)
            .with_option("did", self.deal)
            .with_option("pid", self.contact)
    }
}

/// The server counts in records, which must fit into a signed number of 64 bits; a larger page is a PHP error (observed).
const LAST_PAGE: u64 = i64::MAX as u64 / 200;

/// As `dateStart` it leaves nothing out, and is the only one that includes the activities with the zero date (observed).
const ZERO_DATE: &str = "0000-00-00";

/// The range of days that the server's database can hold.
const EARLIEST: NaiveDate = NaiveDate::from_ymd_opt(1000, 1, 1).unwrap();
const LATEST: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();

#[cfg(test)]
mod tests;
