//! `user/list`: all users.

use bytes::Bytes;
use crm_model::Page;
use crm_model::directory::User;
use crm_transport::json::JsonError;
use crm_transport::{Credentials, Error, Operation, OperationInfo};
use http::{Request, Response};
use serde_json::json;

use super::catalog;
use crate::{answer, operations};

/// `user/list`: all users of the account at once, blocked ones too.
#[derive(Clone, Copy, Debug, Default)]
pub struct UserList;

impl Operation for UserList {
    type Output = Page<User>;

    const INFO: OperationInfo = catalog::USER_LIST;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        operations::request(&Self::INFO, &json!({}))
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        let page = answer::list(&Self::INFO, response)?.page;
        if page.is_empty() {
            // Not even the current user is in it. An action that does not exist has this response (observed).
            let fault = "an empty list of users, although the current user is one";
            return Err(Error::undecodable(&Self::INFO, JsonError::new("$", fault)));
        }
        Ok(page)
    }

    fn redact(&self, page: &mut Self::Output, credentials: &Credentials) {
        credentials.scrub_unreadable(page);
    }
}
