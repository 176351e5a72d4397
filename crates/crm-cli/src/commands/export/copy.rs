//! The way of the records from an export into the output, whatever they are.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crm::{Error, ExportBuilder, ExportFigures, ExportSource, Stats, Verdict};
use serde::Serialize;

use super::OutputArguments;
use super::output::Output;
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
pub(super) async fn copy<S>(
    mut export: ExportBuilder<S>,
    arguments: &OutputArguments,
    terminal: &Arc<Terminal>,
    signals: &Signals,
    stats: impl Fn() -> Stats + Send + 'static,
) -> Result<Exit, Failure>
where
    S: ExportSource<Record: Serialize>,
{
    let path = arguments.out.display().to_string();
    let failed = |error: &io::Error| terminal.output_failure(&path, error);
    let output = Output::open(&arguments.out, arguments.format).map_err(|error| failed(&error))?;
    let output = Arc::new(Mutex::new(output));
    let with = |act: &mut dyn FnMut(&mut Output) -> io::Result<u64>| locked(&output, act);

    export = export.concurrency(arguments.concurrency);
    if let Some(checkpoint) = &arguments.checkpoint {
        let flushed = Arc::clone(&output);
        export = export
            .checkpoint(checkpoint)
            .before_checkpoint(move |_: &ExportFigures| locked(&flushed, &mut Output::sync));
    }
    let progress = Progress::start(terminal, None, stats);
    let reporter = progress.reporter();
    if terminal.has_bar() {
        let reporter = reporter.clone();
        export = export.on_progress(move |progress| reporter.set_total(progress.records_in_all));
    }
    let mut export = export.start().await.map_err(|error| terminal.call_failure(&error))?;
    let resumed_at = export.resumed_at();
    with(&mut |output| output.resume(resumed_at)).map_err(|error| failed(&error))?;

    // The last error is part of the verdict, so it is shown with that.
    let mut last_error: Option<Error> = None;
    loop {
        let entry = tokio::select! {
            exit = signals.first() => {
                with(&mut Output::sync).map_err(|error| failed(&error))?;
                drop(progress);
                return Ok(stopped(terminal, export.figures(), arguments.checkpoint.is_some(), exit));
            }
            entry = export.next() => entry,
        };
        let Some(entry) = entry else { break };
        if let Some(error) = last_error.take() {
            terminal.problem(&terminal.messages.error(&error));
        }
        match entry {
            Ok(entry) => drop(with(&mut |output| output.write(&entry)).map_err(|error| failed(&error))?),
            Err(error) => last_error = Some(error),
        }
        reporter.set(export.figures().records, String::new());
    }
    with(&mut Output::sync).map_err(|error| failed(&error))?;
    drop(progress);
    let verdict = export.finish().await;
    if let Some(error) = last_error.filter(|_| verdict.is_complete()) {
        terminal.problem(&terminal.messages.error(&error));
    }
    let exit = exit(&verdict);
    let text = terminal.messages.verdict(&verdict);
    if exit == Exit::Done {
        terminal.note(&text)
    } else {
        terminal.problem(&text)
    }
    if terminal.is_json && arguments.out.as_os_str() != "-" {
        let error =
            if let Verdict::Truncated { cause, .. } = &verdict { Some(cause.id().to_owned()) } else { None };
        let (complete, figures, exit_code) = (verdict.is_complete(), *verdict.figures(), exit.code());
        let summary = Summary { complete, figures, error, exit_code };
        terminal.print(&serde_json::to_string(&summary).unwrap_or_default())?;
    }
    Ok(exit)
}

fn locked(output: &Mutex<Output>, act: &mut dyn FnMut(&mut Output) -> io::Result<u64>) -> io::Result<u64> {
    act(&mut output.lock().unwrap_or_else(PoisonError::into_inner))
}

fn stopped(terminal: &Terminal, figures: &ExportFigures, has_checkpoint: bool, exit: Exit) -> Exit {
    let name = if has_checkpoint { "export-stopped-resumes" } else { "export-stopped" };
    terminal.problem_text(name, &[("records", figures.records.into())]);
    exit
}

fn exit(verdict: &Verdict) -> Exit {
    match verdict {
        verdict if verdict.is_complete() => Exit::Done,
        Verdict::Truncated { cause, .. } => Exit::from_error(cause),
        _ => Exit::Refused,
    }
}
