//! The records of the history, as the database holds them.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

/// One record of the history as it is stored. The names are those of the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The id of the record.
    pub cid: u64,
    /// When it happened, in the account's local time; `None` is the zero date `0000-00-00 00:00:00`.
    pub datum: Option<NaiveDateTime>,
    /// The text; `None` where the server left nothing of what was written.
    pub content: Option<String>,
    /// The kind of activity; `None` where `add.list` was given none.
    pub tip: Option<String>,
    /// The owner; 0 is nobody.
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

/// A date and time as MySQL reads a text: `YYYY-MM-DD` with or without a time, any marks between the numbers,
/// whatever follows left out. `None`, the zero date, where it is none.
pub(crate) fn read_datum(text: &str) -> Option<NaiveDateTime> {
    let mut numbers = [0u32; 6];
    let mut count = 0;
    let mut rest = text.trim();
    while count < 6 {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > 4 {
            break;
        }
        numbers[count] = rest[..digits].parse().ok()?;
        count += 1;
        rest = rest[digits..].trim_start_matches(|mark: char| !mark.is_ascii_digit());
    }
    if count < 3 {
        return None;
    }
    let day = NaiveDate::from_ymd_opt(i32::try_from(numbers[0]).ok()?, numbers[1], numbers[2])?;
    let time = NaiveTime::from_hms_opt(numbers[3], numbers[4], numbers[5])?;
    Some(day.and_time(time))
}

/// A date and time as it is written on the wire.
pub(crate) fn write_datum(datum: Option<NaiveDateTime>) -> String {
    datum.map_or_else(
        || "0000-00-00 00:00:00".to_owned(),
        |datum| datum.format("%Y-%m-%d %H:%M:%S").to_string(),
    )
}
