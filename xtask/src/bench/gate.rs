//! Counts that are the same in every run, held to a committed baseline.
//!
//! Allocations are judged always. Instructions need valgrind, and depend on the compiler: they are judged where that is
//! the one of the baseline. Under valgrind every processor looks alike, so that they do not depend on the machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::{compiler, executables, instructions, output};
use crate::cargo::ROOT;

const BASELINE: &str = "bench/baseline.txt";
/// A count may be so many percent of the baseline.
const LIMIT: u64 = 110;

type Counts = BTreeMap<String, u64>;

/// Counts, and compares or accepts.
pub(super) fn run(accept: bool) -> Result<(), String> {
    let path = format!("{ROOT}/{BASELINE}");
    let compiler = compiler()?;
    let has_valgrind = instructions::valgrind_is_there();
    if accept {
        if !has_valgrind {
            return Err(
                "the baseline has instructions too: install valgrind (Debian: apt-get install valgrind)"
                    .into(),
            );
        }
        let text = written(&compiler, &counts(true)?);
        return std::fs::write(&path, text).map_err(|e| format!("{BASELINE} cannot be written: {e}"));
    }
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{BASELINE} cannot be read: {e}"))?;
    let (known_compiler, baseline) = read(&text);
    let same_compiler = known_compiler == compiler;
    if !has_valgrind {
        println!(
            "valgrind is missing, so allocations alone are judged, not instructions (Debian: apt-get install valgrind)"
        );
    } else if !same_compiler {
        println!(
            "allocations alone are judged: the instructions of the baseline are those of rustc {known_compiler}, \
             here it is {compiler}"
        );
    }
    let counts = counts(has_valgrind && same_compiler)?;
    for (name, count) in &counts {
        println!(
            "{name}: {count}, baseline {}",
            baseline.get(name).map_or("none".to_owned(), u64::to_string)
        );
    }
    let over = over(&counts, &baseline);
    if over.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\nFind out what it comes from; if it is worth it: cargo xtask bench --accept",
        over.join("\n")
    ))
}

/// Allocations of each work, and its instructions where they are asked for.
fn counts(instructions: bool) -> Result<Counts, String> {
    let arguments =
        ["build", "--profile", "gate", "-p", "crm-bench", "--bin", "allocations", "--bin", "instructions"];
    let [allocations, program] = executables(&arguments, ["allocations", "instructions"])?;
    let printed = output(&mut Command::new(allocations))?;
    let works: Vec<(&str, u64)> = printed.lines().filter_map(pair).collect();
    let mut counts = Counts::new();
    for (name, count) in &works {
        counts.insert(format!("{name} allocations"), *count);
    }
    if instructions {
        // All at once: what runs beside a program does not change its instructions.
        let program = &program;
        std::thread::scope(|scope| {
            let started =
                works.iter().map(|&(name, _)| (name, scope.spawn(|| instructions_of(program, name))));
            let started: Vec<_> = started.collect();
            for (name, counting) in started {
                let count = counting.join().map_err(|_| format!("{name}: counting panicked"))??;
                counts.insert(format!("{name} instructions"), count);
            }
            Ok::<(), String>(())
        })?;
    }
    Ok(counts)
}

/// The work done twice less the work done once: so the start of the process does not count.
fn instructions_of(program: &Path, work: &str) -> Result<u64, String> {
    let of = |times: &str| instructions::count(Command::new(program).args([work, times]));
    Ok(of("2")?.saturating_sub(of("1")?))
}

fn written(compiler: &str, counts: &Counts) -> String {
    let mut text = format!("# Written by `cargo xtask bench --accept`.\nrustc {compiler}\n");
    for (name, count) in counts {
        text += &format!("{name} {count}\n");
    }
    text
}

fn read(text: &str) -> (String, Counts) {
    let compiler = text.lines().find_map(|line| line.strip_prefix("rustc ")).unwrap_or_default();
    let counts = text.lines().filter_map(pair).map(|(name, count)| (name.to_owned(), count));
    (compiler.to_owned(), counts.collect())
}

/// `name 12`
fn pair(line: &str) -> Option<(&str, u64)> {
    let (name, count) = line.rsplit_once(' ')?;
    Some((name, count.parse().ok()?))
}

fn over(counts: &Counts, baseline: &Counts) -> Vec<String> {
    let judge = |(name, &count): (&String, &u64)| match baseline.get(name) {
        Some(&baseline) if count * 100 <= baseline * LIMIT => None,
        Some(&baseline) => {
            let percent = (count * 100).div_ceil(baseline.max(1));
            Some(format!("{name}: {count} is {percent} % of the baseline {baseline}, at most {LIMIT} %"))
        }
        None => Some(format!("{name}: {count} has no baseline")),
    };
    counts.iter().filter_map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_above_the_limit_or_without_a_baseline_is_told() {
        let counts = |text: &str| read(text).1;
        let baseline = counts("decode allocations 100\none_call allocations 50\n");
        assert!(over(&counts("decode allocations 110\none_call allocations 10"), &baseline).is_empty());
        assert_eq!(
            over(&counts("decode allocations 111\nnew allocations 1"), &baseline),
            [
                "decode allocations: 111 is 111 % of the baseline 100, at most 110 %",
                "new allocations: 1 has no baseline",
            ]
        );
    }

    #[test]
    fn what_is_accepted_is_read_again() {
        let counts =
            Counts::from([("decode allocations".to_owned(), 7), ("decode instructions".to_owned(), 8)]);
        let text = written("1.95.0 x86_64-unknown-linux-gnu", &counts);
        assert_eq!(read(&text), ("1.95.0 x86_64-unknown-linux-gnu".to_owned(), counts));
    }
}
