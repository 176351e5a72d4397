//! Reading and writing many activities: methods that make as many calls as it takes.

use std::task::Poll;

use crm_model::history::{Entry, NewEntry};
use crm_transport::{ExportBuilder, Operation, Position, Records, records};
use futures_core::Stream;

use super::{HistoryClient, PAGE};
use crate::operations::{EntryQuery, List};
use crate::{Entries, EntrySelection, Import};

impl HistoryClient {
    /// Returns every activity of a query, page after page, from the query's page on.
    ///
    /// They are sorted by ID, oldest first, unless the query sets an order. Any other order may miss activities while
    /// others are added.
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
    /// An error of a call ends the stream. A record that cannot be decoded is an error, too, and the next record follows.
    pub fn entries(&self, query: EntryQuery) -> Records<Entry> {
        let client = self.clone();
        let query = query.in_stable_order();
        let first = query.first_page();
        let fetch = move |position: Position| {
            let (client, query) = (client.clone(), query.clone().page(first.saturating_add(position.pages)));
            async move { client.list(&query).await }
        };
        records(<List as Operation>::INFO, PAGE, |entry| entry.id.0, fetch)
    }

    /// Exports every activity of a query by ID, oldest first, in constant memory, with a completeness verdict.
    ///
    /// If activities are deleted meanwhile, [`entries`](Self::entries) may miss some; an export does not.
    ///
    /// Without dates it covers every day, past and future, and the activities with the zero date `0000-00-00`. A query
    /// with a first day excludes these (observed). [`EntryQuery::zero_dated`] requests only them.
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

    /// Logs any number of activities, each once.
    ///
    /// It sends chunks with [`add_list`](Self::add_list). If a connection breaks, it looks for the activities of the chunk
    /// before it sends anything again.
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

    /// Logs the activities of a stream, such as a message queue; see [`import`](Self::import).
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
}
