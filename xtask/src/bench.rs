//! `cargo xtask bench`: what the clients cost beside a loop over reqwest and serde, with the goal beside each figure.
//!
//! Ours and theirs run by turns and the median of their ratios is judged: whatever else slows the machine down meets
//! both. The sandbox runs in a process of its own, on loopback. `docs/performance.md` tells the method.

mod builds;
mod gate;
mod import;
mod instructions;
mod mirror;
mod outbox;
mod report;
mod table;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use crate::Task;
use crate::cargo::{ROOT, cargo};
use serde_json::Value;
use table::Row;

pub(crate) const TASK: Task = Task {
    name: "bench",
    about: "what the clients cost, beside goals; --gate: what is the same in every run, beside a baseline",
    run,
};

const USAGE: &str = "\
usage: cargo xtask bench [GROUP …] [--quick] [--json FILE] [--write]
       cargo xtask bench --gate | --accept

groups: decode, calls, import, export, memory, sandbox, outbox, mirror, size, builds; all of them where none is named
--quick   fewer rounds, a tenth of the records for memory, no clean builds, outbox and mirror not optimised;
          too coarse to be judged by
--json    the figures for other programs
--write   the table into docs/performance.md; of a full run
--gate    allocations and instructions, at most 110 % of bench/baseline.txt; part of cargo xtask check
--accept  what they are now becomes the baseline";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Decode,
    Calls,
    Export,
    Memory,
    Import,
    Sandbox,
    Outbox,
    Mirror,
    Size,
    Builds,
}

impl Group {
    /// The long ones last.
    const ALL: [Self; 10] = [
        Self::Decode,
        Self::Calls,
        Self::Import,
        Self::Export,
        Self::Memory,
        Self::Sandbox,
        Self::Outbox,
        Self::Mirror,
        Self::Size,
        Self::Builds,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Calls => "calls",
            Self::Export => "export",
            Self::Memory => "memory",
            Self::Import => "import",
            Self::Sandbox => "sandbox",
            Self::Outbox => "outbox",
            Self::Mirror => "mirror",
            Self::Size => "size",
            Self::Builds => "builds",
        }
    }
}

#[derive(Debug, Default, PartialEq)]
struct Options {
    groups: Vec<Group>,
    quick: bool,
    json: Option<String>,
    write: bool,
}

fn run(arguments: &[String]) -> Result<(), String> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--gate"] => return gate::run(false),
        ["--accept"] => return gate::run(true),
        _ => {}
    }
    let Options { groups, quick, json, write } = options(&arguments)?;
    let rows = measure(&groups, quick)?;
    println!("\n{}\n\n{}", report::machine(), table::markdown(&rows));
    if let Some(file) = json {
        std::fs::write(&file, table::json(&rows)).map_err(|e| format!("{file} cannot be written: {e}"))?;
    }
    if write {
        report::write(&rows)?;
    }
    match table::missed(&rows) {
        None => Ok(()),
        Some(missed) => Err(missed),
    }
}

fn options(arguments: &[&str]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut arguments = arguments.iter();
    while let Some(&argument) = arguments.next() {
        match argument {
            "--quick" => options.quick = true,
            "--write" => options.write = true,
            "--json" => options.json = Some((*arguments.next().ok_or(USAGE)?).to_owned()),
            name => {
                let group = Group::ALL.into_iter().find(|group| group.name() == name);
                options.groups.push(group.ok_or_else(|| format!("`{name}` is no group.\n{USAGE}"))?);
            }
        }
    }
    if options.write && (options.quick || !options.groups.is_empty()) {
        return Err(
            "docs/performance.md shows a full run: --write goes with neither --quick nor a group".to_owned()
        );
    }
    if options.groups.is_empty() {
        let wanted = |group: &Group| !(options.quick && *group == Group::Builds);
        options.groups = Group::ALL.into_iter().filter(wanted).collect();
    }
    Ok(options)
}

fn measure(groups: &[Group], quick: bool) -> Result<Vec<Row>, String> {
    let builds_its_own =
        |group: &Group| matches!(group, Group::Outbox | Group::Mirror | Group::Size | Group::Builds);
    let needs_programs = !groups.iter().all(builds_its_own);
    let programs = if needs_programs { Some(Programs::build()?) } else { None };
    let mut rows = Vec::new();
    for (number, &group) in (1..).zip(groups) {
        let started = Instant::now();
        eprintln!("== {} ({number} of {})", group.name(), groups.len());
        let more = match (group, &programs) {
            (Group::Outbox, _) => outbox::measure(quick)?,
            (Group::Mirror, _) => mirror::measure(quick)?,
            (Group::Size, _) => builds::size()?,
            (Group::Builds, _) => builds::clean(if quick { 1 } else { 3 })?,
            (group, Some(programs)) => programs.measure(group, quick)?,
            (_, None) => Vec::new(),
        };
        for row in &more {
            eprintln!("   {row}");
        }
        eprintln!("   {} s", started.elapsed().as_secs());
        rows.extend(more);
    }
    Ok(rows)
}

/// What is measured, built for release.
struct Programs {
    sandbox: PathBuf,
    times: PathBuf,
    allocations: PathBuf,
}

impl Programs {
    fn build() -> Result<Self, String> {
        eprintln!("== building the programs");
        // In one go, so that what they share is built once.
        let arguments = [
            "build",
            "--release",
            "-p",
            "crm-bench",
            "-p",
            "crm-sandbox",
            "--bins",
            "--features",
            "crm-bench/clients",
        ];
        let [sandbox, times, allocations] = executables(&arguments, ["crm-sandbox", "times", "allocations"])?;
        Ok(Self { sandbox, times, allocations })
    }

    fn measure(&self, group: Group, quick: bool) -> Result<Vec<Row>, String> {
        let rounds = |full: &'static str, hasty: &'static str| if quick { hasty } else { full };
        let (times, allocations) = (&self.times, &self.allocations);
        let mut rows = Vec::new();
        match group {
            Group::Decode => {
                rows.extend(measured(times, &["decode", rounds("1000", "100")])?);
                rows.extend(measured(allocations, &["decode"])?);
            }
            Group::Calls => {
                let sandbox = self.sandbox(&["--records", "20000"])?;
                rows.extend(measured(times, &["calls", &sandbox.url, rounds("600", "60")])?);
                rows.extend(measured(allocations, &["calls", &sandbox.url])?);
                rows.extend(instructions::measure(times, &sandbox.url)?);
            }
            Group::Export => {
                for (latency, rounds) in [("0", rounds("60", "5")), ("20", rounds("5", "1"))] {
                    let sandbox = self.sandbox(&["--records", "20000", "--latency-ms", latency])?;
                    rows.extend(measured(times, &["export", &sandbox.url, latency, rounds])?);
                }
                if !quick {
                    let sandbox = self.sandbox(&["--records", "400000", "--latency-ms", "100"])?;
                    rows.extend(measured(times, &["export-long", &sandbox.url])?);
                }
            }
            Group::Memory => {
                rows.push(self.memory(if quick { 100_000 } else { 1_000_000 })?);
                rows.extend(self.accounts()?);
            }
            Group::Import => {
                let sandbox = self.sandbox(&["--latency-ms", "20"])?;
                rows.extend(measured(times, &["import", &sandbox.url, rounds("7", "1")])?);
                if !quick {
                    rows.extend(import::memory(times, &self.sandbox)?);
                }
            }
            Group::Sandbox => {
                let sandbox = self.sandbox(&["--records", "100000"])?;
                rows.extend(measured(times, &["sandbox", &sandbox.url, rounds("100", "10")])?);
            }
            Group::Outbox | Group::Mirror | Group::Size | Group::Builds => {}
        }
        Ok(rows)
    }

    /// The peak of an export of so many records beside that of 10,000, each in a process of its own.
    fn memory(&self, many: u64) -> Result<Row, String> {
        let peak = |records: u64| -> Result<f64, String> {
            let sandbox = self.sandbox(&["--records", &records.to_string()])?;
            let told = output(Command::new(&self.times).args(["memory", &sandbox.url]))?;
            let figures =
                told.trim().split_once(' ').filter(|(exported, _)| *exported == records.to_string());
            let kib = figures.and_then(|(_, kib)| kib.parse::<f64>().ok());
            Ok(kib.ok_or_else(|| format!("{records} records were to be exported: {told}"))? / 1024.0)
        };
        let (ours, theirs) = (peak(many)?, peak(10_000)?);
        let many = if many == 1_000_000 { "1,000,000" } else { "100,000" };
        Row::new(
            &format!("peak memory of an export of {many} / of 10,000"),
            ours,
            theirs,
            "MiB",
            ours - theirs,
        )
    }

    /// What an account costs a process that serves a thousand of them.
    fn accounts(&self) -> Result<Vec<Row>, String> {
        const ACCOUNTS: f64 = 1000.0;
        let sandbox = self.sandbox(&["--records", "1"])?;
        let figures = |accounts: &str| -> Result<[f64; 2], String> {
            let told = output(Command::new(&self.times).args(["clients", &sandbox.url, accounts]))?;
            let figures: Vec<f64> =
                told.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
            figures.try_into().map_err(|_| format!("no figures in {told:?}"))
        };
        let ([many, files], [one, files_of_one]) = (figures("1000")?, figures("1")?);
        let each = (many - one) / (ACCOUNTS - 1.0);
        let files_each = (files - files_of_one) / (ACCOUNTS - 1.0);
        Ok(vec![
            Row::new("peak memory of 1,000 clients, each", each, one, "KiB", each)?,
            Row::new("open files of 1,000 clients, each", files_each, files_of_one, "files", files_each)?,
        ])
    }

    fn sandbox(&self, arguments: &[&str]) -> Result<Sandbox, String> {
        Sandbox::start(&self.sandbox, arguments)
    }
}

/// A sandbox in a process of its own, ended with this.
struct Sandbox {
    child: Child,
    url: String,
    /// Kept open: it may say more.
    stdout: Option<BufReader<ChildStdout>>,
}

impl Sandbox {
    fn start(program: &PathBuf, arguments: &[&str]) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1:0"]).args(arguments).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|e| format!("the sandbox cannot be started: {e}"))?;
        let stdout = child.stdout.take().map(BufReader::new);
        let mut sandbox = Self { child, url: String::new(), stdout };
        let mut line = String::new();
        if let Some(stdout) = &mut sandbox.stdout {
            stdout.read_line(&mut line).map_err(|e| e.to_string())?;
        }
        let url = line.trim().strip_prefix("listening on ");
        sandbox.url = url.ok_or("the sandbox ended before it listened")?.to_owned();
        Ok(sandbox)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The rows that a program prints.
fn measured(program: &PathBuf, arguments: &[&str]) -> Result<Vec<Row>, String> {
    output(Command::new(program).args(arguments))?.lines().map(Row::read).collect()
}

/// Builds the programs of a feature of the benchmarks, and the sandbox: the program with this name, and the sandbox.
fn with_sandbox(feature: &str, quick: bool) -> Result<[PathBuf; 2], String> {
    let feature_of = format!("crm-bench/{feature}");
    let mut arguments =
        vec!["build", "-p", "crm-bench", "-p", "crm-sandbox", "--bins", "--features", &feature_of];
    // A glance needs no optimised program. Its figures are not judged by.
    if !quick {
        arguments.push("--release");
    }
    executables(&arguments, [feature, "crm-sandbox"])
}

/// Builds, and returns where the executables with these names are.
fn executables<const N: usize>(arguments: &[&str], names: [&str; N]) -> Result<[PathBuf; N], String> {
    let mut command = cargo();
    command.args(arguments).args(["--quiet", "--message-format=json-render-diagnostics"]);
    let messages = output(command.stderr(Stdio::inherit()))?;
    let mut found = [const { None }; N];
    for message in messages.lines() {
        let message: Value = serde_json::from_str(message).unwrap_or_default();
        let path = message["executable"].as_str().map(PathBuf::from);
        let stem = path.as_ref().and_then(|path| path.file_stem());
        if let Some(at) = names.iter().position(|name| stem.is_some_and(|stem| stem == *name)) {
            found[at] = path;
        }
    }
    let built: Vec<PathBuf> = found.into_iter().flatten().collect();
    built.try_into().map_err(|_| format!("cargo {} did not make {}", arguments.join(" "), names.join(", ")))
}

/// What a program writes to its standard output.
fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("{command:?} cannot be started: {e}"))?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|e| e.to_string())
}

/// The compiler, as `1.95.0 x86_64-unknown-linux-gnu`.
fn compiler() -> Result<String, String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let text = output(Command::new(rustc).arg("-vV").current_dir(ROOT))?;
    let find = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("?").to_owned();
    Ok(format!("{} {}", find("release: "), find("host: ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_group_everything_is_measured() {
        assert_eq!(options(&[]).unwrap().groups, Group::ALL);
        let quick = options(&["--quick", "--json", "figures.json"]).unwrap();
        assert!(quick.quick && !quick.groups.contains(&Group::Builds));
        assert_eq!(quick.json.as_deref(), Some("figures.json"));
    }

    #[test]
    fn a_group_is_measured_alone() {
        assert_eq!(options(&["export", "decode"]).unwrap().groups, [Group::Export, Group::Decode]);
    }

    #[test]
    fn a_word_that_is_no_group_is_refused_with_the_usage() {
        let message = options(&["exports"]).unwrap_err();
        assert!(message.starts_with("`exports` is no group.\nusage: "), "{message}");
    }

    #[test]
    fn the_document_is_written_of_a_full_run_only() {
        assert!(options(&["--write"]).unwrap().write);
        assert!(options(&["--write", "--quick"]).is_err() && options(&["decode", "--write"]).is_err());
    }
}
