//! What happens in the CRM beside the API: records that the server writes itself, records that vanish, and clocks that
//! are changed.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::records::Record;
use super::{History, date};
use crate::account::Account;

/// A change in the CRM after which the server writes a record by itself.
///
/// The types of these records were observed. The content of [`ServerEvent::ClientAdded`] is read in the source; that of
/// the others is assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServerEvent {
    /// A client was added: «СобытиеCRM».
    ClientAdded,
    /// A client or a deal has another owner: «СобытиеCRM».
    OwnerChanged,
    /// A deal was added: «СобытиеCRM».
    DealAdded,
    /// A lead was added: «СобытиеCRM».
    LeadAdded,
    /// Fields of a client, contact or deal were changed: «ЛогCRM», with `<b>` tags in its content.
    FieldsChanged,
}

impl ServerEvent {
    /// The type and the content of the record.
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            ServerEvent::ClientAdded => ("СобытиеCRM", "Добавлен клиент"),
            ServerEvent::OwnerChanged => ("СобытиеCRM", "Изменен ответственный"),
            ServerEvent::DealAdded => ("СобытиеCRM", "Добавлена сделка"),
            ServerEvent::LeadAdded => ("СобытиеCRM", "Добавлен лид"),
            ServerEvent::FieldsChanged => {
                ("ЛогCRM", "<b>Телефон</b>: <b>не указано</b> изменено на <b>101</b>")
            }
        }
    }
}

impl History {
    /// Stores the record that the server writes after a change, and returns its ID. `about` gives the owner, the client,
    /// the contacts, the deal, the account and the time.
    pub(crate) fn add_server_record(&mut self, event: ServerEvent, about: Record) -> u64 {
        let (tip, content) = event.texts();
        self.records.add(Record { tip: Some(tip.to_owned()), content: Some(content.to_owned()), ..about })
    }

    /// Deletes a client with all its records, and returns how many records went.
    pub(crate) fn delete_client(&mut self, clid: i64) -> usize {
        self.names.clients.remove(&clid);
        self.directory.remove_client(clid);
        self.records.remove_where(|record| clid > 0 && record.clid == clid)
    }

    /// Deletes a deal with all its records, and returns how many records went.
    pub(crate) fn delete_deal(&mut self, did: i64) -> usize {
        self.names.deals.remove(&did);
        self.records.remove_where(|record| did > 0 && record.did == did)
    }

    /// Deletes a contact: takes it out of its records, and deletes those that have no client, no deal and no other
    /// contact. Returns how many records there were of either kind.
    pub(crate) fn delete_contact(&mut self, pid: i64) -> usize {
        self.names.contacts.remove(&pid);
        self.directory.remove_contact(pid);
        let pid = pid.to_string();
        let has = |record: &Record| record.pid.split(';').any(|one| one == pid);
        let is_all = |record: &Record| record.clid <= 0 && record.did <= 0 && record.pid == pid;
        let deleted = self.records.remove_where(is_all);
        let mut changed = 0;
        self.records.change_all(|record| {
            if has(record) {
                let others: Vec<&str> = record.pid.split(';').filter(|one| *one != pid).collect();
                record.pid = others.join(";");
                changed += 1;
            }
        });
        deleted + changed
    }

    /// The database holds moments, and the server shows all of them with the offset of the account today. So all records
    /// of an account move when its clock is changed for summer or winter, or its zone is another one.
    pub(crate) fn settle(&mut self, accounts: &[Account], moment: DateTime<Utc>) {
        for (place, account) in accounts.iter().enumerate() {
            let offset = account.zone.offset(moment);
            let Some(before) = self.offsets.get_mut(place) else {
                self.offsets.push(offset);
                continue;
            };
            let change = offset - std::mem::replace(before, offset);
            if change != TimeDelta::zero() {
                self.directory.move_times(place, change);
                self.records.change_all(|record| {
                    if record.account == place {
                        record.datum = record.datum.map(|datum| date::moved(datum, change));
                    }
                });
            }
        }
    }
}
