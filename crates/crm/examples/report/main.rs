//! Activities a day by type, and payments by month, as a picture.
//!
//! ```text
//! export APIKEY=… LOGIN=… TOKEN=… SECRET=…
//! cargo run --release -p crm --example report -- --history-url https://crm.example.ru \
//!     --projects-url https://acme.solos.pro --from 2026-01-01 --to 2026-03-31 --out report.html
//! ```

mod chart;
mod figures;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use chart::Chart;
use chrono::NaiveDate;
use clap::{ArgGroup, Parser};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use crm::Verdict;
use crm::history::{ApiKey, EntryQuery, HistoryClient};
use crm::projects::{
    Having, Payment, PaymentKind, PaymentQuery, ProjectFilter, ProjectId, ProjectsClient, TokenPair,
};
use figures::{Activities, Payments};
use indicatif::{ProgressBar, ProgressStyle};

#[derive(Parser)]
#[command(
    name = "report",
    about = "Draws activities a day by type, and payments by month",
    group(ArgGroup::new("of").required(true).multiple(true).args(["history_url", "projects_url"])),
    after_help = "Exit codes: 0 all is in it; 1 no report was written; 2 the arguments are wrong; 65 something could
not be read or moved meanwhile, and is not in it.

No answer about payments is documented: that they have `date`, `amount` and `currency_id` is assumed,
and those without are counted and named. Those of deleted projects are left out."
)]
struct Arguments {
    /// Address of a SalesMan CRM, such as https://crm.example.ru
    #[arg(long, env = "HISTORY_URL", requires_all = ["apikey", "login"])]
    history_url: Option<String>,
    /// API key of the SalesMan CRM; better in the environment
    #[arg(long, env = "APIKEY", hide_env_values = true)]
    apikey: Option<String>,
    /// Login of the user who calls; better in the environment
    #[arg(long, env = "LOGIN", hide_env_values = true)]
    login: Option<String>,
    /// Address of a solOS, such as https://acme.solos.pro
    #[arg(long, env = "PROJECTS_URL", requires_all = ["token", "secret"])]
    projects_url: Option<String>,
    /// Token of the solOS account; better in the environment
    #[arg(long, env = "TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Secret of the solOS account; better in the environment
    #[arg(long, env = "SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// First day, such as 2026-01-01
    #[arg(long)]
    from: NaiveDate,
    /// Last day
    #[arg(long)]
    to: NaiveDate,
    /// The file to write: a page, report.html, or the picture alone, report.svg
    #[arg(long)]
    out: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(65),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the report; tells whether all is in it.
async fn run(arguments: Arguments) -> Result<bool, Box<dyn Error>> {
    let Arguments { from, to, out, .. } = arguments;
    let is_page = match out.extension().and_then(|extension| extension.to_str()) {
        Some("html") => true,
        Some("svg") => false,
        _ => return Err("--out has to end with .html or .svg".into()),
    };
    if from > to {
        return Err("--to is before --from".into());
    }
    let (mut charts, mut is_whole) = (Vec::new(), true);
    // Where an address was given, clap has asked for its keys.
    let text = |given: Option<String>| given.unwrap_or_default();
    if let Some(url) = arguments.history_url {
        let key = ApiKey::new(text(arguments.apikey), text(arguments.login));
        let client = HistoryClient::builder(url).credentials(key).build()?;
        let (chart, whole) = activities(&client, from, to).await?;
        charts.push(chart);
        is_whole &= whole;
    }
    if let Some(url) = arguments.projects_url {
        let pair = TokenPair::new(text(arguments.token), text(arguments.secret));
        let client = ProjectsClient::builder(url).credentials(pair).build()?;
        let (chart, whole) = payments(&client, from, to).await?;
        charts.push(chart);
        is_whole &= whole;
    }
    let svg = chart::svg(&charts)?;
    let content = if is_page {
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Report, {from} to {to}</title>\n\
             <style>svg {{ max-width: 100%; height: auto }}</style>\n{svg}</html>\n"
        )
    } else {
        svg
    };
    std::fs::write(&out, content).map_err(|e| format!("{} could not be written: {e}", out.display()))?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    charts.iter().flat_map(Chart::rows).for_each(|row| {
        table.add_row(row);
    });
    if let Some(figures) = table.column_mut(1) {
        figures.set_cell_alignment(CellAlignment::Right);
    }
    println!("{table}");
    Ok(is_whole)
}

async fn activities(
    client: &HistoryClient,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<(Chart, bool), Box<dyn Error>> {
    let types = client.activity_types().await?;
    let bar = bar("activities");
    let mut export = client.export(EntryQuery::new().between(from, to)).start().await?;
    let mut activities = Activities::default();
    while let Some(entry) = export.next().await {
        match entry {
            Ok(entry) => activities.count(&entry),
            Err(error) => bar.suspend(|| eprintln!("{error}")),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let is_whole = check(&export.finish().await)?;
    let colour_of = |name: &str| {
        types.iter().find(|known| figures::plain(&known.title) == name).and_then(|known| known.color.clone())
    };
    Ok((Chart::activities(&activities, (from, to), colour_of), is_whole))
}

async fn payments(
    client: &ProjectsClient,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<(Chart, bool), Box<dyn Error>> {
    let bar = bar("projects with payments");
    let mut export =
        client.export(ProjectFilter::new().deleted(false).having(Having::Payments)).start().await?;
    let mut payments = Payments::default();
    while let Some(project) = export.next().await {
        match project {
            Ok(project) => {
                for kind in PaymentKind::ALL {
                    payments.unreadable += of_project(client, project.id, kind, |payment| {
                        payments.count(kind, payment, (from, to));
                    })
                    .await?;
                }
            }
            Err(error) => bar.suspend(|| eprintln!("{error}")),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if payments.unreadable > 0 {
        eprintln!(
            "{} payments have no date or amount that can be read; they are not in it",
            payments.unreadable
        );
    }
    let is_whole = check(&export.finish().await)? && payments.unreadable == 0;
    Ok((Chart::payments(&payments, (from, to)), is_whole))
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

/// Returns whether an export is complete; an error if it ended early.
fn check(verdict: &Verdict) -> Result<bool, String> {
    if let Verdict::Truncated { .. } = verdict {
        return Err(verdict.to_string());
    }
    if !verdict.is_complete() {
        eprintln!("{verdict}");
    }
    Ok(verdict.is_complete())
}

/// A count of what was read; it shows on a terminal only.
fn bar(what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{spinner}} {{human_pos}} {what}, {{per_sec}}"));
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
