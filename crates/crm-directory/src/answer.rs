//! Reads the lists of `user`, `client` and `person`. What all methods have in common is in [`crm_history::answer`].

use bytes::Bytes;
use crm_history::answer;
use crm_model::Page;
use crm_transport::json::{self, JsonError, Members, Object};
use crm_transport::{Error, OperationInfo};
use http::Response;
use serde_core::de::{DeserializeOwned, MapAccess};
use serde_json::value::RawValue;

/// A page of a list, and what the server says of the list.
pub(crate) struct Listed<T> {
    pub(crate) page: Page<T>,
    /// `count`: the records of the page in `client/list`, of the whole list in `person/list` (observed).
    pub(crate) count: Option<u64>,
    /// `params.pageall`: the number of pages.
    pub(crate) pages: Option<u64>,
}

/// Decodes a list. An empty one is `[]`, `{"data":[]}`, `{"count":0}` or the error 404 «Не найдено» (observed, each with
/// other methods of the API). `null` is not an empty list.
pub(crate) fn list<T: DeserializeOwned>(
    info: &OperationInfo,
    response: &Response<Bytes>,
) -> Result<Listed<T>, Error> {
    let json = match answer::json(info, response) {
        Ok(json) => json,
        Err(error) if error.api_code() == Some(404) && error.api_text() == Some("Не найдено") => {
            return Ok(Listed { page: Page::new(Vec::new()), count: Some(0), pages: None });
        }
        Err(error) => return Err(error),
    };
    read(json).map_err(|error| Error::undecodable(info, error))
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<Listed<T>, JsonError> {
    let text = std::str::from_utf8(json).unwrap_or_default();
    if text.starts_with('[') {
        return Ok(Listed { page: json::page(text, "$")?, count: None, pages: None });
    }
    // A record that is not JSON does not hide the others, so each part is looked for by itself.
    let Some(data) = json::member(text, "data") else {
        json::decode::<&RawValue>(json, "$")?;
        return match json::member(text, "count") {
            Some(count) => Ok(Listed {
                page: Page::new(Vec::new()),
                count: Some(json::decode(count.as_bytes(), "$.count")?),
                pages: None,
            }),
            None => Err(JsonError::new("$", "missing field `data`")),
        };
    };
    if !data.starts_with(['[', '{']) {
        return Err(JsonError::new("$.data", "expected a list"));
    }
    let part = |name: &str| json::member(text, name);
    Ok(Listed {
        page: json::page(data, "$.data")?,
        count: part("count").map(|count| json::decode(count.as_bytes(), "$.count")).transpose()?,
        pages: match part("params") {
            Some(params) => json::decode::<Object<Params>>(params.as_bytes(), "$.params")?.0.pageall,
            None => None,
        },
    })
}

#[derive(Default)]
struct Params {
    pageall: Option<u64>,
}

impl<'de> Members<'de> for Params {
    const KEYS: &'static [&'static str] = &["pageall"];

    fn read_member<A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        self.pageall = map.next_value()?;
        Ok(())
    }
}

/// Checks each record of a page against its question. `misfit` returns the parameter that was ignored.
pub(crate) fn check<T>(
    info: &OperationInfo,
    page: &Page<T>,
    name: impl Fn(&T) -> String,
    misfit: impl Fn(&T) -> Option<&'static str>,
) -> Result<(), Error> {
    for record in &page.items {
        if let Some(parameter) = misfit(record) {
            let found = format!("{} arrived, which does not fit it", name(record));
            return Err(Error::ignored_parameter(info, parameter, found));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm_model::directory::Contact;
    use crm_transport::Operation;

    use crate::operations::PersonList;

    fn read(body: &str) -> Result<usize, String> {
        let response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
        let listed = list::<Contact>(&PersonList::INFO, &response);
        listed.map(|listed| listed.page.len()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_form_of_an_empty_list_is_empty() {
        for body in [
            "[]",
            r#"{"data":[],"params":{"page":1,"pageall":0},"count":0}"#,
            r#"{"count":0}"#,
            r#"{"result":"Error","error":{"code":404,"text":"Не найдено"}}"#,
            r#"{"data":[]}"#,
        ] {
            assert_eq!(read(body), Ok(0), "{body}");
        }
    }

    #[test]
    fn what_is_not_a_list_is_not_an_empty_one() {
        for body in [
            r#"{"data":null,"count":0}"#,
            r#"{"data":false}"#,
            r#"{"data":""}"#,
            r#"{"rows":[]}"#,
            "{}",
            r#"{"result":"Error","error":{"code":404,"text":"Неизвестный метод"}}"#,
            r#"{"error":{"code":"404","text":"Пользователь не найден"}}"#,
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
