//! `fields`: the fields of an activity.

use std::collections::BTreeMap;

use bytes::Bytes;
use crm_transport::json::JsonError;
use crm_transport::{Error, ErrorKind, Operation, OperationInfo};
use http::{Request, Response};
use serde_json::Value;

use super::catalog;
use crate::answer;

/// `history/fields`: the wire names of the fields of an activity, and their titles in this account.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fields;

impl Operation for Fields {
    type Output = BTreeMap<String, String>;

    const INFO: OperationInfo = catalog::FIELDS;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        Self::INFO.request(&[], Bytes::new())
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        let fault = |path: &str, found| {
            Error::undecodable(&Self::INFO, JsonError::new(path, format!("expected titles, found {found}")))
        };
        let names = match answer::data::<Value>(&Self::INFO, response) {
            // PHP's empty array, or the empty list that `list` returns without records (observed there)
            Ok(Value::Array(none)) if none.is_empty() => return Ok(BTreeMap::new()),
            Err(error) if error.kind() == ErrorKind::NoRecord => return Ok(BTreeMap::new()),
            names => names?,
        };
        match names {
            Value::Object(names) => names
                .into_iter()
                .map(|(column, name)| match name {
                    Value::String(name) => Ok((column, name)),
                    Value::Null => Ok((column, String::new())),
                    Value::Number(name) => Ok((column, name.to_string())),
                    _ => Err(fault(&format!("$.data.{column}"), "no text")),
                })
                .collect(),
            _ => Err(fault("$.data", "no object")),
        }
    }
}
