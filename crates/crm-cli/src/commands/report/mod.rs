//! `crm report`: one page about activities and payments, with a chart and a table for each question.
//!
//! `activities` and `payments` count, `columns` draws, `page` writes the HTML, and `style.css` is its look. `words` writes dates
//! and numbers as people of the language do.

mod activities;
mod columns;
mod page;
mod payments;
mod words;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use clap::Args;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use crm::Verdict;
use crm::directory::DirectoryClient;
use crm::history::{EntryQuery, HistoryClient};
use crm::projects::{Having, Payment, PaymentKind, PaymentQuery, ProjectFilter, ProjectId, ProjectsClient};

use crate::arguments::day;
use crate::connection::{Environment, HistoryFlags, NetworkFlags, ProjectsFlags};
use crate::exit::{Exit, Failure};
use crate::files::ReplacedFile;
use crate::progress::Progress;
use crate::terminal::Terminal;
use activities::{Activities, Names};
use page::Page;
use payments::Payments;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    history: HistoryFlags,
    #[command(flatten)]
    projects: ProjectsFlags,
    #[command(flatten)]
    network: NetworkFlags,
    #[arg(long, value_parser = day)]
    from: NaiveDate,
    #[arg(long, value_parser = day)]
    to: NaiveDate,
    #[arg(long, id = "report-out")]
    out: PathBuf,
}

/// Writes the report.
pub(crate) async fn run(arguments: Arguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let messages = &terminal.messages;
    let environment = Environment::of_process(terminal, &arguments.network)?;
    let history = environment.history_if_any(&arguments.history)?;
    let projects = environment.projects_if_any(&arguments.projects)?;
    let Arguments { from, to, out, .. } = arguments;
    if out.extension().and_then(|extension| extension.to_str()) != Some("html") {
        return Err(Failure::usage(messages.text("report-bad-out")));
    }
    if from > to {
        return Err(Failure::usage(messages.text("days-reversed")));
    }
    if history.is_none() && projects.is_none() {
        return Err(Failure::usage(messages.text("connection-none")));
    }
    let mut page = Page::new((from, to), messages);
    let mut exit = Exit::Done;
    if let Some(connection) = history {
        let client = connection.builder().build().map_err(|error| terminal.call_failure(&error))?;
        let (activities, found) = activities(&client, (from, to), terminal).await?;
        page.add_activities(&activities);
        exit = exit.max(found);
    }
    if let Some(connection) = projects {
        let client = connection.builder().build().map_err(|error| terminal.call_failure(&error))?;
        let (payments, found) = payments(&client, (from, to), terminal).await?;
        page.add_payments(&payments);
        exit = exit.max(found);
    }
    let totals = page.totals();
    let path = out.display().to_string();
    // It holds names of people, so only its owner can read it.
    let mut file = ReplacedFile::create(&out).map_err(|error| terminal.output_failure(&path, &error))?;
    let written = file.write_all(page.html().as_bytes()).and_then(|()| file.commit());
    written.map_err(|error| terminal.output_failure(&path, &error))?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for (name, figure) in &totals {
        table.add_row([name, figure]);
    }
    if let Some(figures) = table.column_mut(1) {
        figures.set_cell_alignment(CellAlignment::Right);
    }
    terminal.list(&table.to_string())?;
    terminal.note_text("report-written", &[("file", path.as_str().into())]);
    let totals: Vec<_> =
        totals.iter().map(|(name, figure)| serde_json::json!({"name": name, "figure": figure})).collect();
    terminal.summary(&serde_json::json!({"file": path, "totals": totals, "exit_code": exit.code()}))?;
    Ok(exit)
}

async fn activities(
    client: &HistoryClient,
    days: (NaiveDate, NaiveDate),
    terminal: &Arc<Terminal>,
) -> Result<(Activities, Exit), Failure> {
    // Without the names of the users their logins do.
    let users = DirectoryClient::from(client).users().await.map(|page| page.items).unwrap_or_default();
    let mut activities = Activities::new(Names::new(&users, &terminal.messages));
    let figures = client.clone();
    let progress = Progress::start(terminal, None, move || figures.stats());
    let reporter = progress.reporter();
    let export = client.export(EntryQuery::new().between(days.0, days.1)).start().await;
    let mut export = export.map_err(|error| terminal.call_failure(&error))?;
    // The last error is part of the verdict, so it is shown with that.
    let mut last_error = None;
    while let Some(entry) = export.next().await {
        say(last_error.take(), terminal);
        match entry {
            Ok(entry) => activities.count(&entry),
            Err(error) => last_error = Some(error),
        }
        reporter.set(export.figures().records, String::new());
    }
    drop(progress);
    let exit = check(&export.finish().await, last_error, terminal)?;
    Ok((activities, exit))
}

async fn payments(
    client: &ProjectsClient,
    days: (NaiveDate, NaiveDate),
    terminal: &Arc<Terminal>,
) -> Result<(Payments, Exit), Failure> {
    let failed = |error: crm::Error| terminal.call_failure(&error);
    let figures = client.clone();
    let progress = Progress::start(terminal, None, move || figures.stats());
    let reporter = progress.reporter();
    let filter = ProjectFilter::new().deleted(false).having(Having::Payments);
    let mut export = client.export(filter).start().await.map_err(failed)?;
    let mut payments = Payments::default();
    let mut worst = Exit::Done;
    let mut last_error = None;
    while let Some(project) = export.next().await {
        say(last_error.take(), terminal);
        match project {
            Ok(project) => {
                for kind in PaymentKind::ALL {
                    let count = |payment: &Payment| payments.count(kind, payment, days);
                    match of_project(client, project.id, kind, count).await {
                        Ok(unreadable) => payments.unreadable += unreadable,
                        // It may have been deleted meanwhile. The payments of the others are shown all the same.
                        Err(error) if error.is_not_found() => {
                            say(Some(error), terminal);
                            worst = Exit::Refused;
                            break;
                        }
                        Err(error) => return Err(failed(error)),
                    }
                }
            }
            Err(error) => last_error = Some(error),
        }
        reporter.set(export.figures().records, String::new());
    }
    drop(progress);
    if payments.unreadable > 0 {
        terminal.problem_text("report-unreadable-payments", &[("count", payments.unreadable.into())]);
        worst = Exit::Refused;
    }
    Ok((payments, worst.max(check(&export.finish().await, last_error, terminal)?)))
}

/// Counts the payments of a project; returns how many could not be read.
async fn of_project(
    client: &ProjectsClient,
    project: ProjectId,
    kind: PaymentKind,
    mut count: impl FnMut(&Payment),
) -> Result<u64, crm::Error> {
    let (mut offset, mut unreadable, mut before) = (0, 0, Vec::new());
    loop {
        let page =
            client.payments(project, &PaymentQuery::new().kind(kind).count(100).offset(offset)).await?;
        // The same page again: the server ignores the offset.
        if page.is_empty() || (offset > 0 && page.items == before) {
            return Ok(unreadable);
        }
        page.items.iter().for_each(&mut count);
        unreadable += page.unreadable.len() as u64;
        offset += page.len() as u64;
        before = page.items;
    }
}

fn say(error: Option<crm::Error>, terminal: &Terminal) {
    error.iter().for_each(|error| terminal.problem(&terminal.messages.error(error)));
}

/// Returns how an export ended; a failure if it ended early.
fn check(verdict: &Verdict, last_error: Option<crm::Error>, terminal: &Terminal) -> Result<Exit, Failure> {
    if let Verdict::Truncated { cause, .. } = verdict {
        return Err(terminal.call_failure(cause));
    }
    say(last_error.filter(|_| verdict.is_complete()), terminal);
    if verdict.is_complete() {
        return Ok(Exit::Done);
    }
    terminal.problem(&terminal.messages.verdict(verdict));
    Ok(Exit::from_verdict(verdict))
}
