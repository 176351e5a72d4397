//! `list`: activities by day, user, text, client, contact and deal.

use bytes::Bytes;
use crm_model::Page;
use crm_model::history::Entry;
use crm_transport::{Credentials, Error, Operation, OperationInfo};
use http::{Request, Response};

use super::catalog;
use super::entry_query::EntryQuery;
use crate::answer;

/// `history/list`: one page of 200 activities.
#[derive(Clone, Debug)]
pub struct List {
    query: EntryQuery,
}

impl List {
    /// Creates the operation for this query.
    #[must_use]
    pub fn new(query: EntryQuery) -> Self {
        Self { query }
    }
}

impl Operation for List {
    type Output = Page<Entry>;

    const INFO: OperationInfo = catalog::LIST;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        if let Some((field, fault)) = self.query.fault() {
            return Err(Error::invalid_request(Self::INFO.id, field, fault));
        }
        self.query.parameters().request(&Self::INFO)
    }

    /// An activity that was not requested is an error: the server did not receive the parameters, or ignored one.
    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        let page: Page<Entry> = answer::page(&Self::INFO, response)?;
        match page.items.iter().find_map(|entry| self.query.contradiction(entry)) {
            Some((parameter, found)) => Err(Error::ignored_parameter(&Self::INFO, parameter, found)),
            None => Ok(page),
        }
    }

    fn parameters_received(&self, page: &Self::Output) -> Option<bool> {
        self.query.was_received(&page.items)
    }

    fn redact(&self, page: &mut Self::Output, credentials: &Credentials) {
        credentials.scrub_unreadable(page);
    }
}
