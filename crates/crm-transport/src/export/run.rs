//! An export that has begun: its windows, one after the other.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crm_model::Page;
use tokio::task::JoinSet;

use super::checkpoint::{Checkpoint, Saved};
use super::output::Records;
use super::plan::{Plan, Ticket};
use super::source::{ExportPage, ExportSource};
use crate::error::Error;

pub(super) struct Run<S: ExportSource> {
    /// Of the window that is being read.
    pub(super) plan: Plan<S::Record>,
    /// Their names; none where the list is read as one.
    pub(super) windows: Vec<String>,
    /// How far it is, up to the window that is being read.
    pub(super) saved: Saved,
    pub(super) calls: JoinSet<Answer<S::Record>>,
    pub(super) given: Records<S::Record>,
    pub(super) checkpoint: Option<Checkpoint>,
    /// What the checkpoint said when it was opened.
    pub(super) mark: Option<u64>,
    pub(super) to_save: bool,
    /// There was no call to make, and nothing has come or been taken since: who asks for a record need not look again.
    pub(super) is_idle: bool,
    pub(super) failed: Option<Error>,
    pub(super) began: Instant,
    pub(super) pages_before: u64,
    lanes: usize,
    page_size: usize,
    scouting: bool,
}

pub(super) enum Answer<T> {
    Page(Asked, Result<Page<T>, Error>),
    Record(u64, Result<(T, bool), Error>),
}

/// A page that was asked for, of which window.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    window: usize,
    ticket: Ticket,
    size: Option<u64>,
}

impl Asked {
    pub(super) fn page(&self) -> ExportPage {
        ExportPage { window: self.window, number: self.ticket.page, size: self.size }
    }
}

impl<S: ExportSource> Run<S> {
    pub(super) fn begin(
        source: &Arc<S>,
        path: Option<PathBuf>,
        lanes: usize,
        scouting: bool,
    ) -> Result<Self, Error> {
        let mut query = source.identity()?;
        let windows = source.windows();
        if !windows.is_empty() {
            query = format!("{query} by {}", windows.join(" "));
        }
        let opened = path.map(|path| Checkpoint::open(path, &query, &windows, S::NAME)).transpose()?;
        let (checkpoint, saved) =
            opened.map_or_else(|| (None, Saved::new("")), |(checkpoint, saved)| (Some(checkpoint), saved));
        let page_size = source.page_size();
        // How long a window is tells nothing about the others, so there is no need to look ahead.
        let scouting = scouting && windows.is_empty();
        let plan = plan::<S>(&saved, lanes, page_size, scouting);
        Ok(Self {
            pages_before: plan.pages_read(),
            mark: saved.mark,
            plan,
            windows,
            saved,
            calls: JoinSet::new(),
            given: Records::default(),
            checkpoint,
            to_save: false,
            is_idle: false,
            failed: None,
            began: Instant::now(),
            lanes,
            page_size,
            scouting,
        })
    }

    /// The next page to ask for: of this window, or of the next one where there is nothing left of this one.
    pub(super) fn ask(&mut self) -> Option<Asked> {
        loop {
            if let Some(ticket) = self.plan.next() {
                return Some(Asked { window: self.window(), ticket, size: self.saved.size });
            }
            if !self.plan.is_over() || self.is_over() {
                return None;
            }
            self.saved.finish(&self.windows[self.window()]);
            let longest = self.plan.longest();
            self.plan =
                plan::<S>(&self.saved, self.lanes, self.page_size, self.scouting).having_seen(longest);
            self.to_save = true;
        }
    }

    /// Takes in a page; `Err` where the pages make no list.
    pub(super) fn answer(&mut self, asked: Asked, page: Page<S::Record>) -> Result<(), ()> {
        if S::COUNTS_RECORDS && self.saved.size.is_none() {
            self.saved.size = Some(page.len().max(1) as u64);
        }
        self.plan.answer(asked.ticket, page).map_err(|_| ())
    }

    /// Whether the page is one of a window that has been read to its end without it. A plan that does not look ahead
    /// has no such page; should it come to have one, it must not be taken for a page of this window.
    pub(super) fn is_late(&self, asked: Asked) -> bool {
        asked.window < self.window()
    }

    /// Whether every record was taken, of the last window too, or no more can be had.
    pub(super) fn is_over(&self) -> bool {
        self.plan.is_over() && (self.window() + 1 >= self.windows.len() || self.plan.is_stuck())
    }

    /// Whether a record was not taken from a window before.
    pub(super) fn is_new(&mut self, record: &S::Record) -> bool {
        self.windows.is_empty() || self.saved.seen.insert(S::id(record))
    }

    /// Which window is being read, from 0.
    pub(super) fn window(&self) -> usize {
        self.saved.finished.len()
    }

    /// Ends the calls; what was read before is still given.
    pub(super) fn fail(&mut self, error: Error) {
        self.calls.abort_all();
        self.failed.get_or_insert(error);
    }
}

/// The plan of a window, from where it was left.
fn plan<S: ExportSource>(saved: &Saved, lanes: usize, page_size: usize, scouting: bool) -> Plan<S::Record> {
    let mut plan = Plan::new(S::id, lanes, page_size, saved.given());
    if S::COUNTS_RECORDS && saved.size.is_none() {
        plan = plan.learning_the_size();
    }
    if scouting {
        plan = plan.scouting();
    }
    plan
}
