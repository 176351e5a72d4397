//! The outer form of an answer. None is documented, so it is a setting.

use std::str::FromStr;

use crate::json::Json;

/// The envelope of the records in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ProjectsShape {
    /// Nothing: `[{…}, {…}]`, and `{…}` for one record.
    Bare,
    /// `{"payload": […]}`, and `{"payload": {…}}` for one record: the form of the vendor's examples of version 1.
    #[default]
    Payload,
    /// `{"data": […]}`, and `{"data": {…}}` for one record.
    Data,
    /// `{"payload": {"1": {…}, "2": {…}}}`, for one record too: how PHP writes an array with IDs for keys. Nothing
    /// at all is `{"payload": []}`.
    Keyed,
}

impl FromStr for ProjectsShape {
    type Err = String;

    fn from_str(name: &str) -> Result<ProjectsShape, String> {
        match name {
            "bare" => Ok(ProjectsShape::Bare),
            "payload" => Ok(ProjectsShape::Payload),
            "data" => Ok(ProjectsShape::Data),
            "keyed" => Ok(ProjectsShape::Keyed),
            _ => Err(format!("no shape {name:?}: it is bare, payload, data or keyed")),
        }
    }
}

impl ProjectsShape {
    pub(super) fn list(self, records: Vec<Record>, total: Option<usize>) -> Json {
        let list = |records: Vec<Record>| Json::List(records.into_iter().map(|record| record.json).collect());
        let mut members = match self {
            ProjectsShape::Bare => return list(records),
            ProjectsShape::Payload => vec![("payload".into(), list(records))],
            ProjectsShape::Data => vec![("data".into(), list(records))],
            ProjectsShape::Keyed if records.is_empty() => vec![("payload".into(), Json::List(vec![]))],
            ProjectsShape::Keyed => vec![("payload".into(), keyed(records))],
        };
        if let Some(total) = total {
            members.push(("total".into(), Json::from(total as u64)));
        }
        Json::Object(members)
    }

    pub(super) fn one(self, record: Record) -> Json {
        match self {
            ProjectsShape::Bare => record.json,
            ProjectsShape::Payload => Json::object([("payload", record.json)]),
            ProjectsShape::Data => Json::object([("data", record.json)]),
            ProjectsShape::Keyed => Json::object([("payload", keyed(vec![record]))]),
        }
    }
}

/// A record of an answer with its ID.
pub(super) struct Record {
    pub(super) id: u64,
    pub(super) json: Json,
}

fn keyed(records: Vec<Record>) -> Json {
    Json::Object(records.into_iter().map(|record| (record.id.to_string().into(), record.json)).collect())
}
