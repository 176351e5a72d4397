//! The clients as a list that can be exported.
//!
//! The server lists clients in descending order only. A deleted client then moves the others to earlier pages, past a
//! reader. So no second page is read: the export asks for the newest clients up to a time, keeps those that are newer than
//! the oldest on the page, and asks again up to that time. What it keeps is whole, because all of it came in one response.
//!
//! The oldest clients of a page come again on the next one, which proves that the two fit together.
//!
//! Only clients of the same second can be too many for one page. Those are read page after page, twice, and both readings
//! have to agree.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use chrono::{NaiveDateTime, TimeDelta};
use crm_model::directory::{Client, ClientOrder};
use crm_model::{Page, Unreadable};
use crm_transport::json::JsonError;
use crm_transport::{Error, ExportFigures, Operation, Records, Verdict};
use futures_core::Stream;
use futures_util::stream;

use super::overlap::Overlap;
use crate::DirectoryClient;
use crate::operations::{ClientList, ClientQuery, CountClients, Range};

const NAME: &str = "directory.export_clients";

/// Every client of a query, each once, newest first. Created by
/// [`DirectoryClient::export_clients`] and [`DirectoryClient::changed`].
///
/// It is a `futures_core::Stream`, and has the method [`next`](Self::next). After the last client, [`finish`](Self::finish)
/// returns the [`Verdict`]. A record that cannot be decoded is an error, and the next record follows. Any other error ends
/// the export. If the export is not complete, whatever the reason, its last item is an error.
///
/// The verdict is about what the server lists: see [`ClientQuery`]. At the end the export counts the clients that were
/// created before its first call. [`Verdict::Contradicted`] means that fewer were listed, or that two pages in a row do
/// not fit together, because the clock of the user was changed between them. [`Verdict::Shifted`] means
/// that more than 200 clients have the same second of creation, and some of them were added or deleted while they were
/// read.
///
/// Nothing is fetched before it is requested.
#[must_use = "nothing is exported before the records are asked for"]
pub struct ClientExport {
    records: Records<Client>,
    outcome: Arc<Mutex<Outcome>>,
}

#[derive(Default)]
struct Outcome {
    figures: ExportFigures,
    contradiction: Option<Error>,
    verdict: Option<Verdict>,
}

impl ClientExport {
    pub(crate) fn all(directory: DirectoryClient, query: ClientQuery) -> Self {
        let refused = query.export_fault();
        let until = query.created().until;
        let sweep = Sweep::new(query, ClientOrder::Created, until);
        Self::new(Reader { counted: Some(sweep.query.clone()), ..Reader::new(directory, refused, [sweep]) })
    }

    pub(crate) fn changed(directory: DirectoryClient, since: NaiveDateTime, until: NaiveDateTime) -> Self {
        let created = ClientQuery::new().created_between(since, until);
        let changed = ClientQuery::new().changed_between(since, until);
        let refused = created.export_fault().or(changed.export_fault());
        let sweeps = [
            Sweep::new(created, ClientOrder::Created, Some(until)),
            Sweep::new(changed, ClientOrder::Changed, Some(until)),
        ];
        let already = Range { since: Some(since), until: Some(until) };
        Self::new(Reader { already: Some(already), ..Reader::new(directory, refused, sweeps) })
    }

    fn new(reader: Reader) -> Self {
        let outcome = Arc::clone(&reader.outcome);
        let records =
            stream::unfold(reader, |mut reader| async move { Some((reader.next().await?, reader)) });
        Self { records: Records::new(records), outcome }
    }

    /// Returns the next client; `None` after the last.
    ///
    /// Dropping the returned future loses no record.
    pub async fn next(&mut self) -> Option<Result<Client, Error>> {
        self.records.next().await
    }

    /// Returns what has been done so far.
    #[must_use]
    pub fn figures(&self) -> ExportFigures {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).figures
    }

    /// Returns whether the export is complete. Before the end it returns [`Verdict::Truncated`].
    pub fn finish(self) -> Verdict {
        let outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.verdict.clone().unwrap_or_else(|| {
            let cause = Error::incomplete(NAME, "finished before its last record was asked for");
            Verdict::new(outcome.figures, Some(cause))
        })
    }
}

impl Stream for ClientExport {
    type Item = Result<Client, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.records).poll_next(cx)
    }
}

impl fmt::Debug for ClientExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientExport").field("figures", &self.figures()).finish_non_exhaustive()
    }
}

/// A list that is read from the newest record to the oldest.
struct Sweep {
    query: ClientQuery,
    /// The time by which it is read.
    by: ClientOrder,
    /// Up to where it is still to be read; `None` at the beginning of a list without an end.
    until: Option<NaiveDateTime>,
    /// The clients that the next page shows again.
    overlap: Overlap,
}

impl Sweep {
    fn new(query: ClientQuery, by: ClientOrder, until: Option<NaiveDateTime>) -> Self {
        Self { query, by, until, overlap: Overlap::default() }
    }

    fn time(&self, client: &Client) -> Option<NaiveDateTime> {
        if self.by == ClientOrder::Changed { client.changed } else { client.created }
    }

    /// The query for the records up to a time, and from a time on if one is given.
    fn up_to(&self, since: Option<NaiveDateTime>, until: Option<NaiveDateTime>) -> ClientQuery {
        let query = self.query.clone();
        match (self.by, self.query.changed(), until) {
            (ClientOrder::Changed, Some(Range { since: Some(first), .. }), Some(until)) => {
                query.changed_between(since.unwrap_or(first), until)
            }
            _ => {
                let since = since.or(self.query.created().since);
                query.with_created(Range { since, until })
            }
        }
    }
}

/// Reads one list after the other.
struct Reader {
    directory: DirectoryClient,
    sweeps: VecDeque<Sweep>,
    /// Why nothing can be read: the field and what is wrong with it.
    refused: Option<(&'static str, &'static str)>,
    /// The query whose clients are counted at the end.
    counted: Option<ClientQuery>,
    /// The newest client on the first page, if there are more pages.
    newest: Option<NaiveDateTime>,
    /// Clients that were created in this time came in the first list.
    already: Option<Range>,
    ready: VecDeque<Result<Client, Error>>,
    /// The records that could not be decoded, and may be met again.
    unreadable: HashSet<String>,
    outcome: Arc<Mutex<Outcome>>,
}

impl Reader {
    fn new(
        directory: DirectoryClient,
        refused: Option<(&'static str, &'static str)>,
        sweeps: impl Into<VecDeque<Sweep>>,
    ) -> Self {
        Self {
            directory,
            sweeps: sweeps.into(),
            refused,
            counted: None,
            newest: None,
            already: None,
            ready: VecDeque::new(),
            unreadable: HashSet::new(),
            outcome: Arc::default(),
        }
    }

    async fn next(&mut self) -> Option<Result<Client, Error>> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                let is_record = record.is_ok();
                self.update(|outcome| match outcome.verdict {
                    None if is_record => outcome.figures.records += 1,
                    None => outcome.figures.unreadable += 1,
                    Some(_) => {}
                });
                return Some(record);
            }
            if self.update(|outcome| outcome.verdict.is_some()) {
                return None;
            }
            let ended = match self.refused {
                Some((field, fault)) => Some(Err(Error::invalid_request(NAME, field, fault))),
                None => match self.sweeps.pop_front() {
                    Some(sweep) => self.step(sweep).await.err().map(Err),
                    None => Some(self.count_again().await),
                },
            };
            if let Some(ended) = ended {
                self.end(ended.err());
            }
        }
    }

    /// Makes the calls for the next part of a list.
    async fn step(&mut self, mut sweep: Sweep) -> Result<(), Error> {
        let query = sweep.up_to(None, sweep.until).order_by(sweep.by);
        let page = self.page(&query).await?;
        if !page.items.is_sorted_by(|a, b| sweep.time(a) >= sweep.time(b)) {
            let fault = "the server does not sort by time as it was asked to, so records may be missed";
            return Err(Error::undecodable(&ClientList::INFO, JsonError::new("$.data", fault)));
        }
        if let Some(fault) = sweep.overlap.contradiction(&page, &self.directory).await? {
            self.contradict(fault);
        }
        if page.total.is_none() && self.newest.is_none() {
            self.newest = page.items.first().and_then(|client| sweep.time(client));
        }
        let oldest = page.items.last().map(|client| sweep.time(client));
        let is_last = page.is_empty() || page.total.is_some();
        let Some(oldest) = oldest.filter(|_| !is_last) else {
            if page.items.is_empty() && !is_last {
                let fault =
                    "a page holds only records that cannot be decoded, so the next ones cannot be asked for";
                return Err(Error::undecodable(&ClientList::INFO, JsonError::new("$.data", fault)));
            }
            self.add(&sweep, page);
            return Ok(());
        };
        let Some(oldest) = oldest else {
            let fault =
                "more than a page of clients has no time of creation, so the next ones cannot be asked for";
            return Err(Error::undecodable(&ClientList::INFO, JsonError::new("$.data", fault)));
        };
        let (newer, rest): (Vec<Client>, Vec<Client>) =
            page.items.into_iter().partition(|client| sweep.time(client) > Some(oldest));
        if newer.is_empty() {
            // A page of clients of the same second.
            debug_assert!(!rest.is_empty(), "the oldest is among them");
            self.add_second(&sweep, oldest).await?;
            sweep.overlap = Overlap::default();
            sweep.until = Some(oldest - TimeDelta::seconds(1));
        } else {
            let mut whole = Page::new(newer);
            whole.unreadable = page.unreadable;
            self.add(&sweep, whole);
            sweep.overlap = Overlap::new(&rest);
            sweep.until = Some(oldest);
        }
        let begin = if sweep.by == ClientOrder::Changed {
            sweep.query.changed().and_then(|range| range.since)
        } else {
            sweep.query.created().since
        };
        if begin.is_none_or(|begin| sweep.until.is_none_or(|until| begin <= until)) {
            self.sweeps.push_front(sweep);
        }
        Ok(())
    }

    /// Reads the clients of one second, which are too many for a page.
    async fn add_second(&mut self, sweep: &Sweep, second: NaiveDateTime) -> Result<(), Error> {
        let query = sweep.up_to(Some(second), Some(second));
        let first = self.pages(&query).await?;
        let again = self.pages(&query).await?;
        let ids = |pages: &Page<Client>| pages.items.iter().map(|client| client.id).collect::<BTreeSet<_>>();
        let known = ids(&first);
        if known != ids(&again) {
            self.update(|outcome| outcome.figures.moved_up += 1);
        }
        let mut all = first;
        all.items.extend(again.items.into_iter().filter(|client| !known.contains(&client.id)));
        all.unreadable.extend(again.unreadable);
        self.add(sweep, all);
        Ok(())
    }

    /// Reads every page of a query, each client once.
    async fn pages(&mut self, query: &ClientQuery) -> Result<Page<Client>, Error> {
        let mut all = Page::new(Vec::new());
        let mut known = BTreeSet::new();
        for number in 0.. {
            let page = self.page(&query.clone().page(number)).await?;
            let before = known.len();
            all.items.extend(page.items.into_iter().filter(|client| known.insert(client.id)));
            let is_last = known.len() == before && page.unreadable.is_empty();
            all.unreadable.extend(page.unreadable);
            if is_last || page.total.is_some() {
                break;
            }
        }
        Ok(all)
    }

    /// Reads a page. An empty one is believed when it is empty again.
    async fn page(&self, query: &ClientQuery) -> Result<Page<Client>, Error> {
        let mut page = self.page_once(query).await?;
        if page.is_empty() {
            page = self.page_once(query).await?;
        }
        let ids: BTreeSet<_> = page.items.iter().map(|client| client.id).collect();
        if ids.len() < page.items.len() {
            let fault = "a page holds a client twice, so others may be missing";
            return Err(Error::undecodable(&ClientList::INFO, JsonError::new("$.data", fault)));
        }
        Ok(page)
    }

    async fn page_once(&self, query: &ClientQuery) -> Result<Page<Client>, Error> {
        self.update(|outcome| outcome.figures.pages += 1);
        self.directory.clients(query).await
    }

    /// Counts the clients of a query: the pages before the last one, and the clients on it. `None` if the list changes too
    /// quickly, or the server does not count pages.
    async fn count(&self, query: ClientQuery) -> Result<Option<u64>, Error> {
        let (mut last, mut size) = (0, 0);
        for _ in 0..4 {
            self.update(|outcome| outcome.figures.pages += 1);
            let counted = self.directory.run(&CountClients::new(query.clone().page(last))).await?;
            let Some(pages) = counted.pages else { return Ok(None) };
            if pages == 0 {
                return Ok(Some(0));
            }
            if last == 0 {
                size = counted.records;
            }
            if pages - 1 == last {
                return Ok(Some(last * size + counted.records));
            }
            last = pages - 1;
        }
        Ok(None)
    }

    /// Compares what has come with what the server counts now, without the clients that were added meanwhile. Those that
    /// are still there were there all the time, so they must have come.
    async fn count_again(&self) -> Result<(), Error> {
        if let (Some(query), Some(newest)) = (self.counted.clone(), self.newest) {
            let created = Range { until: Some(newest), ..query.created() };
            if let Some(count) = self.count(query.with_created(created)).await? {
                let came = self.update(|outcome| outcome.figures.records + outcome.figures.unreadable);
                if came < count {
                    self.contradict(format!(
                        "{came} clients were listed, but the server counts {count} that existed the whole time: export them again"
                    ));
                }
            }
        }
        Ok(())
    }

    fn contradict(&self, fault: String) {
        self.update(|outcome| {
            outcome.contradiction.get_or_insert_with(|| Error::incomplete(NAME, fault));
        });
    }

    fn add(&mut self, sweep: &Sweep, page: Page<Client>) {
        let already = self.already.filter(|_| sweep.by == ClientOrder::Changed);
        let came = |client: &Client| {
            already.zip(client.created).is_some_and(|(already, created)| already.contains(created))
        };
        self.ready.extend(page.items.into_iter().filter(|client| !came(client)).map(Ok));
        for Unreadable { path, reason, raw, .. } in page.unreadable {
            if self.unreadable.insert(raw) {
                self.ready
                    .push_back(Err(Error::undecodable(&ClientList::INFO, JsonError::new(path, reason))));
            }
        }
    }

    fn end(&mut self, cause: Option<Error>) {
        let verdict = self.update(|outcome| {
            let reached = match (cause, outcome.contradiction.take()) {
                (None, Some(contradiction)) => Verdict::contradicted(outcome.figures, contradiction),
                (cause, _) => Verdict::new(outcome.figures, cause),
            };
            outcome.verdict.insert(reached).clone()
        });
        self.ready.extend(verdict.to_error(NAME).map(Err));
    }

    fn update<T>(&self, change: impl FnOnce(&mut Outcome) -> T) -> T {
        change(&mut self.outcome.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
