//! The simulation as a program: `cargo xtask simulate`.

use std::process::ExitCode;
use std::time::Duration;

use simulation::{
    Campaign, Finished, Job, Selection, Until, groups, report, report_export, report_mirror, simulate,
    simulate_export, simulate_mirror,
};

const USAGE: &str =
    "usage: simulation [--seed N | --seconds N | --seeds N | --survey N] [--from N] [--failures N]
                  [--only GROUPS | --with GROUPS | --all | --exports | --mirror] [--outbox]

  --seed N       replays a seed with its whole trace
  --seconds N    runs as many seeds as fit (default: 60)
  --seeds N      runs N seeds
  --survey N     runs N seeds for each group alone, and counts those that fail
                 (a crash and a lost answer are in each)
  --from N       the first seed (default: 1)
  --failures N   stops after so many seeds with a violation (default: 5)
  --only, --with draw from these groups alone, or from these beside those that are on; separated by commas
  --all          draws from every group
  --exports      simulates exports in place of imports
  --mirror       simulates copies of a CRM in place of imports
  --outbox       simulates outboxes in place of imports; the last option";

/// What the command line asks for.
struct Options {
    action: Action,
    first: u64,
    failures: usize,
    selection: Selection,
    /// What is simulated in place of imports.
    other: Option<Other>,
}

/// A job that draws from no groups.
#[derive(Clone, Copy)]
enum Other {
    Exports,
    Mirror,
}

impl Other {
    fn simulate(self, seed: u64) -> Finished {
        match self {
            Other::Exports => simulate_export(seed),
            Other::Mirror => simulate_mirror(seed),
        }
    }

    fn report(self, finished: &Finished, lines: usize) -> String {
        match self {
            Other::Exports => report_export(finished, lines),
            Other::Mirror => report_mirror(finished, lines),
        }
    }

    fn campaign(self, first: u64, until: Until, failures: usize) -> Campaign {
        match self {
            Other::Exports => Campaign::run_exports(first, until, failures),
            Other::Mirror => Campaign::run_mirrors(first, until, failures),
        }
    }
}

#[derive(Clone, Copy)]
enum Action {
    Replay(u64),
    Run(Until),
    Survey(u64),
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}\n\n{USAGE}");
            return ExitCode::from(64);
        }
    };
    // A panic is a violation with a seed of its own; its message is in the report.
    std::panic::set_hook(Box::new(|_| ()));
    match (options.action, options.other) {
        (Action::Replay(seed), Some(other)) => replay_other(seed, other),
        (Action::Run(until), Some(other)) => run_other(until, other, &options),
        (Action::Replay(seed), None) => replay(seed, &options.selection),
        (Action::Run(until), None) => run(until, &options),
        (Action::Survey(seeds), _) => survey(seeds, &options),
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let default = Until::Elapsed(Duration::from_secs(60));
    let mut options = Options {
        action: Action::Run(default),
        first: 1,
        failures: 5,
        selection: Selection::default(),
        other: None,
    };
    while let Some(option) = arguments.next() {
        if option == "--outbox" {
            options.selection = options.selection.with_job(Job::Outbox);
            continue;
        }
        if option == "--all" {
            options.selection = Selection::all();
            continue;
        }
        if let "--exports" | "--mirror" = option.as_str() {
            options.other = Some(if option == "--exports" { Other::Exports } else { Other::Mirror });
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{option} needs a number, not {value:?}"));
        match option.as_str() {
            "--seed" => options.action = Action::Replay(number()?),
            "--seconds" => options.action = Action::Run(Until::Elapsed(Duration::from_secs(number()?))),
            "--seeds" => options.action = Action::Run(Until::Seeds(number()?)),
            "--survey" => options.action = Action::Survey(number()?),
            "--from" => options.first = number()?,
            "--failures" => options.failures = usize::try_from(number()?).unwrap_or(usize::MAX),
            "--only" => options.selection = Selection::only(&value)?,
            "--with" => options.selection = Selection::with(&value)?,
            _ => return Err(format!("there is no option {option}")),
        }
    }
    Ok(options)
}

fn replay(seed: u64, selection: &Selection) -> ExitCode {
    let finished = simulate(seed, selection);
    println!("{}", report(&finished, selection, usize::MAX));
    println!("hash {:016x}, {} requests", finished.hash, finished.requests);
    if finished.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(until: Until, options: &Options) -> ExitCode {
    let campaign = Campaign::run(options.first, until, &options.selection, options.failures);
    println!("{}\n\n{}", campaign.coverage(), campaign.summary());
    for finished in campaign.failed() {
        println!("\n{}", report(finished, &options.selection, 40));
    }
    if campaign.failed().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn replay_other(seed: u64, other: Other) -> ExitCode {
    let finished = other.simulate(seed);
    println!("{}", other.report(&finished, usize::MAX));
    println!("hash {:016x}, {} requests", finished.hash, finished.requests);
    if finished.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_other(until: Until, other: Other, options: &Options) -> ExitCode {
    let campaign = other.campaign(options.first, until, options.failures);
    println!("{}", campaign.summary());
    for finished in campaign.failed() {
        println!("\n{}", other.report(finished, 40));
    }
    if campaign.failed().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn survey(seeds: u64, options: &Options) -> ExitCode {
    for group in groups() {
        let Ok(selection) = Selection::only(&format!("crash,torn,close_late,{}", group.name)) else {
            continue;
        };
        let campaign = Campaign::run(options.first, Until::Seeds(seeds), &selection, usize::MAX);
        let failed = campaign.failed();
        let first = failed.first().map(|finished| {
            format!("seed {}: {}", finished.seed, finished.violations.first().map_or("", String::as_str))
        });
        println!(
            "{:<26}{:>4} of {seeds}, median {:>3} requests  {}",
            group.name,
            failed.len(),
            campaign.median_requests(),
            first.unwrap_or_default()
        );
    }
    ExitCode::SUCCESS
}
