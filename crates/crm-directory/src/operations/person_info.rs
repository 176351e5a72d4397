//! `person/info`: one contact.

use bytes::Bytes;
use crm_model::directory::{Contact, ContactId};
use crm_transport::{Error, Operation, OperationInfo, json};
use http::{Request, Response};
use serde_json::json as body;
use serde_json::value::RawValue;

use super::{catalog, id_fault};
use crate::operations;

/// `person/info`: the contact with this `pid`.
#[derive(Clone, Copy, Debug)]
pub struct PersonInfo {
    id: ContactId,
}

impl PersonInfo {
    /// Creates the operation for the contact with this `pid`.
    #[must_use]
    pub fn new(id: ContactId) -> Self {
        Self { id }
    }
}

impl Operation for PersonInfo {
    type Output = Contact;

    const INFO: OperationInfo = catalog::PERSON_INFO;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        if let Some(fault) = id_fault("id", Some(self.id.0)) {
            return Err(operations::invalid(&Self::INFO, fault));
        }
        operations::request(&Self::INFO, &body!({ "pid": self.id, "socinfo": true }))
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        let data: Box<RawValue> = crm_history::answer::data(&Self::INFO, response)?;
        // A contact that does not exist comes as a record of nulls (observed).
        if json::member(data.get(), "pid") == Some("null") {
            return Err(Error::no_record(&Self::INFO));
        }
        let contact: Contact = json::decode(data.get().as_bytes(), "$.data")
            .map_err(|error| Error::undecodable(&Self::INFO, error))?;
        if contact.id != self.id {
            let found = format!("contact {} arrived in place of contact {}", contact.id, self.id);
            return Err(Error::ignored_parameter(&Self::INFO, "pid", found));
        }
        Ok(contact)
    }
}
