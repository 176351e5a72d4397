//! `projects`: projects, page by page.

use std::marker::PhantomData;

use bytes::Bytes;
use crm_model::Page;
use crm_model::projects::Project;
use crm_transport::{Error, Operation, OperationInfo};
use http::{Request, Response};
use serde::de::DeserializeOwned;

use super::parameters::{Fault, Paging, Query, flag};
use super::table;
use crate::answer;

/// `GET projects`: one page of projects, each read as a `T`.
#[derive(Clone, Debug)]
pub struct List<T = Project> {
    query: ProjectQuery,
    record: PhantomData<fn() -> T>,
}

impl<T> List<T> {
    /// The projects of this query.
    #[must_use]
    pub fn new(query: ProjectQuery) -> Self {
        Self { query, record: PhantomData }
    }
}

impl<T: DeserializeOwned + Send> Operation for List<T> {
    type Output = Page<T>;

    const INFO: OperationInfo = table::LIST;

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
}

/// Which page of the projects, and in which order. All parameters are documented; their defaults are not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ProjectQuery {
    pub(crate) paging: Paging,
    pub(crate) order_by: Option<String>,
    pub(crate) descending: Option<bool>,
    pub(crate) deleted: Option<bool>,
}

impl ProjectQuery {
    /// Projects as the server gives them when nothing is said.
    pub fn new() -> Self {
        Self::default()
    }

    /// `count`: so many projects at most. No greatest number is documented.
    pub fn count(mut self, count: u64) -> Self {
        self.paging.set_count(count);
        self
    }

    /// `offset`: leaving out so many projects from the first on.
    pub fn offset(mut self, offset: u64) -> Self {
        self.paging.set_offset(offset);
        self
    }

    /// `order_by`: sorted by this field, such as `id`. Letters, digits and `_`.
    pub fn order_by(mut self, field: impl Into<String>) -> Self {
        self.order_by = Some(field.into());
        self
    }

    /// `reverse=0`: the smallest first.
    #[doc(alias = "reverse")]
    pub fn ascending(mut self) -> Self {
        self.descending = Some(false);
        self
    }

    /// `reverse=1`: the greatest first.
    #[doc(alias = "reverse")]
    pub fn descending(mut self) -> Self {
        self.descending = Some(true);
        self
    }

    /// `deleted`: deleted projects instead of active ones.
    pub fn deleted(mut self, deleted: bool) -> Self {
        self.deleted = Some(deleted);
        self
    }

    /// The page that holds so many records after the first of this query, in an order that stays the same.
    pub(crate) fn page_after(mut self, records: u64) -> Self {
        self.paging.set_offset(self.paging.offset().unwrap_or(0) + records);
        if self.paging.count().is_none() {
            self = self.count(PAGE);
        }
        match (&self.order_by, self.descending) {
            (None, None) => self.order_by("id").ascending(),
            _ => self,
        }
    }

    /// The query of an export: by id, the smallest first.
    pub(crate) fn for_export(self) -> Result<Self, Fault> {
        if self.paging.offset().is_some_and(|offset| offset > 0) {
            return Err(("offset", "is not for an export, which reads every page: leave it out"));
        }
        if self.descending == Some(true) || self.order_by.as_ref().is_some_and(|field| field != "id") {
            let fault = "is not for an export, which comes by id, the smallest first: leave the order out";
            return Err(("order_by", fault));
        }
        Ok(self.order_by("id").ascending())
    }

    /// How many records a page of a stream is asked for.
    pub(crate) fn page_size(&self) -> usize {
        usize::try_from(self.paging.count().unwrap_or(PAGE)).unwrap_or(usize::MAX)
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        match &self.order_by {
            Some(name) if !is_name(name) => {
                Some(("order_by", "is no name of a field: letters, digits and _ alone"))
            }
            _ => self.paging.fault(),
        }
    }
}

/// Records of a page, where the query does not say.
const PAGE: u64 = 100;
