//! Which faults of the server a seed meets.

use crm_sandbox::{Fault, Operation, Rule};

use crate::draw::Draw;
use crate::faults::{DrawnFault, FAULTS, Limits};
use crate::groups::Selection;

/// Faults that matter together and rarely meet by chance, with the number of activities at most.
const COMBINATIONS: &[(&[&str], usize)] = &[
    // Equal activities wait, and others are left to be sent.
    (&["close_before_reading"], 80),
    (&["ids_going_down", "close_after_commit"], 5),
    (&["order_ignored", "small_pages", "close_after_commit"], 5),
];

pub(crate) fn combination(
    draw: &mut Draw,
    selection: &Selection,
) -> Option<(&'static [&'static str], usize)> {
    let is_enabled = |(names, _): &&(&[&str], usize)| names.iter().all(|name| selection.has(name));
    let enabled: Vec<_> = COMBINATIONS.iter().filter(is_enabled).collect();
    (!enabled.is_empty() && draw.chance(0.2)).then(|| **draw.among(&enabled))
}

/// The faults of a combination. Lists have them always, and one of the first writes is struck.
pub(crate) fn combined(draw: &mut Draw, names: &[&str], limits: &Limits) -> Vec<Rule> {
    let faults = FAULTS.iter().filter(|fault| names.contains(&fault.name));
    let rule = |fault: &DrawnFault| match fault.name {
        "close_before_reading" => Fault::close_before_reading().on_each(WRITES).each(draw.number(2, 4)),
        "close_after_commit" => Fault::close_after_commit().on_each(WRITES).after(draw.number(0, 2)),
        _ => (fault.draw)(draw, limits).always(),
    };
    faults.map(rule).collect()
}

const WRITES: [Operation; 2] = [Operation::HistoryAdd, Operation::HistoryAddList];

pub(crate) fn rules(draw: &mut Draw, selection: &Selection, limits: &Limits) -> Vec<Rule> {
    let enabled = |names: &[&str]| -> Vec<&DrawnFault> {
        FAULTS
            .iter()
            .filter(|fault| selection.has(fault.name) && (names.is_empty() || names.contains(&fault.name)))
            .collect()
    };
    let faults = enabled(&[]);
    if faults.is_empty() {
        return Vec::new();
    }
    let mut rules: Vec<Rule> = Vec::new();
    for _ in 0..*draw.among(&[0, 1, 1, 1, 2, 2, 3]) {
        rules.push((draw.among(&faults).draw)(draw, limits));
    }
    // Most faults of reads mean something only while a write is in doubt.
    let lost = enabled(&LOST_ANSWERS);
    if !rules.is_empty() && !lost.is_empty() && draw.chance(0.5) {
        rules.push((draw.among(&lost).draw)(draw, limits));
    }
    rules
}

/// A lost answer, if no other rule leaves a write in doubt.
pub(crate) fn lost_answer(draw: &mut Draw, selection: &Selection, rules: &[Rule]) -> Option<Rule> {
    let has_lost = rules.iter().any(|rule| LOST_ANSWERS.contains(&rule.fault().name()));
    let fault = || Fault::close_after_commit().on_each(WRITES).after(draw.number(0, 2));
    (selection.has("close_after_commit") && !has_lost).then(fault)
}

/// The faults that leave a write in doubt.
const LOST_ANSWERS: [&str; 4] = ["close_after_commit", "close_late", "commit_half", "no_answer_late"];
