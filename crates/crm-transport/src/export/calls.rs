//! The calls of an export: making them, and taking in what has come.

use std::sync::Arc;
use std::task::{Context, Poll};

use crm_model::Page;

use super::page_identity::Unusable;
use super::plan::PageRequest;
use super::source::{ExportPage, ExportSource};
use super::{Export, Response, offset_ignored};
use crate::error::{Error, ErrorKind, JsonError};
use crate::observe;

impl<S: ExportSource> Export<S> {
    /// Makes the calls that can be made, and takes in what has come.
    pub(super) fn work(&mut self, cx: &mut Context<'_>) {
        loop {
            while self.failure.is_none() && !self.is_idle && self.calls.len() < self.concurrency {
                self.is_idle = !self.call();
            }
            let Poll::Ready(Some(done)) = self.calls.poll_join_next(cx) else { return };
            self.is_idle = false;
            match done {
                Ok(Response::Page(request, Ok(page))) => self.add_page(request, page),
                Ok(Response::Record(place, Ok((record, is_whole)))) => {
                    self.figures.as_listed += u64::from(!is_whole);
                    self.output.hydrated(place, record);
                }
                Ok(Response::Page(request, Err(error))) => self.add_failure(request, error),
                Ok(Response::Record(_, Err(error))) => self.fail(error),
                // The calls that `fail` has aborted come back too.
                Err(stopped) if stopped.is_cancelled() && self.failure.is_some() => {}
                Err(stopped) => {
                    let error = self.stopped(stopped);
                    self.fail(error);
                }
            }
        }
    }

    /// Makes one call, if there is one to make.
    fn call(&mut self) -> bool {
        let source = Arc::clone(&self.source);
        if let Some((place, record)) = self.output.next_to_hydrate() {
            self.spawn(async move { Response::Record(place, source.hydrate(record).await) });
        } else if let Some(request) = self.undecodable.pop().or_else(|| self.plan.next()) {
            self.figures.pages += 1;
            let page = ExportPage { number: request.page, size: self.plan.learnt_page_size() };
            self.spawn(async move { Response::Page(request, source.page(page).await) });
        } else {
            return false;
        }
        true
    }

    /// Begins a call. It belongs to the span in which the record was requested.
    fn spawn(&mut self, call: impl Future<Output = Response<S::Record>> + Send + 'static) {
        self.calls.spawn(observe::in_current_span(call));
    }

    /// A page that cannot be decoded is read once more, because it may have been cut on its way.
    fn add_failure(&mut self, request: PageRequest, error: Error) {
        if error.kind() == ErrorKind::Undecodable && self.tried_again.insert(request) {
            self.undecodable.push(request);
        } else {
            self.fail(error);
        }
    }

    fn add_page(&mut self, request: PageRequest, page: Page<S::Record>) {
        match self.plan.add(request, page) {
            Ok(()) => {}
            Err(Unusable::Unsorted) => {
                let fault = "the server does not sort by id as it was asked to, so records may be missed";
                self.fail(Error::undecodable(&S::OPERATION, JsonError::new("$", fault)));
            }
            Err(Unusable::OffsetIgnored) => self.fail(offset_ignored::<S>()),
        }
        let moves = std::mem::take(&mut self.plan.moves);
        self.figures.repaired += moves.repaired;
        self.figures.moved_up += moves.moved_up;
        self.figures.contradictions += moves.contradictions;
        // An export that goes on later must know it. One that starts again need not.
        self.unsaved |= moves.moved_up + moves.contradictions > 0 && self.figures.records > 0;
        if let Some(reporter) = &mut self.reporter {
            reporter.report(&self.plan, self.figures);
        }
    }

    /// Ends the calls. What was read before is still returned.
    fn fail(&mut self, error: Error) {
        self.calls.abort_all();
        self.failure.get_or_insert(error);
    }
}
