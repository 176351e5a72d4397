//! solOS, projects v2: plausible answers. Only the requests are documented; whatever an answer looks like here is
//! assumed.

pub(crate) mod data;
mod filter;
mod query;
mod records;
pub(crate) mod shape;

use chrono::NaiveDate;
use http::{HeaderMap, Method, StatusCode};

use self::data::{Action, Payment, Project, Step};
pub(crate) use self::query::DEFAULT_COUNT;
use self::query::Query;
use self::shape::{ProjectsShape, Record};
use crate::json::Json;
use crate::received::{Credential, Credentials};
use crate::{SECRET, TOKEN};

/// The start of every path of the API.
pub(crate) const PREFIX: &str = "/backend/public";

/// How answers look.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Form {
    pub(crate) shape: ProjectsShape,
    pub(crate) numbers_as_strings: bool,
    pub(crate) total: bool,
}

/// A request to the API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'r> {
    pub(crate) method: &'r Method,
    pub(crate) path: &'r str,
    pub(crate) query: &'r str,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) body: &'r [u8],
}

/// The status and the body of the answer.
pub(crate) fn answer(
    projects: &[Project],
    form: Form,
    today: NaiveDate,
    call: &Call<'_>,
) -> (StatusCode, String) {
    match found(projects, today, call) {
        Ok(found) => {
            let json = match found {
                Found::Many(records, total) => form.shape.list(records, form.total.then_some(total)),
                Found::One(record) => form.shape.one(record),
            };
            let json = if form.numbers_as_strings { json.with_numbers_as_strings() } else { json };
            (StatusCode::OK, json.to_text())
        }
        Err((status, text)) => (status, error_text(text)),
    }
}

/// The body of an error.
pub(crate) fn error_text(text: String) -> String {
    Json::object([("error", text.into())]).to_text()
}

/// How the credentials of a call are described to whoever looks at the requests.
pub(crate) fn credentials_seen(call: &Call<'_>) -> Credentials {
    let seen = |name: &str, right: &str| {
        Credential::from_check(call.headers.get(name).map(|value| value.as_bytes() == right.as_bytes()))
    };
    [("token", seen("x-crypto-token", TOKEN)), ("secret", seen("x-crypto-secret", SECRET))]
}

/// The IDs of the projects on the first page of the list that a call asks for.
pub(crate) fn ids_of_first_page(projects: &[Project], today: NaiveDate, call: &Call<'_>) -> Vec<u64> {
    let Some(query) = list_query(call).map(Query::of_first_page) else { return Vec::new() };
    let page = filter::projects(&query, projects, today).and_then(|found| query.page(found));
    page.unwrap_or_default().into_iter().map(|project| project.id).collect()
}

/// The parameters of a request for a list of projects.
fn list_query(call: &Call<'_>) -> Option<Query> {
    match call.path.strip_prefix(PREFIX)? {
        "/projects" => Some(Query::of_url(call.query)),
        "/projects/filter" => Query::of_body(call.body).ok(),
        _ => None,
    }
}

enum Found {
    /// A page, and how many there are on all pages.
    Many(Vec<Record>, usize),
    One(Record),
}

type Refused = (StatusCode, String);

fn found(projects: &[Project], today: NaiveDate, call: &Call<'_>) -> Result<Found, Refused> {
    if credentials_seen(call).iter().any(|(_, seen)| *seen != Credential::Right) {
        return Err((StatusCode::UNAUTHORIZED, "Unauthorized".to_owned()));
    }
    let path = call.path.strip_prefix(PREFIX).unwrap_or_default();
    let expected = if path == "/projects/filter" { Method::POST } else { Method::GET };
    if *call.method != expected {
        return Err((StatusCode::METHOD_NOT_ALLOWED, format!("Method not allowed: {}", call.method)));
    }
    let query = Query::of_url(call.query);
    let project = || {
        let id = id(&query)?;
        let found = projects.iter().find(|project| project.id == id);
        found.ok_or_else(|| (StatusCode::NOT_FOUND, format!("Project not found: {id}")))
    };
    match path {
        "/projects" => list(&query, projects, today),
        "/projects/filter" => list(&Query::of_body(call.body).map_err(wrong_parameter)?, projects, today),
        "/projects/info" => project().map(|project| Found::One(records::project(project))),
        "/projects/steps" => steps(project()?, &query).map_err(wrong_parameter),
        "/projects/actions" => actions(project()?, &query).map_err(wrong_parameter),
        "/projects/actions/info" => {
            let id = id(&query)?;
            let all = projects
                .iter()
                .flat_map(|project| project.actions.iter().map(move |action| (project, action)));
            let (project, action) = all
                .into_iter()
                .find(|(_, action)| action.id == id)
                .ok_or_else(|| (StatusCode::NOT_FOUND, format!("Action not found: {id}")))?;
            Ok(Found::One(records::action(project, action)))
        }
        "/projects/checklists" => {
            project().map(|project| every(&project.checklists, |list| records::checklist(project, list)))
        }
        "/projects/goods" => {
            project().map(|project| every(&project.goods, |good| records::good(project, good)))
        }
        "/projects/payments" => payments(project()?, &query).map_err(wrong_parameter),
        _ => Err((StatusCode::NOT_FOUND, format!("Not found: {}", call.path))),
    }
}

fn id(query: &Query) -> Result<u64, Refused> {
    query.number("id").and_then(|id| id.ok_or_else(|| "id".to_owned())).map_err(wrong_parameter)
}

fn wrong_parameter(parameter: String) -> Refused {
    (StatusCode::BAD_REQUEST, format!("Wrong parameter: {parameter}"))
}

fn list(query: &Query, projects: &[Project], today: NaiveDate) -> Result<Found, Refused> {
    let found = filter::projects(query, projects, today).map_err(wrong_parameter)?;
    page(query, found, records::project).map_err(wrong_parameter)
}

fn steps(project: &Project, query: &Query) -> Result<Found, String> {
    let (day, ids) = (query.day("filter_date")?, query.ids("filter_steps")?);
    let fits = |step: &&Step| {
        ids.as_ref().is_none_or(|ids| ids.contains(&step.id)) && day.is_none_or(|day| step.date.date() == day)
    };
    let found: Vec<&Step> = project.steps.iter().filter(fits).collect();
    Ok(every(&found, |step| records::step(project, step)))
}

fn actions(project: &Project, query: &Query) -> Result<Found, String> {
    let (id, day, types) =
        (query.number("filter_id")?, query.day("filter_date")?, query.ids("filter_actions")?);
    let fits = |action: &&Action| {
        id.is_none_or(|id| action.id == id)
            && day.is_none_or(|day| action.date.date() == day)
            && types.as_ref().is_none_or(|types| types.contains(&action.actions_type_id))
    };
    page(query, project.actions.iter().filter(fits).collect(), |action| records::action(project, action))
}

fn payments(project: &Project, query: &Query) -> Result<Found, String> {
    let (id, day, income) =
        (query.number("filter_id")?, query.day("filter_date")?, query.flag("filter_type")?);
    let fits = |payment: &&Payment| {
        id.is_none_or(|id| payment.id == id)
            && day.is_none_or(|day| payment.date == day)
            && income.is_none_or(|income| payment.income == income)
    };
    page(query, project.payments.iter().filter(fits).collect(), |payment| records::payment(project, payment))
}

fn page<T>(query: &Query, found: Vec<&T>, record: impl Fn(&T) -> Record) -> Result<Found, String> {
    let total = found.len();
    Ok(Found::Many(query.page(found)?.into_iter().map(record).collect(), total))
}

fn every<T>(items: &[T], record: impl Fn(&T) -> Record) -> Found {
    Found::Many(items.iter().map(record).collect(), items.len())
}
