//! The client of users, clients and contacts.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use chrono::NaiveDateTime;
use crm_history::{ApiKey, HistoryClient, NewEntry};
use crm_model::Page;
use crm_model::directory::{Client as ClientRecord, ClientId, Contact, ContactId, User};
use crm_transport::{
    Client, ClientBuilder, Error, ExportBuilder, Operation, Pipeline, Position, Records, Stats, records,
};
use http::Request;

use crate::cache::{Cache, Key};
use crate::operations::{
    ClientFields, ClientInfo, ClientList, ClientQuery, ContactQuery, PAGE, PersonFields, PersonInfo,
    PersonList, UserInfo, UserKey, UserList,
};
use crate::phone::PhoneNumber;
use crate::{Attribution, CachePolicy, ClientExport, Contacts, Match, UnknownCallers, email, find};

/// The client of users, clients and contacts of a SalesMan CRM, read only. Cheap to clone; clones share the connections
/// and what lookups have found.
///
/// # Panics
/// Calls panic outside a tokio runtime, and in one without timers (`enable_time`).
#[derive(Clone, Debug)]
pub struct DirectoryClient {
    pipeline: Pipeline,
    cache: Arc<Cache>,
}

impl DirectoryClient {
    /// Creates a builder for the CRM at this address, such as `https://crm.example.ru` or `https://host/crm`.
    ///
    /// Beside a `HistoryClient`, use `DirectoryClient::from(&history)`: both then share connections and limits.
    ///
    /// ```no_run
    /// use crm_directory::{ApiKey, DirectoryClient};
    ///
    /// let directory = DirectoryClient::builder("https://crm.example.ru")
    ///     .credentials(ApiKey::new("key", "login@example.ru"))
    ///     .build()?;
    /// # Ok::<(), crm_directory::Error>(())
    /// ```
    pub fn builder(address: impl Into<String>) -> ClientBuilder<Self> {
        ClientBuilder::new(address)
    }

    /// Sets how results of lookups are kept (default: [`CachePolicy::new`]). The client begins without any.
    ///
    /// ```no_run
    /// # fn run(directory: crm_directory::DirectoryClient) {
    /// use std::time::Duration;
    ///
    /// use crm_directory::CachePolicy;
    ///
    /// let directory = directory.with_cache(CachePolicy::new().time_to_live(Duration::from_secs(300)));
    /// # }
    /// ```
    #[must_use]
    pub fn with_cache(self, policy: CachePolicy) -> Self {
        Self { cache: Arc::new(Cache::new(policy)), ..self }
    }

    /// Returns all users of the account, blocked ones too (`user/list`). Every user sees all of them (observed).
    ///
    /// Telephone numbers and roles come with [`user`](Self::user) only (observed).
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// for user in directory.users().await? {
    ///     println!("{} {:?}", user.id, user.login);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. A record that cannot be decoded is not an error; it is in [`Page::unreadable`].
    #[doc(alias = "user/list")]
    pub async fn users(&self) -> Result<Page<User>, Error> {
        self.run(&UserList).await
    }

    /// Returns one user by login, [`UserId`](crate::UserId) or [`UserKey::Uid`] (`user/info`).
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::{UserId, UserKey};
    ///
    /// let by_login = directory.user("seller@example.ru").await?;
    /// let by_id = directory.user(UserId(2)).await?;
    /// let by_uid = directory.user(UserKey::Uid("MGR-3".to_owned())).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) if there is no such user. Otherwise see [`Error`].
    #[doc(alias = "user/info")]
    pub async fn user(&self, key: impl Into<UserKey>) -> Result<User, Error> {
        self.run(&UserInfo::new(key)).await
    }

    /// Returns the wire names of the fields of a client, and their titles in this account (`client/fields`).
    ///
    /// Only here do the account's own fields, `input1` to `input10`, have a meaning.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// let titles = directory.client_fields().await?;
    /// println!("{:?}", titles.get("input1"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    #[doc(alias = "client/fields")]
    pub async fn client_fields(&self) -> Result<BTreeMap<String, String>, Error> {
        self.run(&ClientFields).await
    }

    /// Returns the wire names of the fields of a contact, and their titles in this account (`person/fields`). Social
    /// networks have the name `social.skype` and the like.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// let titles = directory.contact_fields().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    #[doc(alias = "person/fields")]
    pub async fn contact_fields(&self) -> Result<BTreeMap<String, String>, Error> {
        self.run(&PersonFields).await
    }

    /// Returns one page of 200 clients, in descending order (`client/list`). A page past the end is empty.
    ///
    /// [`Page::total`] is known only if the first page holds all clients of the query.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ClientQuery;
    ///
    /// for client in directory.clients(&ClientQuery::new().word("ромашка")).await? {
    ///     println!("{} {:?}", client.id, client.name);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. A record that cannot be decoded is not an error; it is in [`Page::unreadable`].
    #[doc(alias = "client/list")]
    pub async fn clients(&self, query: &ClientQuery) -> Result<Page<ClientRecord>, Error> {
        self.run(&ClientList::new(query.clone())).await
    }

    /// Returns every client of a query, page after page, the greatest id first unless the query sets an order.
    ///
    /// A client that is added meanwhile moves one to the next page, where it comes again. A client that is deleted
    /// meanwhile makes the list miss one (observed); [`export_clients`](Self::export_clients) misses none.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ClientQuery;
    ///
    /// let mut all = directory.stream_clients(ClientQuery::new());
    /// while let Some(client) = all.next().await {
    ///     println!("{}", client?.id);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// An error of a call ends the stream. A record that cannot be decoded is an error, too, and the next record follows.
    pub fn stream_clients(&self, query: ClientQuery) -> Records<ClientRecord> {
        let client = self.clone();
        let first = query.first_page();
        let fetch = move |position: Position| {
            let (client, query) = (client.clone(), query.clone().page(first + position.pages));
            async move { client.clients(&query).await }
        };
        records(<ClientList as Operation>::INFO, PAGE, |client| client.id.0, fetch)
    }

    /// Exports every client of a query, in constant memory, with a verdict on whether that is all: newest first.
    ///
    /// The server lists clients in descending order only, so pages move while they are read. The export therefore asks
    /// for ranges of the time of creation that fit on one page: each response is whole in itself. That costs about one
    /// call for 199 clients, one after the other. It counts the list before and after; see [`ClientExport`].
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ClientQuery;
    ///
    /// let mut export = directory.export_clients(ClientQuery::new());
    /// while let Some(client) = export.next().await {
    ///     println!("{}", client?.id);
    /// }
    /// println!("{}", export.finish());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// They come in place of a client. A query with a page or an order is refused with the first one.
    pub fn export_clients(&self, query: ClientQuery) -> ClientExport {
        ClientExport::all(self.clone(), query)
    }

    /// Exports every client that was created or changed in this time, both ends included, with a verdict.
    ///
    /// It is the only way of this API to ask for what has changed (observed); contacts and users have none. It asks
    /// twice, because a client that was never changed has no time of change. Deletions are not among the changes.
    ///
    /// The times are in the account's local time, plus the shift of the current user's clock. Let `until` lie in the
    /// past, and begin the next call with it. A client that changes during the call has a later time, and the next call
    /// finds it.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut changed = directory.changed("2026-11-24T00:00:00".parse()?, "2026-11-25T00:00:00".parse()?);
    /// while let Some(client) = changed.next().await {
    ///     println!("{}", client?.id);
    /// }
    /// println!("{}", changed.finish());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// They come in place of a client.
    pub fn changed(&self, since: NaiveDateTime, until: NaiveDateTime) -> ClientExport {
        ClientExport::changed(self.clone(), since, until)
    }

    /// Returns one client, with bank and tax details (`client/info`).
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ClientId;
    ///
    /// let client = directory.client(ClientId(1781)).await?;
    /// println!("{:?} {:?}", client.name, client.tax_id());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) if there is no such client, if the role does not show it, or if it has no
    /// owner (observed). Otherwise see [`Error`].
    #[doc(alias = "client/info")]
    pub async fn client(&self, id: ClientId) -> Result<ClientRecord, Error> {
        self.run(&ClientInfo::new(id)).await
    }

    /// Returns the client with this id in another system (`client/info` with `uid`).
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// let client = directory.client_by_uid("1C-000123").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`client`](Self::client).
    pub async fn client_by_uid(&self, uid: &str) -> Result<ClientRecord, Error> {
        self.run(&ClientInfo::with_uid(uid)).await
    }

    /// Returns the client with this tax id (ИНН; `client/info` with `inn`).
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// let client = directory.client_by_tax_id("5900000001").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`client`](Self::client). The server compares the number with every part of the bank details; a client with
    /// another tax id is an error.
    #[doc(alias = "inn")]
    pub async fn client_by_tax_id(&self, tax_id: &str) -> Result<ClientRecord, Error> {
        self.run(&ClientInfo::with_tax_id(tax_id)).await
    }

    /// Returns one page of 200 contacts (`person/list`). A page past the end is empty.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::{ClientId, ContactQuery};
    ///
    /// for contact in directory.contacts(&ContactQuery::new().client(ClientId(1781))).await? {
    ///     println!("{} {:?}", contact.id, contact.name);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. A record that cannot be decoded is not an error; it is in [`Page::unreadable`].
    #[doc(alias = "person/list")]
    pub async fn contacts(&self, query: &ContactQuery) -> Result<Page<Contact>, Error> {
        self.run(&PersonList::new(query.clone())).await
    }

    /// Returns every contact of a query, page after page, from the query's page on.
    ///
    /// They are sorted by id, smallest first, unless the query sets an order. No other order misses none while contacts
    /// are added.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ContactQuery;
    ///
    /// let mut all = directory.stream_contacts(ContactQuery::new());
    /// while let Some(contact) = all.next().await {
    ///     println!("{}", contact?.id);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// An error of a call ends the stream. A record that cannot be decoded is an error, too, and the next record follows.
    pub fn stream_contacts(&self, query: ContactQuery) -> Records<Contact> {
        let client = self.clone();
        let query = query.in_stable_order();
        let first = query.first_page();
        let fetch = move |position: Position| {
            let (client, query) = (client.clone(), query.clone().page(first + position.pages));
            async move { client.contacts(&query).await }
        };
        records(<PersonList as Operation>::INFO, PAGE, |contact| contact.id.0, fetch)
    }

    /// Exports every contact of a query, in constant memory, with a verdict on whether that is all: by id, smallest first.
    ///
    /// The options are methods of the [`ExportBuilder`]: concurrency, a checkpoint to resume from, a progress callback.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ContactQuery;
    ///
    /// let mut export = directory.export_contacts(ContactQuery::new()).start().await?;
    /// while let Some(contact) = export.next().await {
    ///     println!("{}", contact?.id);
    /// }
    /// println!("{}", export.finish().await);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`start`](ExportBuilder::start) refuses a query with a page or another order. Errors of calls come in place of
    /// a record: see [`Export`](crm_transport::Export).
    pub fn export_contacts(&self, query: ContactQuery) -> ExportBuilder<Contacts> {
        ExportBuilder::new(Contacts::new(self.clone(), query))
    }

    /// Returns one contact (`person/info`). Every user can read every contact (observed).
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ContactId;
    ///
    /// let contact = directory.contact(ContactId(2475)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) if there is no such contact, or if it has no name (observed). Otherwise see
    /// [`Error`].
    #[doc(alias = "person/info")]
    pub async fn contact(&self, id: ContactId) -> Result<Contact, Error> {
        self.run(&PersonInfo::new(id)).await
    }

    /// Finds the clients and contacts with this telephone number, the most certain match first: who called?
    ///
    /// A number is found however it is written in the CRM: with 8 or +7, brackets, dashes, dots, in a text with other
    /// numbers, with an extension behind it. Every candidate of the server is compared here, number by number. A match is
    /// [`exact`](Match::exact) only if both numbers have country and area and are equal. A number without `+` is taken for
    /// a Russian one if it looks like that (assumed).
    ///
    /// The result is empty if nobody has the number. It is empty, without a call, for a text with fewer than five digits:
    /// a hidden caller id, or an internal number, for which there is
    /// [`find_users_by_extension`](Self::find_users_by_extension).
    ///
    /// It makes three calls at once: for `phone` of clients, `tel` of contacts and `mob` of contacts. A result with more
    /// than 200 candidates takes more calls. What was found lately costs none; see [`CachePolicy`]. A number of ten digits
    /// or more does not find one that is stored without its area code. Fax numbers are not searched.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// for found in directory.find_by_phone("+7 (342) 206-72-01").await? {
    ///     println!("{:?} {:?} {}", found.client_name, found.contact_name, found.exact);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. A candidate that cannot be decoded is an error, because it could be the one.
    pub async fn find_by_phone(&self, number: &str) -> Result<Vec<Match>, Error> {
        let Some(number) = PhoneNumber::first_in(number) else { return Ok(Vec::new()) };
        let key = Key::Phone(number.clone());
        if let Some(known) = self.cache.get(&key) {
            return Ok(known);
        }
        let matches = find::by_phone(self, &number).await?;
        self.cache.keep(key, &matches);
        Ok(matches)
    }

    /// Finds the clients and contacts with this email address. Case does not count, and every match is exact.
    ///
    /// The result is empty, without a call, for a text without an address. It makes two calls at once: for clients and
    /// for contacts. What was found lately costs none; see [`CachePolicy`].
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// let matches = directory.find_by_email("info@kamkabel.example").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. A candidate that cannot be decoded is an error, because it could be the one.
    pub async fn find_by_email(&self, address: &str) -> Result<Vec<Match>, Error> {
        let Some(address) = email::addresses_in(address).next() else { return Ok(Vec::new()) };
        let key = Key::Email(address.clone());
        if let Some(known) = self.cache.get(&key) {
            return Ok(known);
        }
        let matches = find::by_email(self, &address).await?;
        self.cache.keep(key, &matches);
        Ok(matches)
    }

    /// Finds the users with this internal number of the PBX (`phone_in`), without those who are blocked.
    ///
    /// The server cannot search for it (observed). The first call fetches the list of users, and one record for each of
    /// them; they are kept for 10 minutes, see [`CachePolicy::users_time_to_live`].
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// let users = directory.find_users_by_extension("101").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find_users_by_extension(&self, extension: &str) -> Result<Vec<User>, Error> {
        let extension = extension.trim();
        if extension.is_empty() {
            return Ok(Vec::new());
        }
        let users = self.cache.users(find::users_with_numbers(self)).await?;
        Ok(users.iter().filter(|user| find::has_extension(user, extension)).cloned().collect())
    }

    /// Finds who called, and returns the activity with that client and contact. `unknown` decides what becomes of a call
    /// that finds nobody.
    ///
    /// ```no_run
    /// # async fn run(
    /// #     history: crm_history::HistoryClient,
    /// #     directory: crm_directory::DirectoryClient,
    /// # ) -> Result<(), crm_directory::Error> {
    /// use crm_directory::{Attribution, ClientId, UnknownCallers};
    /// use crm_history::NewEntry;
    ///
    /// let call = NewEntry::new("вх. звонок, 2 мин").activity_type("вх.Звонок");
    /// match directory.attribute(call, "+7 (342) 206-72-01", UnknownCallers::LogTo(ClientId(1))).await? {
    ///     Attribution::Found(call, _) | Attribution::Unknown(call) => drop(history.add(&call).await?),
    ///     not_logged => eprintln!("not logged: {not_logged:?}"),
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`find_by_phone`](Self::find_by_phone). Nobody was looked for then, so the call is not one of an unknown caller.
    pub async fn attribute(
        &self,
        entry: NewEntry,
        number: &str,
        unknown: UnknownCallers,
    ) -> Result<Attribution, Error> {
        let matches = self.find_by_phone(number).await?;
        Ok(unknown.decide(entry, &matches))
    }

    /// Makes any call, including operations of your own: a method of the CRM that this client does not cover.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::operations::UserList;
    ///
    /// let users = directory.run(&UserList).await?;   // what `directory.users()` does
    /// # Ok(()) }
    /// ```
    ///
    /// An operation of your own is a type that implements [`Operation`]; see the example there.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn run<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        self.pipeline.run(operation).await
    }

    /// Returns the request of a call as it would be sent. Nothing is sent.
    ///
    /// ```
    /// use crm_directory::operations::UserInfo;
    /// use crm_directory::{ApiKey, DirectoryClient, UserId};
    ///
    /// # #[cfg(feature = "reqwest")] {
    /// let directory =
    ///     DirectoryClient::builder("https://crm.example.ru").credentials(ApiKey::new("key", "login")).build()?;
    /// let request = directory.prepare(&UserInfo::new(UserId(2)))?;
    /// assert_eq!(request.uri(), "https://crm.example.ru/developer/v3/user/info");
    /// assert_eq!(request.body(), r#"{"iduser":2}"#);
    /// # }
    /// # Ok::<(), crm_directory::Error>(())
    /// ```
    ///
    /// # Errors
    /// The input is refused.
    pub fn prepare<O: Operation>(&self, operation: &O) -> Result<Request<Bytes>, Error> {
        self.pipeline.prepare(operation)
    }

    /// Returns what this client, its clones and clients over the same connections have done so far: calls, attempts,
    /// retries, waits.
    ///
    /// ```no_run
    /// # fn show(directory: crm_directory::DirectoryClient) {
    /// println!("{} calls", directory.stats().calls);
    /// # }
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.pipeline.stats()
    }

    /// Returns the pipeline that every call of this client passes through.
    ///
    /// ```no_run
    /// # fn run(directory: crm_directory::DirectoryClient) {
    /// let pipeline = directory.pipeline().clone();
    /// # }
    /// ```
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// Returns a client for another account or user of the same CRM, over the same connections. It begins without
    /// results of lookups, because another user sees other clients.
    ///
    /// ```no_run
    /// # fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ApiKey;
    ///
    /// let seller = directory.with_credentials(ApiKey::new("key", "seller@example.ru"))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A credential is empty or cannot be sent.
    pub fn with_credentials(&self, credentials: ApiKey) -> Result<Self, Error> {
        let cache = Arc::new(Cache::new(self.cache.policy()));
        Ok(Self { pipeline: self.pipeline.with_credentials(credentials.into())?, cache })
    }
}

impl Client for DirectoryClient {
    type Credentials = ApiKey;

    fn over(pipeline: Pipeline) -> Self {
        Self { pipeline, cache: Arc::new(Cache::new(CachePolicy::new())) }
    }
}

impl From<&HistoryClient> for DirectoryClient {
    /// Creates a client over the connections and with the limits and credentials of this one.
    fn from(history: &HistoryClient) -> Self {
        Self::over(history.pipeline().clone())
    }
}
