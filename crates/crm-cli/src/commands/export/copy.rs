//! The way of the records from an export into the output, whatever they are.

use std::sync::Arc;

use crm::{Error, ExportBuilder, ExportFigures, ExportSource, Stats, Verdict};
use serde::Serialize;

use super::target::{OutputArguments, Target};
use crate::exit::{Exit, Failure};
use crate::files::Written;
use crate::progress::Progress;
use crate::signals::Signals;
use crate::terminal::Terminal;

/// What an export reports to a machine.
#[derive(Serialize)]
struct Summary {
    complete: bool,
    #[serde(flatten)]
    figures: ExportFigures,
    /// Texts that were cut to fit into a cell.
    shortened: u64,
    error: Option<String>,
    exit_code: u8,
}

/// Writes every record, and shows the verdict.
///
/// An older file stays in its place until the new one is whole, or a checkpoint is saved.
pub(super) async fn copy<S>(
    mut export: ExportBuilder<S>,
    arguments: &OutputArguments,
    target: Target,
    terminal: &Arc<Terminal>,
    signals: &Signals,
    stats: impl Fn() -> Stats + Send + 'static,
) -> Result<Exit, Failure>
where
    S: ExportSource<Record: Serialize>,
{
    if arguments.is_stdout() {
        terminal.reserve_output();
    }
    let failed = |error: std::io::Error| target.failure(&error, terminal);
    export = export.concurrency(arguments.concurrency);
    if let Some(checkpoint) = &arguments.checkpoint {
        let mut sync = target.syncing();
        export = export.checkpoint(checkpoint).before_checkpoint(move |_: &ExportFigures| sync());
    }
    let progress = Progress::start(terminal, None, stats);
    let reporter = progress.reporter();
    if terminal.has_bar() {
        let reporter = reporter.clone();
        export = export.on_progress(move |progress| reporter.set_total(progress.records_in_all));
    }
    let mut export = export.start().await.map_err(|error| terminal.call_failure(&error))?;
    target.open(export.resumed_at()).map_err(failed)?;

    // The last error is part of the verdict, so it is shown with that.
    let mut last_error: Option<Error> = None;
    loop {
        let record = tokio::select! {
            exit = signals.first() => {
                drop(progress);
                stop(&target, arguments).map_err(failed)?;
                return Ok(stopped(terminal, export.figures(), arguments, exit));
            }
            record = export.next() => record,
        };
        let Some(record) = record else { break };
        if let Some(error) = last_error.take() {
            terminal.problem(&terminal.messages.error(&error));
        }
        match record {
            Ok(record) => target.write(&record).map_err(failed)?,
            Err(error) => last_error = Some(error),
        }
        reporter.set(export.figures().records, String::new());
    }
    drop(progress);
    let verdict = export.finish().await;
    if let Some(error) = last_error.filter(|_| verdict.is_complete()) {
        terminal.problem(&terminal.messages.error(&error));
    }
    let is_whole = !matches!(verdict, Verdict::Truncated { .. });
    let mut shortened = 0;
    if is_whole {
        if let Some(written) = target.finish().map_err(failed)? {
            shortened = written.shortened;
            say_limits(&written, terminal);
        }
    } else {
        stop(&target, arguments).map_err(failed)?;
    }
    finish(&verdict, shortened, arguments, target.can_resume(), terminal)
}

/// Ends early. Readers of the standard output get what there is. A file is only touched by checkpoints.
fn stop(target: &Target, arguments: &OutputArguments) -> std::io::Result<()> {
    if arguments.is_stdout() { target.sync().map(drop) } else { Ok(()) }
}

/// Says where the limits of a spreadsheet were reached.
fn say_limits(written: &Written, terminal: &Terminal) {
    if written.sheets > 1 {
        terminal.problem_text("export-several-sheets", &[("count", (written.sheets as u64).into())]);
    }
    if written.shortened > 0 {
        terminal.problem_text("export-shortened", &[("count", written.shortened.into())]);
    }
}

fn stopped(terminal: &Terminal, figures: &ExportFigures, arguments: &OutputArguments, exit: Exit) -> Exit {
    let name = match arguments.checkpoint {
        Some(_) => "export-stopped-resumes",
        None if arguments.is_stdout() => "export-stopped-stream",
        None => "export-stopped",
    };
    terminal.problem_text(name, &[("records", figures.records.into())]);
    exit
}

fn finish(
    verdict: &Verdict,
    shortened: u64,
    arguments: &OutputArguments,
    can_resume: bool,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let of_texts = if shortened > 0 { Exit::Refused } else { Exit::Done };
    let exit = Exit::from_verdict(verdict).max(of_texts);
    let text = terminal.messages.verdict(verdict);
    if exit == Exit::Done {
        terminal.note(&text)
    } else {
        terminal.problem(&text)
    }
    if let Verdict::Truncated { cause, .. } = verdict
        && !arguments.is_stdout()
    {
        // Without a change by a person another run ends in the same way.
        let passes = Exit::from_error(cause) == Exit::Again;
        let name = match arguments.checkpoint {
            Some(_) if passes => "export-run-again",
            None if passes && can_resume => "export-old-file",
            None if passes => "export-old-spreadsheet",
            Some(_) => "export-resumes-when-fixed",
            None => "export-run-when-fixed",
        };
        terminal.note_text(name, &[]);
    }
    let error = match verdict {
        Verdict::Truncated { cause, .. } | Verdict::Contradicted { cause, .. } => Some(cause.id().to_owned()),
        _ => None,
    };
    let (complete, figures, exit_code) = (verdict.is_complete(), *verdict.figures(), exit.code());
    terminal.summary(&Summary { complete, figures, shortened, error, exit_code })?;
    Ok(exit)
}
