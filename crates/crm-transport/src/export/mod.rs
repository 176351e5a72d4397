//! Every record of a list, in constant memory, and a verdict on whether that is all there is.
//!
//! # How a list is read
//!
//! A server gives a list page by page, and the list changes meanwhile. All that is known of it: it can be sorted by
//! id, and ids only grow. So what is added comes at the end and moves nothing; what is deleted moves all later
//! records down, to lower positions, never up.
//!
//! **Pages are read downwards.** A record can then not slip past: while it waits on a page below, it can only move
//! further down, towards the pages still to be read. (Read upwards, the first record of the next page moves onto the
//! page that was just read, and is missed.) Reading downwards meets a record twice at worst; it is dropped by its id.
//!
//! **Many stretches are read downwards at once.** A stretch begins with some page; the greatest id on it is the
//! stretch's bound. It is read down until it meets an id that is not greater than the bound of the stretch below.
//! Then it has every record between the two bounds, for none of those can have slipped past it, and it does not
//! matter when the stretch below was read. The ids are what is shared out; pages are only the way to them. In the
//! calm case the page at which two stretches meet is read twice, one in fourteen. After a deletion that same page
//! shows what has moved, so there is nothing to repair.
//!
//! **The end** is the last page before an empty one, and the highest stretch begins there, read after the empty page
//! was seen; so nothing is above it. A short page alone is not taken for the last: a server may give fewer than it
//! was asked for. A page that comes again in place of one further on is taken for empty; where it is a full one, the
//! server may be ignoring the offset, and the verdict says so. The end is found by halving.
//!
//! **Memory.** At most one stretch more than there are calls in flight is being read, 13 pages each, while another one
//! is being given; the next begins when the lowest is given. Where the end is known and calls have nothing to do, the longest stretch is cut in two.
//!
//! **Going on later** needs two numbers: the greatest id given, and the page it stood on. They are the bound of the
//! stretches already given.
//!
//! What this cannot see: a record that is moved *up* past the reader because another one came in *below* it (restored,
//! or edited so that it fits the query now). Where two stretches meet that shows, unless as many were deleted; then
//! the verdict is [`Verdict::Shifted`].

mod checkpoint;
mod given;
mod plan;
mod stretch;
mod verdict;

use std::fmt;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crm_model::Page;
use futures_core::Stream;
use tokio::task::JoinSet;

use crate::json::JsonError;
use crate::{Error, OperationInfo};
use checkpoint::{Checkpoint, Saved};
use given::Records;
use plan::{Given, Plan, Ticket};

pub use verdict::{ExportFigures, ExportProgress, Verdict};

/// A list that can be exported: how its pages are fetched.
///
/// The clients' exports are made of it; yours can be, for a list that this project does not cover.
pub trait ExportSource: Send + Sync + 'static {
    /// A record.
    type Record: Send + 'static;

    /// The operation that fetches a page.
    const OPERATION: OperationInfo;

    /// The name of the export in errors, such as `history.export`.
    const NAME: &'static str;

    /// Names the query, the account and the server, so that a checkpoint of another one is refused. Only a hash of it
    /// is kept.
    ///
    /// # Errors
    /// The query cannot be exported.
    fn identity(&self) -> Result<String, Error>;

    /// The id of a record; greater than 0.
    fn id(record: &Self::Record) -> u64;

    /// The records of a full page.
    fn page_size(&self) -> usize;

    /// Whether pages begin at a number of records rather than at a number of pages, so that it has to be learned
    /// first how many the server gives.
    const COUNTS_RECORDS: bool;

    /// Fetches a page of the list, sorted by id, the smallest first.
    fn page(&self, at: ExportPage) -> impl Future<Output = Result<Page<Self::Record>, Error>> + Send;

    /// Whether a record fits the query, where the server gives others as well.
    fn fits(&self, record: &Self::Record) -> bool {
        let _ = record;
        true
    }

    /// Whether more has to be fetched for a record: [`hydrate`](Self::hydrate) is called for it.
    fn wants(&self, record: &Self::Record) -> bool {
        let _ = record;
        false
    }

    /// Fetches what the list lacks; gives the record as it was, and `false`, where that is gone.
    fn hydrate(
        &self,
        record: Self::Record,
    ) -> impl Future<Output = Result<(Self::Record, bool), Error>> + Send {
        std::future::ready(Ok((record, true)))
    }
}

/// A list whose records can be fetched with more than the list tells.
pub trait HydratedSource: ExportSource {
    /// What is to be fetched.
    type Hydrate;

    /// Says what.
    fn set_hydrate(&mut self, how: Self::Hydrate);
}

/// A page that is to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportPage {
    /// Which page, from 0.
    pub number: u64,
    /// The records of a page, where they were [counted](ExportSource::COUNTS_RECORDS).
    pub size: Option<u64>,
}

impl ExportPage {
    /// How many records come before it, where pages have this size unless the server was found to give another.
    #[must_use]
    pub fn offset(&self, size: u64) -> u64 {
        self.number.saturating_mul(self.size.unwrap_or(size))
    }
}

/// Every record of a list, the smallest id first, each once: a [`Stream`], and a method [`next`](Self::next) for
/// whoever has no use for one. After the last one [`verdict`](Self::verdict) tells whether that was all.
///
/// A record that cannot be read is an error, and the next one follows. Any other error ends the export, and the
/// verdict is [`Verdict::Truncated`]. Nothing is fetched before it is asked for; dropping it ends the calls. The
/// calls run as tasks of tokio, so that a slow consumer does not let them run out of time.
#[must_use = "nothing is exported before the records are asked for"]
pub struct Export<S: ExportSource> {
    source: Arc<S>,
    lanes: usize,
    checkpoint: Option<PathBuf>,
    before_checkpoint: Option<BeforeCheckpoint>,
    on_progress: Option<OnProgress>,
    run: Option<Box<Run<S>>>,
    figures: ExportFigures,
    verdict: Option<Verdict>,
}

type BeforeCheckpoint = Box<dyn FnMut(&ExportFigures) -> io::Result<u64> + Send>;
type OnProgress = Box<dyn FnMut(&ExportProgress) + Send>;

impl<S: ExportSource> Export<S> {
    /// An export of this list.
    pub fn new(source: S) -> Self {
        Self {
            source: Arc::new(source),
            lanes: 2,
            checkpoint: None,
            before_checkpoint: None,
            on_progress: None,
            run: None,
            figures: ExportFigures::default(),
            verdict: None,
        }
    }

    /// How many calls may be in flight at once; 2 by default, for a server with two cores gained nothing from more
    /// (observed). The client's [`Pace`](crate::Pace), also 2 by default, is the ceiling for all its calls: for more,
    /// raise both. For each of them 13 pages are held in memory, and 26 more.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.lanes = calls.max(1);
        self
    }

    /// Saves in this file how far it is, after each stretch of pages, and goes on from there if the file exists. The
    /// file names the query by a hash, is refused with another query, and holds no secret and no content. It is
    /// replaced as a whole, and removed once the list was read to its end.
    ///
    /// A stretch is saved when the record after its last one is asked for: so what came before was handled. What is
    /// still in a buffer then is to be written out in [`before_checkpoint`](Self::before_checkpoint). Two exports must
    /// not use one file at the same time.
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoint = Some(path.into());
        self
    }

    /// Is called before a checkpoint is saved, to bring what was given to the disk. What it returns, such as the
    /// length of the output, is saved along: [`mark`](Self::mark) gives it back to the next run. An error ends the
    /// export.
    pub fn before_checkpoint(
        mut self,
        flush: impl FnMut(&ExportFigures) -> io::Result<u64> + Send + 'static,
    ) -> Self {
        self.before_checkpoint = Some(Box::new(flush));
        self
    }

    /// Is called after each page. Some far pages are fetched as well then, to tell how long the list is: one at a
    /// time, about twenty in all for a million records.
    pub fn on_progress(mut self, tell: impl FnMut(&ExportProgress) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(tell));
        self
    }

    /// What [`before_checkpoint`](Self::before_checkpoint) returned when the checkpoint was saved from which this
    /// export goes on; `None` where it begins anew. Cut the output back to it, before the first record is asked for:
    /// what was written after the checkpoint comes again.
    ///
    /// # Errors
    /// The query cannot be exported; the checkpoint cannot be read, or belongs to another query.
    pub fn mark(&mut self) -> Result<Option<u64>, Error> {
        Ok(self.run()?.mark)
    }

    /// The next record; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<S::Record, Error>> {
        std::future::poll_fn(|cx| self.poll_record(cx)).await
    }

    /// Whether what was given is all there is. `None` before the end.
    #[must_use]
    pub fn verdict(&self) -> Option<&Verdict> {
        self.verdict.as_ref()
    }

    /// What was done so far.
    #[must_use]
    pub fn figures(&self) -> &ExportFigures {
        &self.figures
    }

    fn run(&mut self) -> Result<&mut Run<S>, Error> {
        if self.run.is_none() {
            let (run, figures) =
                Run::begin(&self.source, self.checkpoint.clone(), self.lanes, self.on_progress.is_some())?;
            self.figures = figures;
            self.run = Some(Box::new(run));
        }
        // There is one now.
        self.run.as_deref_mut().ok_or_else(|| Error::invalid_request(S::NAME, "export", "has ended"))
    }

    fn poll_record(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<S::Record, Error>>> {
        if self.verdict.is_some() {
            return Poll::Ready(None);
        }
        if let Err(error) = self.run() {
            return self.end_with(error);
        }
        let Some(mut run) = self.run.take() else { return Poll::Ready(None) };
        let step = self.step(&mut run, cx);
        if self.verdict.is_none() {
            self.run = Some(run);
        }
        step
    }

    fn step(&mut self, run: &mut Run<S>, cx: &mut Context<'_>) -> Poll<Option<Result<S::Record, Error>>> {
        self.work(run, cx);
        loop {
            if let Some(record) = run.given.pop() {
                match &record {
                    Ok(_) => self.figures.records += 1,
                    Err(_) => self.figures.unreadable += 1,
                }
                return Poll::Ready(Some(record));
            }
            if run.given.is_empty() {
                if let Err(error) = self.save(run) {
                    return self.end_with(error);
                }
                if let Some(taken) = run.plan.take() {
                    let fits = |record: &S::Record| self.source.fits(record);
                    let before = taken.records.len();
                    let records: Vec<S::Record> = taken.records.into_iter().filter(fits).collect();
                    self.figures.left_out += (before - records.len()) as u64;
                    let unreadable = taken
                        .unreadable
                        .into_iter()
                        .map(|bad| Error::undecodable(&S::OPERATION, JsonError::new(bad.path, bad.reason)));
                    run.given.fill(records, |record| self.source.wants(record), unreadable);
                    run.to_save = true;
                    run.is_idle = false;
                    self.work(run, cx);
                    continue;
                }
            }
            if let Some(error) = run.failed.take() {
                return self.end_with(error);
            }
            if run.given.is_empty() && run.plan.is_over() {
                return self.end(run);
            }
            return Poll::Pending;
        }
    }

    /// Makes the calls that can be made, and takes in what has come.
    fn work(&mut self, run: &mut Run<S>, cx: &mut Context<'_>) {
        loop {
            while run.failed.is_none() && !run.is_idle && run.calls.len() < self.lanes {
                run.is_idle = !self.call(run);
            }
            let Poll::Ready(Some(answer)) = run.calls.poll_join_next(cx) else { return };
            run.is_idle = false;
            match answer {
                Ok(Answer::Page(ticket, Ok(page))) => {
                    if S::COUNTS_RECORDS && run.size.is_none() {
                        run.size = Some(page.len().max(1) as u64);
                    }
                    if run.plan.answer(ticket, page).is_err() {
                        run.fail(unsorted::<S>());
                    }
                    self.figures.repaired += std::mem::take(&mut run.plan.repaired);
                    self.figures.moved_up += std::mem::take(&mut run.plan.moved_up);
                    self.tell(run);
                }
                Ok(Answer::Record(place, Ok((record, whole)))) => {
                    self.figures.as_listed += u64::from(!whole);
                    run.given.hydrated(place, record);
                }
                Ok(Answer::Page(_, Err(error)) | Answer::Record(_, Err(error))) => run.fail(error),
                Err(broken) if broken.is_panic() => std::panic::resume_unwind(broken.into_panic()),
                Err(_) => run.fail(Error::invalid_request(S::NAME, "runtime", "is shutting down")),
            }
        }
    }

    /// Makes one call, if there is one to make.
    fn call(&mut self, run: &mut Run<S>) -> bool {
        let source = Arc::clone(&self.source);
        if let Some((place, record)) = run.given.next_to_hydrate() {
            run.calls.spawn(async move { Answer::Record(place, source.hydrate(record).await) });
        } else if let Some(ticket) = run.plan.next() {
            self.figures.pages += 1;
            let page = ExportPage { number: ticket.page, size: run.size };
            run.calls.spawn(async move { Answer::Page(ticket, source.page(page).await) });
        } else {
            return false;
        }
        true
    }

    fn tell(&mut self, run: &Run<S>) {
        let Some(tell) = &mut self.on_progress else { return };
        let pages = run.plan.pages();
        let (read, spent) = (run.plan.pages_read(), run.began.elapsed());
        let rest = pages.and_then(|pages| {
            let fresh = read.saturating_sub(run.pages_before).max(1);
            let ratio = pages.saturating_sub(read) as f64 / fresh as f64;
            Duration::try_from_secs_f64((spent.as_secs_f64() * ratio).round()).ok()
        });
        let records_in_all = pages.map(|pages| pages.saturating_mul(run.plan.longest() as u64));
        tell(&ExportProgress { figures: self.figures, records_in_all, rest });
    }

    /// Saves what the consumer is done with.
    fn save(&mut self, run: &mut Run<S>) -> Result<(), Error> {
        let Some(checkpoint) = run.checkpoint.as_ref().filter(|_| run.to_save) else { return Ok(()) };
        run.to_save = false;
        let mark = match &mut self.before_checkpoint {
            Some(flush) => Some(flush(&self.figures).map_err(|e| {
                Error::invalid_request(
                    S::NAME,
                    "before_checkpoint",
                    format!("could not write the records out: {e}"),
                )
            })?),
            None => None,
        };
        checkpoint.save(run.plan.given(), run.size, mark, self.figures)
    }

    fn end(&mut self, run: &mut Run<S>) -> Poll<Option<Result<S::Record, Error>>> {
        let removed = run.checkpoint.as_ref().map_or(Ok(()), Checkpoint::remove);
        if run.plan.is_stuck() {
            return self.end_with(stuck::<S>());
        }
        let figures = self.figures;
        self.verdict = Some(match figures.moved_up {
            0 => Verdict::Complete { figures },
            _ => Verdict::Shifted { figures },
        });
        Poll::Ready(removed.err().map(Err))
    }

    fn end_with(&mut self, error: Error) -> Poll<Option<Result<S::Record, Error>>> {
        self.verdict = Some(Verdict::Truncated { figures: self.figures, why: error.to_string() });
        self.run = None;
        Poll::Ready(Some(Err(error)))
    }
}

impl<S: HydratedSource> Export<S> {
    /// What is fetched beyond the list, record by record. Say it before the first record is asked for.
    pub fn hydrate(mut self, how: S::Hydrate) -> Self {
        if let Some(source) = Arc::get_mut(&mut self.source) {
            source.set_hydrate(how);
        }
        self
    }
}

impl<S: ExportSource> Stream for Export<S> {
    type Item = Result<S::Record, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_record(cx)
    }
}

impl<S: ExportSource> fmt::Debug for Export<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export")
            .field("concurrency", &self.lanes)
            .field("checkpoint", &self.checkpoint)
            .field("figures", &self.figures)
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}

/// An export that has begun.
struct Run<S: ExportSource> {
    plan: Plan<S::Record>,
    /// Records of a page, where they are counted.
    size: Option<u64>,
    calls: JoinSet<Answer<S::Record>>,
    given: Records<S::Record>,
    checkpoint: Option<Checkpoint>,
    mark: Option<u64>,
    to_save: bool,
    /// There was no call to make, and nothing has come or been taken since: who asks for a record need not look again.
    is_idle: bool,
    failed: Option<Error>,
    began: Instant,
    pages_before: u64,
}

enum Answer<T> {
    Page(Ticket, Result<Page<T>, Error>),
    Record(u64, Result<(T, bool), Error>),
}

impl<S: ExportSource> Run<S> {
    fn begin(
        source: &Arc<S>,
        path: Option<PathBuf>,
        lanes: usize,
        scouting: bool,
    ) -> Result<(Self, ExportFigures), Error> {
        let identity = source.identity()?;
        let opened = path.map(|path| Checkpoint::open(path, &identity, S::NAME)).transpose()?;
        let (checkpoint, saved) =
            opened.map_or((None, None), |(checkpoint, saved)| (Some(checkpoint), saved));
        let given = saved.as_ref().map_or_else(Given::default, Saved::given);
        let mut plan = Plan::new(S::id, lanes, source.page_size(), given);
        let size = saved.as_ref().and_then(Saved::size);
        if S::COUNTS_RECORDS && size.is_none() {
            plan = plan.learning_the_size();
        }
        if scouting {
            plan = plan.scouting();
        }
        let run = Self {
            pages_before: plan.pages_read(),
            plan,
            size,
            calls: JoinSet::new(),
            given: Records::default(),
            checkpoint,
            mark: saved.as_ref().and_then(|saved| saved.mark),
            to_save: false,
            is_idle: false,
            failed: None,
            began: Instant::now(),
        };
        Ok((run, saved.map_or_else(ExportFigures::default, |saved| saved.figures)))
    }

    /// Ends the calls; what was read before is still given.
    fn fail(&mut self, error: Error) {
        self.calls.abort_all();
        self.failed.get_or_insert(error);
    }
}

fn unsorted<S: ExportSource>() -> Error {
    let fault = "the server does not sort by id as it was asked to, so records may be missed";
    Error::undecodable(&S::OPERATION, JsonError::new("$", fault))
}

fn stuck<S: ExportSource>() -> Error {
    let fault = "the server gives a full page again instead of the next one: it ignores the offset, and the rest is out \
                 of reach";
    Error::undecodable(&S::OPERATION, JsonError::new("$", fault))
}
