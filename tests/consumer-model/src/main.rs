//! Looks through files of activities before and after a move between two CRMs: what an export holds, and what a
//! server would change in the activities that are to be written.
//!
//! `consumer-model [EXPORT.jsonl NEW.jsonl]`; without arguments, the two files beside it.

use crm_model::history::{Entry, NewEntry};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::process::ExitCode;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let here = env!("CARGO_MANIFEST_DIR");
    let given: Vec<String> = std::env::args().skip(1).collect();
    let ours = given.is_empty();
    let [export, new] = match given.as_slice() {
        [] => [format!("{here}/activities.jsonl"), format!("{here}/new.jsonl")],
        [export, new] => [export.clone(), new.clone()],
        _ => return Err("usage: consumer-model [EXPORT.jsonl NEW.jsonl]".into()),
    };
    let summary = summary(&fs::read_to_string(export)?)?;
    let lossy = lossy(&fs::read_to_string(new)?)?;

    println!("{} activities, {} without a date", summary.read, summary.undated);
    for (activity, count) in &summary.by_activity {
        println!("  {count} × {activity}");
    }
    for (line, reason) in &summary.unreadable {
        println!("  line {line} cannot be read: {reason}");
    }
    for (line, losses) in &lossy {
        println!("new activity {line} would not be stored as it is: {}", losses.join("; "));
    }
    // What is in our own files is known.
    let right = summary.read == 3
        && summary.undated == 1
        && summary.by_activity.get("Предложение") == Some(&1)
        && summary.unreadable.keys().eq([&4])
        && lossy.keys().eq([&2, &3]);
    if ours && !right {
        eprintln!("this is not what the files hold");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Default)]
struct Summary {
    read: usize,
    undated: usize,
    by_activity: BTreeMap<String, usize>,
    /// By line.
    unreadable: BTreeMap<usize, String>,
}

fn summary(lines: &str) -> Result<Summary, Box<dyn Error>> {
    let mut summary = Summary::default();
    for (number, line) in (1..).zip(lines.lines()) {
        let entry: Entry = match serde_json::from_str(line) {
            Ok(entry) => entry,
            Err(reason) => {
                summary.unreadable.insert(number, reason.to_string());
                continue;
            }
        };
        // Whatever comes in must go out again, keys without a name here included.
        let again: Entry = serde_json::from_str(&serde_json::to_string(&entry)?)?;
        if again != entry {
            return Err(format!("line {number} changes when it is written").into());
        }
        summary.read += 1;
        summary.undated += usize::from(entry.at.is_none());
        *summary
            .by_activity
            .entry(entry.activity_type.unwrap_or_else(|| "(none)".to_owned()))
            .or_default() += 1;
    }
    Ok(summary)
}

/// The new activities that a server would change, by line.
fn lossy(lines: &str) -> Result<BTreeMap<usize, Vec<String>>, Box<dyn Error>> {
    let mut lossy = BTreeMap::new();
    for (number, line) in (1..).zip(lines.lines()) {
        let entry: NewEntry =
            serde_json::from_str(line).map_err(|error| format!("line {number}: {error}"))?;
        let losses: Vec<String> = entry.losses().iter().map(ToString::to_string).collect();
        if !losses.is_empty() {
            lossy.insert(number, losses);
        }
    }
    Ok(lossy)
}
