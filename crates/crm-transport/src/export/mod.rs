//! Every record of a list, in constant memory, with a verdict on whether the list is complete.
//!
//! Three types share the work. The user holds an [`Export`]. It makes the calls, returns the records, and decides on
//! the verdict. `Plan` knows the state of the list: which page to request next, and what the pages have shown. It does
//! no I/O. `Checkpoint` is the state on disk. This layer uses the layers `error` and `durable`.
//!
//! # How a list is read
//!
//! A server returns a list page by page, and the list changes meanwhile. Only two facts about it are known. It can be
//! sorted by ID, and new IDs are greater than all others. So an added record comes at the end and moves nothing. A
//! deleted record moves all later ones down, to lower positions, and never up.
//!
//! **Pages are read downwards**, so that no record is missed. While a record is on a lower page, it can only move
//! further down, towards the pages that are still to be read. (If pages were read upwards, the first record of the next
//! page could move onto the page that was just read, and be missed.) At worst, a record is seen twice, and the second
//! one is dropped by its ID.
//!
//! **Several stretches are read downwards at once.** A stretch begins with some page. The greatest ID on that page is
//! its bound. The stretch is read down until it meets an ID that is not above the bound of the stretch below, or the ID
//! right after it. It then has every record between the two bounds, because none of them can have been missed. It
//! does not matter when the stretch below was read. The work is divided by IDs, and pages are only the means to read
//! them. If IDs have no gaps, no page is read twice. If they have many gaps, stretches are longer, and the page at
//! which two of them meet is read twice. After a deletion, that page shows what has moved, so nothing has to be
//! repaired.
//!
//! **The first page is read alone.** It shows how long pages are, and whether the list has more than one page.
//!
//! **The end** is the last page before an empty one. It is found by halving. A server may return an empty page in the
//! middle of a list, once or always. So the end is believed only if the page after it and one far behind it are empty,
//! each read twice. The highest stretch begins there, and is read after the empty page was seen, so nothing is above it.
//! A short page alone does not prove the end, because a server may return fewer records than it was asked for. A page
//! that comes again in place of one further on counts as empty, but does not prove the end before it was read once more.
//! If it is a full page, the server may be ignoring the offset, and the export ends with an error. So it does if many
//! pages show records whose place is further down, because the list may change while the server ignores the offset. If
//! many proofs fail, because pages are empty at times and hold records at others, the end is believed, and the verdict is
//! [`Verdict::Contradicted`].
//!
//! **A doubtful page is read again**: one that is empty or shorter than a full page although records are above it, or that
//! is the page above it once more, or that shows a record of that page or from above it. A full page has as many records as
//! requested, or as many as such a page had when it was still doubtful after that. If it is still doubtful, the page
//! above it shows whether the list has become shorter meanwhile. If it has not, the pages contradict each other: the rest is
//! exported, and the verdict is [`Verdict::Contradicted`] or [`Verdict::Shifted`]. The same applies if a page holds a record
//! twice. Where the offset counts records, the export starts again with smaller pages instead.
//! A stretch is dropped, and the one above it reads on, if its first page does not fit between the two: pages between would
//! stay unread.
//! A page that cannot be decoded is read once more, too. So is the page at which two stretches meet, if others may have
//! deleted records since: a page from further below may have come in place of it, and looks like one after deletions.
//!
//! **Memory.** While one stretch is being returned, the others are read: at most one more than there are calls in
//! flight, with 13 pages each, or up to 64 where IDs have many gaps. The next one begins when the lowest is returned.
//! When the end is known and calls have nothing to do, the longest stretch is cut in two.
//!
//! **Resuming** needs two numbers: the greatest ID returned, and the page with which its stretch began. They represent
//! the stretches that were returned, because the ID is their bound. The end that was found is kept as well, so that an
//! export that is interrupted often does not search for it each time.
//!
//! **Records that move up.** A record may appear below the reader, because it was restored, or edited so that it
//! matches the query. It then moves others up past the reader. This is visible where two stretches meet, or if a page
//! holds an ID that only a page below can hold, or a record that did not exist when the pages above it were read. When
//! everything else has been read, the last page is read once more: if it begins with a smaller ID than before, something
//! has moved up since. A server that returns a wrong page once looks the same, except at the very end, where two readings
//! have to agree. The verdict is [`Verdict::Shifted`].
//!
//! **What this cannot see** is listed at [`Verdict::Complete`].
//!
//! # Files
//!
//! | file | content |
//! |---|---|
//! | `builder.rs` | the options, and `start` |
//! | `calls.rs` | the calls, and what they return |
//! | `plan.rs` | `Plan`: which page to ask for next; `plan/arrivals.rs`: what a page that has come says |
//! | `plan/comparisons.rs` | what a page shows, compared with pages below it |
//! | `stretch.rs`, `resume_point.rs` | a stretch, and those that were returned |
//! | `end_search.rs`, `end_proof.rs` | where the list ends, and how that is proven |
//! | `page_identity.rs` | how a page is recognized, and what all pages have shown |
//! | `output.rs` | the records that are ready to be returned |
//! | `checkpoint.rs` | `Checkpoint` |
//! | `progress.rs`, `verdict.rs` | the progress and the result |
//! | `source.rs` | what a client implements to make its list exportable |
//! | `records.rs`, `record_pages.rs` | the other way to read a list: page after page, without a verdict |

mod builder;
mod calls;
mod checkpoint;
mod end_proof;
mod end_search;
mod output;
mod page_identity;
mod plan;
mod progress;
mod record_pages;
mod records;
mod resume_point;
mod source;
mod stretch;
mod verdict;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crm_model::Page;
use futures_core::Stream;
use tokio::task::{JoinError, JoinSet};

use crate::error::{Error, JsonError};
use checkpoint::Checkpoint;
use output::Output;
use plan::{PageRequest, Plan};
use progress::{OnProgress, Reporter};
use stretch::StretchRecords;

pub use builder::ExportBuilder;
pub use progress::ExportProgress;
pub use records::{Position, Records, records, records_by_offset};
pub use source::{ExportPage, ExportSource};
pub use verdict::{ExportFigures, Verdict};

/// Every record of a list, the smallest ID first, each once.
///
/// It is a `futures_core::Stream`, and has the method [`next`](Self::next). After the last record, [`finish`](Self::finish)
/// returns the [`Verdict`]. [`ExportBuilder`] has the options.
///
/// A record that cannot be decoded is an error, and the next record follows. Any other error ends the export. If the
/// export is not complete, whatever the reason, its last item is an error. So a loop with `record?` never takes an
/// incomplete export for a complete one.
///
/// Nothing is fetched before it is requested. Dropping the export ends its calls; a checkpoint that is just being saved
/// is still saved. The calls run as tasks of tokio, so a slow consumer does not make them time out. With the feature
/// `tracing` they belong to the span in which the record was requested.
///
/// ```
/// use crm_transport::{Error, ExportBuilder, ExportSource, Verdict};
///
/// # async fn handle<T>(_: T) {}
/// async fn export<S: ExportSource>(list: S) -> Result<Verdict, Error> {
///     let mut export = ExportBuilder::new(list).concurrency(4).checkpoint("night.checkpoint").start().await?;
///     while let Some(record) = export.next().await {
///         handle(record?).await;
///     }
///     Ok(export.finish().await)
/// }
/// ```
///
/// # Panics
/// Records can be requested only inside a tokio runtime with timers (`enable_time` or `enable_all`). A panic of a
/// callback is passed on.
#[must_use = "nothing is exported before the records are asked for"]
pub struct Export<S: ExportSource> {
    source: Arc<S>,
    concurrency: usize,
    plan: Plan<S::Record>,
    /// The calls in flight.
    calls: JoinSet<Response<S::Record>>,
    /// Pages that could not be decoded, and those of them that were requested once more.
    undecodable: Vec<PageRequest>,
    tried_again: HashSet<PageRequest>,
    /// There was no call to make, and nothing has come or been taken since, so there is still none.
    is_idle: bool,
    output: Output<S::Record>,
    checkpoint: Checkpoint,
    /// Whether records were taken from the plan since the last checkpoint.
    unsaved: bool,
    resumed_at: Option<u64>,
    figures: ExportFigures,
    reporter: Option<Reporter>,
    /// The error of a call. It ends the export after the records that were read before it.
    failure: Option<Error>,
    verdict: Option<Verdict>,
    /// What is still to be returned after the verdict was reached.
    last_errors: VecDeque<Error>,
}

/// What a call in flight returns.
enum Response<T> {
    Page(PageRequest, Result<Page<T>, Error>),
    Record(u64, Result<(T, bool), Error>),
}

impl<S: ExportSource> Export<S> {
    fn new(source: S, concurrency: usize, on_progress: Option<OnProgress>, checkpoint: Checkpoint) -> Self {
        let saved = checkpoint.saved();
        let mut plan = Plan::new(S::id, concurrency, source.page_size(), saved.up_to);
        if S::COUNTS_RECORDS {
            plan = plan.counting_records(saved.size);
        }
        if on_progress.is_some() {
            plan = plan.looking_far_ahead();
        }
        Self {
            reporter: on_progress.map(|on_progress| Reporter::new(on_progress, &plan)),
            source: Arc::new(source),
            concurrency,
            plan,
            calls: JoinSet::new(),
            undecodable: Vec::new(),
            tried_again: HashSet::new(),
            is_idle: false,
            output: Output::default(),
            resumed_at: saved.mark,
            figures: saved.figures,
            checkpoint,
            unsaved: false,
            failure: None,
            verdict: None,
            last_errors: VecDeque::new(),
        }
    }

    /// Returns what [`before_checkpoint`](ExportBuilder::before_checkpoint) returned for the checkpoint from which this
    /// export resumes. `None` if it starts from the beginning.
    ///
    /// Truncate the output to it before you request the first record, because records that were written after the
    /// checkpoint are returned again.
    #[must_use]
    pub fn resumed_at(&self) -> Option<u64> {
        self.resumed_at
    }

    /// Returns what has been done, with what the runs before it did up to the checkpoint.
    #[must_use]
    pub fn figures(&self) -> &ExportFigures {
        &self.figures
    }

    /// Returns the next record; `None` after the last.
    ///
    /// Dropping the returned future loses no record.
    pub async fn next(&mut self) -> Option<Result<S::Record, Error>> {
        std::future::poll_fn(|cx| self.poll_item(cx)).await
    }

    /// Returns whether the export is complete.
    ///
    /// Before the end it ends the calls and returns [`Verdict::Truncated`]. A checkpoint stays as it was saved last.
    pub async fn finish(mut self) -> Verdict {
        let early = || Error::incomplete(S::NAME, "finished before its last record was asked for");
        if self.verdict.is_none() {
            self.end(Some(early()));
        }
        std::future::poll_fn(|cx| self.poll_checkpoint(cx)).await;
        self.verdict.unwrap_or_else(|| Verdict::Truncated { figures: self.figures, cause: early() })
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<S::Record, Error>>> {
        loop {
            if self.verdict.is_none() {
                self.work(cx);
            }
            ready!(self.poll_checkpoint(cx));
            if self.verdict.is_some() {
                return Poll::Ready(self.last_errors.pop_front().map(Err));
            }
            if let Some(item) = self.output.pop() {
                match &item {
                    Ok(_) => self.figures.records += 1,
                    Err(_) => self.figures.unreadable += 1,
                }
                return Poll::Ready(Some(item));
            }
            if self.output.is_empty() {
                if std::mem::take(&mut self.unsaved) {
                    // Everything that was taken from the plan has been handled.
                    let plan = &self.plan;
                    self.checkpoint.save(plan.taken_up_to(), plan.learnt_page_size(), self.figures);
                    continue;
                }
                if let Some(taken) = self.plan.take() {
                    self.add_to_output(taken);
                    continue;
                }
            }
            if let Some(error) = self.failure.take() {
                self.end(Some(error));
            } else if self.output.is_empty() && self.plan.is_over() {
                self.end(None);
            } else if self.calls.is_empty() {
                let fault =
                    "no page is left to ask for, and the end of the list was not found: report this as a bug";
                self.end(Some(Error::incomplete(S::NAME, fault)));
            } else {
                return Poll::Pending;
            }
        }
    }

    fn add_to_output(&mut self, StretchRecords { mut records, unreadable }: StretchRecords<S::Record>) {
        let found = records.len();
        records.retain(|record| self.source.fits(record));
        self.figures.left_out += (found - records.len()) as u64;
        let unreadable =
            unreadable.into_iter().map(|record| records::unreadable_record(&S::OPERATION, record));
        self.output.add(records, |record| self.source.needs_hydration(record), unreadable);
        self.unsaved = true;
        self.is_idle = false;
    }

    /// Reaches the verdict. `cause` is what ended the export early.
    fn end(&mut self, cause: Option<Error>) {
        self.calls.abort_all();
        // A list that was read to its end has nothing to resume.
        self.checkpoint.close(cause.is_none());
        let figures = self.figures;
        let cause = cause.or_else(|| self.plan.offset_is_ignored().then(offset_ignored::<S>));
        let verdict = match cause {
            Some(cause) => Verdict::Truncated { figures, cause },
            None if figures.contradictions > 0 => {
                let seen =
                    self.plan.contradiction().unwrap_or("pages contradicted each other in an earlier run");
                let fault = format!("{seen}: records may be missing, so export the list again");
                Verdict::Contradicted { figures, cause: Error::incomplete(S::NAME, fault) }
            }
            None if figures.moved_up > 0 => Verdict::Shifted { figures },
            None => Verdict::Complete { figures },
        };
        self.conclude(verdict);
    }

    fn conclude(&mut self, verdict: Verdict) {
        self.last_errors = verdict.to_error(S::NAME).into_iter().collect();
        self.verdict = Some(verdict);
    }

    /// Waits for the work on the checkpoint.
    fn poll_checkpoint(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let error = match ready!(self.checkpoint.poll(cx)) {
                Ok(Ok(())) => return Poll::Ready(()),
                Ok(Err(error)) => error,
                Err(stopped) => self.stopped(stopped),
            };
            match &self.verdict {
                None => self.end(Some(error)),
                Some(Verdict::Truncated { .. }) => self.last_errors.push_back(error),
                // The next export would resume from a checkpoint that is still there, and return only a part of the list.
                Some(_) => self.conclude(Verdict::Truncated { figures: self.figures, cause: error }),
            }
        }
    }

    /// The error of a task that did not run to its end. A panic is passed on, after which nothing more is returned.
    fn stopped(&mut self, stopped: JoinError) -> Error {
        if stopped.is_panic() {
            self.end(Some(Error::incomplete(S::NAME, "ended by a panic")));
            self.last_errors.clear();
            std::panic::resume_unwind(stopped.into_panic());
        }
        Error::runtime("the tokio runtime is shutting down", None)
    }
}

impl<S: ExportSource> Stream for Export<S> {
    type Item = Result<S::Record, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(cx)
    }
}

/// Nothing in it is pinned in its place.
impl<S: ExportSource> Unpin for Export<S> {}

impl<S: ExportSource> fmt::Debug for Export<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export")
            .field("concurrency", &self.concurrency)
            .field("resumed_at", &self.resumed_at)
            .field("figures", &self.figures)
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}

fn offset_ignored<S: ExportSource>() -> Error {
    let fault = "the server returns a page again instead of the next one: it ignores the offset, and the other \
                 records cannot be reached";
    Error::undecodable(&S::OPERATION, JsonError::new("$", fault))
}
