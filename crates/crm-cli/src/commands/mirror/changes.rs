//! `crm mirror changes TARGET --since DATE`: what has changed in the CRM, as the runs have seen it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{Local, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use clap::Args;
use crm::mirror::{Change, ChangeFilter, ChangeKind, Table};
use serde::Serialize;
use serde_json::value::RawValue;

use super::target;
use crate::arguments::{BadValue, day, zone};
use crate::commands::directory::listing::{Listing, cell};
use crate::commands::export::{FormatName, format_of};
use crate::commands::utc::utc;
use crate::connection::{Environment, NetworkFlags};
use crate::exit::{Exit, Failure};
use crate::files::{Format, Headings, Output, OutputColumn, OutputKind};
use crate::terminal::Terminal;

#[derive(Args)]
pub(super) struct Arguments {
    #[arg(id = "mirror-target")]
    target: Option<String>,
    #[arg(long, id = "changes-since", value_parser = day)]
    since: NaiveDate,
    #[arg(long, value_parser = table)]
    table: Option<Table>,
    #[arg(long, id = "machine-time-zone", value_parser = zone)]
    time_zone: Option<Tz>,
    #[arg(long, id = "changes-out")]
    out: Option<PathBuf>,
    #[arg(long, value_enum, requires = "changes-out")]
    format: Option<FormatName>,
    #[arg(long, requires = "changes-out")]
    excel: bool,
}

// Written by hand, because the URL of a database may hold a password.
impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arguments").field("since", &self.since).finish_non_exhaustive()
    }
}

pub(super) fn table(name: &str) -> Result<Table, BadValue> {
    name.parse().map_err(|_| BadValue("expected-table"))
}

/// A change for programs and for files.
#[derive(Serialize)]
struct Line<'a> {
    seq: i64,
    run: i64,
    seen_at: String,
    table: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<i64>,
    id: i64,
    change: &'static str,
    before: Option<&'a RawValue>,
    after: Option<&'a RawValue>,
}

impl<'a> Line<'a> {
    fn new(change: &'a Change) -> Self {
        fn raw(json: &Option<String>) -> Option<&RawValue> {
            json.as_deref().and_then(|json| serde_json::from_str(json).ok())
        }
        Self {
            seq: change.seq,
            run: change.run,
            seen_at: utc(change.seen_at),
            table: change.table.as_str(),
            project_id: change.table.belongs_to_project().then_some(change.key.project_id),
            id: change.key.id,
            change: change.kind.as_str(),
            before: raw(&change.before),
            after: raw(&change.after),
        }
    }
}

const HEADINGS: [&str; 6] =
    ["column-seen-at", "column-table", "column-project-id", "column-id", "column-change", "column-what"];

/// Where the changes go.
enum Target<'a> {
    List(Listing<'a>),
    File(Box<Output>, PathBuf),
}

/// Lists changes, or writes them to a file.
pub(super) async fn run(arguments: Arguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let environment = Environment::of_process(terminal, &NetworkFlags::default())?;
    let since = start_of(arguments.since, environment.time_zone(arguments.time_zone)?);
    let mut target = match &arguments.out {
        Some(path) => {
            let format = format_of(path, arguments.format, arguments.excel);
            let format = format.map_err(|why| Failure::usage(terminal.messages.text(why)))?;
            let headings = match format {
                Format::ExcelCsv | Format::Xlsx => terminal.spreadsheet_headings(),
                _ => Headings::Wire,
            };
            if path.as_os_str() == "-" {
                terminal.reserve_output();
            }
            let output = Output::create(path, format, columns(headings));
            let output = output.map_err(|error| failure(path, &error, terminal))?;
            Target::File(Box::new(output), path.clone())
        }
        None => Target::List(Listing::new(terminal, &HEADINGS)),
    };
    let mirror = target::open_existing(&arguments.target, terminal).await?;
    let mut filter = ChangeFilter::new().since(since);
    if let Some(table) = arguments.table {
        filter = filter.table(table);
    }
    let mut count: u64 = 0;
    loop {
        let changes = mirror.changes(&filter).await.map_err(|error| target::failure(terminal, &error))?;
        let Some(last) = changes.last() else { break };
        filter = filter.after(last.seq);
        count += changes.len() as u64;
        for change in &changes {
            let line = Line::new(change);
            match &mut target {
                Target::List(listing) => listing.add(&line, cells(change, terminal))?,
                Target::File(output, path) => {
                    output.write(&line).map_err(|error| failure(path, &error, terminal))?;
                }
            }
        }
    }
    match target {
        Target::List(mut listing) => listing.write()?,
        Target::File(output, path) => {
            output.finish().map_err(|error| failure(&path, &error, terminal))?;
        }
    }
    terminal.note_text("mirror-changes", &[("count", count.into())]);
    Ok(Exit::Done)
}

fn failure(path: &std::path::Path, error: &std::io::Error, terminal: &Terminal) -> Failure {
    terminal.output_failure(&path.display().to_string(), error)
}

/// Returns when a day begins in a zone, or on this machine.
fn start_of(day: NaiveDate, zone: Option<Tz>) -> SystemTime {
    let midnight = day.and_time(NaiveTime::MIN);
    let start = match zone {
        Some(zone) => zone.from_local_datetime(&midnight).earliest().map(SystemTime::from),
        None => Local.from_local_datetime(&midnight).earliest().map(SystemTime::from),
    };
    // Where the clocks skip midnight, UTC is near enough and not later than by hours.
    start.unwrap_or_else(|| midnight.and_utc().into())
}

fn cells(change: &Change, terminal: &Terminal) -> Vec<String> {
    let word = terminal.messages.text(match change.kind {
        ChangeKind::Insert => "mirror-change-insert",
        ChangeKind::Update => "mirror-change-update",
        ChangeKind::Delete => "mirror-change-delete",
        ChangeKind::OutOfView => "mirror-change-out-of-view",
        _ => "mirror-change-in-view",
    });
    let project = change.table.belongs_to_project().then_some(change.key.project_id);
    vec![
        utc(change.seen_at),
        change.table.to_string(),
        project.map(|id| id.to_string()).unwrap_or_default(),
        change.key.id.to_string(),
        word,
        what(change),
    ]
}

/// Returns the fields that differ, or the record, on a line that is not too long.
fn what(change: &Change) -> String {
    let text = match (&change.before, &change.after) {
        (Some(before), Some(after)) => differences(before, after),
        (before, after) => after.as_ref().or(before.as_ref()).cloned().unwrap_or_default(),
    };
    let text = cell(Some(&text));
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn differences(before: &str, after: &str) -> String {
    type Fields<'a> = BTreeMap<String, &'a RawValue>;
    let (Ok(before), Ok(after)) =
        (serde_json::from_str::<Fields<'_>>(before), serde_json::from_str::<Fields<'_>>(after))
    else {
        return String::new();
    };
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let value = |fields: &Fields<'_>, name: &String| {
        fields.get(name).map_or("–".to_owned(), |value| value.get().to_owned())
    };
    let changed = names.into_iter().filter_map(|name| {
        let (old, new) = (value(&before, name), value(&after, name));
        (old != new).then(|| format!("{name}: {old} → {new}"))
    });
    changed.collect::<Vec<_>>().join(", ")
}

fn columns(headings: Headings) -> Vec<OutputColumn> {
    let columns = [
        ("seq", "№", "No.", OutputKind::Text),
        ("run", "Запуск", "Run", OutputKind::Text),
        ("seen_at", "Замечено (UTC)", "Seen (UTC)", OutputKind::Text),
        ("table", "Таблица", "Table", OutputKind::Text),
        ("project_id", "ID проекта", "Project ID", OutputKind::Id),
        ("id", "ID", "ID", OutputKind::Id),
        ("change", "Изменение", "Change", OutputKind::Text),
        ("before", "До", "Before", OutputKind::Text),
        ("after", "После", "After", OutputKind::Text),
    ];
    let column = |(key, russian, english, kind): (&str, &str, &str, OutputKind)| OutputColumn {
        key: key.to_owned(),
        heading: match headings {
            Headings::Wire => key,
            Headings::Russian => russian,
            Headings::English => english,
        }
        .to_owned(),
        kind,
    };
    columns.map(column).to_vec()
}

/// So many characters of a change are shown in a table. `--json` and files have all of it.
const LONGEST: usize = 160;
