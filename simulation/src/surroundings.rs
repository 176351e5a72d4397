//! Draws what surrounds the import of a seed: users, other writers, clocks, interruptions, and what lists do.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use crm_history::NewEntry;
use crm_sandbox::{BOSS, Fault, Operation, Role, Rule, SELLER, Transfer, User};

use crate::draw::Draw;
use crate::faults;
use crate::groups::Selection;
use crate::plan::{ForeignRecord, ForeignWrite, Interruption};
use crate::tricks::ListTricks;

pub(crate) fn users(draw: &mut Draw, selection: &Selection) -> Vec<User> {
    let shift = |draw: &mut Draw| {
        let is_shifted = selection.has("shift") && draw.chance(0.3);
        Some(if is_shifted { draw.number(0, 10) as i32 - 5 } else { 0 })
    };
    vec![
        User { role: Role::Head, administrator: true, tzone: shift(draw), ..User::new(1, BOSS) },
        User { chief: 1, tzone: shift(draw), ..User::new(2, SELLER) },
        User { chief: 1, tzone: shift(draw), ..User::new(3, "other@example.test") },
    ]
}

pub(crate) fn interruptions(draw: &mut Draw, selection: &Selection, settle: Duration) -> Vec<Interruption> {
    let longest = settle.as_millis() as u64 * 2;
    if !selection.has("crash") || draw.chance(0.5) {
        return Vec::new();
    }
    let one = |draw: &mut Draw| match draw.number(0, 9) {
        0 => Interruption::Never,
        1 | 2 => Interruption::AtPoll(draw.skewed(1, 300) as u64),
        3 if selection.has("cancel") => Interruption::Cancel(draw.millis(0, longest)),
        3 | 4 => Interruption::After(draw.millis(1, longest)),
        _ => Interruption::AtWrite(draw.skewed(1, 40) as u64),
    };
    (0..draw.size(1, 4)).map(|_| one(draw)).collect()
}

pub(crate) fn foreign(
    draw: &mut Draw,
    selection: &Selection,
    entries: &[NewEntry],
    settle: Duration,
    caller: &User,
) -> Vec<ForeignWrite> {
    let mut writes = Vec::new();
    let later = |draw: &mut Draw| draw.chance(0.5).then(|| draw.millis(1, settle.as_millis() as u64));
    if selection.has("foreign_unequal") && draw.chance(0.3) {
        for _ in 0..draw.skewed(1, 30) {
            let at_request = draw.skewed(1, 30) as u64;
            writes.push(ForeignWrite { at_request, later: later(draw), what: ForeignRecord::Unequal });
        }
    }
    let allowed: Vec<usize> = (0..entries.len())
        // A mark belongs to us.
        .filter(|&index| entries[index].mark.is_none())
        // While the shift of the caller's clock is not known, it could be that of another one of ours, so many hours from it.
        .filter(|&index| {
            let is_other =
                |other: &NewEntry| other.content != entries[index].content || other.at == entries[index].at;
            caller.tzone.unwrap_or(0) == 0 || entries.iter().all(is_other)
        })
        .filter(|&index| match entries[index].at {
            Some(_) => selection.has("foreign_equal_dated"),
            None => selection.has("foreign_equal_undated"),
        })
        .collect();
    if !allowed.is_empty() && draw.chance(0.05) {
        // Only one, so that nothing else explains it.
        let what = ForeignRecord::EqualTo(*draw.among(&allowed[..allowed.len().min(3)]));
        return vec![ForeignWrite { at_request: draw.number(3, 8), later: None, what }];
    }
    if !allowed.is_empty() && draw.chance(0.15) {
        for _ in 0..draw.skewed(1, 5) {
            let what = ForeignRecord::EqualTo(*draw.among(&allowed));
            writes.push(ForeignWrite { at_request: draw.skewed(1, 30) as u64, later: later(draw), what });
        }
    }
    writes
}

/// Somebody else writes records that are equal except for a whole number of hours.
pub(crate) fn shifted_writes(
    draw: &mut Draw,
    selection: &Selection,
    entries: &[NewEntry],
    settle: Duration,
    caller: &User,
) -> Vec<ForeignWrite> {
    if !selection.has("foreign_shifted") || !draw.chance(0.2) {
        return Vec::new();
    }
    let hours = *draw.among(&[-3, -2, 2, 3]);
    // The caller would read such a record with the time of the activity.
    if hours == -i64::from(caller.tzone.unwrap_or(0)) {
        return Vec::new();
    }
    let first = draw.size(0, entries.len().min(3) - 1);
    let mut writes = Vec::new();
    for index in first..entries.len().min(first + draw.size(1, 3)) {
        let entry = &entries[index];
        let at = entry.at.map(|at| at + TimeDelta::hours(hours));
        // If several of our activities have the same content, nothing shows by how many hours such a record is shifted.
        let is_other = |other: &NewEntry| other.content != entry.content || other.at == entry.at;
        if entry.mark.is_none() && at.is_some() && entries.iter().all(is_other) {
            let later = draw.chance(0.5).then(|| draw.millis(1, settle.as_millis() as u64));
            let what = ForeignRecord::Shifted(index, hours);
            writes.push(ForeignWrite { at_request: draw.number(1, 6), later, what });
        }
    }
    writes
}

/// Another client writes a record right after one of ours whose answer is lost. It is equal except for so many hours, and the
/// caller, whose clock is shifted, reads it at the time of ours.
pub(crate) fn twin(draw: &mut Draw, selection: &Selection, caller: &User) -> Option<i64> {
    let shift = i64::from(caller.tzone.unwrap_or(0));
    (selection.has("foreign_twin") && shift != 0 && draw.chance(0.3)).then_some(-shift)
}

pub(crate) fn tricks(draw: &mut Draw, selection: &Selection, entries: &[NewEntry]) -> ListTricks {
    let content = |entry: &NewEntry| entry.as_stored().listed;
    ListTricks {
        commits_late: selection.has("late_commits") && draw.chance(0.3),
        unreadable: (selection.has("unreadable_record") && draw.chance(0.05))
            .then(|| content(draw.among(entries))),
        hides_with_known: selection.has("hidden_records")
            && draw.chance(0.15)
            && entries.iter().all(|entry| entry.user.is_none()),
        hides_last_of_page: selection.has("hidden_records") && draw.chance(0.1),
        is_unsorted: selection.has("hidden_records") && draw.chance(0.05),
    }
}

/// The faults of lists that matter while marks are looked for.
pub(crate) fn list_faults_of_marks(draw: &mut Draw, selection: &Selection, has_owners: bool) -> Vec<Rule> {
    if !selection.has("adopted_marks") || draw.chance(0.3) {
        return Vec::new();
    }
    if has_owners && draw.chance(0.5) {
        return vec![faults::user_ignored()];
    }
    // An empty page twice in a row is the end of a list.
    let empty = Fault::empty_page().on(Operation::HistoryList).after(draw.skewed(0, 20) as u64);
    vec![empty, faults::always_at_lists(Fault::small_pages(draw.size(1, 4)))]
}

/// The server stores another type than was sent.
pub(crate) fn changed_type(draw: &mut Draw, selection: &Selection) -> Option<Rule> {
    if !selection.has("changed_type") || !draw.chance(0.06) {
        return None;
    }
    let set = BTreeMap::from([("tip".to_owned(), "Изменено".into())]);
    let fault = Fault::changed_record(set, BTreeMap::new()).named("changed_type");
    let fault = if draw.chance(0.7) { fault.transfer(Transfer::Close) } else { fault };
    let rule =
        fault.on_each([Operation::HistoryAdd, Operation::HistoryAddList]).after(draw.skewed(0, 5) as u64);
    Some(rule.times(draw.number(1, 3)))
}

pub(crate) fn clock_steps(draw: &mut Draw, selection: &Selection) -> Vec<(u64, TimeDelta)> {
    if !selection.has("server_clock") || draw.chance(0.8) {
        return Vec::new();
    }
    let step = |draw: &mut Draw| TimeDelta::minutes(draw.number(0, 4 * 24 * 60) as i64 - 2 * 24 * 60);
    (0..draw.size(1, 3)).map(|_| (draw.skewed(1, 30) as u64, step(draw))).collect()
}

/// The server's clock has nothing to do with that of this machine, or shows about the same day.
pub(crate) fn server_time(draw: &mut Draw, selection: &Selection) -> DateTime<Utc> {
    let second = draw.number(0, 86_399) as i64;
    let day = if selection.has("server_clock") {
        19_899 // 2024-06-25
    } else {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        (now.as_secs() / 86_400) as i64
    };
    DateTime::from_timestamp(day * 86_400 + second, 0).unwrap_or_default()
}
