//! `crm mirror TARGET`: brings the copy up to date.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Days, Local, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use clap::{Args, ValueEnum};
use crm::directory::DirectoryClient;
use crm::history::{HistoryClient, Pace};
use crm::mirror::{ColumnKind, Mirror, Mode, Report, Sync, Table};
use crm::projects::ProjectsClient;
use crm::{Error, Stats};

use super::shown;
use super::target;
use crate::arguments::{BadValue, count, rate, zone};
use crate::commands::export::FetchedTexts;
use crate::connection::{Environment, HistoryFlags, NetworkFlags, ProjectsFlags};
use crate::exit::{Exit, Failure};
use crate::progress::Progress;
use crate::signals::Signals;
use crate::terminal::Terminal;

#[derive(Args)]
pub(super) struct RunArguments {
    #[arg(id = "mirror-target")]
    target: Option<String>,
    #[command(flatten)]
    history: HistoryFlags,
    #[command(flatten)]
    projects: ProjectsFlags,
    #[command(flatten)]
    network: NetworkFlags,
    #[arg(long, value_enum, default_value = "auto")]
    mode: ModeName,
    #[arg(long, default_value_t = 14)]
    window: u32,
    #[arg(long, default_value_t = 7)]
    rotation: u32,
    #[arg(long, value_enum, default_value = "changed")]
    texts: FetchedTexts,
    #[arg(long = "column", value_parser = column)]
    columns: Vec<(String, ColumnKind)>,
    #[arg(long, default_value_t = 400)]
    keep_changes: u32,
    #[arg(long)]
    soft_deletes: bool,
    #[arg(long)]
    allow_deletes: bool,
    #[arg(long)]
    new_view: bool,
    #[arg(long, id = "export-concurrency", default_value = "2", value_parser = count)]
    concurrency: usize,
    #[arg(long, value_parser = rate)]
    per_second: Option<f64>,
    #[arg(long, value_parser = time_of_day)]
    until: Option<NaiveTime>,
    #[arg(long, id = "machine-time-zone", value_parser = zone)]
    time_zone: Option<Tz>,
}

// Written by hand, because the URL of a database may hold a password.
impl fmt::Debug for RunArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunArguments").field("mode", &self.mode).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModeName {
    Auto,
    Quick,
    Full,
}

/// Reads the name of a field and the kind of its column: `contract_date:date`.
fn column(text: &str) -> Result<(String, ColumnKind), BadValue> {
    let (name, kind) = text.rsplit_once(':').ok_or(BadValue("expected-column"))?;
    Ok((name.to_owned(), ColumnKind::from_str(kind).map_err(|_| BadValue("expected-column"))?))
}

/// Reads a time of day: `07:00`.
fn time_of_day(text: &str) -> Result<NaiveTime, BadValue> {
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| BadValue("expected-time-of-day"))
}

/// The clients of the CRMs that are given.
struct Clients {
    history: Option<HistoryClient>,
    projects: Option<ProjectsClient>,
}

impl Clients {
    fn new(
        arguments: &RunArguments,
        environment: &Environment<'_>,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        let failed = |error: Error| terminal.call_failure(&error);
        let pace = Pace::new().in_flight(arguments.concurrency);
        let pace = match arguments.per_second {
            Some(rate) => pace.per_second(rate),
            None => pace,
        };
        let history = environment.history_if_any(&arguments.history)?;
        let history = history.map(|connection| connection.builder().pace(pace.clone()).build());
        let projects = environment.projects_if_any(&arguments.projects)?;
        let projects = projects.map(|connection| connection.builder().pace(pace.clone()).build());
        let (history, projects) =
            (history.transpose().map_err(failed)?, projects.transpose().map_err(failed)?);
        if history.is_none() && projects.is_none() {
            return Err(Failure::usage(terminal.messages.text("connection-none")));
        }
        Ok(Self { history, projects })
    }

    fn sync(&self) -> Sync {
        let mut sync = Sync::new();
        if let Some(history) = &self.history {
            sync = sync.history(history).directory(&DirectoryClient::from(history));
        }
        match &self.projects {
            Some(projects) => sync.projects(projects),
            None => sync,
        }
    }

    /// Returns the figures of the clients together.
    fn stats(&self) -> impl Fn() -> Stats + Send + 'static {
        let (history, projects) = (self.history.clone(), self.projects.clone());
        move || {
            let mut all = history.as_ref().map(HistoryClient::stats).unwrap_or_default();
            if let Some(other) = projects.as_ref().map(ProjectsClient::stats) {
                all.slowdowns += other.slowdowns;
                all.retries += other.retries;
                all.failed += other.failed;
                all.in_flight += other.in_flight;
                all.waiting += other.waiting;
            }
            all
        }
    }
}

impl RunArguments {
    fn options(&self, mut sync: Sync, zone: Option<Tz>) -> Sync {
        sync = sync
            .mode(match self.mode {
                ModeName::Auto => Mode::Auto,
                ModeName::Quick => Mode::Quick,
                ModeName::Full => Mode::Full,
            })
            .window_days(self.window)
            .children_every_days(self.rotation)
            .texts(self.texts.into())
            .keep_changes_days(self.keep_changes)
            .concurrency(self.concurrency);
        for (name, kind) in &self.columns {
            sync = sync.column(name, *kind);
        }
        if self.soft_deletes {
            sync = sync.soft_deletes();
        }
        if self.allow_deletes {
            sync = sync.allow_deletes();
        }
        if self.new_view {
            sync = sync.new_view();
        }
        match self.until {
            Some(time) => sync.until(match zone {
                Some(zone) => next(time, &Utc::now().with_timezone(&zone)),
                None => next(time, &Local::now()),
            }),
            None => sync,
        }
    }
}

/// Returns when it is this time of day the next time.
fn next<Z: TimeZone>(time: NaiveTime, now: &DateTime<Z>) -> SystemTime {
    // A time that the change of the clocks skips does not come on that day.
    let days = (0..3).filter_map(|days| now.date_naive().checked_add_days(Days::new(days)));
    let mut times = days.filter_map(|day| now.timezone().from_local_datetime(&day.and_time(time)).earliest());
    times.find(|at| at > now).map_or(SystemTime::now(), Into::into)
}

/// Brings the copy up to date.
pub(super) async fn run(
    arguments: RunArguments,
    terminal: &Arc<Terminal>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let environment = Environment::of_process(terminal, &arguments.network)?;
    let clients = Clients::new(&arguments, &environment, terminal)?;
    let time_zone = environment.time_zone(arguments.time_zone)?;
    let sync = arguments.options(clients.sync(), time_zone);
    let mirror = target::open(&target::url(&arguments.target, terminal)?, terminal).await?;
    let stop = signals.clone();
    let sync = sync.stop_when(move || stop.received().is_some());
    let progress = Progress::start(terminal, None, clients.stats());
    let sync = show_progress(sync, &progress, terminal);
    let report = carry_out(&mirror, sync, signals).await;
    drop(progress);
    match report {
        Ok(Ok(report)) => finish(&report, terminal),
        Ok(Err(error)) => Err(target::failure(terminal, &error)),
        Err(signal) => Ok(signal),
    }
}

/// Runs, and returns early if a signal comes and the run does not reach a clean point soon.
async fn carry_out(mirror: &Mirror, sync: Sync, signals: &Signals) -> Result<Result<Report, Error>, Exit> {
    let impatient = async {
        let signal = signals.first().await;
        tokio::time::sleep(CLEAN_POINT).await;
        signal
    };
    tokio::select! {
        report = mirror.run(sync) => Ok(report),
        signal = impatient => Err(signal),
    }
}

fn show_progress(sync: Sync, progress: &Progress, terminal: &Arc<Terminal>) -> Sync {
    let (reporter, terminal) = (progress.reporter(), Arc::clone(terminal));
    let read: Mutex<BTreeMap<Table, u64>> = Mutex::default();
    sync.on_progress(move |table| {
        let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
        read.insert(table.table, table.read);
        let values = [("table", table.table.as_str().into()), ("count", table.read.into())];
        reporter.set(read.values().sum(), terminal.messages.format("mirror-progress", &values));
    })
}

fn finish(report: &Report, terminal: &Terminal) -> Result<Exit, Failure> {
    let exit = shown::exit(report);
    for line in shown::table(report, &terminal.messages) {
        terminal.note(&line);
    }
    if let Some(hours) = report.shift_hours {
        terminal.note_text("mirror-shift", &[("hours", hours.into())]);
    }
    let verdict = shown::verdict(report, &terminal.messages);
    if exit == Exit::Done {
        terminal.note(&verdict)
    } else {
        terminal.problem(&verdict)
    }
    terminal.summary(&shown::Summary::new(report, exit))?;
    Ok(exit)
}

/// How long a run may go on after a signal.
const CLEAN_POINT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_the_next_one_in_the_zone() {
        let zone = chrono_tz::Europe::Berlin;
        let now = |text: &str| text.parse::<DateTime<Utc>>().unwrap().with_timezone(&zone);
        let seven = NaiveTime::from_hms_opt(7, 0, 0).unwrap();
        let next = |time, now: DateTime<Tz>| DateTime::<Utc>::from(next(time, &now)).to_rfc3339();
        assert_eq!(next(seven, now("2024-06-25T21:00:00Z")), "2024-06-26T05:00:00+00:00");
        assert_eq!(next(seven, now("2024-06-25T04:00:00Z")), "2024-06-25T05:00:00+00:00");
        assert_eq!(next(seven, now("2024-06-25T05:00:00Z")), "2024-06-26T05:00:00+00:00");
        // 2024-03-31 has no 02:30 in Berlin.
        let skipped = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
        assert_eq!(next(skipped, now("2024-03-30T23:00:00Z")), "2024-04-01T00:30:00+00:00");
    }
}
