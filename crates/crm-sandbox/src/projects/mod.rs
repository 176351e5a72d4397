//! solOS, projects v2: plausible answers. Only the requests are documented; whatever an answer looks like here is
//! assumed.

pub(crate) mod data;
mod filter;
pub(crate) mod shape;

use chrono::NaiveDate;
use http::{HeaderMap, Method, StatusCode};

use self::data::{Action, Checklist, FieldValue, Good, Payment, Project, Step};
use self::filter::Query;
use self::shape::{ProjectsShape, Record};
use crate::json::Json;
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
    match records(projects, today, call) {
        Ok(found) => {
            let json = match found {
                Found::Many(records, total) => form.shape.list(records, form.total.then_some(total)),
                Found::One(record) => form.shape.one(record),
            };
            let json = if form.numbers_as_strings { numbers_as_strings(json) } else { json };
            (StatusCode::OK, json.to_text())
        }
        Err((status, text)) => (status, Json::object([("error", text.into())]).to_text()),
    }
}

enum Found {
    Many(Vec<Record>, usize),
    One(Record),
}

type Refused = (StatusCode, String);

fn records(projects: &[Project], today: NaiveDate, call: &Call<'_>) -> Result<Found, Refused> {
    let header = |name: &str| call.headers.get(name).map(|value| value.as_bytes());
    if header("x-crypto-token") != Some(TOKEN.as_bytes())
        || header("x-crypto-secret") != Some(SECRET.as_bytes())
    {
        return Err((StatusCode::UNAUTHORIZED, "Unauthorized".to_owned()));
    }
    let path = call.path.strip_prefix(PREFIX).unwrap_or_default();
    let expected = if path == "/projects/filter" { Method::POST } else { Method::GET };
    if path.starts_with("/projects") && *call.method != expected {
        return Err((StatusCode::METHOD_NOT_ALLOWED, format!("Method not allowed: {}", call.method)));
    }
    let query = Query::from_query(call.query);
    let project = || {
        let id =
            query.number("id").ok_or_else(|| (StatusCode::BAD_REQUEST, "Wrong parameter: id".to_owned()))?;
        let found = projects.iter().find(|project| project.id == id);
        found.ok_or_else(|| (StatusCode::NOT_FOUND, format!("Project not found: {id}")))
    };
    match path {
        "/projects" => list(&query, projects, today),
        "/projects/filter" => {
            let filter = Query::from_body(call.body)
                .ok_or_else(|| (StatusCode::BAD_REQUEST, "The body is not a JSON object".to_owned()))?;
            list(&filter, projects, today)
        }
        "/projects/info" => project().map(|project| Found::One(project_record(project))),
        "/projects/steps" => {
            let steps = query.ids("filter_steps");
            let day = query.day("filter_date");
            let fits = |step: &&Step| {
                steps.as_ref().is_none_or(|ids| ids.contains(&step.id))
                    && day.is_none_or(|day| step.date.date() == day)
            };
            let project = project()?;
            Ok(many(project.steps.iter().filter(fits).map(|step| step_record(project, step)).collect()))
        }
        "/projects/actions" => {
            let (id, day) = (query.number("filter_id"), query.day("filter_date"));
            let types = query.ids("filter_actions");
            let fits = |action: &&Action| {
                id.is_none_or(|id| action.id == id)
                    && day.is_none_or(|day| action.date.date() == day)
                    && types.as_ref().is_none_or(|ids| ids.contains(&action.actions_type_id))
            };
            let project = project()?;
            let found: Vec<&Action> = project.actions.iter().filter(fits).collect();
            let total = found.len();
            let page = query.page(found).into_iter().map(|action| action_record(project, action)).collect();
            Ok(Found::Many(page, total))
        }
        "/projects/actions/info" => {
            let id = query
                .number("id")
                .ok_or_else(|| (StatusCode::BAD_REQUEST, "Wrong parameter: id".to_owned()))?;
            let mut all = projects
                .iter()
                .flat_map(|project| project.actions.iter().map(move |action| (project, action)));
            let (project, action) = all
                .find(|(_, action)| action.id == id)
                .ok_or_else(|| (StatusCode::NOT_FOUND, format!("Action not found: {id}")))?;
            Ok(Found::One(action_record(project, action)))
        }
        "/projects/checklists" => {
            let project = project()?;
            Ok(many(project.checklists.iter().map(|list| checklist_record(project, list)).collect()))
        }
        "/projects/goods" => {
            let project = project()?;
            Ok(many(project.goods.iter().map(|good| good_record(project, good)).collect()))
        }
        "/projects/payments" => {
            let (id, day) = (query.number("filter_id"), query.day("filter_date"));
            let income = query.flag("filter_type");
            let fits = |payment: &&Payment| {
                id.is_none_or(|id| payment.id == id)
                    && day.is_none_or(|day| payment.date == day)
                    && income.is_none_or(|income| payment.income == income)
            };
            let project = project()?;
            let found: Vec<&Payment> = project.payments.iter().filter(fits).collect();
            let total = found.len();
            let page =
                query.page(found).into_iter().map(|payment| payment_record(project, payment)).collect();
            Ok(Found::Many(page, total))
        }
        _ => Err((StatusCode::NOT_FOUND, format!("Not found: {}", call.path))),
    }
}

fn list(query: &Query, projects: &[Project], today: NaiveDate) -> Result<Found, Refused> {
    let found = query
        .projects(projects, today)
        .map_err(|parameter| (StatusCode::BAD_REQUEST, format!("Wrong parameter: {parameter}")))?;
    let total = found.len();
    Ok(Found::Many(query.page(found).into_iter().map(project_record).collect(), total))
}

fn many(records: Vec<Record>) -> Found {
    let total = records.len();
    Found::Many(records, total)
}

fn flag(value: bool) -> Json {
    Json::from(if value { "1" } else { "0" })
}

fn ids(ids: &[u64]) -> Json {
    Json::List(ids.iter().map(|id| Json::from(*id)).collect())
}

fn project_record(project: &Project) -> Record {
    let data = project.data.iter().map(|(name, value)| {
        let value = match value {
            FieldValue::Number(number) => Json::from(*number),
            FieldValue::Text(text) => Json::from(text.as_str()),
            FieldValue::Day(day) => Json::from(day.to_string()),
        };
        (name.clone().into(), value)
    });
    let json = Json::object([
        ("id", project.id.into()),
        ("name", project.name.as_str().into()),
        ("created", project.created.to_string().into()),
        ("sales_funnel_id", project.sales_funnel_id.into()),
        ("step_id", project.step_id.into()),
        ("user_id", project.user_id.into()),
        ("group_id", project.group_id.into()),
        ("price", project.price.into()),
        ("currency_id", project.currency_id.into()),
        ("deleted", flag(project.deleted)),
        ("participants_user_id", ids(&project.participants_user_id)),
        ("participants_group_id", ids(&project.participants_group_id)),
        ("data", Json::Object(data.collect())),
    ]);
    Record { id: project.id, json }
}

fn step_record(project: &Project, step: &Step) -> Record {
    let json = Json::object([
        ("id", step.id.into()),
        ("project_id", project.id.into()),
        ("name", step.name.as_str().into()),
        ("date", step.date.to_string().into()),
        ("user_id", step.user_id.into()),
    ]);
    Record { id: step.id, json }
}

fn action_record(project: &Project, action: &Action) -> Record {
    let json = Json::object([
        ("id", action.id.into()),
        ("project_id", project.id.into()),
        ("actions_type_id", action.actions_type_id.into()),
        ("name", action.name.as_str().into()),
        ("date", action.date.to_string().into()),
        ("user_id", action.user_id.into()),
        ("done", flag(action.done)),
    ]);
    Record { id: action.id, json }
}

fn checklist_record(project: &Project, checklist: &Checklist) -> Record {
    let items = checklist.items.iter().map(|item| {
        Json::object([("id", item.id.into()), ("name", item.name.as_str().into()), ("done", flag(item.done))])
    });
    let json = Json::object([
        ("id", checklist.id.into()),
        ("project_id", project.id.into()),
        ("name", checklist.name.as_str().into()),
        ("deadline", checklist.deadline.to_string().into()),
        ("items", Json::List(items.collect())),
    ]);
    Record { id: checklist.id, json }
}

fn good_record(project: &Project, good: &Good) -> Record {
    let json = Json::object([
        ("id", good.id.into()),
        ("project_id", project.id.into()),
        ("name", good.name.as_str().into()),
        ("count", good.count.into()),
        ("price", good.price.into()),
    ]);
    Record { id: good.id, json }
}

fn payment_record(project: &Project, payment: &Payment) -> Record {
    let json = Json::object([
        ("id", payment.id.into()),
        ("project_id", project.id.into()),
        ("type", flag(payment.income)),
        ("amount", payment.amount.into()),
        ("currency_id", payment.currency_id.into()),
        ("date", payment.date.to_string().into()),
    ]);
    Record { id: payment.id, json }
}

fn numbers_as_strings(json: Json) -> Json {
    match json {
        Json::Int(number) => Json::from(number.to_string()),
        Json::List(items) => Json::List(items.into_iter().map(numbers_as_strings).collect()),
        Json::Object(members) => {
            Json::Object(members.into_iter().map(|(key, value)| (key, numbers_as_strings(value))).collect())
        }
        other => other,
    }
}
