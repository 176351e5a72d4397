//! The methods about contacts.

use std::collections::BTreeMap;

use crm_model::Page;
use crm_model::directory::{Contact, ContactId};
use crm_transport::{Error, ExportBuilder, Operation, Position, Records, records};

use super::DirectoryClient;
use crate::Contacts;
use crate::operations::{ContactQuery, PAGE, PersonFields, PersonInfo, PersonList};

impl DirectoryClient {
    /// Returns the wire names of the fields of a contact, and their titles in this account (`person/fields`). Social
    /// networks have names such as `social.skype`.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// let titles = directory.contact_fields().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    #[doc(alias = "person/fields")]
    pub async fn contact_fields(&self) -> Result<BTreeMap<String, String>, Error> {
        self.run(&PersonFields).await
    }

    /// Returns one page of 200 contacts (`person/list`). A page past the end is empty.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::{ClientId, ContactQuery};
    ///
    /// for contact in directory.contacts(&ContactQuery::new().client(ClientId(1781))).await? {
    ///     println!("{} {:?}", contact.id, contact.name);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. A record that cannot be decoded is not an error; it is in [`Page::unreadable`].
    #[doc(alias = "person/list")]
    pub async fn contacts(&self, query: &ContactQuery) -> Result<Page<Contact>, Error> {
        self.run(&PersonList::new(query.clone())).await
    }

    /// Returns every contact of a query, page after page, from the query's page on.
    ///
    /// They are sorted by ID, smallest first, unless the query sets an order. Any other order may miss contacts while
    /// others are added.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ContactQuery;
    ///
    /// let mut all = directory.stream_contacts(ContactQuery::new());
    /// while let Some(contact) = all.next().await {
    ///     println!("{}", contact?.id);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// An error of a call ends the stream. A record that cannot be decoded is an error, too, and the next record follows.
    pub fn stream_contacts(&self, query: ContactQuery) -> Records<Contact> {
        let client = self.clone();
        let query = query.in_stable_order();
        let first = query.first_page();
        let fetch = move |position: Position| {
            let (client, query) = (client.clone(), query.clone().page(first + position.pages));
            async move { client.contacts(&query).await }
        };
        records(<PersonList as Operation>::INFO, PAGE, |contact| contact.id.0, fetch)
    }

    /// Exports every contact of a query by ID, smallest first, in constant memory, with a completeness verdict.
    ///
    /// The options are methods of the [`ExportBuilder`]: concurrency, a checkpoint to resume from, a progress callback.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ContactQuery;
    ///
    /// let mut export = directory.export_contacts(ContactQuery::new()).start().await?;
    /// while let Some(contact) = export.next().await {
    ///     println!("{}", contact?.id);
    /// }
    /// println!("{}", export.finish().await);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`start`](ExportBuilder::start) refuses a query with a page or another order. Errors of calls come in place of
    /// a record: see [`Export`](crm_transport::Export).
    pub fn export_contacts(&self, query: ContactQuery) -> ExportBuilder<Contacts> {
        ExportBuilder::new(Contacts::new(self.clone(), query))
    }

    /// Returns one contact (`person/info`). Every user can read every contact (observed).
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ContactId;
    ///
    /// let contact = directory.contact(ContactId(2475)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) if there is no such contact, or if it has no name (observed). Otherwise see
    /// [`Error`].
    #[doc(alias = "person/info")]
    pub async fn contact(&self, id: ContactId) -> Result<Contact, Error> {
        self.run(&PersonInfo::new(id)).await
    }
}
