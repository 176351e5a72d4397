//! `tips`: the activity types of an account.

use bytes::Bytes;
use crm_model::history::ActivityType;
use crm_transport::json::JsonError;
use crm_transport::{Error, Operation, OperationInfo};
use http::{Request, Response};

use super::catalog;
use crate::answer;

/// `history/tips`: the activity types of this account.
#[doc(alias = "tips")]
#[derive(Clone, Copy, Debug, Default)]
pub struct ActivityTypes;

impl Operation for ActivityTypes {
    type Output = Vec<ActivityType>;

    const INFO: OperationInfo = catalog::TIPS;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        Self::INFO.request(&[], Bytes::new())
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        let page = answer::page(&Self::INFO, response)?;
        match page.unreadable.into_iter().next() {
            None => Ok(page.items),
            Some(bad) => Err(Error::undecodable(&Self::INFO, JsonError::new(bad.path, bad.reason))),
        }
    }
}
