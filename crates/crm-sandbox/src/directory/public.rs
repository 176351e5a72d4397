//! How tests see and change clients, contacts and guides.

use super::data::{Client, Contact};
use super::fields;
use super::guides::Guides;
use crate::builder::Builder;
use crate::sandbox::Sandbox;

impl Sandbox {
    /// Stores a client unchanged and returns its ID. [`Client::clid`] 0 is replaced by the next free ID. A client
    /// with the same ID is replaced.
    pub fn add_client(&self, client: Client) -> i64 {
        self.state().history.add_client(client)
    }

    /// Stores a contact unchanged and returns its ID. [`Contact::pid`] 0 is replaced by the next free ID. A contact
    /// with the same ID is replaced.
    pub fn add_contact(&self, contact: Contact) -> i64 {
        self.state().history.add_contact(contact)
    }

    /// A copy of the client with this ID.
    pub fn client(&self, clid: i64) -> Option<Client> {
        self.state().history.directory.clients.get(clid).cloned()
    }

    /// A copy of the contact with this ID.
    pub fn contact(&self, pid: i64) -> Option<Contact> {
        self.state().history.directory.contacts.get(pid).cloned()
    }

    /// Copies of all clients in the order of their IDs.
    pub fn clients(&self) -> Vec<Client> {
        self.state().history.directory.clients.iter().cloned().collect()
    }

    /// Copies of all contacts in the order of their IDs.
    pub fn contacts(&self) -> Vec<Contact> {
        self.state().history.directory.contacts.iter().cloned().collect()
    }

    /// Changes a client, as a person does in the CRM. Its ID stays. [`Client::date_edit`] changes only if `change`
    /// changes it. Returns whether the client exists.
    pub fn change_client(&self, clid: i64, change: impl FnOnce(&mut Client)) -> bool {
        self.state().history.change_client(clid, change)
    }

    /// Changes a contact, as a person does in the CRM. Its ID stays. Returns whether the contact exists.
    pub fn change_contact(&self, pid: i64, change: impl FnOnce(&mut Contact)) -> bool {
        self.state().history.change_contact(pid, change)
    }

    /// Changes the guides.
    pub fn change_guides(&self, change: impl FnOnce(&mut Guides)) {
        change(&mut self.state().history.directory.guides);
    }

    /// Replaces the enabled fields of clients: wire name and title, in the order of the account. `clid`, `uid`, `type`,
    /// `date_create` and `date_edit` are always there.
    pub fn set_client_fields(&self, enabled: &[(&str, &str)]) {
        self.state().history.directory.client_fields = fields::owned(enabled);
    }

    /// Replaces the enabled fields of contacts: wire name and title, in the order of the account. `pid`, `date_create` and
    /// `date_edit` are always there.
    pub fn set_contact_fields(&self, enabled: &[(&str, &str)]) {
        self.state().history.directory.contact_fields = fields::owned(enabled);
    }
}

impl Builder {
    /// Sets the number of generated clients in addition to the two built-in ones (default: 0).
    ///
    /// They have the IDs from 3 on, and telephone numbers that are written in twelve ways:
    /// [`generated_phone`](crate::generated_phone). They are the same in every run.
    pub fn clients(mut self, count: u64) -> Builder {
        self.settings.clients = count;
        self
    }

    /// Sets the number of generated contacts in addition to the two built-in ones (default: 0).
    ///
    /// The same applies as for [`Builder::clients`]. Contacts with an even ID have their number in `mob`, the others in
    /// `tel`.
    pub fn contacts(mut self, count: u64) -> Builder {
        self.settings.contacts = count;
        self
    }
}
