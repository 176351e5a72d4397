//! The lines of the checks: what was looked at, what was found, and what to do.

use console::{measure_text_width, style};
use crm::Error;
use serde_json::{Value as Json, json};

use crate::exit::{Exit, Failure};
use crate::language::{Messages, Value};
use crate::terminal::Terminal;

/// The findings so far. Each is shown at once.
pub(super) struct Findings<'a> {
    terminal: &'a Terminal,
    crm: &'static str,
    list: Vec<Json>,
    exit: Exit,
}

/// The width of the names.
const NAMES: usize = 24;

impl<'a> Findings<'a> {
    pub(super) fn new(terminal: &'a Terminal) -> Self {
        Self { terminal, crm: "", list: Vec::new(), exit: Exit::Done }
    }

    pub(super) fn messages(&self) -> &'a Messages {
        &self.terminal.messages
    }

    /// Begins the checks of a CRM.
    pub(super) fn chapter(&mut self, crm: &'static str, url: &str) -> Result<(), Failure> {
        let gap = if self.crm.is_empty() { "" } else { "\n" };
        self.crm = crm;
        self.terminal.list(&format!("{gap}{crm}, {url}"))
    }

    /// Shows that this is as it should be.
    pub(super) fn good(
        &mut self,
        name: &str,
        text: &str,
        values: &[(&str, Value<'_>)],
    ) -> Result<(), Failure> {
        self.show(name, Some(true), self.messages().format(text, values), None)
    }

    /// Shows that this could not be checked.
    pub(super) fn unknown(
        &mut self,
        name: &str,
        text: &str,
        values: &[(&str, Value<'_>)],
    ) -> Result<(), Failure> {
        self.show(name, None, self.messages().format(text, values), None)
    }

    /// Shows that this is not as it should be. The text has an advice of the same name with `-advice`.
    pub(super) fn bad(
        &mut self,
        name: &str,
        exit: Exit,
        text: &str,
        values: &[(&str, Value<'_>)],
    ) -> Result<(), Failure> {
        self.exit = self.exit.max(exit);
        // A command in an advice works as it is shown.
        let profile = self.terminal.profile().map(|name| format!(" --profile {name}")).unwrap_or_default();
        let values_of_advice = [values, &[("profile", profile.into())]].concat();
        let advice = self.messages().format(&format!("{text}-advice"), &values_of_advice);
        self.show(name, Some(false), self.messages().format(text, values), Some(advice))
    }

    /// Shows the error of a call, which says itself what to do. A refused key needs more words.
    pub(super) fn failed(&mut self, name: &str, error: &Error) -> Result<(), Failure> {
        let exit = Exit::from_error(error);
        self.exit = self.exit.max(exit);
        let words = if name == "check-row-token" { "check-refused-token" } else { "check-refused-key" };
        let advice = (exit == Exit::KeyRefused).then(|| self.messages().text(words));
        self.show(name, Some(false), self.messages().error(error), advice)
    }

    fn show(
        &mut self,
        name: &str,
        is_good: Option<bool>,
        finding: String,
        advice: Option<String>,
    ) -> Result<(), Failure> {
        let mark = match is_good {
            Some(true) => style("✓").green(),
            Some(false) => style("✗").red(),
            None => style("–").yellow(),
        };
        let title = self.messages().text(name);
        let space = " ".repeat(NAMES.saturating_sub(measure_text_width(&title)));
        self.terminal.list(&format!("{mark} {title}{space} {finding}"))?;
        if let Some(advice) = &advice {
            self.terminal.list(&format!("{}→ {advice}", " ".repeat(NAMES + 3)))?;
        }
        let check = name.strip_prefix("check-row-").unwrap_or(name);
        self.list.push(json!({
            "crm": self.crm, "check": check, "ok": is_good, "finding": finding, "advice": advice
        }));
        Ok(())
    }

    /// Says how many checks found something, and returns the exit code.
    pub(super) fn end(self) -> Result<Exit, Failure> {
        let count = self.list.iter().filter(|line| line["ok"] == false).count() as u64;
        let text = if count == 0 { "check-all-good" } else { "check-some-bad" };
        let mut text = self.messages().format(text, &[("count", count.into())]);
        if self.list.iter().any(|line| !line["advice"].is_null()) {
            text += &self.messages().text("check-arrow");
        }
        self.terminal.list(&format!("\n{text}"))?;
        self.terminal.summary(&json!({"checks": self.list, "exit_code": self.exit.code()}))?;
        Ok(self.exit)
    }
}
