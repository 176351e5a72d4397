//! Looks up activities among the records of the server.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate};
use crm_model::history::{Entry, EntryOrder, NewEntry};
use crm_transport::Error;

use super::matching::{ExpectedRecord, Found};
use crate::{EntryQuery, HistoryClient};

/// Looks these activities up once, among the records with an ID above `watermark` that are not in `claimed`.
///
/// `sent_at` is when they were sent, in seconds since 1970.
pub(super) async fn find(
    client: &HistoryClient,
    entries: &[&NewEntry],
    watermark: u64,
    sent_at: u64,
    claimed: &BTreeSet<u64>,
) -> Result<Vec<Found>, Error> {
    let expected: Vec<ExpectedRecord<'_>> = entries.iter().map(|entry| ExpectedRecord::new(entry)).collect();
    // Without a user the server lists the records of the caller and of all subordinates. Those of other users are
    // listed only if their login is asked for, and those without an owner if the unknown login is (observed).
    let mut users = vec![None];
    for entry in entries {
        if !users.contains(&entry.user.as_deref()) {
            users.push(entry.user.as_deref());
        }
    }
    let mut records = Vec::new();
    let mut has_unreadable = false;
    let (first, last) = days(&expected, sent_at);
    for user in users {
        let mut query = EntryQuery::new().between(first, last).order_by(EntryOrder::Id).newest_first();
        if let Some(user) = user {
            query = query.user(user);
        }
        has_unreadable |= read_newer(client, query, watermark, &mut records).await?;
    }
    records.retain(|record| !claimed.contains(&record.id.0));
    let mut found: Vec<Found> = expected.iter().map(|expected| expected.take_equal(&mut records)).collect();
    for (found, expected) in found.iter_mut().zip(&expected) {
        if *found == Found::Missing {
            *found = match expected.take_similar(&mut records) {
                // A record that cannot be decoded may be this activity.
                Found::Missing if has_unreadable => Found::Undecidable,
                other => other,
            };
        }
    }
    Ok(found)
}

/// Returns the highest ID that the caller sees.
pub(super) async fn highest_id(client: &HistoryClient) -> Result<u64, Error> {
    let query = EntryQuery::new().since(FIRST_DAY).order_by(EntryOrder::Id).newest_first();
    let page = client.list(&query).await?;
    Ok(page.items.iter().map(|entry| entry.id.0).max().unwrap_or(0))
}

const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1000, 1, 1).unwrap();

/// Adds the records with IDs above the watermark to `records`, which stay sorted, the newest first. Returns whether a
/// record could not be decoded.
///
/// Records that others add meanwhile move these to later pages, which are read afterwards.
async fn read_newer(
    client: &HistoryClient,
    query: EntryQuery,
    watermark: u64,
    records: &mut Vec<Entry>,
) -> Result<bool, Error> {
    let mut has_unreadable = false;
    for number in 0.. {
        let page = client.list(&query.clone().page(number)).await?;
        has_unreadable |= !page.unreadable.is_empty();
        let before = records.len();
        let reached_old = page.items.iter().any(|entry| entry.id.0 <= watermark);
        for entry in page.items.into_iter().filter(|entry| entry.id.0 > watermark) {
            match records.binary_search_by_key(&Reverse(entry.id), |record| Reverse(record.id)) {
                Ok(place) => records[place] = entry,
                Err(place) => records.insert(place, entry),
            }
        }
        // Without progress it is the end, or a server that ignores the offset.
        if reached_old || records.len() == before {
            break;
        }
    }
    Ok(has_unreadable)
}

/// Returns the first and the last day on which the activities may be stored.
///
/// These are their own days, or the day of sending for those without a time. Two days are added at each end, because the
/// clock of the server is not ours.
fn days(expected: &[ExpectedRecord<'_>], sent_at: u64) -> (NaiveDate, NaiveDate) {
    let seconds = i64::try_from(sent_at).unwrap_or(0);
    let sent = DateTime::from_timestamp(seconds, 0).unwrap_or_default().date_naive();
    let days = expected.iter().map(|expected| expected.day().unwrap_or(sent));
    let (first, last) = days.fold((NaiveDate::MAX, NaiveDate::MIN), |(a, b), day| (a.min(day), b.max(day)));
    (first - Days::new(2), last + Days::new(2))
}
