//! [`Table`]: the tables of a copy and their columns.

use std::fmt;
use std::str::FromStr;

use crm_history::InvalidValue;

/// A table of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Table {
    /// `activities`: the history of SalesMan CRM.
    Activities,
    /// `activity_types`: the types of activities.
    ActivityTypes,
    /// `users`: the employees.
    Users,
    /// `clients`: companies and persons.
    Clients,
    /// `contacts`: persons, usually at a client.
    Contacts,
    /// `projects`: the projects of solOS.
    Projects,
    /// `project_steps`: the steps that projects went through.
    ProjectSteps,
    /// `project_actions`: the actions (events) of projects.
    ProjectActions,
    /// `checklists`: the checklists of projects.
    Checklists,
    /// `goods`: the goods of projects.
    Goods,
    /// `payments`: the payments of projects.
    Payments,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 11] = [
        Self::Activities,
        Self::ActivityTypes,
        Self::Users,
        Self::Clients,
        Self::Contacts,
        Self::Projects,
        Self::ProjectSteps,
        Self::ProjectActions,
        Self::Checklists,
        Self::Goods,
        Self::Payments,
    ];

    /// The tables whose records belong to a project.
    pub(crate) const CHILDREN: [Self; 5] =
        [Self::ProjectSteps, Self::ProjectActions, Self::Checklists, Self::Goods, Self::Payments];

    /// Returns the name of the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activities => "activities",
            Self::ActivityTypes => "activity_types",
            Self::Users => "users",
            Self::Clients => "clients",
            Self::Contacts => "contacts",
            Self::Projects => "projects",
            Self::ProjectSteps => "project_steps",
            Self::ProjectActions => "project_actions",
            Self::Checklists => "checklists",
            Self::Goods => "goods",
            Self::Payments => "payments",
        }
    }

    /// Returns `true` if the records belong to a project. Their key is `project_id`, `id` and `occurrence`.
    #[must_use]
    pub fn belongs_to_project(self) -> bool {
        Self::CHILDREN.contains(&self)
    }

    /// Returns the columns of the key.
    #[must_use]
    pub fn key_columns(self) -> &'static [&'static str] {
        if self.belongs_to_project() { &["project_id", "id", "occurrence"] } else { &["id"] }
    }

    /// Returns the typed columns, without the key and without the columns that every table has.
    #[must_use]
    pub fn columns(self) -> &'static [(&'static str, ColumnKind)] {
        use ColumnKind::{Boolean, Date, Decimal, Integer, Json, Text, Time};
        match self {
            Self::Activities => &[
                ("at", Time),
                ("content", Text),
                ("type", Text),
                ("user_id", Integer),
                ("user_login", Text),
                ("client_id", Integer),
                ("deal_id", Integer),
                ("contacts", Json),
            ],
            Self::ActivityTypes => &[("title", Text), ("color", Text), ("filter", Text)],
            Self::Users => &[
                ("uid", Text),
                ("department_uid", Text),
                ("name", Text),
                ("login", Text),
                ("email", Text),
                ("is_active", Boolean),
                ("role", Text),
                ("position", Text),
                ("phone", Text),
                ("extension", Text),
                ("mobile", Text),
            ],
            Self::Clients => &[
                ("uid", Text),
                ("type", Text),
                ("created", Time),
                ("changed", Time),
                ("name", Text),
                ("user_id", Integer),
                ("user_login", Text),
                ("phone", Text),
                ("fax", Text),
                ("site", Text),
                ("email", Text),
                ("address", Text),
                ("description", Text),
                ("category_id", Integer),
                ("category", Text),
                ("territory_id", Integer),
                ("territory", Text),
                ("source_id", Integer),
                ("source", Text),
                ("relation", Text),
                ("main_contact_id", Integer),
                ("parent_id", Integer),
            ],
            Self::Contacts => &[
                ("created", Time),
                ("changed", Time),
                ("client_id", Integer),
                ("position", Text),
                ("name", Text),
                ("phone", Text),
                ("fax", Text),
                ("mobile", Text),
                ("email", Text),
                ("user_id", Integer),
                ("user_login", Text),
                ("loyalty", Text),
                ("source", Text),
                ("role", Text),
            ],
            Self::Projects => &[
                ("created", Time),
                ("sales_funnel_id", Integer),
                ("step_id", Integer),
                ("user_id", Integer),
                ("group_id", Integer),
                ("price", Decimal),
                ("currency_id", Integer),
            ],
            Self::ProjectSteps => {
                &[("name", Text), ("position", Integer), ("date", Time), ("user_id", Integer)]
            }
            Self::ProjectActions => &[
                ("type_id", Integer),
                ("name", Text),
                ("date", Time),
                ("user_id", Integer),
                ("comment", Text),
            ],
            Self::Checklists => &[("name", Text)],
            Self::Goods => &[("name", Text), ("count", Decimal), ("price", Decimal)],
            Self::Payments => &[
                ("kind", Text),
                ("amount", Decimal),
                ("currency_id", Integer),
                ("date", Date),
                ("comment", Text),
            ],
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Table {
    type Err = InvalidValue;

    /// Reads the name of a table.
    fn from_str(name: &str) -> Result<Self, InvalidValue> {
        let table = Self::ALL.into_iter().find(|table| table.as_str() == name);
        table.ok_or_else(|| InvalidValue::new("Table", "the name of a table, such as activities"))
    }
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnKind {
    /// A whole number: `INTEGER` in SQLite, `bigint` in PostgreSQL.
    Integer,
    /// A text.
    Text,
    /// A decimal number: its digits as text in SQLite, `numeric` in PostgreSQL. Never a float.
    Decimal,
    /// A local time of the account: `YYYY-MM-DD HH:MM:SS` as text in SQLite, `timestamp` in PostgreSQL.
    Time,
    /// A day: `YYYY-MM-DD` as text in SQLite, `date` in PostgreSQL.
    Date,
    /// A flag: 1 or 0 in SQLite, `boolean` in PostgreSQL.
    Boolean,
    /// JSON: text in SQLite, `jsonb` in PostgreSQL.
    Json,
}

impl ColumnKind {
    const NAMES: [(&'static str, Self); 7] = [
        ("integer", Self::Integer),
        ("text", Self::Text),
        ("decimal", Self::Decimal),
        ("time", Self::Time),
        ("date", Self::Date),
        ("boolean", Self::Boolean),
        ("json", Self::Json),
    ];
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, kind)| kind == self);
        f.pad(name.map_or("", |(name, _)| name))
    }
}

impl FromStr for ColumnKind {
    type Err = InvalidValue;

    /// Reads one of the words `integer`, `text`, `decimal`, `time`, `date`, `boolean`, `json`.
    fn from_str(name: &str) -> Result<Self, InvalidValue> {
        let kind = Self::NAMES.iter().find(|(known, _)| *known == name);
        kind.map(|(_, kind)| *kind).ok_or_else(|| {
            InvalidValue::new("ColumnKind", "one of integer, text, decimal, time, date, boolean, json")
        })
    }
}

/// A table with the columns that the user has added to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The table.
    pub table: Table,
    /// The typed columns, the user's own last.
    pub columns: Vec<(String, ColumnKind)>,
}

impl Shape {
    /// Returns the shape of a table. `own` are the columns that the user has added to the projects.
    pub(crate) fn new(table: Table, own: &[(String, ColumnKind)]) -> Self {
        let mut columns: Vec<_> =
            table.columns().iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        if table == Table::Projects {
            columns.extend_from_slice(own);
        }
        Self { table, columns }
    }
}
