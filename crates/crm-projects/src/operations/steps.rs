//! `steps`: the steps of a project.

use std::marker::PhantomData;

use bytes::Bytes;
use chrono::NaiveDate;
use crm_model::Page;
use crm_model::projects::{ProjectId, Step, StepId};
use crm_transport::{Credentials, Error, Operation, OperationInfo};
use http::{Request, Response};
use serde_core::de::DeserializeOwned;

use super::catalog;
use super::request_parameters::{Query, fault_of_ids, joined};
use crate::answer;

/// `GET projects/steps`: the steps (stages) of a project, each decoded as a `T`.
#[derive(Clone, Debug)]
pub struct Steps<T = Step> {
    project: ProjectId,
    query: StepQuery,
    record: PhantomData<fn() -> T>,
}

impl<T> Steps<T> {
    /// Creates the operation for this project.
    #[must_use]
    pub fn new(project: ProjectId, query: StepQuery) -> Self {
        Self { project, query, record: PhantomData }
    }
}

impl<T: DeserializeOwned + Send> Operation for Steps<T> {
    type Output = Page<T>;

    const INFO: OperationInfo = catalog::STEPS;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        let StepQuery { date, steps } = &self.query;
        Query::new(&Self::INFO)
            .id(self.project.0)
            .refuse(fault_of_ids("steps", steps.as_deref()))
            .with("filter_date", *date)
            .with("filter_steps", steps.as_deref().map(joined))
            .request()
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        answer::page(&Self::INFO, response, &["steps"])
    }

    fn redact(&self, page: &mut Self::Output, credentials: &Credentials) {
        credentials.scrub_unreadable(page);
    }
}

/// Which steps of a project. The response is not [checked](crate::operations#what-is-checked-against-the-question) against it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct StepQuery {
    date: Option<NaiveDate>,
    steps: Option<Vec<u64>>,
}

impl StepQuery {
    /// Creates a query without filters. The vendor does not document what it returns; all steps are *assumed*.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `filter_date`: the day. How the server compares it is not documented.
    #[doc(alias = "filter_date")]
    pub fn date(mut self, day: NaiveDate) -> Self {
        self.date = Some(day);
        self
    }

    /// Sets `filter_steps`: these steps only. Sent joined by `_`.
    #[doc(alias = "filter_steps")]
    pub fn steps(mut self, ids: impl IntoIterator<Item = impl Into<StepId>>) -> Self {
        self.steps = Some(ids.into_iter().map(|id| id.into().0).collect());
        self
    }
}
