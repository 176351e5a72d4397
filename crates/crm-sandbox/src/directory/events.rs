//! What happens to clients and contacts outside the API.

use chrono::TimeDelta;

use super::Directory;
use super::data::{Client, Contact};
use crate::history::History;

impl History {
    pub(crate) fn add_client(&mut self, client: Client) -> i64 {
        let title = client.title.clone();
        let clid = self.directory.clients.add(client);
        self.names.clients.insert(clid, title);
        clid
    }

    pub(crate) fn add_contact(&mut self, contact: Contact) -> i64 {
        let person = contact.person.clone();
        let pid = self.directory.contacts.add(contact);
        self.names.contacts.insert(pid, person);
        pid
    }

    pub(crate) fn change_client(&mut self, clid: i64, change: impl FnOnce(&mut Client)) -> bool {
        let Some(client) = self.directory.clients.change(clid, change) else { return false };
        self.names.clients.insert(clid, client.title.clone());
        true
    }

    pub(crate) fn change_contact(&mut self, pid: i64, change: impl FnOnce(&mut Contact)) -> bool {
        let Some(contact) = self.directory.contacts.change(pid, change) else { return false };
        self.names.contacts.insert(pid, contact.person.clone());
        true
    }
}

impl Directory {
    pub(crate) fn remove_client(&mut self, clid: i64) {
        self.clients.remove(clid);
    }

    pub(crate) fn remove_contact(&mut self, pid: i64) {
        self.contacts.remove(pid);
    }

    /// Moves all times of an account, whose clock was changed.
    pub(crate) fn move_times(&mut self, account: usize, by: TimeDelta) {
        self.clients.change_all(|client| {
            if client.account == account {
                client.date_create += by;
                client.date_edit = client.date_edit.map(|at| at + by);
            }
        });
        self.contacts.change_all(|contact| {
            if contact.account == account {
                contact.date_create += by;
                contact.date_edit = contact.date_edit.map(|at| at + by);
            }
        });
    }
}
