//! `crm export history`.

use std::sync::Arc;

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use crm::history::{EntryQuery, Texts};

use super::copy::copy;
use super::target::OutputArguments;
use crate::arguments::day;
use crate::connection::{Environment, HistoryFlags, NetworkFlags};
use crate::exit::{Exit, Failure};
use crate::files::history_columns;
use crate::signals::Signals;
use crate::terminal::Terminal;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    history: HistoryFlags,
    #[command(flatten)]
    network: NetworkFlags,
    #[arg(long, value_parser = day)]
    from: Option<NaiveDate>,
    #[arg(long, value_parser = day)]
    to: Option<NaiveDate>,
    #[arg(long, value_enum, default_value = "none")]
    texts: FetchedTexts,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FetchedTexts {
    None,
    Changed,
    All,
}

impl From<FetchedTexts> for Texts {
    fn from(texts: FetchedTexts) -> Self {
        match texts {
            FetchedTexts::None => Self::AsListed,
            FetchedTexts::Changed => Self::Changed,
            FetchedTexts::All => Self::All,
        }
    }
}

pub(super) async fn run(
    arguments: Arguments,
    terminal: &Arc<Terminal>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let connection = Environment::of_process(terminal, &arguments.network)?.history(&arguments.history)?;
    if let (Some(from), Some(to)) = (arguments.from, arguments.to)
        && to < from
    {
        return Err(Failure::usage(terminal.messages.text("days-reversed")));
    }
    let mut query = EntryQuery::new();
    if let Some(first) = arguments.from {
        query = query.since(first);
    }
    if let Some(last) = arguments.to {
        query = query.until(last);
    }
    let target = arguments.output.target(history_columns, terminal)?;
    let client = connection.builder().pace(arguments.output.pace()).build();
    let client = client.map_err(|error| terminal.call_failure(&error))?;
    let export = client.export(query.with_texts(arguments.texts.into()));
    copy(export, &arguments.output, target, terminal, signals, move || client.stats()).await
}
