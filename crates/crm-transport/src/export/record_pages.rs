//! The pages of a list, one after the other, as a stream of their records.

use std::collections::{HashSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crm_model::Page;
use futures_core::Stream;

use super::end_proof::{Content, EndProof, FailedProofs, Proven, doubtful_end};
use super::page_identity::PageIdentity;
use super::records::{Position, unreadable_record};
use crate::error::{Error, ErrorKind, JsonError};
use crate::operation_info::OperationInfo;

/// The pages of a list, one after the other.
pub(super) struct RecordPages<T, F, R> {
    fetch: F,
    info: OperationInfo,
    page_size: usize,
    id: fn(&T) -> u64,
    /// Whether the offset counts records. If it counts pages, a short page hides records.
    counts_records: bool,
    in_flight: Option<Pin<Box<R>>>,
    ask: Ask,
    ready: VecDeque<Result<T, Error>>,
    /// Where the next page begins.
    position: Position,
    previous: Option<Previous>,
    /// The page that waits until the one before it was read again.
    waiting: Option<Page<T>>,
    longest: usize,
    seen: HashSet<PageIdentity>,
    proof: Option<EndProof>,
    failed_proofs: FailedProofs,
    /// What contradicts that every record was returned.
    fault: Option<String>,
    ended: bool,
}

/// What the call in flight is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ask {
    /// The next page.
    Next,
    /// The next page once more.
    Again,
    /// The page before once more.
    Previous,
    /// This page, to prove the end.
    Proof(u64),
}

/// The page that was returned last.
struct Previous {
    position: Position,
    identity: PageIdentity,
    ids: HashSet<u64>,
}

/// Nothing in it is pinned in its place.
impl<T, F, R> Unpin for RecordPages<T, F, R> {}

impl<T, F, R> Stream for RecordPages<T, F, R>
where
    F: FnMut(Position) -> R,
    R: Future<Output = Result<Page<T>, Error>>,
{
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let pages = &mut *self;
        loop {
            if let Some(record) = pages.ready.pop_front() {
                return Poll::Ready(Some(record));
            }
            if pages.ended {
                return Poll::Ready(None);
            }
            let position = pages.asked_position();
            let call = pages.in_flight.get_or_insert_with(|| Box::pin((pages.fetch)(position)));
            let page = ready!(call.as_mut().poll(cx));
            pages.in_flight = None;
            match page {
                Ok(page) => pages.add(page),
                // It may have been cut on its way.
                Err(error) if pages.ask == Ask::Next && error.kind() == ErrorKind::Undecodable => {
                    pages.ask = Ask::Again;
                }
                Err(error) => pages.fail(error),
            }
        }
    }
}

impl<T, F, R> RecordPages<T, F, R> {
    pub(super) fn new(info: OperationInfo, page_size: usize, id: fn(&T) -> u64, fetch: F) -> Self {
        Self {
            fetch,
            info,
            page_size,
            id,
            counts_records: false,
            in_flight: None,
            ask: Ask::Next,
            ready: VecDeque::new(),
            position: Position::default(),
            previous: None,
            waiting: None,
            longest: 0,
            seen: HashSet::new(),
            proof: None,
            failed_proofs: FailedProofs::default(),
            fault: None,
            ended: false,
        }
    }

    pub(super) fn counting_records(mut self) -> Self {
        self.counts_records = true;
        self
    }

    fn asked_position(&self) -> Position {
        match (self.ask, &self.previous) {
            (Ask::Previous, Some(previous)) => previous.position,
            (Ask::Proof(page), _) => {
                let further = page.saturating_sub(self.position.pages);
                let records = further.saturating_mul(self.full_page());
                Position { pages: page, records: self.position.records.saturating_add(records) }
            }
            _ => self.position,
        }
    }

    fn add(&mut self, page: Page<T>) {
        let identity = PageIdentity::new(&page, self.id);
        let last = self.previous.as_ref().map(|previous| previous.identity);
        // Some servers return the last page again in place of those beyond it.
        let is_end = page.is_empty() || (last == Some(identity) && page.len() < self.page_size);
        match self.ask {
            Ask::Proof(number) => {
                self.add_to_proof(number, Content::from_page(&page, last == Some(identity), self.id));
            }
            Ask::Previous => {
                self.add_previous(page);
            }
            Ask::Next | Ask::Again if is_end => {
                let empties = Vec::from_iter(page.is_empty().then_some(self.position.pages));
                self.proof = Some(EndProof::new(self.position.pages, &empties));
                self.prove();
            }
            Ask::Next if self.seen.contains(&identity) => self.ask = Ask::Again,
            Ask::Again if self.seen.contains(&identity) => {
                let fault = "the server returned the same page again: it ignores the offset, so the rest cannot be read";
                self.fail(Error::undecodable(&self.info, JsonError::new("$", fault)));
            }
            Ask::Next | Ask::Again => self.add_next(page),
        }
    }

    /// Takes in a page of records. If the offset counts pages, the page before it must have been a full one.
    fn add_next(&mut self, page: Page<T>) {
        self.ask = Ask::Next;
        let full = self.longest.max(page.len());
        let is_short = self.previous.as_ref().is_some_and(|previous| previous.identity.len < full);
        if is_short && !self.counts_records && self.fault.is_none() {
            self.waiting = Some(page);
            self.ask = Ask::Previous;
        } else {
            self.put_out(page);
        }
    }

    /// Takes in the second reading of the page before: its new records, and then the page that waits.
    fn add_previous(&mut self, mut again: Page<T>) {
        self.ask = Ask::Next;
        let (len, full) = (again.len(), self.longest.max(self.waiting.as_ref().map_or(0, Page::len)));
        if let Some(previous) = &self.previous {
            again.items.retain(|item| !previous.ids.contains(&(self.id)(item)));
            if len < full {
                let number = previous.position.pages;
                self.fault = Some(format!("page {number} holds {len} of {full} records, and others follow"));
            }
        }
        self.longest = full;
        self.ready.extend(again.items.into_iter().map(Ok));
        if let Some(page) = self.waiting.take() {
            self.put_out(page);
        }
    }

    fn put_out(&mut self, page: Page<T>) {
        let identity = PageIdentity::new(&page, self.id);
        let ids: HashSet<u64> = page.items.iter().map(self.id).collect();
        if ids.len() < page.items.len() {
            self.fault.get_or_insert(format!("page {} holds a record twice", self.position.pages));
        }
        self.previous = Some(Previous { position: self.position, identity, ids });
        self.seen.insert(identity);
        self.longest = self.longest.max(page.len());
        self.position.pages += 1;
        self.position.records += page.len() as u64;
        self.ready.extend(page.items.into_iter().map(Ok));
        let unreadable = page.unreadable.into_iter();
        self.ready.extend(unreadable.map(|record| Err(unreadable_record(&self.info, record))));
    }

    fn add_to_proof(&mut self, number: u64, content: Content) {
        let Some(proof) = &mut self.proof else { return };
        match self.failed_proofs.add(proof.add(number, content)) {
            Proven::NotYet => return self.prove(),
            Proven::Unproven { .. } => {}
            Proven::Hole { empty, held, .. } => {
                self.fault.get_or_insert(format!("page {empty} is empty, and page {held} is not"));
                self.position.pages += 1;
                self.position.records += self.full_page();
            }
            Proven::End(_) => self.end(),
            Proven::DoubtfulEnd(end) => {
                self.fault.get_or_insert(doubtful_end(end));
                self.end();
            }
        }
        self.proof = None;
        self.ask = Ask::Next;
    }

    /// The number of records on a full page, as far as is known.
    fn full_page(&self) -> u64 {
        if self.longest > 0 { self.longest as u64 } else { self.page_size as u64 }
    }

    fn prove(&mut self) {
        if let Some(page) = self.proof.as_mut().and_then(EndProof::next) {
            self.ask = Ask::Proof(page);
        }
    }

    fn end(&mut self) {
        self.ended = true;
        if let Some(fault) = self.fault.take() {
            let fault = format!("{fault}: records may be missing, so read the list again");
            self.ready.push_back(Err(Error::incomplete(self.info.id, fault)));
        }
    }

    fn fail(&mut self, error: Error) {
        self.ended = true;
        self.ready.push_back(Err(error));
    }
}
