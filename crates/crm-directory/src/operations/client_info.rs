//! `client/info`: one client.

use bytes::Bytes;
use crm_history::collation::folded;
use crm_model::directory::{Client, ClientId};
use crm_transport::json::JsonError;
use crm_transport::{Error, Operation, OperationInfo};
use http::{Request, Response};
use serde_json::json;

use super::{catalog, id_fault, sql_fault};
use crate::operations;

/// `client/info`: one client, with bank and tax details.
#[derive(Clone, Debug)]
pub struct ClientInfo {
    key: Key,
}

#[derive(Clone, Debug)]
enum Key {
    Id(ClientId),
    Uid(String),
    TaxId(String),
}

impl ClientInfo {
    /// Creates the operation for the client with this `clid`.
    #[must_use]
    pub fn new(id: ClientId) -> Self {
        Self { key: Key::Id(id) }
    }

    /// Creates the operation for the client with this `uid`, its ID in another system.
    #[must_use]
    pub fn with_uid(uid: impl Into<String>) -> Self {
        Self { key: Key::Uid(uid.into()) }
    }

    /// Creates the operation for the client with this `inn`, its tax ID.
    #[must_use]
    pub fn with_tax_id(tax_id: impl Into<String>) -> Self {
        Self { key: Key::TaxId(tax_id.into()) }
    }
}

impl Operation for ClientInfo {
    type Output = Client;

    const INFO: OperationInfo = catalog::CLIENT_INFO;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        let fault = match &self.key {
            Key::Id(id) => id_fault("id", Some(id.0)),
            Key::Uid(uid) => sql_fault("uid", Some(uid)),
            Key::TaxId(tax_id) => sql_fault("tax_id", Some(tax_id)),
        };
        if let Some(fault) = fault {
            return Err(operations::invalid(&Self::INFO, fault));
        }
        let body = match &self.key {
            Key::Id(id) => json!({ "clid": id, "bankinfo": true }),
            Key::Uid(uid) => json!({ "uid": uid, "bankinfo": true }),
            Key::TaxId(tax_id) => json!({ "inn": tax_id, "bankinfo": true }),
        };
        operations::request(&Self::INFO, &body)
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        let client: Client = crm_history::answer::data(&Self::INFO, response)?;
        let ignored = |parameter: &str| {
            let found = format!("client {} arrived in place of the one that was asked for", client.id);
            Err(Error::ignored_parameter(&Self::INFO, parameter, found))
        };
        match &self.key {
            Key::Id(id) if client.id != *id => ignored("clid"),
            Key::Uid(uid) if client.uid.as_deref().is_none_or(|found| folded(found) != folded(uid)) => {
                ignored("uid")
            }
            // The server compares it with every part of the bank details (read in its source).
            Key::TaxId(tax_id) if client.tax_id().is_none_or(|found| found.trim() != tax_id.trim()) => {
                let fault = "the server returned a client with another tax id, because the number is somewhere in its bank details";
                Err(Error::undecodable(&Self::INFO, JsonError::new("$.data.bankinfo.castInn", fault)))
            }
            _ => Ok(client),
        }
    }
}
