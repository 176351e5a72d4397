//! What a copy costs: `bench/src/bin/mirror`, and dlt in a virtual environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::table::Row;
use super::{Sandbox, measured, output, with_sandbox};
use crate::cargo::ROOT;

pub(super) fn measure(quick: bool) -> Result<Vec<Row>, String> {
    let rounds = if quick { "1" } else { "12" };
    let [mirror, sandbox] = with_sandbox("mirror", quick)?;
    let mut rows = measured(&mirror, &["quick"])?;
    rows.extend(measured(&mirror, &["projects", if quick { "1000" } else { "10000" }])?);
    rows.extend(full(&mirror, if quick { 100_000 } else { 1_000_000 })?);
    let python = python()?;
    let sandbox = Sandbox::start(&sandbox, &["--records", "20000"])?;
    let script = format!("{ROOT}/bench/mirror_dlt.py");
    rows.extend(measured(&mirror, &["load", &sandbox.url, &python, &script, rounds])?);
    Ok(rows)
}

/// Full runs in which nothing has changed, each in a process of its own.
fn full(mirror: &PathBuf, many: u64) -> Result<Vec<Row>, String> {
    let folder = std::env::temp_dir().join(format!("crm-bench-copy-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let runs = run(mirror, &folder, many).and_then(|ours| Ok((ours, run(mirror, &folder, 10_000)?)));
    let _ = std::fs::remove_dir_all(&folder);
    let ((seconds, peak, bytes), (_, small, _)) = runs?;
    let rate = many as f64 / seconds;
    let name = |what: &str| {
        let many = if many == 1_000_000 { "1,000,000" } else { "100,000" };
        what.replace("MANY", many)
    };
    Ok(vec![
        Row::new(&name("records a second of a full run over MANY unchanged ones"), rate, 0.0, "1/s", rate)?,
        Row::new(
            &name("peak memory of a full run over MANY / over 10,000"),
            peak,
            small,
            "MiB",
            peak - small,
        )?,
        Row::new("bytes of an activity in a copy in SQLite", bytes, many as f64, "bytes, activities", bytes)?,
    ])
}

/// Returns the seconds of a full run, the peak of its memory in MiB, and the bytes of an activity in the file.
fn run(mirror: &PathBuf, folder: &Path, records: u64) -> Result<(f64, f64, f64), String> {
    let (file, count) = (folder.join(records.to_string()).display().to_string(), records.to_string());
    output(Command::new(mirror).args(["fill", &file, &count]))?;
    let size = std::fs::metadata(&file).map_err(|error| format!("{file}: {error}"))?.len();
    let bytes = size as f64 / records as f64;
    let printed = output(Command::new(mirror).args(["full", &file, &count]))?;
    let figures = printed.trim().split_once(' ').and_then(|(seconds, kib)| {
        Some((seconds.parse::<f64>().ok()?, kib.parse::<f64>().ok()? / 1024.0, bytes))
    });
    figures.ok_or_else(|| format!("no figures in {printed:?}"))
}

/// Returns a Python with dlt, from a virtual environment that is kept below `target`.
fn python() -> Result<String, String> {
    let folder = format!("{ROOT}/target/bench-dlt");
    let python = format!("{folder}/bin/python");
    let has_dlt = Command::new(&python).args(["-c", "import dlt"]).output();
    if !has_dlt.is_ok_and(|output| output.status.success()) {
        eprintln!("   installing dlt");
        output(Command::new("python3").args(["-m", "venv", &folder]))?;
        let packages = ["dlt[sqlalchemy,postgres]", "requests"];
        output(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
    }
    Ok(python)
}
