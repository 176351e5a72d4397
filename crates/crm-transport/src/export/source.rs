//! What can be exported.

use std::future::Future;

use crm_model::Page;

use crate::error::Error;
use crate::operation_info::OperationInfo;

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

    /// Names of windows that the list is read by, such as `2026-01-01/2026-01-31`: each is a list of its own that is read
    /// to its end before the next one, and a checkpoint holds their names. None unless you say: it is read as one.
    ///
    /// No record may be in two of them at a time. One that is moved meanwhile, from a window that was read to a later
    /// one, is given once; what was given is remembered for that.
    fn windows(&self) -> Vec<String> {
        Vec::new()
    }

    /// The records of a full page.
    fn page_size(&self) -> usize;

    /// Whether pages begin at a number of records rather than at a number of pages, so that it has to be learned
    /// first how many the server gives.
    const COUNTS_RECORDS: bool;

    /// Fetches a page of the list, or of its window, sorted by id, the smallest first.
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

/// A list that can be read month by month.
pub trait MonthlySource: ExportSource {
    /// Makes a [window](ExportSource::windows) of each month.
    fn cut_by_month(&mut self);
}

/// A page that is to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportPage {
    /// Of which of the [windows](ExportSource::windows), from 0; 0 where there are none.
    pub window: usize,
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
