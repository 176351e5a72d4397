//! What the outbox costs: `bench/src/bin/outbox`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::table::Row;
use super::{Sandbox, measured, output, with_sandbox};

pub(super) fn measure(quick: bool) -> Result<Vec<Row>, String> {
    let rounds = |full: &'static str, hasty: &'static str| if quick { hasty } else { full };
    let [outbox, sandbox] = with_sandbox("outbox", quick)?;
    let mut rows = measured(&outbox, &["puts", rounds("5", "1")])?;
    {
        let sandbox = Sandbox::start(&sandbox, &["--latency-ms", "20"])?;
        rows.extend(measured(&outbox, &["deliver", &sandbox.url, rounds("4", "1")])?);
    }
    rows.push(memory(&outbox, &sandbox, if quick { 100_000 } else { 1_000_000 })?);
    let sandbox = Sandbox::start(&sandbox, &[])?;
    rows.extend(measured(&outbox, &["idle", &sandbox.url])?);
    rows.extend(measured(&outbox, &["keys"])?);
    Ok(rows)
}

/// The peak of a delivery with so many queued beside that with 10,000, each in a process of its own.
fn memory(outbox: &PathBuf, sandbox: &PathBuf, many: u64) -> Result<Row, String> {
    let folder = std::env::temp_dir().join(format!("crm-bench-queue-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let peaks = peak(outbox, sandbox, &folder, many)
        .and_then(|ours| Ok((ours, peak(outbox, sandbox, &folder, 10_000)?)));
    let _ = std::fs::remove_dir_all(&folder);
    let (ours, theirs) = peaks?;
    let many = if many == 1_000_000 { "1,000,000" } else { "100,000" };
    let name = format!("peak memory of a delivery with {many} queued / with 10,000");
    Row::new(&name, ours, theirs, "MiB", ours - theirs)
}

fn peak(outbox: &PathBuf, sandbox: &PathBuf, folder: &Path, queued: u64) -> Result<f64, String> {
    let sandbox = Sandbox::start(sandbox, &[])?;
    let file = folder.join(queued.to_string()).display().to_string();
    output(Command::new(outbox).args(["fill", &file, &queued.to_string()]))?;
    let printed = output(Command::new(outbox).args(["send", &sandbox.url, &file]))?;
    printed.trim().parse::<f64>().map(|kib| kib / 1024.0).map_err(|_| format!("no size in {printed:?}"))
}
