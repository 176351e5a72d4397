//! How tests see and change the records of the history, and what happens in the CRM beside the API.

use super::events::ServerEvent;
use super::records::Record;
use crate::sandbox::Sandbox;

impl Sandbox {
    /// A copy of the record with this ID, as it is stored.
    pub fn record(&self, cid: u64) -> Option<Record> {
        self.state().history.records.get(cid).cloned()
    }

    /// Copies of all records in the order of their IDs, as they are stored.
    pub fn records(&self) -> Vec<Record> {
        self.with_records(|records| records.cloned().collect())
    }

    /// Looks at all records in the order of their IDs without copying them. No request is answered meanwhile.
    pub fn with_records<R>(&self, look: impl FnOnce(&mut dyn Iterator<Item = &Record>) -> R) -> R {
        look(&mut self.state().history.records.iter())
    }

    /// How many records there are.
    pub fn record_count(&self) -> usize {
        self.state().history.records.len()
    }

    /// Stores a record just as it is, only under the next free ID, and returns that ID.
    pub fn add_record(&self, record: Record) -> u64 {
        self.state().history.records.add(record)
    }

    /// Removes a record, whoever it belongs to, and returns it.
    pub fn remove_record(&self, cid: u64) -> Option<Record> {
        self.state().history.records.remove(cid)
    }

    /// Changes a record, as a person does in the CRM; its ID stays. Tells whether there is one.
    pub fn change_record(&self, cid: u64, change: impl FnOnce(&mut Record)) -> bool {
        let mut state = self.state();
        let Some(record) = state.history.records.get_mut(cid) else { return false };
        change(record);
        record.cid = cid;
        true
    }

    /// Stores a record that the server writes itself after a change in the CRM, and returns its ID. `about` gives the
    /// owner (who made the change), the client, the contacts, the deal and the account; the time is now where it has none.
    pub fn add_server_record(&self, event: ServerEvent, about: Record) -> u64 {
        self.state().add_server_record(event, about)
    }

    /// Deletes a client, as a person does in the CRM: all its records go. Returns how many. Its contacts stay (assumed).
    pub fn delete_client(&self, clid: i64) -> usize {
        self.state().history.delete_client(clid)
    }

    /// Deletes a deal, as a person does in the CRM: all its records go. Returns how many.
    pub fn delete_deal(&self, did: i64) -> usize {
        self.state().history.delete_deal(did)
    }

    /// Deletes a contact, as a person does in the CRM: its records lose it, and those that have no client, no deal and no
    /// other contact go. Returns how many of both kinds there were.
    pub fn delete_contact(&self, pid: i64) -> usize {
        self.state().history.delete_contact(pid)
    }
}
