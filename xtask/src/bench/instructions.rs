//! Instructions, counted by valgrind: the same in every run, however busy the machine is.

use std::path::Path;
use std::process::Command;

use super::table::Row;

/// Instructions of a call beside those of one by hand. No rows without valgrind.
pub(super) fn measure(times: &Path, url: &str) -> Result<Vec<Row>, String> {
    if !valgrind_is_there() {
        println!("valgrind is missing, so instructions are not counted (Debian: apt-get install valgrind)");
        return Ok(Vec::new());
    }
    let row = |name, in_flight: &str| {
        let per_call = |who: &str| -> Result<f64, String> {
            let calls = |many: &str| count(Command::new(times).args(["call", who, url, many, in_flight]));
            // The difference is without the start of the process.
            Ok((calls("300")?.saturating_sub(calls("100")?)) as f64 / 200.0)
        };
        let (ours, theirs) = (per_call("ours")?, per_call("theirs")?);
        Row::new(name, ours, theirs, "instructions", ours / theirs)
    };
    Ok(vec![row("one call, instructions", "1")?, row("100 calls, 10 in flight, instructions", "10")?])
}

pub(super) fn valgrind_is_there() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|out| out.status.success())
}

/// Runs a program under valgrind and returns the number of its instructions.
pub(super) fn count(program: &Command) -> Result<u64, String> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.arg(program.get_program()).args(program.get_args());
    let out = valgrind.output().map_err(|e| format!("valgrind cannot be started: {e}"))?;
    let text = String::from_utf8_lossy(&out.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected : "));
    let count = collected.and_then(|(_, count)| count.trim().parse().ok());
    count.filter(|_| out.status.success()).ok_or_else(|| format!("{valgrind:?} failed: {text}"))
}
