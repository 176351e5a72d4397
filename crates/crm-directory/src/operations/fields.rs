//! `client/fields` and `person/fields`: the fields that the account has enabled.

use std::collections::BTreeMap;

use bytes::Bytes;
use crm_transport::json::JsonError;
use crm_transport::{Error, Operation, OperationInfo};
use http::{Request, Response};
use serde_json::{Value, json};

use super::catalog;
use crate::operations;

/// `client/fields`: the wire names of the fields of a client, and their titles in this account.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientFields;

/// `person/fields`: the wire names of the fields of a contact, and their titles in this account.
#[derive(Clone, Copy, Debug, Default)]
pub struct PersonFields;

impl Operation for ClientFields {
    type Output = BTreeMap<String, String>;

    const INFO: OperationInfo = catalog::CLIENT_FIELDS;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        operations::request(&Self::INFO, &json!({}))
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        titles(&Self::INFO, response)
    }
}

impl Operation for PersonFields {
    type Output = BTreeMap<String, String>;

    const INFO: OperationInfo = catalog::PERSON_FIELDS;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        operations::request(&Self::INFO, &json!({}))
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        titles(&Self::INFO, response)
    }
}

/// Returns the titles. Those of a group, such as `social`, get the name of the group in front: `social.skype`.
fn titles(info: &OperationInfo, response: &Response<Bytes>) -> Result<BTreeMap<String, String>, Error> {
    let fields: BTreeMap<String, Value> = crm_history::answer::data(info, response)?;
    let mut titles = BTreeMap::new();
    for (name, title) in fields {
        let group = match title {
            Value::String(title) => {
                titles.insert(name, title);
                continue;
            }
            Value::Object(group) => group,
            _ => {
                let fault = JsonError::new(format!("$.data.{name}"), "expected a title");
                return Err(Error::undecodable(info, fault));
            }
        };
        for (part, title) in group {
            let title = title.as_str().unwrap_or_default();
            titles.insert(format!("{name}.{part}"), title.to_owned());
        }
    }
    Ok(titles)
}
