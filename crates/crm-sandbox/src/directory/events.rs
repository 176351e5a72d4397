//! What happens to clients and contacts outside the API, and what becomes of the history with it.

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

    /// Deletes a client with its records.
    pub(crate) fn delete_client(&mut self, clid: i64) -> Option<Client> {
        let client = self.directory.clients.remove(clid)?;
        self.names.clients.remove(&clid);
        let doomed = self.records.iter().filter(|record| record.clid == clid).map(|record| record.cid);
        for cid in doomed.collect::<Vec<u64>>() {
            self.records.remove(cid);
        }
        Some(client)
    }

    /// Deletes a contact and takes it out of its records. A record without a client, a deal and another contact goes.
    pub(crate) fn delete_contact(&mut self, pid: i64) -> Option<Contact> {
        let contact = self.directory.contacts.remove(pid)?;
        self.names.contacts.remove(&pid);
        let pid = pid.to_string();
        let is_of_contact = |pids: &str| pids.split(';').any(|one| one == pid);
        let changed =
            self.records.iter().filter(|record| is_of_contact(&record.pid)).map(|record| record.cid);
        for cid in changed.collect::<Vec<u64>>() {
            let Some(record) = self.records.get_mut(cid) else { continue };
            let others: Vec<&str> = record.pid.split(';').filter(|one| *one != pid).collect();
            record.pid = others.join(";");
            if record.pid.is_empty() && record.clid <= 0 && record.did <= 0 {
                self.records.remove(cid);
            }
        }
        Some(contact)
    }
}
