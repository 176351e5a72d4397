//! `client/list`: clients by owner, text, dates and fields.

use bytes::Bytes;
use crm_model::Page;
use crm_model::directory::Client;
use crm_transport::{Credentials, Error, Operation, OperationInfo};
use http::{Request, Response};

use super::{ClientQuery, catalog};
use crate::{answer, operations};

/// `client/list`: one page of 200 clients, in descending order.
#[derive(Clone, Debug)]
pub struct ClientList {
    query: ClientQuery,
}

impl ClientList {
    /// Creates the operation for this query.
    #[must_use]
    pub fn new(query: ClientQuery) -> Self {
        Self { query }
    }
}

impl Operation for ClientList {
    type Output = Page<Client>;

    const INFO: OperationInfo = catalog::CLIENT_LIST;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        if let Some(fault) = self.query.fault() {
            return Err(operations::invalid(&Self::INFO, fault));
        }
        operations::request(&Self::INFO, &self.query.parameters())
    }

    /// The total is known only if one page holds the whole list (observed).
    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        let mut listed = answer::list::<Client>(&Self::INFO, response)?;
        let name = |client: &Client| format!("client {}", client.id);
        answer::check(&Self::INFO, &listed.page, name, |client| self.query.misfit(client))?;
        let is_whole = self.query.first_page() == 0 && listed.pages.is_some_and(|pages| pages <= 1);
        listed.page.total = listed.count.filter(|_| is_whole);
        Ok(listed.page)
    }

    fn redact(&self, page: &mut Self::Output, credentials: &Credentials) {
        credentials.scrub_unreadable(page);
    }
}

/// `client/list` for its numbers alone.
#[derive(Debug)]
pub(crate) struct CountClients {
    query: ClientQuery,
}

/// What the server says of a page and of the list.
pub(crate) struct Count {
    /// The clients on the page.
    pub(crate) records: u64,
    /// The pages of the list, if the server counts them.
    pub(crate) pages: Option<u64>,
}

impl CountClients {
    pub(crate) fn new(query: ClientQuery) -> Self {
        Self { query: query.fields(["clid"]) }
    }
}

impl Operation for CountClients {
    type Output = Count;

    const INFO: OperationInfo = catalog::CLIENT_LIST;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        operations::request(&Self::INFO, &self.query.parameters())
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        let listed = answer::list::<Client>(&Self::INFO, response)?;
        Ok(Count { records: listed.page.len() as u64, pages: listed.pages })
    }
}
