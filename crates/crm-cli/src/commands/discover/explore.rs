//! The calls, all of them reads, and the report on what they were answered.

use std::io::{self, Write};

use chrono::NaiveDate;
use crm::history::operations as h;
use crm::history::{EntryId, EntryQuery, HistoryClient};
use crm::projects::operations as p;
use crm::projects::{
    ActionId, ActionQuery, PaymentQuery, ProjectFilter, ProjectId, ProjectQuery, ProjectsClient, StepQuery,
};
use crm::{Bytes, Error, Operation, OperationInfo, Refusal, answer, http, json};
use serde_json::Value;

use super::shape::{Drift, Shape};
use super::source::Source;
use crate::language::Messages;

/// What is called of SalesMan, and the name of the text that says how often.
pub(crate) const HISTORY: &[(OperationInfo, &str)] = &[
    (h::Fields::INFO, "discover-once"),
    (h::ActivityTypes::INFO, "discover-once"),
    (<h::List>::INFO, "discover-one-page"),
    (h::Info::INFO, "discover-first-of-page"),
];

/// What is called of solOS, and the name of the text that says how often.
pub(crate) const PROJECTS: &[(OperationInfo, &str)] = &[
    (<p::List<Value>>::INFO, "discover-first-20"),
    (<p::Filter<Value>>::INFO, "discover-first-20-filter"),
    (<p::Info<Value>>::INFO, OF_THREE),
    (<p::Steps<Value>>::INFO, OF_THREE),
    (<p::Actions<Value>>::INFO, OF_THREE),
    (<p::Checklists<Value>>::INFO, OF_THREE),
    (<p::Goods<Value>>::INFO, OF_THREE),
    (<p::Payments<Value>>::INFO, OF_THREE),
    (<p::ActionInfo<Value>>::INFO, "discover-first-action"),
];

const OF_THREE: &str = "discover-of-three";

/// Returns what will be called, for people.
pub(crate) fn plan(calls: &[(OperationInfo, &str)], messages: &Messages) -> String {
    let line = |(info, what): &(OperationInfo, &str)| {
        format!("{} {}: {}", info.method, info.path, messages.text(what))
    };
    calls.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Makes the calls to SalesMan and writes the report. Returns the errors of the calls.
pub(crate) async fn history(
    client: &HistoryClient,
    days: (NaiveDate, NaiveDate),
    out: &mut impl Write,
) -> Result<Vec<Error>, Box<dyn std::error::Error>> {
    let source = Source::history()?;
    let mut report = Report::new(&source);
    report.add(h::Fields::INFO.id, client.run(&Raw(h::Fields)).await);
    report.add(h::ActivityTypes::INFO.id, client.run(&Raw(h::ActivityTypes)).await);
    let query = EntryQuery::new().between(days.0, days.1);
    let list = client.run(&Raw(h::List::new(query.clone()))).await;
    let first = list.as_ref().ok().and_then(|answer| ids(answer, "cid").first().copied());
    report.add(<h::List>::INFO.id, list);
    if let Some(id) = first {
        report.add(h::Info::INFO.id, client.run(&Raw(h::Info::new(EntryId(id)))).await);
    }
    report.write("SalesMan CRM, history v3", out)?;
    Ok(report.errors)
}

/// Makes the calls to solOS and writes the report. Returns the errors of the calls.
pub(crate) async fn projects(
    client: &ProjectsClient,
    out: &mut impl Write,
) -> Result<Vec<Error>, Box<dyn std::error::Error>> {
    let source = Source::projects()?;
    let mut report = Report::new(&source);
    let query = ProjectQuery::new().count(20);
    let list = client.run(&Raw(p::List::<Value>::new(query.clone()))).await;
    let found = list.as_ref().map(|answer| ids(answer, "id")).unwrap_or_default();
    report.add("projects.list", list);
    let filter = ProjectFilter::new().count(20);
    report.add("projects.filter", client.run(&Raw(p::Filter::<Value>::new(filter.clone()))).await);
    let mut action = None;
    let (steps, actions, payments) =
        (StepQuery::new(), ActionQuery::new().count(20), PaymentQuery::new().count(20));
    for id in found.into_iter().take(3).map(ProjectId) {
        report.add("projects.info", client.run(&Raw(p::Info::<Value>::new(id))).await);
        report.add("projects.steps", client.run(&Raw(p::Steps::<Value>::new(id, steps.clone()))).await);
        let answer = client.run(&Raw(p::Actions::<Value>::new(id, actions.clone()))).await;
        action = action.or_else(|| ids(answer.as_ref().ok()?, "id").first().copied());
        report.add("projects.actions", answer);
        report.add("projects.checklists", client.run(&Raw(p::Checklists::<Value>::new(id))).await);
        report.add("projects.goods", client.run(&Raw(p::Goods::<Value>::new(id))).await);
        report.add(
            "projects.payments",
            client.run(&Raw(p::Payments::<Value>::new(id, payments.clone()))).await,
        );
    }
    if let Some(id) = action {
        report.add("projects.action_info", client.run(&Raw(p::ActionInfo::<Value>::new(ActionId(id)))).await);
    }
    report.write("solOS, projects v2", out)?;
    Ok(report.errors)
}

/// An operation whose answer is taken as it comes.
struct Raw<O>(O);

impl<O: Operation> Operation for Raw<O> {
    type Output = Value;

    const INFO: OperationInfo = O::INFO;

    fn request(&self) -> Result<http::Request<Bytes>, Error> {
        self.0.request()
    }

    fn read(&self, response: &http::Response<Bytes>) -> Result<Value, Error> {
        let body = answer::json(&Self::INFO, response)?;
        match answer::api_error(&Self::INFO, body, refusal) {
            Some(error) => Err(error),
            None => json::decode(body, "$").map_err(|error| Error::undecodable(&Self::INFO, error)),
        }
    }
}

/// Both APIs refuse a key with 401.
fn refusal(code: Option<i64>) -> Refusal {
    if code == Some(401) { Refusal::Auth } else { Refusal::Other }
}

/// Ids of the records of an answer, wherever they stand in it. They are asked for, and shown nowhere.
fn ids(answer: &Value, key: &str) -> Vec<u64> {
    let id = answer.get(key).and_then(|id| id.as_u64().or_else(|| id.as_str()?.parse().ok()));
    match (id, answer) {
        (Some(id), _) => vec![id],
        (None, Value::Array(items)) => items.iter().flat_map(|item| ids(item, key)).collect(),
        (None, Value::Object(map)) => map.values().flat_map(|value| ids(value, key)).collect(),
        (None, _) => Vec::new(),
    }
}

/// What was answered, by operation.
struct Report<'a> {
    source: &'a Source,
    answers: Vec<(&'static str, u64, Shape)>,
    refusals: Vec<String>,
    errors: Vec<Error>,
}

impl<'a> Report<'a> {
    fn new(source: &'a Source) -> Self {
        Self { source, answers: Vec::new(), refusals: Vec::new(), errors: Vec::new() }
    }

    fn add(&mut self, id: &'static str, answer: Result<Value, Error>) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                self.refusals.push(format!("{id}: {}", without_words(&error)));
                return self.errors.push(error);
            }
        };
        let schema = self.source.operation(id).map(|operation| operation.answer());
        let index = self.answers.iter().position(|(known, ..)| *known == id).unwrap_or_else(|| {
            self.answers.push((id, 0, Shape::default()));
            self.answers.len() - 1
        });
        let (_, count, shape) = &mut self.answers[index];
        *count += 1;
        shape.add(&answer, schema);
    }

    fn write(&self, title: &str, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "# {title}: keys, types and counts of what was answered, and no value\n")?;
        let mut drift = Drift::default();
        for (id, count, shape) in &self.answers {
            let plural = if *count == 1 { "" } else { "s" };
            writeln!(out, "{id}, {count} answer{plural}\n{}", shape.show())?;
            let found = shape.drift(id);
            drift.new.extend(found.new);
            drift.differs.extend(found.differs);
            drift.confirmed.extend(found.confirmed);
            drift.unseen.extend(found.unseen);
        }
        let asked = |id: &str| self.answers.iter().any(|(known, ..)| *known == id);
        let silent: Vec<&str> =
            self.source.operations().map(|operation| operation.id).filter(|id| !asked(id)).collect();
        writeln!(out, "## Against docs/openapi\n")?;
        section(out, "New", &drift.new)?;
        section(out, "Different", &drift.differs)?;
        section(out, "Assumed, and seen as assumed: could become observed", &drift.confirmed)?;
        section(out, "Known, and not seen", &drift.unseen)?;
        section(out, "Refused or unreadable", &self.refusals)?;
        writeln!(out, "Not answered, or not asked: {}\n", silent.join(", "))
    }
}

fn section(out: &mut impl Write, title: &str, lines: &[String]) -> io::Result<()> {
    writeln!(out, "{title}:{}", if lines.is_empty() { " nothing" } else { "" })?;
    lines.iter().try_for_each(|line| writeln!(out, "- {line}"))?;
    writeln!(out)
}

/// An error without the server's words, which may be about somebody.
fn without_words(error: &Error) -> String {
    let mut text = format!("{:?}", error.kind());
    if let Some(status) = error.http_status() {
        text += &format!(", HTTP {status}");
    }
    if let Some(code) = error.api_code().filter(|code| (100..600).contains(code)) {
        text += &format!(", code {code}");
    }
    text
}
