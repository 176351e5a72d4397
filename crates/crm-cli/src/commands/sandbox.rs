//! `crm sandbox`: a local server that behaves like both CRMs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use crm_sandbox::{Account, Sandbox, SqlMode, Zone};

use crate::exit::{Exit, Failure};
use crate::signals::Signals;
use crate::terminal::Terminal;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[arg(long, default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    #[arg(long)]
    allow_other_machines: bool,
    #[arg(long, default_value_t = 0)]
    records: u64,
    #[arg(long, default_value_t = 120)]
    projects: u64,
    #[arg(long)]
    accounts: Option<PathBuf>,
    #[arg(long)]
    sql_mode: Option<SqlMode>,
    #[arg(long)]
    zone: Option<Zone>,
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Serves until a signal comes.
pub(crate) async fn run(
    arguments: Arguments,
    terminal: &Arc<Terminal>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let listen = arguments.listen;
    let messages = &terminal.messages;
    if !listen.ip().is_loopback() && !arguments.allow_other_machines {
        let address = [("address", listen.to_string().into())];
        return Err(Failure::usage(messages.format("sandbox-reachable", &address)));
    }
    let mut builder = Sandbox::builder()
        .listen(listen)
        .records(arguments.records)
        .projects(arguments.projects)
        .latency(Duration::from_millis(arguments.latency_ms))
        .seed(arguments.seed);
    if let Some(file) = &arguments.accounts {
        builder = builder.accounts(accounts(file, terminal)?);
    }
    if let Some(mode) = arguments.sql_mode {
        builder = builder.sql_mode(mode);
    }
    if let Some(zone) = arguments.zone {
        builder = builder.zone(zone);
    }
    let sandbox = builder.start().await.map_err(|error| {
        let values = [("address", listen.to_string().into()), ("error", error.to_string().into())];
        Failure::person(messages.format("sandbox-not-started", &values))
    })?;
    let keys = [
        ("url", sandbox.url().into()),
        ("apikey", crm_sandbox::APIKEY.into()),
        ("login", crm_sandbox::BOSS.into()),
        ("token", crm_sandbox::TOKEN.into()),
        ("secret", crm_sandbox::SECRET.into()),
    ];
    terminal.note_text("sandbox-keys", &keys);
    let mut days: Vec<_> = sandbox.records().iter().filter_map(|record| record.datum).collect();
    days.sort_unstable();
    match (days.first(), days.last()) {
        (Some(first), Some(last)) => {
            let day = |at: &chrono::NaiveDateTime| at.format("%Y-%m-%d").to_string().into();
            let values = [("count", arguments.records.into()), ("first", day(first)), ("last", day(last))];
            terminal.note_text("sandbox-records", &values);
        }
        _ => terminal.note_text("sandbox-no-records", &[]),
    }
    // Alone on the standard output, for the caller that waits for the address.
    terminal.print(sandbox.url())?;
    // A server is stopped by a signal and by nothing else.
    signals.first().await;
    Ok(Exit::Done)
}

fn accounts(file: &Path, terminal: &Terminal) -> Result<Vec<Account>, Failure> {
    let failed = |error: String| {
        let values = [("file", file.display().to_string().into()), ("error", error.into())];
        Failure::person(terminal.messages.format("file-not-read", &values))
    };
    let text = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| failed(error.to_string()))
}
