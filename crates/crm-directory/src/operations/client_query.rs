//! Which clients to list.

use chrono::NaiveDateTime;
use crm_model::directory::{Client, ClientOrder, ClientType, UserId};
use serde_json::{Map, Value};

use super::paged_query::{PagedQuery, add, add_filter};
use super::range::{Range, sent};
use super::{Fault, differs, id_fault, sql_fault};

/// Which clients to list, in which order, and which page of them.
///
/// An administrator sees all clients. Other users see the clients of the users that their role shows (observed).
/// Clients in the trash are listed, too, and nothing marks them (observed).
///
/// All times are in the account's local time, plus the shift of the current user's clock (observed).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ClientQuery {
    paged: PagedQuery,
    order: Option<ClientOrder>,
    user_id: Option<UserId>,
    changed: Option<(NaiveDateTime, NaiveDateTime)>,
    bank_details: bool,
    relation: Option<String>,
    client_type: Option<ClientType>,
    category: Option<u64>,
    territory: Option<u64>,
    source: Option<u64>,
    only_in_trash: bool,
}

impl ClientQuery {
    /// Creates a query for all clients, the greatest ID first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `offset`: the page, from 0. A page has 200 clients (observed); a page past the end is empty.
    #[doc(alias = "offset")]
    pub fn page(mut self, page: u64) -> Self {
        self.paged.page = page;
        self
    }

    /// Sets `order`: the field to sort by, in descending order (default: the ID).
    #[doc(alias = "order")]
    pub fn order_by(mut self, order: ClientOrder) -> Self {
        self.order = Some(order);
        self
    }

    /// Sets `fields`: the wire names of the fields to fetch (default: all that the account has enabled). The ID is
    /// always included. A field that is not enabled is omitted without an error (observed).
    pub fn fields<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.paged.set_fields(names);
        self
    }

    /// Sets `word`: a text in the name, description, site, address, telephone or email, regardless of case. `%` matches
    /// any characters and `_` one (observed). A word with a quote finds nothing (observed).
    pub fn word(mut self, text: impl Into<String>) -> Self {
        self.paged.word = Some(text.into());
        self
    }

    /// Sets `user`: the login of the owner. An unknown login lists the clients without an owner (observed).
    pub fn user(mut self, login: impl Into<String>) -> Self {
        self.paged.user = Some(login.into());
        self
    }

    /// Sets `iduser`: the owner. The server then lists clients that the role does not show (observed).
    #[doc(alias = "iduser")]
    pub fn user_id(mut self, id: UserId) -> Self {
        self.user_id = Some(id);
        self
    }

    /// Sets `dateStart` and `dateEnd`: when the client was created, both ends included.
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

    /// Sets `dateChangeStart` and `dateChangeEnd`: when the client was changed last, both ends included. A client that
    /// was never changed does not fit (observed); [`changed`](crate::DirectoryClient::changed) finds both.
    #[doc(alias("dateChangeStart", "dateChangeEnd"))]
    pub fn changed_between(mut self, since: NaiveDateTime, until: NaiveDateTime) -> Self {
        self.changed = Some((since, until));
        self
    }

    /// Sets `bankinfo`: fetches bank and tax details, too.
    #[doc(alias = "bankinfo")]
    pub fn with_bank_details(mut self) -> Self {
        self.bank_details = true;
        self
    }

    /// Sets `filter.relations`: the title of the relation.
    #[doc(alias = "relations")]
    pub fn relation(mut self, title: impl Into<String>) -> Self {
        self.relation = Some(title.into());
        self
    }

    /// Sets `filter.type`: the kind of client.
    #[doc(alias = "type")]
    pub fn client_type(mut self, client_type: ClientType) -> Self {
        self.client_type = Some(client_type);
        self
    }

    /// Sets `filter.idcategory`: the category.
    #[doc(alias = "idcategory")]
    pub fn category(mut self, id: u64) -> Self {
        self.category = Some(id);
        self
    }

    /// Sets `filter.territory`: the territory.
    pub fn territory(mut self, id: u64) -> Self {
        self.territory = Some(id);
        self
    }

    /// Sets `filter.clientpath`: the source. By its ID only, because a search for an unknown title creates it (observed).
    #[doc(alias = "clientpath")]
    pub fn source(mut self, id: u64) -> Self {
        self.source = Some(id);
        self
    }

    /// Sets `filter.trash`: only clients in the trash. The server cannot leave them out (observed).
    #[doc(alias = "trash")]
    pub fn only_in_trash(mut self) -> Self {
        self.only_in_trash = true;
        self
    }

    pub(crate) fn first_page(&self) -> u64 {
        self.paged.page
    }

    pub(crate) fn created(&self) -> Range {
        self.paged.created
    }

    pub(crate) fn with_created(mut self, created: Range) -> Self {
        self.paged.created = created;
        self
    }

    pub(crate) fn changed(&self) -> Option<Range> {
        self.changed.map(|(since, until)| Range { since: Some(since), until: Some(until) })
    }

    /// Returns why the query cannot be exported.
    pub(crate) fn export_fault(&self) -> Option<Fault> {
        if let Some(fault) = self.paged.export_fault() {
            return Some(fault);
        }
        if self.order.is_some() {
            return Some((
                "order_by",
                "cannot be set for an export, which needs an order of its own: leave it out",
            ));
        }
        let fields = &self.paged.fields;
        if !fields.is_empty() && !fields.iter().any(|field| field == "date_create") {
            return Some(("fields", "must have `date_create` for an export, which is read by that field"));
        }
        self.fault()
    }

    /// Returns a field that the server could not understand or would silently take for something else, and why.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let changed = self.changed().and_then(|range| range.fault("changed_between"));
        self.paged
            .fault()
            .or(id_fault("user_id", self.user_id.map(u64::from)))
            .or(changed)
            .or(sql_fault("relation", self.relation.as_deref()))
            .or(sql_fault("client_type", self.client_type.as_ref().map(ClientType::as_str)))
            .or(id_fault("category", self.category))
            .or(id_fault("territory", self.territory))
            .or(id_fault("source", self.source))
    }

    /// Returns the parameter that the server ignored, if this client does not fit.
    pub(crate) fn misfit(&self, client: &Client) -> Option<&'static str> {
        let id_differs = |found: Option<u64>, asked: Option<u64>| matches!((found, asked), (Some(found), Some(asked)) if found != asked);
        let changed = self.changed().zip(client.changed);
        let kind = (client.client_type.as_ref(), self.client_type.as_ref());
        if let Some(ignored) = self.paged.misfit(client.user_login.as_deref(), client.created) {
            Some(ignored)
        } else if id_differs(client.user_id.map(u64::from), self.user_id.map(u64::from)) {
            Some("iduser")
        } else if changed.is_some_and(|(range, changed)| !range.contains(changed)) {
            Some("dateChangeStart")
        } else if differs(kind.0.map(ClientType::as_str), kind.1.map(ClientType::as_str)) {
            Some("filter.type")
        } else if differs(client.relation.as_deref(), self.relation.as_deref()) {
            Some("filter.relations")
        } else if id_differs(client.category_id, self.category) {
            Some("filter.idcategory")
        } else if id_differs(client.territory_id, self.territory) {
            Some("filter.territory")
        } else if id_differs(client.source_id, self.source) {
            Some("filter.clientpath")
        } else {
            None
        }
    }

    pub(super) fn parameters(&self) -> Map<String, Value> {
        let mut parameters = self.paged.parameters("clid");
        // Needed: the server's default is a column that does not exist (observed).
        add(&mut parameters, "order", Some(self.order.unwrap_or(ClientOrder::Id).as_str().into()));
        add(&mut parameters, "iduser", self.user_id.map(Value::from));
        add(&mut parameters, "dateChangeStart", self.changed.map(|(since, _)| sent(since)));
        add(&mut parameters, "dateChangeEnd", self.changed.map(|(_, until)| sent(until)));
        add(&mut parameters, "bankinfo", self.bank_details.then_some(Value::Bool(true)));
        let filter = [
            ("relations", self.relation.as_deref().map(Value::from)),
            ("type", self.client_type.as_ref().map(|kind| kind.as_str().into())),
            ("idcategory", self.category.map(Value::from)),
            ("territory", self.territory.map(Value::from)),
            ("clientpath", self.source.map(Value::from)),
            ("trash", self.only_in_trash.then_some(Value::Bool(true))),
        ];
        add_filter(&mut parameters, filter);
        parameters
    }
}
