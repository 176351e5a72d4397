//! `goods`: the goods of a project.

use std::marker::PhantomData;

use bytes::Bytes;
use crm_model::Page;
use crm_model::projects::{Good, ProjectId};
use crm_transport::{Credentials, Error, Operation, OperationInfo};
use http::{Request, Response};
use serde_core::de::DeserializeOwned;

use super::catalog;
use super::request_parameters::Query;
use crate::answer;

/// `GET projects/goods`: the goods of a project, each decoded as a `T`.
#[derive(Clone, Copy, Debug)]
pub struct Goods<T = Good> {
    project: ProjectId,
    record: PhantomData<fn() -> T>,
}

impl<T> Goods<T> {
    /// Creates the operation for this project.
    #[must_use]
    pub fn new(project: ProjectId) -> Self {
        Self { project, record: PhantomData }
    }
}

impl<T: DeserializeOwned + Send> Operation for Goods<T> {
    type Output = Page<T>;

    const INFO: OperationInfo = catalog::GOODS;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        Query::new(&Self::INFO).id(self.project.0).request()
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        answer::page(&Self::INFO, response, &["goods"])
    }

    fn redact(&self, page: &mut Self::Output, credentials: &Credentials) {
        credentials.scrub_unreadable(page);
    }
}
