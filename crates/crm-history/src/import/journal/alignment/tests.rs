#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use super::super::earlier_run::EarlierRun;
use super::super::lines::{Line, SendLine};
use super::*;

/// A journal that is used by one run after the other. Each letter is an activity.
struct Runs {
    hash_key: HashKey,
    lines: Vec<String>,
    stored: String,
}

impl Runs {
    fn new() -> Self {
        Self { hash_key: HashKey::random(), lines: Vec::new(), stored: String::new() }
    }

    /// A journal after a run with this input.
    fn after(input: &str) -> Self {
        let mut runs = Self::new();
        assert_eq!(runs.run(input), input);
        runs
    }

    fn alignment(&self) -> Alignment {
        let mut earlier = EarlierRun::new(PathBuf::from("journal"), self.hash_key.clone());
        for line in &self.lines {
            earlier.add(serde_json::from_str(line).unwrap()).unwrap();
        }
        earlier.into_alignment()
    }

    fn write(&mut self, line: &Line) {
        self.lines.push(serde_json::to_string(line).unwrap());
    }

    /// Runs an import: capital letters are stored, small ones are refused. Returns what it sent.
    fn run(&mut self, input: &str) -> String {
        let mut alignment = self.alignment();
        let rows: Vec<char> = input.chars().collect();
        let mut new: Vec<(usize, Key)> = Vec::new();
        let take_released = |released: Vec<Released>, new: &mut Vec<(usize, Key)>| {
            new.extend(released.into_iter().filter_map(|row| Some((row.index as usize, row.key?))));
        };
        for (index, row) in rows.iter().enumerate() {
            if let Place::Known(key, Earlier::New) = alignment.take(index as Key, &entry(*row)) {
                new.push((index, key));
            }
            take_released(alignment.release_new(), &mut new);
        }
        take_released(alignment.release_all(), &mut new);
        self.write(&Line::Placed(alignment.take_placed()));
        for &(index, key) in &new {
            let hash = self.hash_key.hash(&entry(rows[index]));
            let outcome = if rows[index].is_uppercase() {
                RecordedOutcome::Stored(7)
            } else {
                RecordedOutcome::Refused(None)
            };
            self.write(&Line::Send(SendLine {
                request: 1,
                floor: 0,
                uncertain: false,
                rows: vec![(key, hash)],
            }));
            self.write(&Line::Done(vec![(key, hash, outcome)]));
        }
        new.sort_unstable();
        let sent: String = new.iter().map(|(index, _)| rows[*index]).collect();
        self.stored.extend(sent.chars().filter(|row| row.is_uppercase()));
        sent
    }

    /// Returns whether the journal knows every row of the input.
    fn is_known(&self, input: &str) -> bool {
        let mut alignment = self.alignment();
        input
            .chars()
            .all(|row| !matches!(alignment.take(0, &entry(row)), Place::Held | Place::Known(_, Earlier::New)))
    }
}

fn entry(letter: char) -> NewEntry {
    NewEntry::new(letter)
}

fn count(text: &str, letter: char) -> usize {
    text.chars().filter(|other| *other == letter).count()
}

#[test]
fn an_unchanged_input_sends_nothing_and_an_appended_one_only_what_is_new() {
    let mut runs = Runs::after("ABC");
    assert_eq!(runs.run("ABC"), "");
    assert_eq!(runs.run("ABCDE"), "DE");
    assert_eq!(runs.run("ABCDE"), "");
    // One more of the same is new, too.
    assert_eq!(runs.run("ABCDEA"), "A");
}

#[test]
fn rows_that_are_inserted_anywhere_are_sent_once() {
    let mut runs = Runs::after("ABC");
    assert_eq!(runs.run("ABXC"), "X");
    assert_eq!(runs.run("YABXC"), "Y");
    assert_eq!(runs.run("YABXZWC"), "ZW");
    assert_eq!(runs.run("YABXZWCV"), "V");
    assert_eq!(runs.run("YABXZWCV"), "");
}

#[test]
fn a_refused_row_may_be_fixed_in_place_or_removed() {
    let mut runs = Runs::after("AbC");
    assert_eq!(runs.run("ABC"), "B");
    assert_eq!(runs.run("ABC"), "");
    let mut runs = Runs::after("AbC");
    assert_eq!(runs.run("ACD"), "D");
    assert_eq!(runs.run("AbCD"), "");
    assert_eq!(runs.run("AXbCD"), "X");
    // The first and the last rows are removed, and others are new behind or in front of all that are left.
    assert_eq!(Runs::after("ABC").run("ACX"), "X");
    assert_eq!(Runs::after("ABC").run("XAC"), "X");
}

#[test]
fn rows_in_another_order_send_nothing() {
    let mut runs = Runs::after("ABCD");
    assert_eq!(runs.run("DCBA"), "");
    assert_eq!(runs.run("DXCBA"), "X");
}

#[test]
fn a_window_that_moves_sends_what_is_new_at_its_end_or_at_its_beginning() {
    let mut runs = Runs::after("ABCD");
    assert_eq!(runs.run("CDEF"), "EF");
    assert_eq!(runs.run("EFGH"), "GH");
    assert_eq!(runs.run("HIJ"), "IJ");
    assert_eq!(runs.run("HIJ"), "");
    let mut runs = Runs::after("DCBA");
    assert_eq!(runs.run("FEDC"), "FE");
    assert_eq!(runs.run("HGFE"), "HG");
    assert_eq!(runs.run("JIH"), "JI");
}

#[test]
fn a_row_that_may_be_a_stored_one_is_not_sent_again() {
    for changed in ["AXC", "XBC", "ABX", "CXA", "X", "XYZ", "BXA"] {
        assert_eq!(Runs::after("ABC").run(changed), "", "{changed}");
    }
    // Inserted rows are stored ones afterwards.
    for changed in ["XABC", "YABC"] {
        let mut runs = Runs::after("ABC");
        assert_eq!(runs.run("YABC"), "Y");
        assert_eq!(runs.run(changed), "", "{changed}");
    }
    // Of equal rows nobody knows which one is missing.
    for (before, changed) in [("AAB", "XAB"), ("bAAC", "XAC"), ("AAA", "AXA"), ("CABA", "CABX")] {
        assert_eq!(Runs::after(before).run(changed), "", "{before} {changed}");
    }
}

#[test]
fn what_was_held_is_counted_and_rows_in_doubt_must_not_be_missing() {
    let mut runs = Runs::after("ABC");
    let mut alignment = runs.alignment();
    for (index, row) in "AX".chars().enumerate() {
        alignment.take(index as Key, &entry(row));
    }
    assert!(alignment.holds_rows());
    assert_eq!(alignment.release_all(), [Released { index: 1, key: None }]);
    assert_eq!(alignment.counts(), (2, 1));
    alignment.check_end().unwrap();
    let rows = vec![(9, runs.hash_key.hash(&entry('D')))];
    runs.write(&Line::Send(SendLine { request: 2, floor: 0, uncertain: false, rows }));
    let error = runs.alignment().check_end().unwrap_err().to_string();
    assert!(error.contains("put them back into the input"), "{error}");
}

proptest::proptest! {
    #[test]
    fn no_activity_is_sent_more_often_than_an_input_has_had_it(
        inputs in proptest::collection::vec("[ABCDefg]{0,7}", 1..6)
    ) {
        let mut runs = Runs::new();
        for input in &inputs {
            runs.run(input);
        }
        for letter in 'A'..='D' {
            let most = inputs.iter().map(|input| count(input, letter)).max().unwrap_or_default();
            proptest::prop_assert!(count(&runs.stored, letter) <= most, "{letter} {inputs:?}");
        }
    }

    #[test]
    fn an_index_changes_nothing_whenever_it_is_made(
        inputs in proptest::collection::vec("[ABCDefg]{0,7}", 1..5), last in "[ABCDefg]{0,9}", sent in "[A-C]?", when in 0..9_usize
    ) {
        let mut runs = Runs::new();
        inputs.iter().for_each(|input| _ = runs.run(input));
        for row in sent.chars() {
            let rows = vec![(0, runs.hash_key.hash(&entry(row)))];
            runs.write(&Line::Send(SendLine { request: 2, floor: 0, uncertain: false, rows }));
        }
        let run = |when: usize| {
            let mut alignment = runs.alignment();
            let mut seen = Vec::new();
            for (index, row) in last.chars().enumerate() {
                if index == when {
                    alignment.counts();
                }
                seen.push(format!("{:?}", alignment.take(index as Key, &entry(row))));
                seen.push(format!("{:?} {:?}", alignment.release_new(), alignment.take_placed()));
            }
            seen.push(format!("{:?} {:?}", alignment.release_all(), alignment.take_placed()));
            seen.push(format!("{:?} {:?}", alignment.counts(), alignment.check_end().is_ok()));
            seen
        };
        proptest::prop_assert_eq!(run(0), run(usize::MAX));
        proptest::prop_assert_eq!(run(when), run(usize::MAX));
    }

    #[test]
    fn everything_is_sent_as_long_as_nothing_is_taken_away(
        steps in proptest::collection::vec(("[A-Zb-d]", 0..20_usize), 1..12)
    ) {
        let (mut runs, mut input) = (Runs::new(), String::new());
        for (row, place) in steps {
            input.insert_str(place.min(input.len()), &row);
            runs.run(&input);
            for letter in 'A'..='Z' {
                proptest::prop_assert_eq!(count(&runs.stored, letter), count(&input, letter));
            }
        }
    }

    #[test]
    fn a_stored_row_that_was_changed_in_place_is_not_sent(
        inputs in proptest::collection::vec("[A-Eef]{0,6}", 0..4), last in "[A-Eef]{1,6}", place in 0..6_usize
    ) {
        let mut runs = Runs::new();
        for input in inputs.iter().chain([&last]) {
            runs.run(input);
        }
        let place = place.min(last.len() - 1);
        // A row that was held was not stored.
        let is_stored = runs.run(&last).is_empty() && runs.is_known(&last);
        if is_stored && last[place..=place].chars().all(char::is_uppercase) {
            let mut changed = last.clone();
            changed.replace_range(place..=place, "X");
            proptest::prop_assert_eq!(runs.run(&changed), "", "{:?} {}", inputs, last);
        }
    }
}
