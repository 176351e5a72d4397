//! `crm outbox put`: one activity from the options, or many from JSON Lines.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use crm::history::{ClientId, ContactId, DealId, Loss, NewEntry};
use crm::outbox::{Outbox, PutError};
use futures_util::StreamExt as _;
use serde::Serialize;
use tokio::sync::mpsc;

use super::activity::{self, At, KeyedActivity};
use super::shown::Shown;
use super::store::{self, StoreFlags};
use crate::arguments::{BadValue, client_id, id};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;

#[derive(Args, Debug)]
#[group(id = "what-to-put", required = true, multiple = false, args = ["outbox-file", "key"])]
pub(crate) struct Arguments {
    // JSON Lines in place of the options below.
    #[arg(id = "outbox-file")]
    file: Option<PathBuf>,
    #[command(flatten)]
    store: StoreFlags,
    #[arg(long, requires = "content")]
    key: Option<String>,
    #[arg(long, requires = "key")]
    content: Option<String>,
    // The vendor's names work, too.
    #[arg(long, alias = "datum", requires = "key", value_parser = activity::time)]
    at: Option<At>,
    #[arg(long = "type", id = "type", alias = "tip", requires = "key")]
    activity_type: Option<String>,
    #[arg(long, requires = "key")]
    user: Option<String>,
    #[arg(long, alias = "clid", requires = "key", value_parser = client_id)]
    client: Option<ClientId>,
    #[arg(long, alias = "pid", requires = "key", value_parser = contact_id)]
    contact: Vec<ContactId>,
    #[arg(long, alias = "did", requires = "key", value_parser = deal_id)]
    deal: Option<DealId>,
    #[arg(long, id = "activity-mark", requires = "key")]
    mark: Option<String>,
}

/// Reads the ID of a contact, at least 1.
fn contact_id(text: &str) -> Result<ContactId, BadValue> {
    id(text).map(ContactId)
}

/// Reads the ID of a deal, at least 1.
fn deal_id(text: &str) -> Result<DealId, BadValue> {
    id(text).map(DealId)
}

/// Puts one activity, or all of the file.
pub(super) async fn run(arguments: Arguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let outbox = arguments.store.open(terminal).await?;
    match (&arguments.file, &arguments.key) {
        (Some(file), _) => put_file(&outbox, file, terminal).await,
        (None, Some(key)) => put_one(&outbox, key, &arguments.entry(), terminal).await,
        (None, None) => Ok(Exit::Done), // clap asks for one of them
    }
}

impl Arguments {
    fn entry(&self) -> NewEntry {
        let mut entry = NewEntry::new(self.content.clone().unwrap_or_default());
        entry = match self.at {
            Some(At::Local(at)) => entry.at(at),
            Some(At::Instant(at)) => entry.at_instant(at),
            None => entry,
        };
        (entry.activity_type, entry.user) = (self.activity_type.clone(), self.user.clone());
        (entry.client, entry.contacts, entry.deal) = (self.client, self.contact.clone(), self.deal);
        match &self.mark {
            Some(mark) => entry.mark(mark),
            None => entry,
        }
    }
}

async fn put_one(outbox: &Outbox, key: &str, entry: &NewEntry, terminal: &Terminal) -> Result<Exit, Failure> {
    let status = outbox.put(key, entry).await.map_err(|error| put_failure(&error, terminal))?;
    let shown = Shown::new(key, &status).with_warnings(entry, false);
    for remark in terminal.messages.remarks(&entry.losses()) {
        terminal.problem_text("outbox-warning", &[("key", key.into()), ("text", remark.into())]);
    }
    let words = shown.in_words(&terminal.messages);
    terminal.note_text("outbox-status", &[("key", key.into()), ("status", words.into())]);
    terminal.summary(&shown)?;
    Ok(Exit::Done)
}

/// What became of the lines.
#[derive(Debug, Default, Serialize)]
struct Summary {
    lines: u64,
    /// Put now or before.
    put: u64,
    /// Those of `put` that the CRM will change.
    with_warnings: u64,
    /// Keys that belong to other activities, and lines that cannot be put.
    refused: u64,
    /// The store failed.
    not_put: u64,
    exit_code: u8,
}

async fn put_file(outbox: &Outbox, file: &Path, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let lines = read_lines(file, terminal);
    let lines = futures_util::stream::unfold(lines, async |mut lines| Some((lines.recv().await?, lines)));
    // Those that are put at the same time share a commit.
    let mut results = std::pin::pin!(lines.map(|line| put_line(outbox, line, terminal)).buffered(AT_A_TIME));
    let (mut summary, mut exit) = (Summary::default(), Exit::Done);
    while let Some((number, result)) = results.next().await {
        summary.lines += 1;
        let Failure { exit: bad, text } = match result {
            Ok(losses) => {
                summary.put += 1;
                summary.with_warnings += u64::from(!losses.is_empty());
                for remark in terminal.messages.remarks(&losses) {
                    terminal.problem_text("import-line", &[("line", number.into()), ("text", remark.into())]);
                }
                continue;
            }
            Err(failure) => failure,
        };
        match bad {
            Exit::Refused => summary.refused += 1,
            _ => summary.not_put += 1,
        }
        exit = exit.max(bad);
        terminal.problem_text("import-line", &[("line", number.into()), ("text", text.into())]);
    }
    summary.exit_code = exit.code();
    let counts = [("put", summary.put.into()), ("refused", summary.refused.into())];
    terminal.note_text("outbox-put-summary", &[&counts[..], &[("rest", summary.not_put.into())]].concat());
    terminal.summary(&summary)?;
    Ok(exit)
}

type NumberedLine = (u64, Result<String, Failure>);

async fn put_line(
    outbox: &Outbox,
    (number, line): NumberedLine,
    terminal: &Terminal,
) -> (u64, Result<Vec<Loss>, Failure>) {
    let put = async {
        let KeyedActivity { key, entry } = activity::from_line(&line?)
            .map_err(|text| Failure { exit: Exit::Refused, text: terminal.messages.of_library(&text) })?;
        let put = outbox.put(&key, &entry).await;
        put.map(|_| entry.losses()).map_err(|error| put_failure(&error, terminal))
    };
    (number, put.await)
}

/// Reads the lines on a thread of their own, so that a slow pipe holds up nothing else.
fn read_lines(file: &Path, terminal: &Arc<Terminal>) -> mpsc::Receiver<NumberedLine> {
    let (sender, receiver) = mpsc::channel(AT_A_TIME);
    let (file, terminal) = (file.to_owned(), Arc::clone(terminal));
    std::thread::spawn(move || {
        let failed = |error: std::io::Error| {
            let values = [("file", file.display().to_string().into()), ("error", error.to_string().into())];
            Failure::person(terminal.messages.format("file-not-read", &values))
        };
        let input: Box<dyn std::io::Read> = if file.as_os_str() == "-" {
            Box::new(std::io::stdin())
        } else {
            match std::fs::File::open(&file) {
                Ok(file) => Box::new(file),
                Err(error) => return drop(sender.blocking_send((1, Err(failed(error))))),
            }
        };
        let mut input = std::io::BufReader::new(input);
        for number in 1.. {
            let mut line = Vec::new();
            let read = std::io::Read::take(&mut input, LONGEST_LINE).read_until(b'\n', &mut line);
            let line = match read {
                Ok(0) => return,
                Ok(_) if line.len() as u64 == LONGEST_LINE && !line.ends_with(b"\n") => {
                    let text = terminal.messages.text("row-long-line");
                    // The lines below it are put all the same.
                    let rest = input.skip_until(b'\n').map_err(failed);
                    rest.and(Err(Failure { exit: Exit::Refused, text }))
                }
                Ok(_) => String::from_utf8(line)
                    .map_err(|error| Failure { exit: Exit::Refused, text: error.to_string() }),
                Err(error) => Err(failed(error)),
            };
            let is_empty = line.as_ref().is_ok_and(|line| line.trim().is_empty());
            let is_last = line.as_ref().is_err_and(|failure| failure.exit == Exit::Person);
            if !is_empty && sender.blocking_send((number, line)).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

fn put_failure(error: &PutError, terminal: &Terminal) -> Failure {
    match error {
        PutError::Conflict(conflict) => {
            let (key, fields) = (conflict.key.as_str(), conflict.fields.join(", "));
            let text = match fields.is_empty() {
                true => terminal.messages.format("outbox-conflict-unknown", &[("key", key.into())]),
                false => terminal
                    .messages
                    .format("outbox-conflict", &[("key", key.into()), ("fields", fields.into())]),
            };
            Failure { exit: Exit::Refused, text }
        }
        PutError::Failed(error) => store::failure(terminal, error),
        other => Failure::person(other.to_string()),
    }
}

/// How many lines are put at the same time.
const AT_A_TIME: usize = 64;
/// Maximum length of a line in bytes.
const LONGEST_LINE: u64 = 1 << 20;
