//! Looking for what may have been stored.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, TimeDelta};
use crm_model::history::{Entry, EntryId, EntryOrder, NewEntry, Stored, fingerprint};
use crm_transport::Error;

use crate::{EntryQuery, HistoryClient};

/// What was found of an activity that was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sighting {
    /// It is stored under this id.
    Stored(EntryId),
    /// No such record is there.
    Missing,
    /// A record is there that may be it.
    Alike(EntryId),
    /// It cannot be looked for.
    OutOfSight,
}

/// Looks for these activities among the records that are newer than `watermark` and that nobody else claims.
/// `since` is when they were sent, in seconds since 1970.
pub(super) async fn look(
    client: &HistoryClient,
    entries: &[&NewEntry],
    watermark: u64,
    since: u64,
    claimed: &BTreeSet<u64>,
) -> Result<Vec<Sighting>, Error> {
    let wanted: Vec<Wanted<'_>> = entries.iter().map(|entry| Wanted::new(entry)).collect();
    let mut records = Vec::new();
    let mut unreadable = false;
    // Without a user the server lists the caller's own and those of all subordinates; of anybody else only when
    // asked by login, and what belongs to nobody when asked by the login that it does not know (observed).
    let mut users = vec![None];
    for entry in entries {
        if !users.contains(&entry.user.as_deref()) {
            users.push(entry.user.as_deref());
        }
    }
    let (first, last) = window(&wanted, since);
    for user in users {
        let mut query = EntryQuery::new().between(first, last).order_by(EntryOrder::Id).newest_first();
        if let Some(user) = user {
            query = query.user(user);
        }
        unreadable |= newer(client, query, watermark, &mut records).await?;
    }
    records.retain(|record| !claimed.contains(&record.id.0));
    let mut each: Vec<Sighting> = wanted.iter().map(|wanted| wanted.take(&mut records, Wanted::is)).collect();
    for (sighting, wanted) in each.iter_mut().zip(&wanted) {
        if *sighting == Sighting::Missing {
            *sighting = match wanted.take(&mut records, Wanted::is_like) {
                Sighting::Stored(id) => Sighting::Alike(id),
                // A record that cannot be read may be the one.
                Sighting::Missing if unreadable => Sighting::OutOfSight,
                other => other,
            };
        }
    }
    Ok(each)
}

/// The highest id that the caller sees.
pub(super) async fn highest_id(client: &HistoryClient) -> Result<u64, Error> {
    let query = EntryQuery::new().since(FIRST_DAY).order_by(EntryOrder::Id).newest_first();
    let page = client.list(&query).await?;
    Ok(page.items.iter().map(|entry| entry.id.0).max().unwrap_or(0))
}

const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1000, 1, 1).unwrap();

/// Gathers the records with ids above the watermark, page after page, the newest first. Records that are added
/// meanwhile move others to later pages, which are still to be read. Says whether one could not be read.
async fn newer(
    client: &HistoryClient,
    query: EntryQuery,
    watermark: u64,
    records: &mut Vec<Entry>,
) -> Result<bool, Error> {
    let mut unreadable = false;
    for number in 0.. {
        let page = client.list(&query.clone().page(number)).await?;
        unreadable |= !page.unreadable.is_empty();
        let before = records.len();
        let old = page.items.iter().any(|entry| entry.id.0 <= watermark);
        for entry in page.items.into_iter().filter(|entry| entry.id.0 > watermark) {
            match records.binary_search_by_key(&Reverse(entry.id), |record| Reverse(record.id)) {
                Ok(place) => records[place] = entry,
                Err(place) => records.insert(place, entry),
            }
        }
        // No progress: the end, or a server that ignores the offset.
        if old || records.len() == before {
            break;
        }
    }
    Ok(unreadable)
}

/// The days on which the activities may stand: their own, and for those without a time the day of sending; one more
/// at each end, for the server's clock is not ours.
fn window(wanted: &[Wanted<'_>], since: u64) -> (NaiveDate, NaiveDate) {
    let seconds = i64::try_from(since).unwrap_or(0);
    let sent = DateTime::from_timestamp(seconds, 0).unwrap_or_default().date_naive();
    let days = wanted.iter().map(|wanted| wanted.stored.at.map_or(sent, |at| at.date()));
    let (first, last) = days.fold((NaiveDate::MAX, NaiveDate::MIN), |(a, b), day| (a.min(day), b.max(day)));
    (first - Days::new(2), last + Days::new(2))
}

/// An activity as it would have been stored.
struct Wanted<'a> {
    entry: &'a NewEntry,
    stored: Stored,
    fingerprint: String,
}

impl<'a> Wanted<'a> {
    fn new(entry: &'a NewEntry) -> Self {
        let stored = entry.as_stored();
        let fingerprint = fingerprint(&stored.listed);
        Self { entry, stored, fingerprint }
    }

    /// Takes the record with the lowest id that fits.
    fn take(&self, records: &mut Vec<Entry>, fits: fn(&Self, &Entry) -> bool) -> Sighting {
        if self.entry.at.is_some() && self.stored.at.is_none() {
            return Sighting::OutOfSight; // stored with a zero date, which no range finds (observed)
        }
        match records.iter().rposition(|record| fits(self, record)) {
            Some(place) => Sighting::Stored(records.remove(place).id),
            None => Sighting::Missing,
        }
    }

    /// It is this record: everything that was written is there as predicted.
    fn is(&self, record: &Entry) -> bool {
        self.is_at(record, &[TimeDelta::zero()])
            && record.content.as_deref().unwrap_or_default() == self.stored.listed
            && record.activity_type == self.stored.activity_type_by_add_list
            && record.client_id == self.entry.client
            && record.deal_id == self.entry.deal
            && record.contacts.iter().map(|contact| contact.id).eq(self.stored.contacts.iter().copied())
            && self.is_of(record)
    }

    /// It may be this record: a server of another revision may have changed texts and contacts more than was
    /// predicted, and one in a zone with summer time may have moved the time by an hour.
    fn is_like(&self, record: &Entry) -> bool {
        self.is_at(record, &[TimeDelta::zero(), TimeDelta::hours(1)])
            && record.client_id == self.entry.client
            && record.deal_id == self.entry.deal
            && fingerprint(record.content.as_deref().unwrap_or_default()) == self.fingerprint
    }

    fn is_at(&self, record: &Entry, shifts: &[TimeDelta]) -> bool {
        match (self.stored.at, record.at) {
            (Some(wanted), Some(found)) => shifts.contains(&(wanted - found).abs()),
            (Some(_), None) => false,
            (None, _) => true, // the server's own time
        }
    }

    /// The owner, where one was named: they, or nobody.
    fn is_of(&self, record: &Entry) -> bool {
        match (&self.entry.user, &record.user_login) {
            (Some(wanted), Some(found)) => wanted.trim().to_lowercase() == found.trim().to_lowercase(),
            _ => true,
        }
    }
}

/// How long until so much time has passed since then.
pub(super) fn remaining(since: u64, settle: Duration) -> Duration {
    // Both times are cut to seconds, so that up to one second less has passed than they say.
    settle.saturating_sub(Duration::from_secs(now().saturating_sub(since).saturating_sub(1)))
}

/// Seconds since 1970, by this machine's clock.
pub(super) fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}
