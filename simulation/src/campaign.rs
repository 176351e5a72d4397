//! Runs many seeds and adds up what they came to.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::coverage::Coverage;
use crate::export_run::simulate_export;
use crate::groups::Selection;
use crate::mirror_run::simulate_mirror;
use crate::run::{Finished, simulate};

/// What many seeds came to.
#[derive(Debug, Default)]
pub struct Campaign {
    requests: Vec<u64>,
    activities: usize,
    coverage: Coverage,
    failed: Vec<Finished>,
    late_writes: u64,
}

/// How long a campaign goes on.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// So many seeds have run.
    Seeds(u64),
    /// So much time of this machine has passed.
    Elapsed(Duration),
}

impl Campaign {
    /// Runs seeds from `first` on. It stops when so many have failed.
    #[must_use]
    pub fn run(first: u64, until: Until, selection: &Selection, most_failures: usize) -> Campaign {
        Campaign::run_each(first, until, most_failures, |seed| simulate(seed, selection))
    }

    /// Runs seeds of exports from `first` on. It stops when so many have failed.
    #[must_use]
    pub fn run_exports(first: u64, until: Until, most_failures: usize) -> Campaign {
        Campaign::run_each(first, until, most_failures, simulate_export)
    }

    /// Runs seeds of mirrors from `first` on. It stops when so many have failed.
    #[must_use]
    pub fn run_mirrors(first: u64, until: Until, most_failures: usize) -> Campaign {
        Campaign::run_each(first, until, most_failures, simulate_mirror)
    }

    fn run_each(
        first: u64,
        until: Until,
        most_failures: usize,
        simulate: impl Fn(u64) -> Finished,
    ) -> Campaign {
        let started = Instant::now();
        let mut campaign = Campaign::default();
        for seed in first.. {
            let is_over = match until {
                Until::Seeds(count) => seed - first >= count,
                Until::Elapsed(time) => started.elapsed() >= time,
            };
            if is_over || campaign.failed.len() >= most_failures {
                break;
            }
            campaign.add(simulate(seed));
        }
        campaign
    }

    fn add(&mut self, finished: Finished) {
        self.requests.push(finished.requests);
        self.activities += finished.activities;
        self.coverage.add(&finished.coverage);
        self.late_writes += finished.late_writes;
        if !finished.violations.is_empty() {
            // A long campaign shows at once what it found.
            eprintln!("seed {}: {}", finished.seed, finished.violations.join("; "));
            self.failed.push(finished);
        }
    }

    /// The seeds with a violation.
    #[must_use]
    pub fn failed(&self) -> &[Finished] {
        &self.failed
    }

    /// The number of seeds that ran.
    #[must_use]
    pub fn seeds(&self) -> usize {
        self.requests.len()
    }

    /// Which faults struck in which state.
    #[must_use]
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// The median number of requests of a seed.
    #[must_use]
    pub fn median_requests(&self) -> u64 {
        let mut requests = self.requests.clone();
        requests.sort_unstable();
        requests.get(requests.len() / 2).copied().unwrap_or(0)
    }

    /// One line with the figures.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "{} seeds, {} activities, median of {} requests a seed, {} seeds with a violation, {} pairs of fault and state, {} writes after the lease",
            self.seeds(),
            self.activities,
            self.median_requests(),
            self.failed.len(),
            self.coverage.pairs(),
            self.late_writes
        )
    }
}

/// What a failed seed prints: the violations, how to replay it, and the end of its trace.
#[must_use]
pub fn report(finished: &Finished, selection: &Selection, lines: usize) -> String {
    report_with(finished, selection.option(), lines)
}

/// What a failed seed of an export prints: the violations, how to replay it, and the end of its trace.
#[must_use]
pub fn report_export(finished: &Finished, lines: usize) -> String {
    report_with(finished, " --exports", lines)
}

/// What a failed seed of a mirror prints: the violations, how to replay it, and the end of its trace.
#[must_use]
pub fn report_mirror(finished: &Finished, lines: usize) -> String {
    report_with(finished, " --mirror", lines)
}

fn report_with(finished: &Finished, option: &str, lines: usize) -> String {
    let mut text = format!("seed {}:\n", finished.seed);
    for violation in &finished.violations {
        let _ = writeln!(text, "  {violation}");
    }
    let _ = writeln!(text, "  replay: cargo xtask simulate --seed {}{}", finished.seed, option);
    let left_out = finished.trace.len().saturating_sub(lines);
    for (number, line) in finished.trace.iter().enumerate() {
        // The beginning says what was drawn.
        if number < DRAWN || number >= left_out {
            let _ = writeln!(text, "    {}", line.chars().take(LONGEST_LINE).collect::<String>());
        }
    }
    text
}

/// The lines at the beginning of a trace that are always shown.
const DRAWN: usize = 6;
const LONGEST_LINE: usize = 4000;
