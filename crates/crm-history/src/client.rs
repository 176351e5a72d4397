//! The client.

use std::collections::BTreeMap;
use std::task::Poll;

use bytes::Bytes;
use crm_model::Page;
use crm_model::history::{ActivityType, AddOutcome, Entry, EntryId, NewEntry};
use crm_transport::json::JsonError;
use crm_transport::{
    Client, ClientBuilder, Error, ExportBuilder, Operation, Pipeline, Records, Stats, records,
};
use futures_core::Stream;
use http::{HeaderName, Request};

use crate::operations::{Add, AddList, Delete, EntryQuery, Fields, Info, List, Tips};
use crate::{ApiKey, Entries, EntrySelection, Import};

/// The history of a SalesMan CRM. Cheap to clone; clones share the connections.
///
/// Every method makes one call, but for [`entries`](Self::entries), which makes one for each page.
#[derive(Clone, Debug)]
pub struct HistoryClient {
    pipeline: Pipeline,
}

impl HistoryClient {
    /// Begins a client for the CRM at this address, such as `https://crm.example.ru` or `https://host/crm`.
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

    /// `fields`: the wire names of an activity's columns, and what this account calls them.
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

    /// `tips`: the types of activities of this account.
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
        self.run(&Tips).await
    }

    /// `info`: one activity, its content as stored. Of its contacts the server tells only the first (observed);
    /// [`list`](Self::list) tells all.
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
    /// [`is_not_found`](Error::is_not_found) where there is none; else see [`Error`].
    #[doc(alias = "info")]
    pub async fn entry(&self, id: EntryId) -> Result<Entry, Error> {
        self.run(&Info::new(id)).await
    }

    /// `list`: one page of 200 activities, their contents rewritten for display (observed, see
    /// [`Entry::content`]). A page past the end is empty.
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
    /// See [`Error`]. A record that cannot be read is no error; it stands in [`Page::unreadable`].
    pub async fn list(&self, query: &EntryQuery) -> Result<Page<Entry>, Error> {
        self.run(&List::new(query.clone())).await
    }

    /// Every activity of a query, page after page, from the query's page on. Unless the query says otherwise they
    /// come by id, oldest first: the only order in which none is missed while activities are added.
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// # let (from, to) = (chrono::NaiveDate::MIN, chrono::NaiveDate::MAX);
    /// use crm_history::EntryQuery;
    ///
    /// let mut all = history.entries(EntryQuery::new().between(from, to));
    /// while let Some(entry) = all.next().await {
    ///     println!("{}", entry?.id);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// An error of a call ends the stream. A record that cannot be read is an error too, and the next one follows.
    pub fn entries(&self, query: EntryQuery) -> Records<Entry> {
        let client = self.clone();
        let query = query.in_stable_order();
        let first = query.first_page();
        let fetch = move |position: crm_transport::Position| {
            let (client, query) = (client.clone(), query.clone().page(first + position.pages));
            async move { client.list(&query).await }
        };
        let unreadable = |bad: crm_model::Unreadable| {
            Error::undecodable(&<List as Operation>::INFO, JsonError::new(bad.path, bad.reason))
        };
        let stuck = || {
            let fault =
                "the server gives the same page again: it ignores the offset, and the rest is out of reach";
            Error::undecodable(&<List as Operation>::INFO, JsonError::new("$.data", fault))
        };
        records(fetch, PAGE, |entry: &Entry| entry.id.0, unreadable, stuck)
    }

    /// Exports every activity of a query, in constant memory, with a verdict on whether that is all: by id, oldest first.
    ///
    /// If activities are deleted meanwhile, [`entries`](Self::entries) may miss some; an export does not. Without dates
    /// it covers everything, future days included, except activities with the date `0000-00-00`: those are in no range of
    /// dates (observed).
    ///
    /// The options are methods of the [`ExportBuilder`]: concurrency, a checkpoint to resume from, a progress callback.
    /// [`EntryQuery::with_texts`] also fetches texts as they are stored.
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// use crm_history::{EntryQuery, Texts};
    ///
    /// let mut export = history.export(EntryQuery::new().with_texts(Texts::Changed)).start().await?;
    /// while let Some(entry) = export.next().await {
    ///     println!("{}", entry?.id);
    /// }
    /// println!("{}", export.finish().await);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`start`](ExportBuilder::start) refuses a query with a page or another order. Errors of calls come in place of
    /// a record: see [`Export`](crm_transport::Export).
    pub fn export(&self, selection: impl Into<EntrySelection>) -> ExportBuilder<Entries> {
        ExportBuilder::new(Entries::new(self.clone(), selection.into()))
    }

    /// `add`: logs an activity and tells its id.
    ///
    /// Not every text is stored as it is sent: quotes, tags and emoji are changed (observed).
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// # let when = chrono::NaiveDateTime::default();
    /// use crm_history::{ClientId, ContactId, DealId, NewEntry};
    ///
    /// let id = history.add(&NewEntry::new("Отправлено КП").at(when).activity("Предложение")
    ///     .user("login@example.ru").client(ClientId(1781)).contacts([ContactId(2475), ContactId(2723)])
    ///     .deal(DealId(784))).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Look at [`Error::delivery`] before you send it again: `Unknown` may have been stored.
    pub async fn add(&self, entry: &NewEntry) -> Result<EntryId, Error> {
        self.run(&Add::new(entry.clone())).await
    }

    /// `add.list`: logs many activities in one call and tells what became of each, in their order.
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
    /// The call failed as a whole. Look at [`Error::delivery`] before you send it again: with `Unknown` any number
    /// of them may have been stored.
    #[doc(alias = "add.list")]
    pub async fn add_list(&self, entries: &[NewEntry]) -> Result<Vec<AddOutcome>, Error> {
        self.run(&AddList::new(entries.to_vec())).await
    }

    /// Logs any number of activities, each of them once: in chunks by [`add_list`](Self::add_list), looking for what
    /// a broken connection leaves unknown before anything is sent again.
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// use crm_history::{ClientId, NewEntry};
    ///
    /// let calls = (1..=10_000).map(|i| NewEntry::new(format!("Звонок {i}")).client(ClientId(1)));
    /// let mut outcomes = history.import(calls).journal("calls.journal").outcomes();
    /// while let Some(imported) = outcomes.next().await {
    ///     let imported = imported?;
    ///     println!("{}: {}", imported.index, imported.outcome);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn import<I>(&self, entries: I) -> Import
    where
        I: IntoIterator<Item = NewEntry>,
        I::IntoIter: Send + 'static,
    {
        let mut entries = entries.into_iter();
        Import::new(self.clone(), move |_| Poll::Ready(entries.next()))
    }

    /// [`import`](Self::import) of a stream, such as what a message queue hands out.
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// # let calls = futures_util::stream::empty::<String>();
    /// use crm_history::NewEntry;
    /// use futures_util::StreamExt;
    ///
    /// let report = history.import_stream(calls.map(NewEntry::new)).run().await?;
    /// println!("{report}");
    /// # Ok(()) }
    /// ```
    pub fn import_stream(&self, entries: impl Stream<Item = NewEntry> + Send + 'static) -> Import {
        let mut entries = Box::pin(entries);
        Import::new(self.clone(), move |cx| entries.as_mut().poll_next(cx))
    }

    /// `delete`: removes an activity of the caller or of a subordinate.
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// # let id = crm_history::EntryId(25355);
    /// history.delete(id).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) where there is none, or it belongs to somebody else; else see [`Error`].
    pub async fn delete(&self, id: EntryId) -> Result<(), Error> {
        self.run(&Delete::new(id)).await
    }

    /// Makes any call, one of your own type too: a method of the CRM that this client does not cover.
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
    /// An operation of your own is a type that implements [`Operation`], which has an example.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn run<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        self.pipeline.run(operation).await
    }

    /// The request of a call as it would be sent. Nothing is sent.
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

    /// What this client and its clones have done so far: calls, attempts, repeats, waits.
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

    /// The way that every call of this client goes. By the feature `tower` it is a tower service of operations, so
    /// that layers can be put around calls.
    ///
    /// ```no_run
    /// # async fn run(history: crm_history::HistoryClient) -> Result<(), crm_history::Error> {
    /// use crm_history::{EntryId, operations::Info};
    ///
    /// let pipeline = history.pipeline().clone();
    /// let answer = pipeline.run(&Info::new(EntryId(777))).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// The same CRM for another account or user, over the same connections.
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
        Ok(Self { pipeline: self.pipeline.with_credentials(credentials.into())? })
    }

    /// The same account in the name of another user.
    pub(crate) fn with_login(&self, login: &str) -> Result<Self, Error> {
        let credentials = self.pipeline.credentials().clone();
        let credentials = credentials.header(HeaderName::from_static("login"), "user", login.into());
        Ok(Self { pipeline: self.pipeline.with_credentials(credentials)? })
    }
}

impl Client for HistoryClient {
    type Credentials = ApiKey;

    fn over(pipeline: Pipeline) -> Self {
        Self { pipeline }
    }
}

/// Activities of a page (documented).
const PAGE: usize = 200;
