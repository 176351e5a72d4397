//! The way of the records from an export into the output, whatever they are.

use std::sync::Arc;

use crm::{Error, ExportBuilder, ExportFigures, ExportSource, Stats, Verdict};
use serde::Serialize;

use super::target::{OutputArguments, Target};
use crate::exit::{Exit, Failure};
use crate::progress::Progress;
use crate::signals::Signals;
use crate::terminal::Terminal;

/// What an export reports to a machine.
#[derive(Serialize)]
struct Summary {
    complete: bool,
    #[serde(flatten)]
    figures: ExportFigures,
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
    if is_whole {
        let written = target.finish().map_err(failed)?;
        if let Some(shortened) = written.map(|written| written.shortened).filter(|count| *count > 0) {
            terminal.problem_text("export-shortened", &[("count", shortened.into())]);
        }
    } else {
        stop(&target, arguments).map_err(failed)?;
    }
    finish(&verdict, arguments, terminal)
}

/// Ends early. Readers of the standard output get what there is. A file is only touched by checkpoints.
fn stop(target: &Target, arguments: &OutputArguments) -> std::io::Result<()> {
    if arguments.is_stdout() { target.sync().map(drop) } else { Ok(()) }
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

fn finish(verdict: &Verdict, arguments: &OutputArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let exit = Exit::from_verdict(verdict);
    let text = terminal.messages.verdict(verdict);
    if exit == Exit::Done {
        terminal.note(&text)
    } else {
        terminal.problem(&text)
    }
    if let Verdict::Truncated { .. } = verdict
        && !arguments.is_stdout()
    {
        let name = if arguments.checkpoint.is_some() { "export-run-again" } else { "export-old-file" };
        terminal.note_text(name, &[]);
    }
    let error = match verdict {
        Verdict::Truncated { cause, .. } | Verdict::Contradicted { cause, .. } => Some(cause.id().to_owned()),
        _ => None,
    };
    let (complete, figures, exit_code) = (verdict.is_complete(), *verdict.figures(), exit.code());
    terminal.summary(&Summary { complete, figures, error, exit_code })?;
    Ok(exit)
}
