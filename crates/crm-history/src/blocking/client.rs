//! The client.

use std::collections::BTreeMap;

use bytes::Bytes;
use crm_model::Page;
use crm_model::history::{ActivityType, AddOutcome, Entry, EntryId, NewEntry};
use crm_transport::blocking::{Export, ExportBuilder, Records, Runtime};
use crm_transport::{Client, ClientBuilder, Error, Operation, Pipeline, Stats};
use http::Request;

use super::Import;
use crate::{ApiKey, Entries, EntryQuery, EntrySelection};

/// The history of a SalesMan CRM, without async: [`crm_history::HistoryClient`](crate::HistoryClient), waited for. Cheap
/// to clone; clones share the connections, and may be used by many threads at once.
///
/// # Errors
/// Every method has those of the async one. Inside async code each call is an error, and nothing is sent; see
/// [`crm_transport::blocking`].
#[derive(Clone, Debug)]
pub struct HistoryClient {
    client: crate::HistoryClient,
    runtime: Runtime,
}

/// Every activity of a query; started with [`HistoryClient::export`].
pub type EntryExport = Export<Entries>;

impl HistoryClient {
    /// Begins a client for the CRM at this address; see [`HistoryClient::builder`](crate::HistoryClient::builder).
    pub fn builder(address: impl Into<String>) -> ClientBuilder<Self> {
        ClientBuilder::new(address)
    }

    /// `fields`: [`HistoryClient::fields`](crate::HistoryClient::fields).
    ///
    /// # Errors
    /// See [`Error`].
    pub fn fields(&self) -> Result<BTreeMap<String, String>, Error> {
        self.runtime.wait(self.client.fields())?
    }

    /// `tips`: [`HistoryClient::activity_types`](crate::HistoryClient::activity_types).
    ///
    /// # Errors
    /// See [`Error`].
    #[doc(alias = "tips")]
    pub fn activity_types(&self) -> Result<Vec<ActivityType>, Error> {
        self.runtime.wait(self.client.activity_types())?
    }

    /// `info`: [`HistoryClient::entry`](crate::HistoryClient::entry).
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) where there is none; else see [`Error`].
    #[doc(alias = "info")]
    pub fn entry(&self, id: EntryId) -> Result<Entry, Error> {
        self.runtime.wait(self.client.entry(id))?
    }

    /// `list`: [`HistoryClient::list`](crate::HistoryClient::list).
    ///
    /// # Errors
    /// See [`Error`]. A record that cannot be read is no error; it stands in [`Page::unreadable`].
    pub fn list(&self, query: &EntryQuery) -> Result<Page<Entry>, Error> {
        self.runtime.wait(self.client.list(query))?
    }

    /// Every activity of a query: [`HistoryClient::entries`](crate::HistoryClient::entries) as an iterator.
    ///
    /// ```no_run
    /// # fn run(history: crm_history::blocking::HistoryClient) -> Result<(), crm_history::Error> {
    /// use crm_history::blocking::EntryQuery;
    ///
    /// for entry in history.entries(EntryQuery::new()) {
    ///     println!("{}", entry?.id);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// An error of a call ends it. A record that cannot be read is an error too, and the next one follows.
    pub fn entries(&self, query: EntryQuery) -> Records<Entry> {
        Records::new(self.client.entries(query), &self.runtime)
    }

    /// Every activity of a query, in constant memory, with a verdict:
    /// [`HistoryClient::export`](crate::HistoryClient::export) as an iterator.
    ///
    /// ```no_run
    /// # fn run(history: crm_history::blocking::HistoryClient) -> Result<(), crm_history::Error> {
    /// use crm_history::blocking::EntryQuery;
    ///
    /// let mut export = history.export(EntryQuery::new()).checkpoint("entries.checkpoint").start()?;
    /// for entry in &mut export {
    ///     println!("{}", entry?.id);
    /// }
    /// assert!(export.finish().is_complete());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// They come in place of a record: see [`Export`]. A query with a page or another order is refused.
    pub fn export(&self, selection: impl Into<EntrySelection>) -> ExportBuilder<Entries> {
        ExportBuilder::new(self.client.export(selection), &self.runtime)
    }

    /// `add`: [`HistoryClient::add`](crate::HistoryClient::add).
    ///
    /// # Errors
    /// Look at [`Error::delivery`] before you send it again: `Unknown` may have been stored.
    pub fn add(&self, entry: &NewEntry) -> Result<EntryId, Error> {
        self.runtime.wait(self.client.add(entry))?
    }

    /// `add.list`: [`HistoryClient::add_list`](crate::HistoryClient::add_list).
    ///
    /// # Errors
    /// The call failed as a whole. Look at [`Error::delivery`] before you send it again: with `Unknown` any number
    /// of them may have been stored.
    #[doc(alias = "add.list")]
    pub fn add_list(&self, entries: &[NewEntry]) -> Result<Vec<AddOutcome>, Error> {
        self.runtime.wait(self.client.add_list(entries))?
    }

    /// Logs any number of activities, each of them once: [`HistoryClient::import`](crate::HistoryClient::import). The
    /// activities are taken from the iterator on the thread that asks for the outcomes; it may call a blocking client
    /// itself, and so copy from one to another.
    pub fn import<I>(&self, entries: I) -> Import
    where
        I: IntoIterator<Item = NewEntry>,
        I::IntoIter: Send + 'static,
    {
        Import::new(self.client.import(entries), &self.runtime)
    }

    /// `delete`: [`HistoryClient::delete`](crate::HistoryClient::delete).
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) where there is none, or it belongs to somebody else; else see [`Error`].
    pub fn delete(&self, id: EntryId) -> Result<(), Error> {
        self.runtime.wait(self.client.delete(id))?
    }

    /// Makes any call: [`HistoryClient::run`](crate::HistoryClient::run).
    ///
    /// # Errors
    /// See [`Error`].
    pub fn run<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        self.runtime.wait(self.client.run(operation))?
    }

    /// The request of a call as it would be sent. Nothing is sent, so it can be asked for inside async code too.
    ///
    /// # Errors
    /// The input is refused.
    pub fn prepare<O: Operation>(&self, operation: &O) -> Result<Request<Bytes>, Error> {
        self.client.prepare(operation)
    }

    /// What this client and its clones have done so far: calls, attempts, repeats, waits.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.client.stats()
    }

    /// The way that every call of this client goes, which is async: [`HistoryClient::pipeline`](crate::HistoryClient::pipeline).
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        self.client.pipeline()
    }

    /// The same CRM for another account or user, over the same connections and the same thread.
    ///
    /// # Errors
    /// A credential is empty or cannot be sent.
    pub fn with_credentials(&self, credentials: ApiKey) -> Result<Self, Error> {
        Ok(Self { client: self.client.with_credentials(credentials)?, runtime: self.runtime.clone() })
    }
}

impl Client for HistoryClient {
    type Credentials = ApiKey;

    fn over(pipeline: Pipeline) -> Self {
        Self { client: crate::HistoryClient::over(pipeline), runtime: Runtime::new() }
    }
}
