//! The memory of an import of a million activities with a journal, and of resuming it at its end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::table::Row;
use super::{Sandbox, output};

const MANY: u64 = 1_000_000;

pub(super) fn memory(times: &Path, sandbox: &PathBuf) -> Result<Vec<Row>, String> {
    let folder = std::env::temp_dir().join(format!("crm-bench-import-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let rows = measure(times, sandbox, &folder);
    let _ = fs::remove_dir_all(&folder);
    rows
}

fn measure(times: &Path, sandbox: &PathBuf, folder: &Path) -> Result<Vec<Row>, String> {
    let few = {
        let sandbox = Sandbox::start(sandbox, &[])?;
        import(times, &sandbox.url, &folder.join("few"), 10_000)?
    };
    let sandbox = Sandbox::start(sandbox, &[])?;
    let many = import(times, &sandbox.url, &folder.join("many"), MANY)?;
    let resumed = import(times, &sandbox.url, &folder.join("many"), MANY)?;
    let journal = folder.join("many");
    let bytes = fs::metadata(&journal).map_err(|error| format!("{}: {error}", journal.display()))?.len();
    let bytes = bytes as f64 / MANY as f64;
    let row = |name, peak: f64| Row::new(name, peak, few.mib, "MiB", peak - few.mib);
    Ok(vec![
        row("peak memory of an import of 1,000,000 / of 10,000", many.mib)?,
        row("peak memory of resuming it at its end / of 10,000", resumed.mib)?,
        Row::new("its journal opens", resumed.first_outcome, 0.0, "s", resumed.first_outcome)?,
        Row::new("bytes of an activity in the journal", bytes, MANY as f64, "bytes, activities", bytes)?,
    ])
}

struct Imported {
    mib: f64,
    /// Seconds until the first outcome.
    first_outcome: f64,
}

/// Imports in a process of its own.
fn import(times: &Path, url: &str, journal: &Path, records: u64) -> Result<Imported, String> {
    let mut command = Command::new(times);
    let printed = output(command.args(["import-memory", url]).arg(journal).arg(records.to_string()))?;
    let figures: Vec<f64> = printed.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    match figures[..] {
        [stored, kib, first_outcome] if stored == records as f64 => {
            Ok(Imported { mib: kib / 1024.0, first_outcome })
        }
        _ => Err(format!("{records} activities were to be imported: {printed}")),
    }
}
