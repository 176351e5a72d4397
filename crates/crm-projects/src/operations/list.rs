//! `projects`: lists projects, page by page.

use std::marker::PhantomData;

use bytes::Bytes;
use crm_model::Page;
use crm_model::projects::Project;
use crm_transport::{Credentials, Error, Operation, OperationInfo};
use http::{Request, Response};
use serde_core::de::DeserializeOwned;

use super::catalog;
use super::request_parameters::{Fault, Paging, Query, flag};
use crate::answer;

/// `GET projects`: one page of projects, each decoded as a `T`.
#[derive(Clone, Debug)]
pub struct List<T = Project> {
    query: ProjectQuery,
    record: PhantomData<fn() -> T>,
}

impl<T> List<T> {
    /// Creates the operation for this query.
    #[must_use]
    pub fn new(query: ProjectQuery) -> Self {
        Self { query, record: PhantomData }
    }
}

impl<T: DeserializeOwned + Send> Operation for List<T> {
    type Output = Page<T>;

    const INFO: OperationInfo = catalog::LIST;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        let query = &self.query;
        Query::new(&Self::INFO)
            .refuse(query.fault())
            .paging(&query.paging)
            .with("order_by", query.order_by.as_deref())
            .with("reverse", query.descending.map(flag))
            .with("deleted", query.deleted.map(flag))
            .request()
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        answer::page(&Self::INFO, response, &["projects"])
    }

    fn redact(&self, page: &mut Self::Output, credentials: &Credentials) {
        credentials.scrub_unreadable(page);
    }
}

/// Which page of the projects to list, and in which order. The vendor documents all parameters, but not their defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ProjectQuery {
    pub(crate) paging: Paging,
    pub(crate) order_by: Option<String>,
    pub(crate) descending: Option<bool>,
    pub(crate) deleted: Option<bool>,
}

impl ProjectQuery {
    /// Creates a query without parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `count`: the maximum number of projects. The vendor documents no upper limit.
    pub fn count(mut self, count: u64) -> Self {
        self.paging.set_count(count);
        self
    }

    /// Sets `offset`: the number of projects to skip.
    pub fn offset(mut self, offset: u64) -> Self {
        self.paging.set_offset(offset);
        self
    }

    /// Sets `order_by`: the field to sort by, such as `id`. Letters, digits and `_`.
    pub fn order_by(mut self, field: impl Into<String>) -> Self {
        self.order_by = Some(field.into());
        self
    }

    /// Sets `reverse=0`: smallest first.
    #[doc(alias = "reverse")]
    pub fn ascending(mut self) -> Self {
        self.descending = Some(false);
        self
    }

    /// Sets `reverse=1`: greatest first.
    #[doc(alias = "reverse")]
    pub fn descending(mut self) -> Self {
        self.descending = Some(true);
        self
    }

    /// Sets `deleted`: `true` returns deleted projects instead of active ones.
    pub fn deleted(mut self, deleted: bool) -> Self {
        self.deleted = Some(deleted);
        self
    }

    /// Returns the query for the page after this many records, in an order that stays stable.
    pub(crate) fn page_after(mut self, records: u64) -> Self {
        self.paging.set_offset(self.paging.offset().unwrap_or(0).saturating_add(records));
        if self.paging.count().is_none() {
            self = self.count(PAGE);
        }
        match (&self.order_by, self.descending) {
            (None, None) => self.order_by("id").ascending(),
            _ => self,
        }
    }

    /// Returns the query for an export: by ID, smallest first.
    pub(crate) fn for_export(self) -> Result<Self, Fault> {
        if self.paging.offset().is_some_and(|offset| offset > 0) {
            return Err(("offset", "cannot be set for an export, which reads every page: leave it out"));
        }
        if self.descending == Some(true) || self.order_by.as_ref().is_some_and(|field| field != "id") {
            let fault = "cannot be set for an export, which is sorted by id, smallest first: leave it out";
            return Err(("order_by", fault));
        }
        Ok(self.order_by("id").ascending())
    }

    /// Returns the number of records to ask for on each page of a stream.
    pub(crate) fn page_size(&self) -> usize {
        usize::try_from(self.paging.count().unwrap_or(PAGE)).unwrap_or(usize::MAX)
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        match &self.order_by {
            Some(name) if !is_name(name) => {
                Some(("order_by", "is not a field name: use letters, digits and _ only"))
            }
            _ => self.paging.fault(),
        }
    }
}

/// The number of records on a page, unless the query sets it.
const PAGE: u64 = 100;
