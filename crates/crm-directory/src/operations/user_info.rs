//! `user/info`: one user.

use bytes::Bytes;
use crm_history::collation::folded;
use crm_model::directory::{User, UserId};
use crm_transport::{Error, Operation, OperationInfo};
use http::{Request, Response};
use serde_json::json;

use super::{catalog, id_fault, sql_fault};
use crate::operations;

/// What identifies a user. A text becomes a login.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserKey {
    /// `iduser`: the ID.
    Id(UserId),
    /// `user`: the login. Case and spaces at the end do not count (observed).
    Login(String),
    /// `uid`: the ID in another system.
    Uid(String),
}

impl From<UserId> for UserKey {
    fn from(id: UserId) -> Self {
        Self::Id(id)
    }
}

impl From<&str> for UserKey {
    fn from(login: &str) -> Self {
        Self::Login(login.to_owned())
    }
}

impl From<String> for UserKey {
    fn from(login: String) -> Self {
        Self::Login(login)
    }
}

/// `user/info`: one user, with telephone numbers and role.
#[derive(Clone, Debug)]
pub struct UserInfo {
    key: UserKey,
}

impl UserInfo {
    /// Creates the operation for this user.
    #[must_use]
    pub fn new(key: impl Into<UserKey>) -> Self {
        Self { key: key.into() }
    }
}

impl Operation for UserInfo {
    type Output = User;

    const INFO: OperationInfo = catalog::USER_INFO;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        let fault = match &self.key {
            UserKey::Id(id) => id_fault("id", Some(id.0)),
            UserKey::Login(login) => sql_fault("login", Some(login)),
            UserKey::Uid(uid) => sql_fault("uid", Some(uid)),
        };
        if let Some(fault) = fault {
            return Err(operations::invalid(&Self::INFO, fault));
        }
        let body = match &self.key {
            UserKey::Id(id) => json!({ "iduser": id }),
            UserKey::Login(login) => json!({ "user": login }),
            UserKey::Uid(uid) => json!({ "uid": uid }),
        };
        operations::request(&Self::INFO, &body)
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        let user: User = crm_history::answer::data(&Self::INFO, response)?;
        let is_other = |found: &Option<String>, asked: &str| {
            found.as_deref().is_none_or(|found| folded(found) != folded(asked))
        };
        let ignored = match &self.key {
            UserKey::Id(id) => (user.id != *id).then_some("iduser"),
            UserKey::Login(login) => is_other(&user.login, login).then_some("user"),
            UserKey::Uid(uid) => is_other(&user.uid, uid).then_some("uid"),
        };
        match ignored {
            Some(parameter) => {
                let found = format!("user {} arrived in place of the one that was asked for", user.id);
                Err(Error::ignored_parameter(&Self::INFO, parameter, found))
            }
            None => Ok(user),
        }
    }
}
