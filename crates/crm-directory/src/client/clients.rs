//! The methods about clients.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use crm_model::Page;
use crm_model::directory::{Client as ClientRecord, ClientId};
use crm_transport::{Error, Operation, Position, Records, records};

use super::DirectoryClient;
use crate::ClientExport;
use crate::operations::{ClientFields, ClientInfo, ClientList, ClientQuery, PAGE};

impl DirectoryClient {
    /// Returns the wire names of the fields of a client, and their titles in this account (`client/fields`).
    ///
    /// Only here do the custom fields, `input1` to `input10`, have a meaning.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// let titles = directory.client_fields().await?;
    /// println!("{:?}", titles.get("input1"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    #[doc(alias = "client/fields")]
    pub async fn client_fields(&self) -> Result<BTreeMap<String, String>, Error> {
        self.run(&ClientFields).await
    }

    /// Returns one page of 200 clients, in descending order (`client/list`). A page past the end is empty.
    ///
    /// [`Page::total`] is known only if the first page holds all clients of the query.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ClientQuery;
    ///
    /// for client in directory.clients(&ClientQuery::new().word("ромашка")).await? {
    ///     println!("{} {:?}", client.id, client.name);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. A record that cannot be decoded is not an error; it is in [`Page::unreadable`].
    #[doc(alias = "client/list")]
    pub async fn clients(&self, query: &ClientQuery) -> Result<Page<ClientRecord>, Error> {
        self.run(&ClientList::new(query.clone())).await
    }

    /// Returns every client of a query, page after page, the greatest ID first unless the query sets an order.
    ///
    /// A client that is added meanwhile moves one to the next page, where it comes again. A client that is deleted
    /// meanwhile makes the list miss one (observed); [`export_clients`](Self::export_clients) misses none.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ClientQuery;
    ///
    /// let mut all = directory.stream_clients(ClientQuery::new());
    /// while let Some(client) = all.next().await {
    ///     println!("{}", client?.id);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// An error of a call ends the stream. A record that cannot be decoded is an error, too, and the next record follows.
    pub fn stream_clients(&self, query: ClientQuery) -> Records<ClientRecord> {
        let client = self.clone();
        let first = query.first_page();
        let fetch = move |position: Position| {
            let (client, query) = (client.clone(), query.clone().page(first + position.pages));
            async move { client.clients(&query).await }
        };
        records(<ClientList as Operation>::INFO, PAGE, |client| client.id.0, fetch)
    }

    /// Exports every client of a query, in constant memory, with a verdict on whether that is all: newest first.
    ///
    /// The server lists clients in descending order only, so pages move while they are read. The export therefore asks
    /// for ranges of the time of creation that fit on one page: each response is whole in itself. That costs about one
    /// call for 199 clients, one after the other. It counts the list before and after; see [`ClientExport`].
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ClientQuery;
    ///
    /// let mut export = directory.export_clients(ClientQuery::new());
    /// while let Some(client) = export.next().await {
    ///     println!("{}", client?.id);
    /// }
    /// println!("{}", export.finish());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// They come in place of a client. A query with a page or an order is refused with the first one.
    pub fn export_clients(&self, query: ClientQuery) -> ClientExport {
        ClientExport::all(self.clone(), query)
    }

    /// Exports every client that was created or changed in this time, both ends included, with a verdict.
    ///
    /// This is the only list of changes in this API (observed). Contacts and users have none. It makes two queries,
    /// because a client that was never changed has no time of change. Deletions are not among the changes.
    ///
    /// The times are in the account's local time, plus the shift of the current user's clock. Let `until` lie in the
    /// past, and begin the next call with it. A client that changes during the call has a later time, and the next call
    /// finds it.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut changed = directory.changed("2026-11-24T00:00:00".parse()?, "2026-11-25T00:00:00".parse()?);
    /// while let Some(client) = changed.next().await {
    ///     println!("{}", client?.id);
    /// }
    /// println!("{}", changed.finish());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// They come in place of a client.
    pub fn changed(&self, since: NaiveDateTime, until: NaiveDateTime) -> ClientExport {
        ClientExport::changed(self.clone(), since, until)
    }

    /// Returns one client, with bank and tax details (`client/info`).
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ClientId;
    ///
    /// let client = directory.client(ClientId(1781)).await?;
    /// println!("{:?} {:?}", client.name, client.tax_id());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) if there is no such client, if the role does not show it, or if it has no
    /// owner (observed). Otherwise see [`Error`].
    #[doc(alias = "client/info")]
    pub async fn client(&self, id: ClientId) -> Result<ClientRecord, Error> {
        self.run(&ClientInfo::new(id)).await
    }

    /// Returns the client with this ID in another system (`client/info` with `uid`).
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// let client = directory.client_by_uid("1C-000123").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`client`](Self::client).
    pub async fn client_by_uid(&self, uid: &str) -> Result<ClientRecord, Error> {
        self.run(&ClientInfo::with_uid(uid)).await
    }

    /// Returns the client with this tax ID (ИНН; `client/info` with `inn`).
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// let client = directory.client_by_tax_id("5900000001").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`client`](Self::client). The server compares the number with every part of the bank details; a client with
    /// another tax ID is an error.
    #[doc(alias = "inn")]
    pub async fn client_by_tax_id(&self, tax_id: &str) -> Result<ClientRecord, Error> {
        self.run(&ClientInfo::with_tax_id(tax_id)).await
    }
}
