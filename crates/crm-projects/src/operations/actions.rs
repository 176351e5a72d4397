//! `actions`: the actions of a project.

use std::marker::PhantomData;

use bytes::Bytes;
use chrono::NaiveDate;
use crm_model::Page;
use crm_model::projects::{Action, ActionId, ActionTypeId, ProjectId};
use crm_transport::{Credentials, Error, Operation, OperationInfo};
use http::{Request, Response};
use serde_core::de::DeserializeOwned;

use super::catalog;
use super::request_parameters::{Paging, Query, fault_of_ids, joined};
use crate::answer;

/// `GET projects/actions`: the actions (events) of a project, each decoded as a `T`.
#[derive(Clone, Debug)]
pub struct Actions<T = Action> {
    project: ProjectId,
    query: ActionQuery,
    record: PhantomData<fn() -> T>,
}

impl<T> Actions<T> {
    /// Creates the operation for this project.
    #[must_use]
    pub fn new(project: ProjectId, query: ActionQuery) -> Self {
        Self { project, query, record: PhantomData }
    }
}

impl<T: DeserializeOwned + Send> Operation for Actions<T> {
    type Output = Page<T>;

    const INFO: OperationInfo = catalog::ACTIONS;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        let ActionQuery { paging, action, date, types } = &self.query;
        Query::new(&Self::INFO)
            .id(self.project.0)
            .paging(paging)
            .refuse(action.is_some_and(|id| id.0 == 0).then_some(("action", "is 0: leave it out")))
            .refuse(fault_of_ids("types", types.as_deref()))
            .with("filter_id", *action)
            .with("filter_date", *date)
            .with("filter_actions", types.as_deref().map(joined))
            .request()
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        if let Some(action) = self.query.action {
            answer::check_filter(&Self::INFO, response, &["actions"], ("filter_id", &[action.0]))?;
        }
        answer::page(&Self::INFO, response, &["actions"])
    }

    fn redact(&self, page: &mut Self::Output, credentials: &Credentials) {
        credentials.scrub_unreadable(page);
    }
}

/// Which actions of a project, and which page of them.
///
/// Only `filter_id` is [checked](crate::operations#what-is-checked-against-the-question) against the response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ActionQuery {
    paging: Paging,
    action: Option<ActionId>,
    date: Option<NaiveDate>,
    types: Option<Vec<u64>>,
}

impl ActionQuery {
    /// Creates a query without filters. The vendor does not document how many actions it returns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `count`: the maximum number of actions. The vendor documents no upper limit.
    pub fn count(mut self, count: u64) -> Self {
        self.paging.set_count(count);
        self
    }

    /// Sets `offset`: the number of actions to skip.
    pub fn offset(mut self, offset: u64) -> Self {
        self.paging.set_offset(offset);
        self
    }

    /// Sets `filter_id`: this action only.
    #[doc(alias = "filter_id")]
    pub fn action(mut self, id: ActionId) -> Self {
        self.action = Some(id);
        self
    }

    /// Sets `filter_date`: the day. How the server compares it is not documented.
    #[doc(alias = "filter_date")]
    pub fn date(mut self, day: NaiveDate) -> Self {
        self.date = Some(day);
        self
    }

    /// Sets `filter_actions`: actions of these types only. Sent joined by `_`.
    #[doc(alias = "filter_actions")]
    pub fn types(mut self, ids: impl IntoIterator<Item = impl Into<ActionTypeId>>) -> Self {
        self.types = Some(ids.into_iter().map(|id| id.into().0).collect());
        self
    }
}
