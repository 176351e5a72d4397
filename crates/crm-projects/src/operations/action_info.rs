//! `actions/info`: one action.

use std::marker::PhantomData;

use bytes::Bytes;
use crm_model::projects::{Action, ActionId};
use crm_transport::{Error, Operation, OperationInfo};
use http::{Request, Response};
use serde_core::de::DeserializeOwned;

use super::catalog;
use super::request_parameters::Query;
use crate::answer;

/// `GET projects/actions/info`: one action (event), decoded as a `T`.
#[derive(Clone, Copy, Debug)]
pub struct ActionInfo<T = Action> {
    action: ActionId,
    record: PhantomData<fn() -> T>,
}

impl<T> ActionInfo<T> {
    /// Creates the operation for this action.
    #[must_use]
    pub fn new(action: ActionId) -> Self {
        Self { action, record: PhantomData }
    }
}

impl<T: DeserializeOwned + Send> Operation for ActionInfo<T> {
    type Output = T;

    const INFO: OperationInfo = catalog::ACTION_INFO;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        Query::new(&Self::INFO).id(self.action.0).request()
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        answer::one_with_id(&Self::INFO, response, &["action", "actions"], self.action.0)
    }
}
