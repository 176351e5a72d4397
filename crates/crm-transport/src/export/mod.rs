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
//! **Windows.** Where a source has several, each is such a list, read to its end as above before the next one is begun;
//! while the last records of one are given, the next is being fetched. A record that an edit moves from a window that was
//! read to one that was not is met twice: so the ids of all that was given are kept, as ranges, in memory and in the
//! checkpoint, some bytes for each gap between them. A record that is moved the other way is met nowhere, and nothing
//! cheap would show it: how many records a window has changes with every deletion too. That is why nothing is cut into
//! windows unless it is asked for, and why they are read in order: an appointment is put off more often than it is
//! brought forward.
//!
//! What this cannot see: a record that is moved *up* past the reader because another one came in *below* it (restored,
//! or edited so that it fits the query now). Where two stretches meet that shows, unless as many were deleted; then
//! the verdict is [`Verdict::Shifted`].

mod checkpoint;
mod ids;
mod output;
mod plan;
mod records;
mod run;
mod source;
mod stretch;
mod verdict;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use crate::error::{Error, JsonError};
use checkpoint::Checkpoint;
use run::{Answer, Run};

pub use records::{Position, Records, records};
pub use source::{ExportPage, ExportSource, HydratedSource, MonthlySource};
pub use verdict::{ExportFigures, ExportProgress, Verdict};

/// Every record of a list, the smallest id first, each once: a [`Stream`], and a method [`next`](Self::next) for
/// whoever has no use for one. After the last one [`verdict`](Self::verdict) tells whether that was all.
///
/// A record that cannot be read is an error, and the next one follows. Any other error ends the export, and the
/// verdict is [`Verdict::Truncated`]. Nothing is fetched before it is asked for; dropping it ends the calls. The
/// calls run as tasks of tokio, so that a slow consumer does not let them run out of time.
///
/// ```
/// use crm_transport::{Error, Export, ExportSource, Verdict};
///
/// # async fn handle<T>(_: T) {}
/// /// Whether all of it was given.
/// async fn all<S: ExportSource>(list: S) -> Result<bool, Error> {
///     let mut export = Export::new(list).concurrency(4).checkpoint("night.checkpoint");
///     while let Some(record) = export.next().await {
///         handle(record?).await;
///     }
///     Ok(matches!(export.verdict(), Some(Verdict::Complete { .. })))
/// }
/// ```
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
    /// still in a buffer then is to be written out in [`before_checkpoint`](Self::before_checkpoint).
    ///
    /// An export [by windows](ExportSource::windows), such as months, saves the names of those that are finished, and
    /// within the one in progress each stretch as ever; it goes on with the first that is not finished, and the file is
    /// refused where the windows are others. The ids of what was given stand in it too, some bytes for each gap between
    /// them, so that no record is given again after an edit has moved it to a later window.
    ///
    /// While an export uses the file it holds a lock on one beside it, `.lock`; another one is refused meanwhile.
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
            let scouting = self.on_progress.is_some();
            let run = Run::begin(&self.source, self.checkpoint.clone(), self.lanes, scouting)?;
            self.figures = run.saved.figures;
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
                    let mut records = taken.records;
                    records.retain(|record| {
                        // What does not fit is not remembered: it may have been changed so that it fits when it is
                        // met again.
                        let fits = self.source.fits(record);
                        let is_new = fits && run.is_new(record);
                        self.figures.left_out += u64::from(!fits);
                        self.figures.met_again += u64::from(fits && !is_new);
                        is_new
                    });
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
            if run.given.is_empty() && run.is_over() {
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
                Ok(Answer::Page(asked, _)) if run.is_late(asked) => {}
                Ok(Answer::Page(asked, Ok(page))) => {
                    if run.answer(asked, page).is_err() {
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
        } else if let Some(asked) = run.ask() {
            self.figures.pages += 1;
            run.calls.spawn(async move { Answer::Page(asked, source.page(asked.page()).await) });
        } else {
            return false;
        }
        true
    }

    fn tell(&mut self, run: &Run<S>) {
        let Some(tell) = &mut self.on_progress else { return };
        // Where there are windows, nobody knows what the others hold.
        let pages = run.plan.pages().filter(|_| run.windows.is_empty());
        let (read, spent) = (run.plan.pages_read(), run.began.elapsed());
        let rest = pages.and_then(|pages| {
            let fresh = read.saturating_sub(run.pages_before).max(1);
            let ratio = pages.saturating_sub(read) as f64 / fresh as f64;
            Duration::try_from_secs_f64((spent.as_secs_f64() * ratio).round()).ok()
        });
        let records_in_all = pages.map(|pages| pages.saturating_mul(run.plan.longest() as u64));
        let (windows_read, windows) = (run.window() as u64, run.windows.len().max(1) as u64);
        tell(&ExportProgress { figures: self.figures, records_in_all, rest, windows_read, windows });
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
        run.saved.note(run.plan.given(), mark, self.figures);
        checkpoint.save(&run.saved)
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

    /// Ends it with an error that is not its own, unless it has ended.
    #[cfg(feature = "blocking")]
    pub(crate) fn refuse(&mut self, error: Error) -> Option<Result<S::Record, Error>> {
        let goes_on = self.verdict.is_none();
        goes_on.then(|| match self.end_with(error) {
            Poll::Ready(ended) => ended,
            Poll::Pending => None,
        })?
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

impl<S: MonthlySource> Export<S> {
    /// Reads the list month by month, the oldest first: each month is a list of its own, and a
    /// [checkpoint](Self::checkpoint) names those that are finished. Records come by id within a month. The query has to
    /// name both its first and its last day; a month is cut off where the range begins or ends within it.
    ///
    /// It is worth it where the list is long and the server slow at far pages (a database counts its way to each page
    /// from the first), or where the output is wanted by month. It costs about five requests a month.
    ///
    /// What it cannot see: a record whose date somebody changes meanwhile, from a month still to be read to one that was
    /// read. The verdict cannot tell. (One that is put off to a later month is given once.) Without `by_month` this
    /// cannot happen, for the whole range is one list by id, whatever its dates; where it matters, do without.
    ///
    /// Say it before the first record is asked for.
    pub fn by_month(mut self) -> Self {
        if let Some(source) = Arc::get_mut(&mut self.source) {
            source.cut_by_month();
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

fn unsorted<S: ExportSource>() -> Error {
    let fault = "the server does not sort by id as it was asked to, so records may be missed";
    Error::undecodable(&S::OPERATION, JsonError::new("$", fault))
}

fn stuck<S: ExportSource>() -> Error {
    let fault = "the server gives a full page again instead of the next one: it ignores the offset, and the rest is out \
                 of reach";
    Error::undecodable(&S::OPERATION, JsonError::new("$", fault))
}
