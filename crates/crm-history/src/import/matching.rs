//! Compares an activity that was sent with the records that are stored.

use chrono::{NaiveDate, TimeDelta};
use crm_model::history::{Entry, EntryId, NewEntry, Stored, fingerprint};

/// The result of looking an activity up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It is stored under this ID.
    Stored(EntryId),
    /// It is not stored, as far as this reading shows.
    Missing,
    /// This record resembles it, and may be it.
    Similar(EntryId),
    /// It cannot be looked up.
    Undecidable,
}

/// An activity in the form in which the server would have stored it.
pub(super) struct ExpectedRecord<'a> {
    entry: &'a NewEntry,
    stored: Stored,
    fingerprint: String,
}

impl<'a> ExpectedRecord<'a> {
    pub(super) fn new(entry: &'a NewEntry) -> Self {
        let stored = entry.as_stored();
        let fingerprint = fingerprint(&stored.listed);
        Self { entry, stored, fingerprint }
    }

    /// Returns the day of the record, or `None` if the server chooses its time.
    pub(super) fn day(&self) -> Option<NaiveDate> {
        self.stored.at.map(|at| at.date())
    }

    /// Takes the record that is this activity out of `records`, which are sorted by ID, the newest first. Of several
    /// it takes the one with the lowest ID.
    pub(super) fn take_equal(&self, records: &mut Vec<Entry>) -> Found {
        self.take(records, Self::equals).map_or_else(|| self.not_found(), Found::Stored)
    }

    /// Like [`take_equal`](Self::take_equal), for a record that may be this activity.
    pub(super) fn take_similar(&self, records: &mut Vec<Entry>) -> Found {
        self.take(records, Self::resembles).map_or_else(|| self.not_found(), Found::Similar)
    }

    fn take(&self, records: &mut Vec<Entry>, matches: fn(&Self, &Entry) -> bool) -> Option<EntryId> {
        let place =
            records.iter().rposition(|record| matches(self, record)).filter(|_| self.is_in_a_range())?;
        Some(records.remove(place).id)
    }

    fn not_found(&self) -> Found {
        if self.is_in_a_range() { Found::Missing } else { Found::Undecidable }
    }

    /// Returns `false` if it is stored with a zero date, which no range of dates finds (observed).
    fn is_in_a_range(&self) -> bool {
        self.entry.at.is_none() || self.stored.at.is_some()
    }

    /// Everything that was written is in the record, in the form that was expected.
    fn equals(&self, record: &Entry) -> bool {
        self.has_time(record, &[TimeDelta::zero()])
            && record.content.as_deref().unwrap_or_default() == self.stored.listed
            && record.activity_type == self.stored.activity_type_by_add_list
            && record.client_id == self.entry.client
            && record.deal_id == self.entry.deal
            && record.contacts.iter().map(|contact| contact.id).eq(self.stored.contacts.iter().copied())
            && self.has_owner(record)
    }

    /// The record may be this activity. A server of another version may change texts and contacts more than expected,
    /// and a server in a time zone with summer time may shift the time by one hour.
    fn resembles(&self, record: &Entry) -> bool {
        self.has_time(record, &[TimeDelta::zero(), TimeDelta::hours(1)])
            && record.client_id == self.entry.client
            && record.deal_id == self.entry.deal
            && fingerprint(record.content.as_deref().unwrap_or_default()) == self.fingerprint
    }

    fn has_time(&self, record: &Entry, shifts: &[TimeDelta]) -> bool {
        match (self.stored.at, record.at) {
            (Some(expected), Some(found)) => shifts.contains(&(expected - found).abs()),
            (Some(_), None) => false,
            (None, _) => true, // the time is the server's own
        }
    }

    /// If an owner was named, the record has this owner, or none.
    fn has_owner(&self, record: &Entry) -> bool {
        match (&self.entry.user, &record.user_login) {
            (Some(expected), Some(found)) => expected.trim().to_lowercase() == found.trim().to_lowercase(),
            _ => true,
        }
    }
}
