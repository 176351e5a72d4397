//! The records of the answers. No field of them is documented but those that the filter names.

use super::data::{Action, Checklist, FieldValue, Good, Payment, Project, Step};
use super::shape::Record;
use crate::json::Json;

pub(super) fn project(project: &Project) -> Record {
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

pub(super) fn step(project: &Project, step: &Step) -> Record {
    let json = Json::object([
        ("id", step.id.into()),
        ("project_id", project.id.into()),
        ("name", step.name.as_str().into()),
        ("date", step.date.to_string().into()),
        ("user_id", step.user_id.into()),
    ]);
    Record { id: step.id, json }
}

pub(super) fn action(project: &Project, action: &Action) -> Record {
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

pub(super) fn checklist(project: &Project, checklist: &Checklist) -> Record {
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

pub(super) fn good(project: &Project, good: &Good) -> Record {
    let json = Json::object([
        ("id", good.id.into()),
        ("project_id", project.id.into()),
        ("name", good.name.as_str().into()),
        ("count", good.count.into()),
        ("price", good.price.into()),
    ]);
    Record { id: good.id, json }
}

pub(super) fn payment(project: &Project, payment: &Payment) -> Record {
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

fn flag(value: bool) -> Json {
    Json::from(if value { "1" } else { "0" })
}

fn ids(ids: &[u64]) -> Json {
    Json::List(ids.iter().map(|id| Json::from(*id)).collect())
}
