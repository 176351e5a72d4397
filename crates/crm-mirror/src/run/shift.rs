//! Finds out whether the clock of the login has moved.

use std::ops::RangeInclusive;

use crate::records::Copied;

/// Returns the shift that explains the records, if the known one does not.
///
/// `pairs` are records with a time, each with the fingerprint that the copy holds for it. Every user of SalesMan CRM has a
/// shift of whole hours, and all times that he reads have it (observed). So at least three records agree on another shift,
/// more than half of all do, and not one fits the known one.
pub(super) fn find<T: Copied>(known: i64, pairs: &[(&T, i64)]) -> Option<i64> {
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
pub(super) fn fits<T: Copied>(hours: i64, pairs: &[(&T, i64)]) -> usize {
    pairs.iter().filter(|(record, known)| record.fingerprint(hours) == *known).count()
}

/// Returns the shift that explains a sample of old records. Those that fit no shift were edited after the copy had read them:
/// a quick run does not read them again, so they may be the most.
pub(super) fn find_in_sample<T: Copied>(known: i64, pairs: &[(&T, i64)]) -> Option<i64> {
    let fits_any = |pair: &(&T, i64)| around(known).any(|hours| fits(hours, &[*pair]) > 0);
    let unedited: Vec<_> = pairs.iter().copied().filter(fits_any).take(SAMPLE).collect();
    find(known, &unedited)
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
