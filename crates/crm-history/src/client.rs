//! The client of the history API: its calls. `many_calls.rs` has the methods that make more than one.

mod many_calls;

use std::collections::BTreeMap;

use bytes::Bytes;
use crm_model::Page;
use crm_model::history::{ActivityType, AddOutcome, Entry, EntryId, NewEntry};
use crm_transport::{Client, ClientBuilder, Error, Operation, Pipeline, Stats};
use http::{HeaderName, Request};

use crate::operations::{ActivityTypes, Add, AddList, Delete, EntryQuery, Fields, Info, List};
use crate::{ApiKey, Zone, sql_safety};

/// The client of the history API of SalesMan CRM. Cheap to clone. Clones share the connections.
///
/// Every method makes one call, except [`entries`](Self::entries), [`export`](Self::export) and
/// [`import`](Self::import), which make many.
///
/// # Panics
/// Calls panic outside a tokio runtime, and in one without timers (`enable_time`).
#[derive(Clone, Debug)]
pub struct HistoryClient {
    pipeline: Pipeline,
    zone: Option<Zone>,
}

impl HistoryClient {
    /// Creates a builder for the CRM at this address, such as `https://crm.example.ru` or `https://host/crm`.
    ///
    /// ```no_run
    /// use crm_history::{ApiKey, HistoryClient};
    ///
    /// let history = HistoryClient::builder("https://crm.example.ru")
    ///     .credentials(ApiKey::new("key", "login@example.ru"))
    ///     .build()?;
    /// # Ok::<(), crm_history::Error>(())
    /// ```
    pub fn builder(address: impl Into<String>) -> ClientBuilder<Self> {
        ClientBuilder::new(address)
    }

    /// Sets the time zone of the account (default: none), for activities with
    /// [`NewEntry::at_instant`](crate::NewEntry::at_instant).
    ///
    /// ```
    /// # #[cfg(feature = "reqwest")] {
    /// use chrono::FixedOffset;
    /// use crm_history::{ApiKey, HistoryClient, Zone};
    ///
    /// let moscow = Zone::new(FixedOffset::east_opt(3 * 3600).unwrap()); // or "Europe/Moscow".parse()?
    /// let history = HistoryClient::builder("https://crm.example.ru")
    ///     .credentials(ApiKey::new("key", "login@example.ru"))
    ///     .build()?
    ///     .with_zone(moscow);
    /// # }
    /// # Ok::<(), crm_history::Error>(())
    /// ```
    #[must_use]
    pub fn with_zone(self, zone: Zone) -> Self {
        Self { zone: Some(zone), ..self }
    }

    /// Returns the time zone of the account, if it was set. It converts the times of activities that were read.
    ///
    /// ```no_run
    /// # fn show(history: crm_history::HistoryClient, entry: crm_history::Entry) {
    /// if let (Some(zone), Some(at)) = (history.zone(), entry.at) {
    ///     println!("{}", zone.instant(at)); // 2024-06-25 11:25:00 UTC
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn zone(&self) -> Option<&Zone> {
        self.zone.as_ref()
    }

    /// Replaces the instant of an activity by the time to write. Without a zone the instant stays, and is refused before
    /// sending.
    pub(crate) fn in_local_time(&self, entry: NewEntry) -> NewEntry {
        match (entry.at_instant, &self.zone) {
            (Some(instant), Some(zone)) => entry.at(zone.local(instant)),
            _ => entry,
        }
    }

    /// Returns the wire names of the fields of an activity, and their titles in this account (`fields`).
    ///
    /// Only fields that are enabled in the account are returned. The server ignores the others (documented).
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// let titles = history.fields().await?;
    /// assert_eq!(titles["clid"], "ID клиента");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn fields(&self) -> Result<BTreeMap<String, String>, Error> {
        self.run(&Fields).await
    }

    /// Returns the activity types of this account (`tips`).
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// for kind in history.activity_types().await? {
    ///     println!("{} {:?}", kind.title, kind.color);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    #[doc(alias = "tips")]
    pub async fn activity_types(&self) -> Result<Vec<ActivityType>, Error> {
        self.run(&ActivityTypes).await
    }

    /// Returns one activity, with its content as stored (`info`). Its owner can be any user of the account (observed).
    ///
    /// The server returns only the first of its contacts (observed); [`list`](Self::list) returns all.
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// use crm_history::EntryId;
    ///
    /// let entry = history.entry(EntryId(777)).await?;
    /// println!("{:?} {:?}", entry.at, entry.content);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) if there is no such activity. Otherwise see [`Error`].
    #[doc(alias = "info")]
    pub async fn entry(&self, id: EntryId) -> Result<Entry, Error> {
        self.run(&Info::new(id)).await
    }

    /// Returns one page of 200 activities (`list`). A page past the end is empty.
    ///
    /// The server rewrites the contents for display (observed, see [`Entry::content`]).
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// # let (from, to) = (chrono::NaiveDate::MIN, chrono::NaiveDate::MAX);
    /// use crm_history::{ClientId, EntryQuery};
    ///
    /// let page = history.list(&EntryQuery::new().between(from, to).client(ClientId(102)).page(0)).await?;
    /// for entry in &page {
    ///     println!("{} {:?}", entry.id, entry.content);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. A record that cannot be decoded is not an error; it is in [`Page::unreadable`].
    pub async fn list(&self, query: &EntryQuery) -> Result<Page<Entry>, Error> {
        self.run(&List::new(query.clone())).await
    }

    /// Logs an activity and returns its ID (`add`).
    ///
    /// The server changes some texts before it stores them: quotes, tags, emoji (observed; see
    /// [`NewEntry::as_stored`]).
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// # let when = chrono::NaiveDateTime::default();
    /// use crm_history::{ClientId, ContactId, DealId, NewEntry};
    ///
    /// let id = history.add(&NewEntry::new("Отправлено КП").at(when).activity_type("Предложение")
    ///     .user("login@example.ru").client(ClientId(1781)).contacts([ContactId(2475), ContactId(2723)])
    ///     .deal(DealId(784))).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Check [`Error::delivery`] before you send it again: `Unknown` may have been stored.
    pub async fn add(&self, entry: &NewEntry) -> Result<EntryId, Error> {
        self.run(&Add::new(self.in_local_time(entry.clone()))).await
    }

    /// Logs many activities in one call and returns one outcome for each, in their order (`add.list`).
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// use crm_history::{AddOutcome, NewEntry};
    ///
    /// let entries = [NewEntry::new("вх. звонок, 2 мин"), NewEntry::new("исх. письмо")];
    /// let outcomes = history.add_list(&entries).await?;
    /// for (entry, outcome) in entries.iter().zip(outcomes) {
    ///     match outcome {
    ///         AddOutcome::Created(id) => println!("{id}"),
    ///         other => eprintln!("{}: {other}", entry.content),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The call failed as a whole. Check [`Error::delivery`] before you send it again: with `Unknown` any number of
    /// them may have been stored.
    #[doc(alias = "add.list")]
    pub async fn add_list(&self, entries: &[NewEntry]) -> Result<Vec<AddOutcome>, Error> {
        let entries = entries.iter().map(|entry| self.in_local_time(entry.clone()));
        self.run(&AddList::new(entries.collect())).await
    }

    /// Deletes an activity of the current user or of a subordinate (observed), by its ID (`delete`).
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// # let id = crm_history::EntryId(25355);
    /// history.delete(id).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) if there is no such activity, or if it belongs to another user. Otherwise
    /// see [`Error`].
    pub async fn delete(&self, id: EntryId) -> Result<(), Error> {
        self.run(&Delete::new(id)).await
    }

    /// Runs any operation, including your own: a method of the CRM that this client does not cover.
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// use crm_history::EntryId;
    /// use crm_history::operations::Info;
    ///
    /// let entry = history.run(&Info::new(EntryId(777))).await?;   // what `history.entry(…)` does
    /// # Ok(()) }
    /// ```
    ///
    /// Your own operation is a type that implements [`Operation`]; see the example there.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn run<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        self.pipeline.run(operation).await
    }

    /// Returns the request of a call as it would be sent. Nothing is sent.
    ///
    /// ```
    /// use crm_history::operations::Delete;
    /// use crm_history::{ApiKey, EntryId, HistoryClient};
    ///
    /// # #[cfg(feature = "reqwest")] {
    /// let history =
    ///     HistoryClient::builder("https://crm.example.ru").credentials(ApiKey::new("key", "login")).build()?;
    /// let request = history.prepare(&Delete::new(EntryId(25355)))?;
    /// assert_eq!(request.uri(), "https://crm.example.ru/developer/v3/history/delete");
    /// assert_eq!(request.body(), r#"{"cid":25355}"#);
    /// # }
    /// # Ok::<(), crm_history::Error>(())
    /// ```
    ///
    /// # Errors
    /// The input is refused.
    pub fn prepare<O: Operation>(&self, operation: &O) -> Result<Request<Bytes>, Error> {
        self.pipeline.prepare(operation)
    }

    /// Returns what this client and its clones have done so far: calls, attempts, retries, waits.
    ///
    /// ```no_run
    /// # fn show(history: crm_history::HistoryClient) {
    /// let stats = history.stats();
    /// println!("{} calls, {} attempts", stats.calls, stats.attempts);
    /// # }
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.pipeline.stats()
    }

    /// Returns the pipeline that every call of this client passes through.
    ///
    /// With the feature `tower` it is a tower service of operations, so that layers can wrap calls.
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// use crm_history::{EntryId, operations::Info};
    ///
    /// let pipeline = history.pipeline().clone();
    /// let entry = pipeline.run(&Info::new(EntryId(777))).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// Returns a client for another account or user of the same CRM, over the same connections.
    ///
    /// It has no [zone](Self::with_zone), because another account may have another zone, and another user another clock
    /// shift.
    ///
    /// ```no_run
    /// # fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// use crm_history::ApiKey;
    ///
    /// let seller = history.with_credentials(ApiKey::new("key", "seller@example.ru"))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A credential is empty or cannot be sent.
    pub fn with_credentials(&self, credentials: ApiKey) -> Result<Self, Error> {
        Ok(Self { pipeline: self.pipeline.with_credentials(credentials.into())?, zone: None })
    }

    /// Returns a client for another user of the same account.
    pub(crate) fn with_login(&self, login: &str) -> Result<Self, Error> {
        let credentials = self.pipeline.credentials().clone();
        let mut credentials = credentials.header(HeaderName::from_static("login"), "user", login.into());
        if let Some(fault) = sql_safety::fault(login) {
            credentials = credentials.with_fault("user", fault);
        }
        Ok(Self { pipeline: self.pipeline.with_credentials(credentials)?, zone: self.zone.clone() })
    }
}

impl Client for HistoryClient {
    type Credentials = ApiKey;

    fn over(pipeline: Pipeline) -> Self {
        Self { pipeline, zone: None }
    }
}

/// The number of activities on a page (documented).
pub(crate) const PAGE: usize = 200;
