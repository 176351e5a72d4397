//! Which projects, in which order, which page.

use std::cmp::Ordering;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::data::{FieldValue, Project, is_expired};

/// What a request for projects asks for. The query string and the JSON body of the filter use the same names.
pub(crate) struct Query {
    members: Map<String, Value>,
}

/// Records in an answer when `count` is absent. Assumed: no default is documented.
const DEFAULT_COUNT: u64 = 100;

impl Query {
    pub(crate) fn from_query(query: &str) -> Query {
        let members = form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect();
        Query { members }
    }

    pub(crate) fn from_body(body: &[u8]) -> Option<Query> {
        serde_json::from_slice(body).ok().map(|members| Query { members })
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.members.get(name).map(text).filter(|text| !text.is_empty())
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.text(name).map(|flag| flag == "1")
    }

    pub(crate) fn day(&self, name: &str) -> Option<NaiveDate> {
        self.text(name)?.parse().ok()
    }

    /// Ids joined by underscores.
    pub(crate) fn ids(&self, name: &str) -> Option<Vec<u64>> {
        Some(self.text(name)?.split('_').filter_map(|id| id.parse().ok()).collect())
    }

    /// The part of `items` that `offset` and `count` ask for.
    pub(crate) fn page<T>(&self, items: Vec<T>) -> Vec<T> {
        let offset = self.number("offset").unwrap_or(0) as usize;
        let count = self.number("count").unwrap_or(DEFAULT_COUNT) as usize;
        items.into_iter().skip(offset).take(count).collect()
    }

    /// The projects that fit, in order; an error names the parameter that is not understood.
    pub(crate) fn projects<'p>(
        &self,
        all: &'p [Project],
        today: NaiveDate,
    ) -> Result<Vec<&'p Project>, String> {
        let deleted = self.flag("deleted").unwrap_or(false);
        let conditions = self.conditions(today)?;
        let any = match self.text("condition").as_deref() {
            None | Some("and") => false,
            Some("or") => true,
            Some(other) => return Err(format!("condition: {other}")),
        };
        let fits = |project: &Project| {
            let mut fulfilled = conditions.iter().map(|condition| condition(project));
            conditions.is_empty() || if any { fulfilled.any(|fits| fits) } else { fulfilled.all(|fits| fits) }
        };
        let mut found: Vec<&Project> =
            all.iter().filter(|project| project.deleted == deleted && fits(project)).collect();
        let compare = order(&self.text("order_by").unwrap_or_else(|| "id".to_owned()))?;
        let descending = self.flag("reverse").unwrap_or(false);
        found.sort_by(|one, other| {
            let by_field = compare(one, other);
            if descending { by_field.reverse() } else { by_field }
        });
        Ok(found)
    }

    fn conditions(&self, today: NaiveDate) -> Result<Vec<Condition<'_>>, String> {
        let mut conditions: Vec<Condition<'_>> = Vec::new();
        if let Some(name) = self.text("having") {
            conditions.push(having(&name, today)?);
        }
        for (name, wanted) in members(self.members.get("buildin_data")) {
            conditions.push(built_in(name, wanted)?);
        }
        for (name, wanted) in members(self.members.get("data")) {
            conditions.push(Box::new(move |project| {
                project.data.get(name).is_some_and(|value| fits_value(wanted, value))
            }));
        }
        Ok(conditions)
    }
}

type Condition<'q> = Box<dyn Fn(&Project) -> bool + 'q>;

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

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten().map(|(name, value)| (name.as_str(), value))
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
