//! What a client implements to make a list exportable.

use std::future::Future;

use crm_model::Page;

use crate::error::Error;
use crate::operation_info::OperationInfo;

/// A list that can be exported: how its pages are fetched.
///
/// The clients implement it for their lists. Implement it for a list that this project does not cover.
pub trait ExportSource: Send + Sync + 'static {
    /// A record.
    type Record: Send + 'static;

    /// The operation that fetches a page.
    const OPERATION: OperationInfo;

    /// The name of the export in errors, such as `history.export`.
    const NAME: &'static str;

    /// Whether pages begin at a number of records, rather than at a number of pages. The export then has to learn first
    /// how many records the server returns.
    const COUNTS_RECORDS: bool;

    /// Returns a text that identifies the query, the account and the server. A checkpoint of another one is refused.
    /// Only a hash of the text is kept.
    ///
    /// # Errors
    /// The query cannot be exported.
    fn identity(&self) -> Result<String, Error>;

    /// Returns the ID of a record; greater than 0.
    fn id(record: &Self::Record) -> u64;

    /// Returns the number of records on a full page.
    fn page_size(&self) -> usize;

    /// Fetches a page of the list, sorted by ID, the smallest first.
    fn page(&self, at: ExportPage) -> impl Future<Output = Result<Page<Self::Record>, Error>> + Send;

    /// Returns `true` if a record fits the query (the default). Needed where the server returns others too.
    fn fits(&self, record: &Self::Record) -> bool {
        let _ = record;
        true
    }

    /// Returns `true` if the list lacks a part of this record, which [`hydrate`](Self::hydrate) is to fetch (default:
    /// `false`).
    fn needs_hydration(&self, record: &Self::Record) -> bool {
        let _ = record;
        false
    }

    /// Fetches what the list lacks. Returns the record unchanged, and `false`, if it does not exist any more.
    fn hydrate(
        &self,
        record: Self::Record,
    ) -> impl Future<Output = Result<(Self::Record, bool), Error>> + Send {
        std::future::ready(Ok((record, true)))
    }
}

/// A page that is to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportPage {
    /// Which page, from 0.
    pub number: u64,
    /// The number of records on a page, if they [had to be counted](ExportSource::COUNTS_RECORDS).
    pub size: Option<u64>,
}

impl ExportPage {
    /// Returns how many records come before it. `size` is the number of records on a page, unless the server was found
    /// to return another one.
    #[must_use]
    pub fn offset(&self, size: u64) -> u64 {
        self.number.saturating_mul(self.size.unwrap_or(size))
    }
}
