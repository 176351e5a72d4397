//! Where the records go: the options about the output, and the file itself while it is written.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::{Args, ValueEnum};
use crm::history::Pace;
use serde::Serialize;

use crate::arguments::{count, rate};
use crate::exit::Failure;
use crate::files::{Format, Headings, Output, OutputColumn, Role, Written, check_distinct};
use crate::terminal::Terminal;

// The arguments of both exports.
#[derive(Args, Debug)]
pub(super) struct OutputArguments {
    #[arg(long)]
    pub(super) out: PathBuf,
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    #[arg(long)]
    excel: bool,
    #[arg(long)]
    pub(super) checkpoint: Option<PathBuf>,
    #[arg(long, id = "export-concurrency", default_value = "2", value_parser = count)]
    pub(super) concurrency: usize,
    #[arg(long, value_parser = rate)]
    per_second: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum FormatName {
    Jsonl,
    Csv,
    Xlsx,
}

impl OutputArguments {
    pub(super) fn pace(&self) -> Pace {
        let pace = Pace::new().in_flight(self.concurrency);
        match self.per_second {
            Some(rate) => pace.per_second(rate),
            None => pace,
        }
    }

    /// Returns whether the records go to the standard output.
    pub(super) fn is_stdout(&self) -> bool {
        self.out.as_os_str() == "-"
    }

    /// Checks the options, before anything is opened.
    pub(super) fn target(
        &self,
        columns: impl FnOnce(Headings) -> Vec<OutputColumn>,
        terminal: &Terminal,
    ) -> Result<Target, Failure> {
        let messages = &terminal.messages;
        let usage = |name: &str| Failure::usage(messages.text(name));
        let format = format_of(&self.out, self.format, self.excel).map_err(usage)?;
        if self.excel && matches!(format, Format::Xlsx) {
            terminal.note_text("export-excel-needless", &[]);
        }
        if let Some(checkpoint) = &self.checkpoint {
            if !format.can_resume() {
                return Err(usage("export-spreadsheet-cannot-resume"));
            }
            if self.is_stdout() {
                return Err(usage("export-cannot-resume"));
            }
            let files: [(Role, &Path); 2] = [(Role::Output, &self.out), (Role::Checkpoint, checkpoint)];
            check_distinct(&files).map_err(|same| Failure::usage(messages.message(&same.message())))?;
        }
        let headings = if matches!(format, Format::ExcelCsv | Format::Xlsx) {
            terminal.spreadsheet_headings()
        } else {
            Headings::Wire
        };
        Ok(Target {
            path: self.out.clone(),
            format,
            columns: columns(headings),
            output: Arc::new(Mutex::new(None)),
        })
    }
}

/// Returns the format of a file: the given one, else that of its name, else JSON Lines.
///
/// # Errors
/// The name of the text that says why there is none: JSON Lines for Excel, or the name of another kind of spreadsheet.
pub(crate) fn format_of(out: &Path, given: Option<FormatName>, excel: bool) -> Result<Format, &'static str> {
    let ending = out.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let by_name = match ending.to_ascii_lowercase().as_str() {
        "csv" => FormatName::Csv,
        "xlsx" => FormatName::Xlsx,
        "xls" | "xlsm" | "xlsb" | "ods" if given.is_none() => return Err("export-other-spreadsheet"),
        _ if excel => FormatName::Csv,
        _ => FormatName::Jsonl,
    };
    match (given.unwrap_or(by_name), excel) {
        (FormatName::Jsonl, false) => Ok(Format::Jsonl),
        (FormatName::Jsonl, true) => Err("export-excel-jsonl"),
        (FormatName::Csv, false) => Ok(Format::Csv),
        (FormatName::Csv, true) => Ok(Format::ExcelCsv),
        (FormatName::Xlsx, _) => Ok(Format::Xlsx),
    }
}

/// The output of an export.
pub(super) struct Target {
    path: PathBuf,
    format: Format,
    columns: Vec<OutputColumn>,
    /// `None` before it was opened and after it was finished.
    output: Arc<Mutex<Option<Output>>>,
}

impl Target {
    /// Opens the output: empty, or at the length in the checkpoint.
    pub(super) fn open(&self, resumed_at: Option<u64>) -> io::Result<()> {
        let columns = self.columns.clone();
        let output = match resumed_at {
            Some(length) => Output::resume(&self.path, self.format, columns, length)?,
            None => Output::create(&self.path, self.format, columns)?,
        };
        *lock(&self.output) = Some(output);
        Ok(())
    }

    pub(super) fn write(&self, record: &impl Serialize) -> io::Result<()> {
        lock(&self.output).as_mut().map_or(Ok(()), |output| output.write(record))
    }

    /// Writes everything to the disk, and puts the file into its place.
    pub(super) fn sync(&self) -> io::Result<u64> {
        lock(&self.output).as_mut().map_or(Ok(0), Output::sync)
    }

    /// Returns a function that does the same as [`sync`](Self::sync).
    pub(super) fn syncing(&self) -> impl FnMut() -> io::Result<u64> + Send + 'static {
        let output = Arc::clone(&self.output);
        move || lock(&output).as_mut().map_or(Ok(0), Output::sync)
    }

    /// Ends the file and puts it into its place.
    pub(super) fn finish(&self) -> io::Result<Option<Written>> {
        lock(&self.output).take().map(Output::finish).transpose()
    }

    /// Returns whether an export to it can resume from a checkpoint.
    pub(super) fn can_resume(&self) -> bool {
        self.format.can_resume()
    }

    /// Returns the failure of an output that cannot be written.
    pub(super) fn failure(&self, error: &io::Error, terminal: &Terminal) -> Failure {
        terminal.output_failure(&self.path.display().to_string(), error)
    }
}

fn lock(output: &Mutex<Option<Output>>) -> std::sync::MutexGuard<'_, Option<Output>> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}
