//! The types and users that an input file names, compared with those of the account.

use std::collections::BTreeSet;
use std::path::Path;

use crm::directory::User;
use crm::history::HistoryClient;

use super::findings::Findings;
use super::history::is_same_login;
use crate::exit::{Exit, Failure};
use crate::files::{Mapping, Table, TableOptions};
use crate::language::one_line;
use crate::terminal::Terminal;

/// How many names a line lists.
const NAMES: usize = 10;

/// What a file holds.
pub(super) struct Input {
    file: String,
    rows: u64,
    unreadable: u64,
    types: BTreeSet<String>,
    users: BTreeSet<String>,
}

impl Input {
    /// Reads the whole file.
    pub(super) fn read(
        path: &Path,
        map: &[String],
        sheet: Option<String>,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        let messages = &terminal.messages;
        let mut mapping = Mapping::default();
        for text in map {
            let chosen = mapping.with_text(text);
            mapping = chosen.map_err(|error| Failure::usage(messages.message(&error.message())))?;
        }
        let file = path.display().to_string();
        let failed = |text: String| {
            let values = [("file", path.display().to_string().into()), ("text", text.into())];
            Failure::person(messages.format("import-file", &values))
        };
        let options = TableOptions { mapping, sheet, ..TableOptions::default() };
        let table =
            Table::open(path, &options).map_err(|error| failed(messages.message(&error.message())))?;
        let mut input = Self { file, rows: 0, unreadable: 0, types: BTreeSet::new(), users: BTreeSet::new() };
        for row in table {
            input.rows += 1;
            match row.map_err(|error| failed(error.to_string()))?.entry {
                Ok(entry) => {
                    input.types.extend(entry.activity_type);
                    input.users.extend(entry.user);
                }
                Err(_) => input.unreadable += 1,
            }
        }
        Ok(input)
    }

    /// Compares it with the account.
    pub(super) async fn check(
        self,
        client: &HistoryClient,
        users: Option<&[User]>,
        findings: &mut Findings<'_>,
    ) -> Result<(), Failure> {
        let values = [
            ("file", self.file.as_str().into()),
            ("rows", self.rows.into()),
            ("unreadable", self.unreadable.into()),
        ];
        if self.unreadable == 0 {
            findings.good("check-row-file", "check-file", &values)?;
        } else {
            findings.bad("check-row-file", Exit::Refused, "check-file-unreadable", &values)?;
        }
        match client.activity_types().await {
            Ok(known) => {
                let is_known = |title: &String| {
                    known
                        .iter()
                        .any(|known| known.title.trim_end().to_lowercase() == title.trim_end().to_lowercase())
                };
                let unknown: Vec<&String> = self.types.iter().filter(|title| !is_known(title)).collect();
                let known: Vec<String> = known.iter().map(|known| one_line(&known.title)).collect();
                show(
                    &unknown,
                    &known,
                    self.types.len(),
                    "check-row-types",
                    ["check-types", "check-types-unknown"],
                    findings,
                )?;
            }
            Err(error) => findings.failed("check-row-types", &error)?,
        }
        let Some(users) = users else { return Ok(()) };
        let is_known = |login: &String| {
            users.iter().any(|user| user.login.as_deref().is_some_and(|known| is_same_login(known, login)))
        };
        let unknown: Vec<&String> = self.users.iter().filter(|login| !is_known(login)).collect();
        show(
            &unknown,
            &[],
            self.users.len(),
            "check-row-file-users",
            ["check-users", "check-users-unknown"],
            findings,
        )
    }
}

/// Shows the names that the account does not know.
fn show(
    unknown: &[&String],
    known: &[String],
    count: usize,
    row: &str,
    [good, bad]: [&str; 2],
    findings: &mut Findings<'_>,
) -> Result<(), Failure> {
    let mut names: Vec<String> = unknown.iter().take(NAMES).map(|name| one_line(name)).collect();
    if unknown.len() > NAMES {
        names.push("…".to_owned());
    }
    let values = [
        ("count", (count as u64).into()),
        ("unknown", (unknown.len() as u64).into()),
        ("names", names.join(", ").into()),
        ("known", known.join(", ").into()),
    ];
    if unknown.is_empty() {
        findings.good(row, good, &values)
    } else {
        findings.bad(row, Exit::Refused, bad, &values)
    }
}
