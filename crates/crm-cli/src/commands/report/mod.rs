//! `crm report`: activities a day by type and payments by month, as a picture.

mod chart;
mod figures;

use std::path::PathBuf;
use std::sync::Arc;

use chart::Chart;
use chrono::NaiveDate;
use clap::Args;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use crm::Verdict;
use crm::history::{EntryQuery, HistoryClient};
use crm::projects::{Having, Payment, PaymentKind, PaymentQuery, ProjectFilter, ProjectId, ProjectsClient};
use figures::{Activities, Payments};

use crate::arguments::day;
use crate::connection::{Environment, HistoryFlags, NetworkFlags, ProjectsFlags};
use crate::exit::{Exit, Failure};
use crate::progress::Progress;
use crate::terminal::Terminal;

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
    let is_page = match out.extension().and_then(|extension| extension.to_str()) {
        Some("html") => true,
        Some("svg") => false,
        _ => return Err(Failure::usage(messages.text("report-bad-out"))),
    };
    if from > to {
        return Err(Failure::usage(messages.text("days-reversed")));
    }
    if history.is_none() && projects.is_none() {
        return Err(Failure::usage(messages.text("connection-none")));
    }
    let (mut charts, mut exit) = (Vec::new(), Exit::Done);
    if let Some(connection) = history {
        let client = connection.builder().build().map_err(|error| terminal.call_failure(&error))?;
        let (chart, found) = activities(&client, (from, to), terminal).await?;
        charts.push(chart);
        exit = exit.max(found);
    }
    if let Some(connection) = projects {
        let client = connection.builder().build().map_err(|error| terminal.call_failure(&error))?;
        let (chart, found) = payments(&client, (from, to), terminal).await?;
        charts.push(chart);
        exit = exit.max(found);
    }
    let svg = chart::svg(&charts).map_err(|error| Failure::person(error.to_string()))?;
    let content = if is_page {
        let days = [("from", from.to_string().into()), ("to", to.to_string().into())];
        let (language, title) = (messages.text("language-code"), messages.format("report-title", &days));
        format!(
            "<!DOCTYPE html>\n<html lang=\"{language}\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
             <style>svg {{ max-width: 100%; height: auto }}</style>\n{svg}</html>\n"
        )
    } else {
        svg
    };
    let path = out.display().to_string();
    std::fs::write(&out, content).map_err(|error| terminal.output_failure(&path, &error))?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    charts.iter().flat_map(Chart::rows).for_each(|row| {
        table.add_row(row);
    });
    if let Some(figures) = table.column_mut(1) {
        figures.set_cell_alignment(CellAlignment::Right);
    }
    terminal.print(&table.to_string())?;
    Ok(exit)
}

async fn activities(
    client: &HistoryClient,
    days: (NaiveDate, NaiveDate),
    terminal: &Arc<Terminal>,
) -> Result<(Chart, Exit), Failure> {
    let types = client.activity_types().await.map_err(|error| terminal.call_failure(&error))?;
    let figures = client.clone();
    let progress = Progress::start(terminal, None, move || figures.stats());
    let reporter = progress.reporter();
    let export = client.export(EntryQuery::new().between(days.0, days.1)).start().await;
    let mut export = export.map_err(|error| terminal.call_failure(&error))?;
    let mut activities = Activities::default();
    while let Some(entry) = export.next().await {
        match entry {
            Ok(entry) => activities.count(&entry, &terminal.messages),
            Err(error) => terminal.problem(&terminal.messages.error(&error)),
        }
        reporter.set(export.figures().records, String::new());
    }
    drop(progress);
    let exit = check(&export.finish().await, terminal)?;
    let colour_of = |name: &str| {
        types.iter().find(|known| figures::plain(&known.title) == name).and_then(|known| known.color.clone())
    };
    Ok((Chart::activities(&activities, days, colour_of, &terminal.messages), exit))
}

async fn payments(
    client: &ProjectsClient,
    days: (NaiveDate, NaiveDate),
    terminal: &Arc<Terminal>,
) -> Result<(Chart, Exit), Failure> {
    let failed = |error: crm::Error| terminal.call_failure(&error);
    let figures = client.clone();
    let progress = Progress::start(terminal, None, move || figures.stats());
    let reporter = progress.reporter();
    let filter = ProjectFilter::new().deleted(false).having(Having::Payments);
    let mut export = client.export(filter).start().await.map_err(failed)?;
    let mut payments = Payments::default();
    while let Some(project) = export.next().await {
        match project {
            Ok(project) => {
                for kind in PaymentKind::ALL {
                    let unreadable = of_project(client, project.id, kind, |payment| {
                        payments.count(kind, payment, days, &terminal.messages);
                    });
                    payments.unreadable += unreadable.await.map_err(failed)?;
                }
            }
            Err(error) => terminal.problem(&terminal.messages.error(&error)),
        }
        reporter.set(export.figures().records, String::new());
    }
    drop(progress);
    if payments.unreadable > 0 {
        terminal.problem_text("report-unreadable-payments", &[("count", payments.unreadable.into())]);
    }
    let mut exit = check(&export.finish().await, terminal)?;
    if payments.unreadable > 0 {
        exit = exit.max(Exit::Refused);
    }
    Ok((Chart::payments(&payments, days, &terminal.messages), exit))
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

/// Returns how an export ended; a failure if it ended early.
fn check(verdict: &Verdict, terminal: &Terminal) -> Result<Exit, Failure> {
    let text = terminal.messages.verdict(verdict);
    if let Verdict::Truncated { cause, .. } = verdict {
        return Err(Failure { exit: Exit::from_error(cause), text });
    }
    if verdict.is_complete() {
        return Ok(Exit::Done);
    }
    terminal.problem(&text);
    Ok(if matches!(verdict, Verdict::Contradicted { .. }) { Exit::Person } else { Exit::Refused })
}
