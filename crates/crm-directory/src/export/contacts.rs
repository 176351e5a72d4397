//! The contacts as a list that can be exported.

use crm_model::Page;
use crm_model::directory::Contact;
use crm_transport::{Error, Export, ExportPage, ExportSource, Operation, OperationInfo};

use crate::DirectoryClient;
use crate::operations::{ContactQuery, PAGE, PersonList};

/// Every contact of a query; started with [`DirectoryClient::export_contacts`].
///
/// Its verdict is about what the server lists: the contacts of the users that the role of the current user shows
/// (observed).
pub type ContactExport = Export<Contacts>;

/// The contacts of a query, as the source of a [`ContactExport`].
#[derive(Debug)]
pub struct Contacts {
    client: DirectoryClient,
    query: ContactQuery,
    /// Why the query cannot be exported: the field and what is wrong with it.
    refused: Option<(&'static str, &'static str)>,
}

impl Contacts {
    pub(crate) fn new(client: DirectoryClient, query: ContactQuery) -> Self {
        let (query, refused) = match query.clone().for_export() {
            Ok(query) => (query, None),
            Err(fault) => (query, Some(fault)),
        };
        Self { client, query, refused }
    }
}

impl ExportSource for Contacts {
    type Record = Contact;
    const OPERATION: OperationInfo = <PersonList as Operation>::INFO;
    const NAME: &'static str = "directory.export_contacts";
    const COUNTS_RECORDS: bool = false;

    fn identity(&self) -> Result<String, Error> {
        if let Some((field, fault)) = self.refused {
            return Err(Error::invalid_request(Self::NAME, field, fault));
        }
        let request = self.client.prepare(&PersonList::new(self.query.clone()))?;
        let login = request.headers().get("login").map_or(&b""[..], |login| login.as_bytes());
        let (login, body) = (String::from_utf8_lossy(login), String::from_utf8_lossy(request.body()));
        Ok(format!("{} {login} {body}", request.uri()))
    }

    fn id(record: &Contact) -> u64 {
        record.id.0
    }

    fn page_size(&self) -> usize {
        PAGE
    }

    async fn page(&self, at: ExportPage) -> Result<Page<Contact>, Error> {
        self.client.contacts(&self.query.clone().page(at.number)).await
    }
}
