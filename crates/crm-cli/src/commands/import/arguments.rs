//! The options of an import.

use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use clap::{Args, ValueEnum};
use crm::history::{ClientId, Import, LossPolicy, Pace, Zone};

use crate::arguments::{BadValue, client_id, count, delimiter, rate, seconds, zone};
use crate::connection::{HistoryFlags, NetworkFlags};
use crate::exit::Failure;
use crate::files::{DateFormat, Mapping, Preset, TableOptions};
use crate::language::Messages;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) history: HistoryFlags,
    #[command(flatten)]
    pub(super) network: NetworkFlags,
    #[arg(long)]
    pub(super) dry_run: bool,
    #[arg(long)]
    pub(super) journal: Option<PathBuf>,
    #[arg(long)]
    pub(super) rejected: Option<PathBuf>,
    #[arg(long)]
    retry_refused: bool,
    #[arg(long)]
    map: Vec<String>,
    #[arg(long, value_enum)]
    map_preset: Option<PresetName>,
    #[arg(long)]
    mark: Option<String>,
    #[arg(long)]
    pub(super) adopt: bool,
    #[arg(long)]
    pub(super) find_client_by: Option<String>,
    #[arg(long, value_parser = client_id, requires = "find_client_by")]
    pub(super) unknown_client: Option<ClientId>,
    #[arg(long, value_parser = date_format)]
    date_format: Option<DateFormat>,
    #[arg(long, value_parser = zone)]
    time_zone: Option<Tz>,
    #[arg(long)]
    encoding: Option<String>,
    #[arg(long, value_parser = delimiter)]
    delimiter: Option<char>,
    #[arg(long)]
    sheet: Option<String>,
    #[arg(long)]
    check_users: bool,
    #[arg(long)]
    check_types: bool,
    #[arg(long, value_enum, default_value = "warn")]
    losses: Losses,
    #[arg(long)]
    sole_writer: bool,
    #[arg(long, default_value = "100", value_parser = count)]
    chunk: usize,
    #[arg(long, id = "import-concurrency", default_value = "2", value_parser = count)]
    concurrency: usize,
    #[arg(long, value_parser = rate)]
    per_second: Option<f64>,
    #[arg(long, default_value = "60", value_parser = seconds)]
    settle: Duration,
    #[arg(long, default_value = "30", value_parser = seconds)]
    pub(super) timeout: Duration,
    #[arg(long, default_value = "300", value_parser = seconds)]
    pub(super) patience: Duration,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Losses {
    Reject,
    Warn,
    Allow,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PresetName {
    Asterisk,
}

impl Arguments {
    /// Returns whether the standard input is imported.
    pub(super) fn is_stdin(&self) -> bool {
        self.file.as_os_str() == "-"
    }

    /// Returns how the file is read.
    pub(super) fn table_options(&self, messages: &Messages) -> Result<TableOptions, Failure> {
        let mut mapping = Mapping::default();
        for text in &self.map {
            let chosen = mapping.with_text(text);
            mapping = chosen.map_err(|error| Failure::usage(messages.message(&error.message())))?;
        }
        if let Some(column) = &self.mark {
            mapping = mapping.with_mark(column);
        }
        if let Some(PresetName::Asterisk) = self.map_preset {
            mapping.preset = Some(Preset::Asterisk);
        }
        Ok(TableOptions {
            encoding: self.encoding.clone(),
            delimiter: self.delimiter,
            sheet: self.sheet.clone(),
            mapping,
            date_format: self.date_format.clone().unwrap_or_default(),
            has_zone: self.time_zone.is_some(),
            ..TableOptions::default()
        })
    }

    /// Returns the time zone of the account, if it is known.
    pub(super) fn zone(&self) -> Option<Zone> {
        self.time_zone.map(Zone::new)
    }

    pub(super) fn pace(&self) -> Pace {
        let pace = Pace::new().in_flight(self.concurrency);
        match self.per_second {
            Some(rate) => pace.per_second(rate),
            None => pace,
        }
    }

    /// Sets the options of the import itself.
    pub(super) fn options(&self, import: Import) -> Import {
        let mut import = import
            .chunk(self.chunk)
            .concurrency(self.concurrency)
            .settle(self.settle)
            .patience(self.patience)
            .loss_policy(match self.losses {
                Losses::Reject => LossPolicy::Reject,
                Losses::Warn => LossPolicy::Warn,
                Losses::Allow => LossPolicy::Allow,
            });
        for (is_set, set) in [
            (self.check_users, Import::check_users as fn(Import) -> Import),
            (self.check_types, Import::check_types),
            (self.sole_writer, Import::sole_writer),
            (self.retry_refused, Import::retry_refused),
            (self.adopt, Import::adopt_marked),
            (self.dry_run, Import::dry_run),
        ] {
            if is_set {
                import = set(import);
            }
        }
        import
    }
}

fn date_format(text: &str) -> Result<DateFormat, BadValue> {
    DateFormat::from_text(text).ok_or(BadValue("expected-date-format"))
}
