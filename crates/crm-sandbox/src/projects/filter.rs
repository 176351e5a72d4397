//! Which projects, in which order.

use std::cmp::Ordering;

use chrono::NaiveDate;
use serde_json::Value;

use super::data::{FieldValue, Project, is_expired};
use super::query::{Query, text};

/// The projects that a list or a filter asks for, in order. The error names the parameter that is not understood.
pub(super) fn projects<'p>(
    query: &Query,
    all: &'p [Project],
    today: NaiveDate,
) -> Result<Vec<&'p Project>, String> {
    let deleted = query.flag("deleted")?.unwrap_or(false);
    let conditions = conditions(query, today)?;
    let any = match query.text("condition").as_deref() {
        None | Some("and") => false,
        Some("or") => true,
        Some(other) => return Err(format!("condition: {other}")),
    };
    let fits = |project: &Project| {
        let mut fulfilled = conditions.iter().map(|condition| condition(project));
        conditions.is_empty() || if any { fulfilled.any(|fits| fits) } else { fulfilled.all(|fits| fits) }
    };
    let compare = order(&query.text("order_by").unwrap_or_else(|| "id".to_owned()))?;
    let descending = query.flag("reverse")?.unwrap_or(false);
    let mut found: Vec<&Project> =
        all.iter().filter(|project| project.deleted == deleted && fits(project)).collect();
    found.sort_by(|one, other| {
        let by_field = compare(one, other);
        if descending { by_field.reverse() } else { by_field }
    });
    Ok(found)
}

type Condition<'q> = Box<dyn Fn(&Project) -> bool + 'q>;

/// `having`, each built-in field and each custom one is a condition of its own. Assumed: the page does not say
/// whether `condition` joins all of them.
fn conditions(query: &Query, today: NaiveDate) -> Result<Vec<Condition<'_>>, String> {
    let mut conditions: Vec<Condition<'_>> = Vec::new();
    if let Some(name) = query.text("having") {
        conditions.push(having(&name, today)?);
    }
    for (name, wanted) in query.members("buildin_data") {
        conditions.push(built_in(name, wanted)?);
    }
    for (name, wanted) in query.members("data") {
        conditions.push(Box::new(move |project| {
            project.data.get(name).is_some_and(|value| fits_value(wanted, value))
        }));
    }
    Ok(conditions)
}

fn having(name: &str, today: NaiveDate) -> Result<Condition<'static>, String> {
    let condition: fn(&Project) -> bool = match name {
        "actions" => |project| !project.actions.is_empty(),
        "payments" => |project| !project.payments.is_empty(),
        "tasks" => |project| project.tasks > 0,
        "goods" => |project| !project.goods.is_empty(),
        "no_actions" => |project| project.actions.is_empty(),
        "no_payments" => |project| project.payments.is_empty(),
        "no_tasks" => |project| project.tasks == 0,
        "no_goods" => |project| project.goods.is_empty(),
        "checklists_expired" => {
            return Ok(Box::new(move |project| {
                project.checklists.iter().any(|list| is_expired(list, today))
            }));
        }
        _ => return Err(format!("having: {name}")),
    };
    Ok(Box::new(condition))
}

fn built_in<'q>(name: &str, wanted: &'q Value) -> Result<Condition<'q>, String> {
    if name == "created" {
        let (from, to) = days(&text(wanted)).ok_or_else(|| format!("created: {}", text(wanted)))?;
        return Ok(Box::new(move |project| (from..=to).contains(&project.created.date())));
    }
    let numbers: fn(&Project) -> Vec<u64> = match name {
        "sales_funnel_id" => |project| vec![project.sales_funnel_id],
        "step_id" => |project| vec![project.step_id],
        "user_id" => |project| vec![project.user_id],
        "group_id" => |project| vec![project.group_id],
        "price" => |project| vec![project.price],
        "currency_id" => |project| vec![project.currency_id],
        "participants_user_id" => |project| project.participants_user_id.clone(),
        "participants_group_id" => |project| project.participants_group_id.clone(),
        "actions_type_id" => |project| project.actions.iter().map(|action| action.actions_type_id).collect(),
        "good_id" => |project| project.goods.iter().map(|good| good.id).collect(),
        _ => return Err(format!("buildin_data: {name}")),
    };
    let wanted = any_of(wanted);
    Ok(Box::new(move |project| numbers(project).iter().any(|number| wanted.contains(&number.to_string()))))
}

fn fits_value(wanted: &Value, value: &FieldValue) -> bool {
    match value {
        FieldValue::Number(number) => any_of(wanted).contains(&number.to_string()),
        FieldValue::Text(value) => any_of(wanted).contains(value),
        FieldValue::Day(day) => {
            any_of(wanted).iter().any(|one| days(one).is_some_and(|(from, to)| (from..=to).contains(day)))
        }
    }
}

/// A day, or two of them joined by `;`, both included.
fn days(text: &str) -> Option<(NaiveDate, NaiveDate)> {
    let (from, to) = text.split_once(';').unwrap_or((text, text));
    Some((from.parse().ok()?, to.parse().ok()?))
}

fn any_of(wanted: &Value) -> Vec<String> {
    match wanted {
        Value::Array(values) => values.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

fn order(field: &str) -> Result<fn(&Project, &Project) -> Ordering, String> {
    Ok(match field {
        "id" => |one, other| one.id.cmp(&other.id),
        "name" => |one, other| one.name.cmp(&other.name),
        "created" => |one, other| one.created.cmp(&other.created),
        "sales_funnel_id" => |one, other| one.sales_funnel_id.cmp(&other.sales_funnel_id),
        "step_id" => |one, other| one.step_id.cmp(&other.step_id),
        "user_id" => |one, other| one.user_id.cmp(&other.user_id),
        "group_id" => |one, other| one.group_id.cmp(&other.group_id),
        "price" => |one, other| one.price.cmp(&other.price),
        "currency_id" => |one, other| one.currency_id.cmp(&other.currency_id),
        _ => return Err(format!("order_by: {field}")),
    })
}
