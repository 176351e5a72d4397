//! Finds out whether the clock of the login has moved.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crm_directory::{ClientOrder, ClientQuery, ContactOrder, ContactQuery};
use crm_history::{EntryOrder, EntryQuery};

use super::merge::find_heads;
use super::{Run, Step};
use crate::records::Copied;
use crate::row::json;
use crate::store::Head;

/// What records that were there before say of the known shift.
enum Shown {
    /// Nothing, because they are too few.
    Nothing,
    /// It is still the shift.
    Same,
    /// This is the shift now.
    Other(i64),
}

impl Run<'_> {
    /// Returns the shift of the login's clock, if it is another one than is known.
    ///
    /// New records do not show it, and a few others may all be edited. Then old records decide, once in a run: without them,
    /// what is written now would be compared by the wrong clock for ever.
    pub(super) async fn find_shift<T: Copied>(&mut self, compared: &[(&T, i64)]) -> Step<Option<i64>> {
        let found = find(self.shift, compared);
        if found.is_some() || fits(self.shift, compared) > 0 {
            self.is_shift_known = true;
        }
        if self.is_shift_known {
            return Ok(found);
        }
        self.is_shift_known = true;
        match self.shown_by_old_records().await? {
            Shown::Other(hours) => Ok(Some(hours)),
            Shown::Nothing | Shown::Same => Ok(None),
        }
    }

    /// Reads some of the oldest records of one table after the other, until they show the shift.
    async fn shown_by_old_records(&self) -> Step<Shown> {
        let mut shown = Shown::Nothing;
        if let Some(history) = &self.sync.history {
            let oldest = EntryQuery::new().every_day().order_by(EntryOrder::Id).oldest_first();
            shown = self.shown_by(async || Ok(history.list(&oldest).await?.items)).await?;
        }
        let Some(directory) = &self.sync.directory else { return Ok(shown) };
        if matches!(shown, Shown::Nothing) {
            let oldest = ContactQuery::new().order_by(ContactOrder::Id).oldest_first();
            shown = self.shown_by(async || Ok(directory.contacts(&oldest).await?.items)).await?;
        }
        if matches!(shown, Shown::Nothing) {
            let some = ClientQuery::new().order_by(ClientOrder::Id);
            shown = self.shown_by(async || Ok(directory.clients(&some).await?.items)).await?;
        }
        Ok(shown)
    }

    /// Reads records, unless the copy has no rows to compare them with.
    async fn shown_by<T: Copied>(&self, read: impl AsyncFnOnce() -> Step<Vec<T>>) -> Step<Shown> {
        if self.store.count(T::TABLE).await? == 0 {
            return Ok(Shown::Nothing);
        }
        let records = read().await?;
        let known = find_heads(self, &records).await?;
        Ok(find_in_sample(self.shift, &pairs(records.iter(), &known)))
    }
}

/// Returns records with a time, each with the fingerprint that the copy holds for it.
pub(super) fn pairs<'r, T: Copied>(
    records: impl Iterator<Item = &'r T>,
    known: &BTreeMap<i64, Head>,
) -> Vec<(&'r T, i64)> {
    let pair = |record: &'r T| Some((record, known.get(&record.key()?.id)?.fingerprint));
    records.filter(|record| record.has_time()).filter_map(pair).collect()
}

/// Returns the shift that explains the records, if the known one does not.
///
/// `pairs` are records with a time, each with the fingerprint that the copy holds for it. Every user of SalesMan CRM has a
/// shift of whole hours, and all times that he reads have it (observed). So at least three records agree on another shift,
/// more than half of all do, and not one fits the known one.
fn find<T: Copied>(known: i64, pairs: &[(&T, i64)]) -> Option<i64> {
    let pairs = &pairs[..pairs.len().min(SAMPLE)];
    if pairs.len() < LEAST || fits(known, pairs) > 0 {
        return None;
    }
    let most = around(known)
        .filter(|hours| *hours != known)
        .map(|hours| (fits(hours, pairs), hours))
        .max_by_key(|(count, hours)| (*count, -(hours - known).abs()))?;
    let (count, hours) = most;
    (count >= LEAST && count * 2 > pairs.len()).then_some(hours)
}

/// Returns how many records have the fingerprint of this shift.
fn fits<T: Copied>(hours: i64, pairs: &[(&T, i64)]) -> usize {
    pairs.iter().filter(|(record, known)| record.fingerprint(&json(*record), hours) == *known).count()
}

/// Compares a sample of old records. Those that fit no shift were edited after the copy had read them: a quick run does not
/// read them again, so they may be the most.
fn find_in_sample<T: Copied>(known: i64, pairs: &[(&T, i64)]) -> Shown {
    let fits_any = |pair: &(&T, i64)| around(known).any(|hours| fits(hours, &[*pair]) > 0);
    let unedited: Vec<_> = pairs.iter().copied().filter(fits_any).take(SAMPLE).collect();
    match find(known, &unedited) {
        Some(hours) => Shown::Other(hours),
        None if fits(known, &unedited) > 0 => Shown::Same,
        None => Shown::Nothing,
    }
}

fn around(known: i64) -> RangeInclusive<i64> {
    known - FARTHEST..=known + FARTHEST
}

/// So many records must agree.
const LEAST: usize = 3;
/// So many records are compared.
const SAMPLE: usize = 50;
/// A user's shift is at most 12 hours to either side, and the offset of the account changes by one.
pub(super) const FARTHEST: i64 = 26;
