//! `person/list`: contacts by owner, text, dates and fields.

use bytes::Bytes;
use crm_model::Page;
use crm_model::directory::Contact;
use crm_transport::json::JsonError;
use crm_transport::{Credentials, Error, Operation, OperationInfo};
use http::{Request, Response};

use super::{ContactQuery, catalog};
use crate::{answer, operations};

/// `person/list`: one page of 200 contacts.
#[derive(Clone, Debug)]
pub struct PersonList {
    query: ContactQuery,
}

impl PersonList {
    /// Creates the operation for this query.
    #[must_use]
    pub fn new(query: ContactQuery) -> Self {
        Self { query }
    }
}

impl Operation for PersonList {
    type Output = Page<Contact>;

    const INFO: OperationInfo = catalog::PERSON_LIST;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        if let Some(fault) = self.query.fault() {
            return Err(operations::invalid(&Self::INFO, fault));
        }
        operations::request(&Self::INFO, &self.query.parameters())
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        let mut listed = answer::list::<Contact>(&Self::INFO, response)?;
        let name = |contact: &Contact| format!("contact {}", contact.id);
        answer::check(&Self::INFO, &listed.page, name, |contact| self.query.misfit(contact))?;
        // `count` is that of the whole list (observed).
        if self.query.first_page() == 0
            && listed.page.is_empty()
            && listed.count.is_some_and(|count| count > 0)
        {
            let fault = "the server counts contacts and sends none of them";
            return Err(Error::undecodable(&Self::INFO, JsonError::new("$.data", fault)));
        }
        listed.page.total = listed.count;
        Ok(listed.page)
    }

    fn redact(&self, page: &mut Self::Output, credentials: &Credentials) {
        credentials.scrub_unreadable(page);
    }
}
