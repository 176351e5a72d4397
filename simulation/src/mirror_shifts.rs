//! What a mirror does when the clock of its login moves, compared with what it should do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use crm_mirror::{Change, ChangeKind, MemoryStore, Run, Store, Table};
use serde_json::Value;

use crate::mirror_truth::{Truth, seen_in_copy};

/// A shift of the clock is not an update of each record. The log is new after this entry.
pub(crate) fn are_no_updates(
    truth: &Truth,
    log: &[Change],
    last_seq: i64,
    runs: &[Run],
) -> Result<(), String> {
    let (before, new): (Vec<&Change>, Vec<&Change>) = log
        .iter()
        .filter(|change| change.table == Table::Activities)
        .partition(|change| change.seq <= last_seq);
    // A run during which the clock moves sees some records before it and some after it.
    let is_within = truth.shift_changes.range(truth.started_at..).next().is_some();
    if is_within || !have_one_clock(truth, &before, runs) {
        return Ok(());
    }
    let (mut shifted, mut others) = (0, 0);
    for change in new.into_iter().filter(|change| change.kind == ChangeKind::Update) {
        // What else has changed may be more than the oracle compares: a deleted contact is taken out of its activities.
        let [before, after] = [&change.before, &change.after].map(|json| {
            let mut raw: Value = serde_json::from_str(json.as_deref().unwrap_or("null")).unwrap_or_default();
            (raw["datum"].take(), raw)
        });
        let is_moved = truth.moved.contains(&change.key.id.unsigned_abs());
        let is_shift = before.0 != after.0 && before.1 == after.1;
        if is_shift && !is_moved { shifted += 1 } else { others += 1 }
    }
    if shifted >= 10 && others * 2 <= shifted {
        return Err(format!("a shift of the clock is an update of {shifted} activities"));
    }
    Ok(())
}

/// Whether one clock has written the activities that were in the copy before the run, apart from the shifts that were
/// noted. A run during which the clock moves writes with two, and so does one that reads none of the known activities
/// after the clock has moved: nothing shows it the shift. Then the rows of one clock are updated.
fn have_one_clock(truth: &Truth, log: &[&Change], runs: &[Run]) -> bool {
    let noted =
        |run: i64| -> i64 { runs.iter().filter(|one| one.id <= run).filter_map(|one| one.shift_hours).sum() };
    let moved_during = |run: &Run| {
        let end = run.ended_at.map_or(i64::MAX, seconds);
        truth.shift_changes.range(seconds(run.started_at)..=end).next().is_some()
    };
    let two_clocks: BTreeSet<i64> = runs.iter().filter(|run| moved_during(run)).map(|run| run.id).collect();
    let mut clocks = BTreeMap::new();
    for change in log {
        // Another table may have shown the shift that this one was written with.
        if two_clocks.contains(&change.run) {
            return false;
        }
        let stored = truth.now.get(&(change.table, change.key)).and_then(|seen| seen.at);
        let after = serde_json::from_str(change.after.as_deref().unwrap_or("null")).unwrap_or_default();
        let is_moved = truth.moved.contains(&change.key.id.unsigned_abs());
        let is_read = matches!(change.kind, ChangeKind::Insert | ChangeKind::Update);
        if let (Some(stored), Some(read)) = (stored, seen_in_copy(change.table, &after).at)
            && is_read
            // One that was moved before it was read shows the clock all the same.
            && (!is_moved || (read - stored).num_seconds() % 3600 == 0)
        {
            clocks.insert(change.key, (read - stored).num_hours() - noted(change.run));
        }
    }
    clocks.into_values().collect::<BTreeSet<i64>>().len() <= 1
}

/// Seconds since 1970.
pub(crate) fn seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs().cast_signed())
}

/// The shifts in the table of runs add up to the one by which the rows are compared. `store` is that of a run that ended.
pub(crate) async fn are_noted(store: &MemoryStore) -> Result<(), String> {
    let settings = store.settings().await.map_err(|error| error.to_string())?;
    let shift: i64 = settings.get("shift").and_then(|hours| hours.parse().ok()).unwrap_or(0);
    let runs = store.runs(i64::MAX).await.map_err(|error| error.to_string())?;
    let noted: i64 = runs.iter().filter_map(|run| run.shift_hours).sum();
    if noted == shift {
        return Ok(());
    }
    Err(format!("the clock is shifted by {shift} hours, and the table of runs notes {noted}"))
}
