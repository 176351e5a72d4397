//! How far a long command is: a bar on a terminal, a line now and then elsewhere.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crm::Stats;
use indicatif::{ProgressDrawTarget, ProgressStyle};

use crate::language::Messages;
use crate::terminal::Terminal;

/// How often the bar is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(500);
/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);
/// After this time without progress the reason is shown.
const IS_WAITING: Duration = Duration::from_secs(5);

/// The progress of a command. It is shown until it is dropped.
pub(crate) struct Progress {
    shared: Arc<Shared>,
    ticker: tokio::task::JoinHandle<()>,
}

struct Shared {
    terminal: Arc<Terminal>,
    started: Instant,
    state: Mutex<State>,
}

struct State {
    done: u64,
    total: Option<u64>,
    /// The outcomes so far, in words.
    outcomes: String,
    changed: Instant,
}

/// Reports progress to a [`Progress`].
#[derive(Clone)]
pub(crate) struct Reporter(Arc<Shared>);

impl Progress {
    /// Begins to show progress. `stats` are the figures of the client that works.
    pub(crate) fn start(
        terminal: &Arc<Terminal>,
        total: Option<u64>,
        stats: impl Fn() -> Stats + Send + 'static,
    ) -> Self {
        let now = Instant::now();
        let state = State { done: 0, total, outcomes: String::new(), changed: now };
        let shared =
            Arc::new(Shared { terminal: Arc::clone(terminal), started: now, state: Mutex::new(state) });
        let has_bar = terminal.has_bar();
        if has_bar {
            terminal.bar().set_style(style("{spinner} {msg}"));
            terminal.bar().set_draw_target(ProgressDrawTarget::stderr());
        }
        let shown = Arc::clone(&shared);
        let ticker = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(if has_bar { DRAW_EVERY } else { LINE_EVERY });
            ticks.tick().await; // the first one is at once
            let mut before = stats();
            loop {
                ticks.tick().await;
                let now = stats();
                shown.show(has_bar, &before, &now);
                before = now;
            }
        });
        Self { shared, ticker }
    }

    /// Returns what reports to this.
    pub(crate) fn reporter(&self) -> Reporter {
        Reporter(Arc::clone(&self.shared))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.ticker.abort();
        let bar = self.shared.terminal.bar();
        bar.finish_and_clear();
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
}

impl Reporter {
    /// Sets how far the command is, with the outcomes so far in words.
    pub(crate) fn set(&self, done: u64, outcomes: String) {
        let mut state = self.0.state();
        if state.done != done || state.outcomes != outcomes {
            (state.done, state.outcomes, state.changed) = (done, outcomes, Instant::now());
        }
    }

    /// Sets how much there is to do, as far as it is known.
    pub(crate) fn set_total(&self, total: Option<u64>) {
        self.0.state().total = total;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, has_bar: bool, before: &Stats, now: &Stats) {
        let messages = &self.terminal.messages;
        let (line, done, total) = {
            let state = self.state();
            let mut line = line(messages, &state, self.started.elapsed());
            if state.changed.elapsed() >= IS_WAITING {
                line += &messages
                    .format("progress-waiting", &[("reason", messages.text(reason(before, now)).into())]);
            }
            (line, state.done, state.total)
        };
        if !has_bar {
            return self.terminal.note(&line);
        }
        let bar = self.terminal.bar();
        if let Some(total) = total.filter(|_| bar.length().is_none()) {
            bar.set_length(total);
            bar.set_style(style("{bar:30} {msg}"));
        }
        if let Some(total) = total {
            bar.set_length(total.max(done));
        }
        bar.set_position(done);
        bar.set_message(line);
        bar.tick();
    }
}

/// Returns a line such as `1200 of 5000, 40 per second, about 2 min left; 1190 stored`.
fn line(messages: &Messages, state: &State, elapsed: Duration) -> String {
    let State { done, total, outcomes, .. } = state;
    let rate = *done as f64 / elapsed.as_secs_f64().max(0.001);
    let mut line = match total {
        Some(total) => {
            messages.format("progress-of", &[("done", (*done).into()), ("total", (*total).into())])
        }
        None => messages.format("progress-count", &[("done", (*done).into())]),
    };
    line += &messages.format("progress-rate", &[("rate", format!("{rate:.1}").into())]);
    if let Some(total) = total.filter(|total| *done > 0 && total > done) {
        let left = Duration::from_secs_f64((total - done) as f64 / rate.max(0.001));
        line += &messages.format("progress-left", &[("time", duration(messages, left).into())]);
    }
    if !outcomes.is_empty() {
        line += &format!("; {outcomes}");
    }
    line
}

/// Returns the name of the text that says why nothing happens, as far as the figures of the client show it.
fn reason(before: &Stats, now: &Stats) -> &'static str {
    if now.slowdowns > before.slowdowns || (now.waiting > 0 && now.in_flight == 0) {
        "waiting-for-rate"
    } else if now.retries > before.retries || now.failed > before.failed {
        "waiting-after-failures"
    } else if now.in_flight > 0 {
        "waiting-for-response"
    } else {
        "waiting-to-settle"
    }
}

/// Returns a time in words, rounded up.
pub(crate) fn duration(messages: &Messages, time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    match seconds {
        0..120 => messages.format("time-seconds", &[("seconds", seconds.into())]),
        120..7200 => messages.format("time-minutes", &[("minutes", seconds.div_ceil(60).into())]),
        _ => messages.format("time-hours", &[("hours", seconds.div_ceil(3600).into())]),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn a_line_has_the_rate_the_rest_and_the_outcomes() {
        let messages = Messages::new(Language::English);
        let state =
            State { done: 100, total: Some(400), outcomes: "99 stored".to_owned(), changed: Instant::now() };
        let line = line(&messages, &state, Duration::from_secs(10));
        assert_eq!(line, "100 of 400, 10.0 per second, about 30 s left; 99 stored");
    }

    #[test]
    fn the_reason_for_waiting_follows_from_the_figures_of_the_client() {
        let before = Stats::default();
        let with = |change: fn(&mut Stats)| {
            let mut stats = Stats::default();
            change(&mut stats);
            stats
        };
        assert_eq!(reason(&before, &with(|stats| stats.slowdowns = 1)), "waiting-for-rate");
        assert_eq!(reason(&before, &with(|stats| stats.waiting = 1)), "waiting-for-rate");
        assert_eq!(reason(&before, &with(|stats| stats.failed = 1)), "waiting-after-failures");
        assert_eq!(reason(&before, &with(|stats| stats.in_flight = 1)), "waiting-for-response");
        assert_eq!(reason(&before, &before), "waiting-to-settle");
    }
}
