//! `payments`: the payments of a project.

use std::marker::PhantomData;

use bytes::Bytes;
use chrono::NaiveDate;
use crm_model::Page;
use crm_model::projects::{Payment, PaymentId, PaymentKind, ProjectId};
use crm_transport::{Credentials, Error, Operation, OperationInfo};
use http::{Request, Response};
use serde_core::de::DeserializeOwned;

use super::catalog;
use super::request_parameters::{Paging, Query};
use crate::answer;

/// `GET projects/payments`: the payments of a project, each decoded as a `T`.
#[derive(Clone, Debug)]
pub struct Payments<T = Payment> {
    project: ProjectId,
    query: PaymentQuery,
    record: PhantomData<fn() -> T>,
}

impl<T> Payments<T> {
    /// Creates the operation for this project.
    #[must_use]
    pub fn new(project: ProjectId, query: PaymentQuery) -> Self {
        Self { project, query, record: PhantomData }
    }
}

impl<T: DeserializeOwned + Send> Operation for Payments<T> {
    type Output = Page<T>;

    const INFO: OperationInfo = catalog::PAYMENTS;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        let PaymentQuery { paging, payment, date, kind } = &self.query;
        Query::new(&Self::INFO)
            .id(self.project.0)
            .paging(paging)
            .refuse(payment.is_some_and(|id| id.0 == 0).then_some(("payment", "is 0: leave it out")))
            .with("filter_id", *payment)
            .with("filter_date", *date)
            .with("filter_type", kind.map(PaymentKind::as_str))
            .request()
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        if let Some(payment) = self.query.payment {
            answer::check_filter(&Self::INFO, response, &["payments"], ("filter_id", &[payment.0]))?;
        }
        answer::page(&Self::INFO, response, &["payments"])
    }

    fn redact(&self, page: &mut Self::Output, credentials: &Credentials) {
        credentials.scrub_unreadable(page);
    }
}

/// Which payments of a project, and which page of them.
///
/// Only `filter_id` is [checked](crate::operations#what-is-checked-against-the-question) against the response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct PaymentQuery {
    paging: Paging,
    payment: Option<PaymentId>,
    date: Option<NaiveDate>,
    kind: Option<PaymentKind>,
}

impl PaymentQuery {
    /// Creates a query without filters. The vendor does not document how many payments it returns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `count`: the maximum number of payments. The vendor documents no upper limit.
    pub fn count(mut self, count: u64) -> Self {
        self.paging.set_count(count);
        self
    }

    /// Sets `offset`: the number of payments to skip.
    pub fn offset(mut self, offset: u64) -> Self {
        self.paging.set_offset(offset);
        self
    }

    /// Sets `filter_id`: this payment only.
    #[doc(alias = "filter_id")]
    pub fn payment(mut self, id: PaymentId) -> Self {
        self.payment = Some(id);
        self
    }

    /// Sets `filter_date`: the day. How the server compares it is not documented.
    #[doc(alias = "filter_date")]
    pub fn date(mut self, day: NaiveDate) -> Self {
        self.date = Some(day);
        self
    }

    /// Sets `filter_type`: money in or money out only.
    #[doc(alias = "filter_type")]
    pub fn kind(mut self, kind: PaymentKind) -> Self {
        self.kind = Some(kind);
        self
    }
}
