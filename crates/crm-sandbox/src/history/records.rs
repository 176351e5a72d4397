//! The records of the history, as the database holds them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDateTime;

use super::collation;
use super::list::Filter;

/// One record of the history as it is stored. The names are those of the wire.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// The ID of the record.
    pub cid: u64,
    /// When it happened, in the account's local time; `None` is the zero date `0000-00-00 00:00:00`.
    pub datum: Option<NaiveDateTime>,
    /// The text; `None` where the server left nothing of what was written.
    pub content: Option<String>,
    /// The kind of activity; `None` where `add.list` was given none.
    pub tip: Option<String>,
    /// The ID of the owner: 1 is [`BOSS`](crate::BOSS), 2 is [`SELLER`](crate::SELLER), 0 is no owner.
    pub iduser: i64,
    /// The client; 0 is none.
    pub clid: i64,
    /// The contacts: IDs joined by `;`, or nothing.
    pub pid: String,
    /// The deal; 0 is none.
    pub did: i64,
    /// The account: its place in the list of accounts, 0 for the first. Not on the wire. Ids are unique across accounts.
    pub account: usize,
}

/// All records in the order of their IDs, which are counted from 1 and never come twice.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    /// The record with the ID 1 comes first; a deleted one leaves its place empty.
    places: Vec<Option<Record>>,
    count: usize,
    /// Where the IDs of new records go down: each is below this one.
    going_down_from: Option<u64>,
    /// What [`Records::ranks`] has found since the last change. To compare texts takes longer than to make a page.
    ranks: RefCell<HashMap<TextColumn, Arc<[u32]>>>,
    /// What [`Records::matching`] has found since the last change. Most lists are read page by page.
    matching: RefCell<Option<(Filter, Arc<[u64]>)>>,
}

/// A text that records can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TextColumn {
    Content,
    Tip,
    Pid,
}

impl Records {
    pub(crate) fn with_capacity(count: usize) -> Records {
        Records { places: Vec::with_capacity(count), ..Records::default() }
    }

    /// Stores a record under the next free ID, whatever its `cid` says.
    pub(crate) fn add(&mut self, mut record: Record) -> u64 {
        record.cid = self.next_id();
        let cid = record.cid;
        let index = cid as usize - 1;
        if index >= self.places.len() {
            self.places.resize_with(index + 1, || None);
        }
        self.places[index] = Some(record);
        self.count += 1;
        self.has_changed();
        cid
    }

    /// Lets the IDs of new records go down: the next one is below `from`, or below the last one if they go down already.
    pub(crate) fn go_down_from(&mut self, from: u64) {
        // There is a place for each id.
        self.going_down_from.get_or_insert(from.min(10_000_000));
    }

    fn next_id(&mut self) -> u64 {
        let above = self.places.len() as u64 + 1;
        let Some(from) = self.going_down_from else { return above };
        let below = (1..from).rev().find(|cid| self.get(*cid).is_none());
        self.going_down_from = below;
        below.unwrap_or(above)
    }

    pub(crate) fn remove(&mut self, cid: u64) -> Option<Record> {
        *self.matching.get_mut() = None;
        let removed = self.places.get_mut(place(cid)?)?.take();
        self.count -= usize::from(removed.is_some());
        removed
    }

    /// Removes all records that `is_doomed` says, and returns how many.
    pub(crate) fn remove_where(&mut self, is_doomed: impl Fn(&Record) -> bool) -> usize {
        let doomed: Vec<u64> =
            self.iter().filter(|record| is_doomed(record)).map(|record| record.cid).collect();
        for cid in &doomed {
            self.remove(*cid);
        }
        doomed.len()
    }

    /// Changes records; their IDs stay.
    pub(crate) fn change_all(&mut self, change: impl FnMut(&mut Record)) {
        self.has_changed();
        self.places.iter_mut().flatten().for_each(change);
    }

    pub(crate) fn get_mut(&mut self, cid: u64) -> Option<&mut Record> {
        self.has_changed();
        self.places.get_mut(place(cid)?)?.as_mut()
    }

    fn has_changed(&mut self) {
        self.ranks.get_mut().clear();
        *self.matching.get_mut() = None;
    }

    pub(crate) fn get(&self, cid: u64) -> Option<&Record> {
        self.places.get(place(cid)?)?.as_ref()
    }

    /// Returns a number for each place, that of the ID 1 first, in the order of a text: the same one for equal texts.
    pub(super) fn ranks(&self, column: TextColumn) -> Arc<[u32]> {
        let rank_all = || {
            let text = |record: &Record| match column {
                TextColumn::Content => record.content.as_deref().map(collation::folded),
                TextColumn::Tip => record.tip.as_deref().map(collation::folded),
                TextColumn::Pid => Some(record.pid.clone()),
            };
            let mut texts: Vec<(Option<String>, u64)> =
                self.iter().map(|record| (text(record), record.cid)).collect();
            texts.sort_unstable();
            let mut ranks = vec![0; self.places.len()];
            for (rank, equal) in (0..).zip(texts.chunk_by(|(one, _), (other, _)| one == other)) {
                equal.iter().for_each(|(_, cid)| ranks[*cid as usize - 1] = rank);
            }
            ranks.into()
        };
        Arc::clone(self.ranks.borrow_mut().entry(column).or_insert_with(rank_all))
    }

    /// Returns the IDs of the records that match, the lowest first.
    pub(super) fn matching(&self, filter: Filter) -> Arc<[u64]> {
        let mut known = self.matching.borrow_mut();
        if let Some((known, ids)) = &*known
            && *known == filter
        {
            return Arc::clone(ids);
        }
        let matching = self.iter().filter(|record| filter.matches(record));
        let ids: Arc<[u64]> = matching.map(|record| record.cid).collect();
        *known = Some((filter, Arc::clone(&ids)));
        ids
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Record> + Clone {
        self.places.iter().flatten()
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }
}

fn place(cid: u64) -> Option<usize> {
    usize::try_from(cid).ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_texts_is_that_of_the_texts_as_they_are_now() {
        let record = |content: &str| Record { content: Some(content.to_owned()), ..Record::default() };
        let mut records = Records::default();
        records.add(record("б"));
        records.add(record("А"));
        records.add(record("Б"));
        assert_eq!(*records.ranks(TextColumn::Content), [1, 0, 1]);
        records.add(Record::default());
        assert_eq!(*records.ranks(TextColumn::Content), [2, 1, 2, 0]);
        if let Some(first) = records.get_mut(1) {
            first.content = None;
        }
        assert_eq!(*records.ranks(TextColumn::Content), [0, 1, 2, 0]);
        records.change_all(|record| record.content = None);
        assert_eq!(*records.ranks(TextColumn::Content), [0, 0, 0, 0]);
    }
}
