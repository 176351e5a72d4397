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

    /// Returns the number of records.
    pub fn record_count(&self) -> usize {
        self.state().history.records.len()
    }

    /// Stores a record unchanged except for its ID, which is the next free one, and returns that ID.
    pub fn add_record(&self, record: Record) -> u64 {
        self.state().history.records.add(record)
    }

    /// Removes a record of any owner, and returns it.
    pub fn remove_record(&self, cid: u64) -> Option<Record> {
        self.state().history.records.remove(cid)
    }

    /// Changes a record, as a person does in the CRM; its ID stays. Returns whether the record exists.
    pub fn change_record(&self, cid: u64, change: impl FnOnce(&mut Record)) -> bool {
        let mut state = self.state();
        let Some(record) = state.history.records.get_mut(cid) else { return false };
        change(record);
        record.cid = cid;
        true
    }

    /// Stores a record that the server writes itself after a change in the CRM, and returns its ID. `about` has the
    /// owner (who made the change), the client, the contacts, the deal and the account. The time is now if it has none.
    pub fn add_server_record(&self, event: ServerEvent, about: Record) -> u64 {
        self.state().add_server_record(event, about)
    }

    /// Deletes a client, as a person does in the CRM, with all its records. Returns their number. Its contacts stay
    /// (assumed).
    pub fn delete_client(&self, clid: i64) -> usize {
        self.state().history.delete_client(clid)
    }

    /// Deletes a deal, as a person does in the CRM, with all its records. Returns their number.
    pub fn delete_deal(&self, did: i64) -> usize {
        self.state().history.delete_deal(did)
    }

    /// Deletes a contact, as a person does in the CRM: it is removed from its records, and records without a client, a
    /// deal or another contact are deleted. Returns the number of both.
    pub fn delete_contact(&self, pid: i64) -> usize {
        self.state().history.delete_contact(pid)
    }
}
