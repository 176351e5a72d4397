//! The records of the history, as the database holds them.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;

/// One record of the history as it is stored. The names are those of the wire.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// The id of the record.
    pub cid: u64,
    /// When it happened, in the account's local time; `None` is the zero date `0000-00-00 00:00:00`.
    pub datum: Option<NaiveDateTime>,
    /// The text; `None` where the server left nothing of what was written.
    pub content: Option<String>,
    /// The kind of activity; `None` where `add.list` was given none.
    pub tip: Option<String>,
    /// The owner: 1 is [`BOSS`](crate::BOSS), 2 is [`SELLER`](crate::SELLER), 0 is nobody.
    pub iduser: i64,
    /// The client; 0 is none.
    pub clid: i64,
    /// The contacts: ids joined by `;`, or nothing.
    pub pid: String,
    /// The deal; 0 is none.
    pub did: i64,
}

/// All records in the order of their ids.
#[derive(Debug, Default)]
pub(crate) struct Records {
    by_id: BTreeMap<u64, Record>,
    last_id: u64,
}

impl Records {
    /// Stores a record under the next free id, whatever its `cid` says.
    pub(crate) fn add(&mut self, mut record: Record) -> u64 {
        self.last_id += 1;
        record.cid = self.last_id;
        self.by_id.insert(self.last_id, record);
        self.last_id
    }

    pub(crate) fn remove(&mut self, cid: u64) -> Option<Record> {
        self.by_id.remove(&cid)
    }

    pub(crate) fn get(&self, cid: u64) -> Option<&Record> {
        self.by_id.get(&cid)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.by_id.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }
}
