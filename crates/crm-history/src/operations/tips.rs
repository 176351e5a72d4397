//! `tips`: the types of activities.

use bytes::Bytes;
use crm_model::history::ActivityType;
use crm_transport::json::JsonError;
use crm_transport::{Error, Idempotency, Operation, OperationInfo, Success};
use http::{Method, Request, Response};

use crate::answer;

/// `history/tips`: the types of activities of this account.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tips;

impl Operation for Tips {
    type Output = Vec<ActivityType>;

    const INFO: OperationInfo = OperationInfo {
        id: "history.tips",
        method: Method::GET,
        path: "/developer/v3/history/tips",
        idempotency: Idempotency::Read,
        success: Success::NoError,
        reads_by_post: true,
        source: "SalesMan CRM API v3, history, «Запрос tips»",
    };

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
