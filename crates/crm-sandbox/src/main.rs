//! The sandbox as a program.

use std::convert::Infallible;
use std::fmt::Display;
use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use chrono::NaiveDateTime;
use clap::Parser;
use crm_sandbox::{Account, ProjectsShape, Revision, Sandbox, SqlMode, Zone};

/// A local server for tests: SalesMan CRM as a real one was observed, solOS as we guess.
///
/// SalesMan: /developer/v3/history/… (also user, client, person and guides), apikey sandbox-key, login boss@example.test
/// or seller@example.test.
/// solOS: /backend/public/projects…, X-Crypto-Token sandbox-token, X-Crypto-Secret sandbox-secret. The requests are
/// documented by the vendor; every answer is a guess, for none is documented.
/// Faults and requests: PUT /_sandbox/faults, GET /_sandbox/requests, POST /_sandbox/reset.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
struct Arguments {
    /// Where to listen; port 0 is a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    /// Allow an address that others in the network can reach
    #[arg(long)]
    allow_other_machines: bool,
    /// How many generated records the history of the first account starts with
    #[arg(long, value_name = "N", default_value_t = 0)]
    records: u64,
    /// How many generated clients there are beside the two built-in ones
    #[arg(long, value_name = "N", default_value_t = 0)]
    clients: u64,
    /// How many generated contacts there are beside the two built-in ones
    #[arg(long, value_name = "N", default_value_t = 0)]
    contacts: u64,
    /// Which server the history is: observed, or documented by its vendor
    #[arg(long, value_name = "observed|documented", default_value = "observed")]
    revision: Revision,
    /// A JSON file with a list of accounts in place of the built-in one; the README shows one
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    /// How the database treats a value that does not fit: it bends it (the default) or refuses it
    #[arg(long, value_name = "lenient|strict|strict-no-zero-date")]
    sql_mode: Option<SqlMode>,
    /// The time zone of the accounts, such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    zone: Option<Zone>,
    /// How many hours the clock of a user is ahead of the account's, such as boss@example.test=2; repeatable
    #[arg(long, value_name = "LOGIN=HOURS", value_parser = shift)]
    shift: Vec<(String, i32)>,
    /// How many projects there are
    #[arg(long, value_name = "N", default_value_t = 120)]
    projects: u64,
    /// What the records of the projects API are wrapped in; no form is documented
    #[arg(long, value_name = "bare|payload|data|keyed", default_value = "payload")]
    projects_shape: ProjectsShape,
    /// Write the numbers of the projects API as strings
    #[arg(long)]
    projects_numbers_as_strings: bool,
    /// Add the total to the lists of the projects API
    #[arg(long)]
    projects_total: bool,
    /// How late every answer comes
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    latency_ms: u64,
    /// The local time of the first account, standing still, such as 2024-06-25T14:25:00
    #[arg(long, value_name = "TIME")]
    now: Option<NaiveDateTime>,
    /// Other chances for everything that happens by chance
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The secret that requests to /_sandbox must have in the header X-Sandbox-Secret
    #[arg(long, env = "CRM_SANDBOX_SECRET", hide_env_values = true, value_name = "SECRET")]
    control_secret: Option<String>,
}

fn shift(text: &str) -> Result<(String, i32), String> {
    let (login, hours) = text.rsplit_once('=').ok_or("it has the form LOGIN=HOURS")?;
    let hours = hours.parse().map_err(|_| format!("{hours:?} is not a whole number of hours"))?;
    Ok((login.to_owned(), hours))
}

fn accounts(file: &Path) -> io::Result<Vec<Account>> {
    let refused = |kind, error: &dyn Display| io::Error::new(kind, format!("{}: {error}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| refused(error.kind(), &error))?;
    serde_json::from_str(&text).map_err(|error| refused(io::ErrorKind::InvalidData, &error))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crm-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    let listen = arguments.listen;
    if !listen.ip().is_loopback() && !arguments.allow_other_machines {
        return Err(io::Error::other(format!(
            "{listen} can be reached by other machines; the sandbox listens there only with --allow-other-machines"
        )));
    }
    let mut builder = Sandbox::builder()
        .listen(listen)
        .revision(arguments.revision)
        .records(arguments.records)
        .clients(arguments.clients)
        .contacts(arguments.contacts)
        .projects(arguments.projects)
        .projects_shape(arguments.projects_shape)
        .latency(Duration::from_millis(arguments.latency_ms));
    if let Some(file) = arguments.accounts {
        builder = builder.accounts(accounts(&file)?);
    }
    if let Some(mode) = arguments.sql_mode {
        builder = builder.sql_mode(mode);
    }
    if let Some(zone) = arguments.zone {
        builder = builder.zone(zone);
    }
    for (login, hours) in arguments.shift {
        builder = builder.shift(&login, hours).map_err(io::Error::other)?;
    }
    builder = builder.seed(arguments.seed);
    if let Some(secret) = arguments.control_secret {
        builder = builder.control_secret(secret);
    }
    if arguments.projects_numbers_as_strings {
        builder = builder.projects_numbers_as_strings();
    }
    if arguments.projects_total {
        builder = builder.projects_total();
    }
    if let Some(now) = arguments.now {
        builder = builder.now(now);
    }
    let sandbox = builder
        .start()
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}")))?;
    tokio::select! {
        // First, so that ctrl-c is heeded by the time the line is there.
        biased;
        ended = tokio::signal::ctrl_c() => ended,
        Err(error) = announced(&sandbox) => Err(error),
    }
}

/// Says where the sandbox listens, and then waits forever.
async fn announced(sandbox: &Sandbox) -> io::Result<Infallible> {
    println!("listening on {}", sandbox.url());
    // Whoever started the program may be waiting for that line behind a pipe.
    io::stdout().flush()?;
    std::future::pending().await
}
