//! `info`: one project.

use std::marker::PhantomData;

use bytes::Bytes;
use crm_model::projects::{Project, ProjectId};
use crm_transport::{Error, Operation, OperationInfo};
use http::{Request, Response};
use serde_core::de::DeserializeOwned;

use super::catalog;
use super::request_parameters::Query;
use crate::answer;

/// `GET projects/info`: one project, decoded as a `T`.
#[derive(Clone, Copy, Debug)]
pub struct Info<T = Project> {
    project: ProjectId,
    record: PhantomData<fn() -> T>,
}

impl<T> Info<T> {
    /// Creates the operation for this project.
    #[must_use]
    pub fn new(project: ProjectId) -> Self {
        Self { project, record: PhantomData }
    }
}

impl<T: DeserializeOwned + Send> Operation for Info<T> {
    type Output = T;

    const INFO: OperationInfo = catalog::INFO;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        Query::new(&Self::INFO).id(self.project.0).request()
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        answer::one_with_id(&Self::INFO, response, &["project", "projects"], self.project.0)
    }
}
