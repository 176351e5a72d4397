//! Projects and what belongs to them.

use std::borrow::Cow;

use crm_projects::{Action, Checklist, FieldError, Fields, Good, Payment, Project, Step};
use serde::Serialize;

use super::Copied;
use crate::row::{Key, Row, Value, fingerprint, json};
use crate::table::{ColumnKind, Table};

/// A typed column stays empty where the record holds something else. The JSON has it.
fn known<T>(value: Result<Option<T>, FieldError>) -> Option<T> {
    value.ok().flatten()
}

fn text(value: Result<Option<Cow<'_, str>>, FieldError>) -> Value {
    Value::text(known(value))
}

/// Decimal digits, as both databases read them.
fn decimal(value: Result<Option<Cow<'_, str>>, FieldError>) -> Value {
    Value::text(known(value).map(|digits| digits.trim().trim_start_matches('+').to_owned()))
}

impl Copied for Project {
    const TABLE: Table = Table::Projects;

    fn id(&self) -> u64 {
        self.id.0
    }

    fn values(&self, own_columns: &[(String, ColumnKind)]) -> Vec<Value> {
        let mut values = vec![
            Value::time(known(self.created())),
            Value::id(known(self.sales_funnel_id())),
            Value::id(known(self.step_id())),
            Value::id(known(self.user_id())),
            Value::id(known(self.group_id())),
            decimal(self.price()),
            Value::id(known(self.currency_id())),
        ];
        values.extend(own_columns.iter().map(|(name, kind)| own_value(&self.fields, name, *kind)));
        values
    }
}

/// Returns the value of a custom field.
fn own_value(fields: &Fields, name: &str, kind: ColumnKind) -> Value {
    match kind {
        ColumnKind::Integer => {
            let digits = known(fields.as_str(name));
            digits.and_then(|digits| digits.trim().parse().ok()).map_or(Value::Null, Value::Integer)
        }
        ColumnKind::Text => text(fields.as_str(name)),
        ColumnKind::Decimal => decimal(fields.as_decimal_str(name)),
        ColumnKind::Time => Value::time(known(fields.as_datetime(name))),
        ColumnKind::Date => Value::date(known(fields.as_date(name))),
        ColumnKind::Boolean => Value::flag(known(fields.as_bool(name))),
        ColumnKind::Json => fields.get(name).map_or(Value::Null, |value| Value::Json(json(&value))),
    }
}

/// A record that belongs to a project.
pub(crate) trait Child: Serialize {
    fn id(&self) -> u64;

    fn values(&self) -> Vec<Value>;
}

/// Returns the row of a record that belongs to a project; `None` if an ID is too large for a database.
pub(crate) fn child_row(project_id: i64, child: &impl Child, occurrence: i64) -> Option<Row> {
    let key = Key { project_id, id: i64::try_from(child.id()).ok()?, occurrence };
    let raw = json(child);
    let fingerprint = fingerprint(&raw);
    Some(Row { key, values: child.values(), raw, fingerprint, detail: None, phones: Vec::new() })
}

impl Child for Step {
    fn id(&self) -> u64 {
        self.id.0
    }

    fn values(&self) -> Vec<Value> {
        vec![
            text(self.name()),
            Value::id(known(self.order())),
            Value::time(known(self.date())),
            Value::id(known(self.user_id())),
        ]
    }
}

impl Child for Action {
    fn id(&self) -> u64 {
        self.id.0
    }

    fn values(&self) -> Vec<Value> {
        vec![
            Value::id(known(self.type_id())),
            text(self.name()),
            Value::time(known(self.date())),
            Value::id(known(self.user_id())),
            text(self.comment()),
        ]
    }
}

impl Child for Checklist {
    fn id(&self) -> u64 {
        self.id.0
    }

    fn values(&self) -> Vec<Value> {
        vec![text(self.name())]
    }
}

impl Child for Good {
    fn id(&self) -> u64 {
        self.id.0
    }

    fn values(&self) -> Vec<Value> {
        vec![text(self.name()), decimal(self.count()), decimal(self.price())]
    }
}

impl Child for Payment {
    fn id(&self) -> u64 {
        self.id.0
    }

    fn values(&self) -> Vec<Value> {
        let kind = known(self.kind()).map(|kind| match kind {
            crm_projects::PaymentKind::Income => "income",
            crm_projects::PaymentKind::Expense => "expense",
            other => other.as_str(),
        });
        vec![
            Value::text(kind),
            decimal(self.amount()),
            Value::id(known(self.currency_id())),
            Value::date(known(self.date())),
            text(self.comment()),
        ]
    }
}
