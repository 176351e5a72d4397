//! Which contacts to list.

use chrono::NaiveDateTime;
use crm_model::directory::{ClientId, Contact, ContactOrder};
use serde_json::{Map, Value};

use super::paged_query::{PagedQuery, add, add_filter};
use super::{Fault, id_fault, sql_fault};

/// Which contacts to list, in which order, and which page of them.
///
/// The server lists the contacts of the users that the role of the current user shows (observed).
///
/// All times are in the account's local time, plus the shift of the current user's clock (observed).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ContactQuery {
    paged: PagedQuery,
    order: Option<ContactOrder>,
    oldest_first: Option<bool>,
    client: Option<ClientId>,
    mobile: Option<String>,
    socials: bool,
}

impl ContactQuery {
    /// Creates a query for all contacts, newest first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `offset`: the page, from 0. A page has 200 contacts (observed); a page past the end is empty.
    #[doc(alias = "offset")]
    pub fn page(mut self, page: u64) -> Self {
        self.paged.page = page;
        self
    }

    /// Sets `order`: the field to sort by (default: the time of creation).
    #[doc(alias = "order")]
    pub fn order_by(mut self, order: ContactOrder) -> Self {
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

    /// Sets `fields`: the wire names of the fields to fetch (default: all that the account has enabled). The ID is
    /// always included. A field that is not enabled is omitted without an error (observed).
    pub fn fields<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.paged.set_fields(names);
        self
    }

    /// Sets `word`: a text in the name, position, landline or email, regardless of case. `%` matches any characters and
    /// `_` one (observed). The server does not look at mobile numbers (observed); see [`mobile`](Self::mobile).
    pub fn word(mut self, text: impl Into<String>) -> Self {
        self.paged.word = Some(text.into());
        self
    }

    /// Sets `user`: the login of the owner. An unknown login lists the contacts without an owner (observed).
    pub fn user(mut self, login: impl Into<String>) -> Self {
        self.paged.user = Some(login.into());
        self
    }

    /// Sets `dateStart` and `dateEnd`: when the contact was created, both ends included.
    #[doc(alias("dateStart", "dateEnd"))]
    pub fn created_between(self, since: NaiveDateTime, until: NaiveDateTime) -> Self {
        self.created_since(since).created_until(until)
    }

    /// Sets `dateStart`: created at this time or later.
    #[doc(alias = "dateStart")]
    pub fn created_since(mut self, since: NaiveDateTime) -> Self {
        self.paged.created.since = Some(since);
        self
    }

    /// Sets `dateEnd`: created at this time or earlier.
    #[doc(alias = "dateEnd")]
    pub fn created_until(mut self, until: NaiveDateTime) -> Self {
        self.paged.created.until = Some(until);
        self
    }

    /// Sets `filter.clid`: the client.
    #[doc(alias = "clid")]
    pub fn client(mut self, id: ClientId) -> Self {
        self.client = Some(id);
        self
    }

    /// Sets `filter.mob`: a text in the mobile numbers, compared as they were typed. `%` matches any characters and `_`
    /// one (observed).
    #[doc(alias = "mob")]
    pub fn mobile(mut self, text: impl Into<String>) -> Self {
        self.mobile = Some(text.into());
        self
    }

    /// Sets `socinfo`: fetches the accounts in social networks, too.
    #[doc(alias = "socinfo")]
    pub fn with_socials(mut self) -> Self {
        self.socials = true;
        self
    }

    pub(crate) fn first_page(&self) -> u64 {
        self.paged.page
    }

    /// Returns the query in the order that stays stable while contacts are added, unless an order was chosen.
    pub(crate) fn in_stable_order(self) -> Self {
        match (self.order, self.oldest_first) {
            (None, None) => self.order_by(ContactOrder::Id).oldest_first(),
            _ => self,
        }
    }

    /// Returns the query for an export: by ID, the smallest first.
    pub(crate) fn for_export(self) -> Result<Self, Fault> {
        if let Some(fault) = self.paged.export_fault() {
            return Err(fault);
        }
        if self.oldest_first == Some(false) || self.order.is_some_and(|order| order != ContactOrder::Id) {
            let fault = "cannot be set for an export, which is sorted by id, smallest first: leave it out";
            return Err(("order_by", fault));
        }
        match self.fault() {
            Some(fault) => Err(fault),
            None => Ok(self.order_by(ContactOrder::Id).oldest_first()),
        }
    }

    /// Returns a field that the server could not understand or would silently take for something else, and why.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.paged
            .fault()
            .or(id_fault("client", self.client.map(u64::from)))
            .or(sql_fault("mobile", self.mobile.as_deref()))
    }

    /// Returns the parameter that the server ignored, if this contact does not fit.
    pub(crate) fn misfit(&self, contact: &Contact) -> Option<&'static str> {
        let is_of_another =
            matches!((contact.client_id, self.client), (Some(found), Some(asked)) if found != asked);
        let ignored = self.paged.misfit(contact.user_login.as_deref(), contact.created);
        ignored.or(is_of_another.then_some("filter.clid"))
    }

    pub(super) fn parameters(&self) -> Map<String, Value> {
        let mut parameters = self.paged.parameters("pid");
        add(&mut parameters, "order", self.order.map(|order| order.as_str().into()));
        let first = |is_oldest| if is_oldest { "old" } else { "new" };
        add(&mut parameters, "first", self.oldest_first.map(|is_oldest| first(is_oldest).into()));
        add(&mut parameters, "socinfo", self.socials.then(|| "yes".into()));
        let (client, mobile) = (self.client.map(Value::from), self.mobile.as_deref().map(Value::from));
        add_filter(&mut parameters, [("clid", client), ("mob", mobile)]);
        parameters
    }
}
