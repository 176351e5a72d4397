//! The progress bar, which is shown only on a terminal.

use std::time::Duration;

use crm::ExportProgress;
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

pub(crate) fn bar() -> ProgressBar {
    let bar = ProgressBar::no_length();
    bar.set_style(style("{spinner} {human_pos} activities, {per_sec} {msg}"));
    bar
}

pub(crate) fn show(bar: &ProgressBar, progress: &ExportProgress) {
    bar.set_position(progress.figures.records);
    if let Some(all) = progress.records_in_all {
        if bar.length().is_none() {
            bar.set_style(style("{bar:40} {human_pos} of about {human_len} activities {msg}"));
        }
        bar.set_length(all.max(progress.figures.records));
    }
    if let Some(rest) = progress.rest.filter(|rest| *rest > Duration::ZERO) {
        bar.set_message(format!("about {} to go", HumanDuration(rest)));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
