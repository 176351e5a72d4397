//! What a user would write instead: strict structs by serde, and calls by reqwest.

#![allow(missing_docs, reason = "the vendors' names, described in crm-model")]
#![allow(dead_code, reason = "the fields are decoded, not read")]

use serde::Deserialize;

/// SalesMan's envelope.
#[derive(Debug, Deserialize)]
pub struct Data<T> {
    pub data: T,
}

/// solOS's envelope.
#[derive(Debug, Deserialize)]
pub struct Payload<T> {
    pub payload: T,
}

/// An activity, with a time that is only a text.
#[derive(Debug, Deserialize)]
pub struct Entry {
    pub cid: u64,
    datum: String,
    content: String,
    tip: Option<String>,
    iduser: u64,
    user: String,
    clid: u64,
    client: String,
    #[serde(default)]
    person: Vec<Person>,
    did: u64,
    dogovor: String,
}

#[derive(Debug, Deserialize)]
struct Person {
    pid: u64,
    person: String,
}

/// A project with the fields of one account.
#[derive(Debug, Deserialize)]
pub struct Project {
    pub id: u64,
    name: String,
    created: String,
    sales_funnel_id: u64,
    step_id: u64,
    user_id: u64,
    group_id: u64,
    price: f64,
    currency_id: u64,
    participants_user_id: Vec<u64>,
    participants_group_id: Vec<u64>,
    deleted: String,
    data: Dynamic,
}

#[derive(Debug, Deserialize)]
struct Dynamic {
    client_id: u64,
    comment: String,
    contract_date: Option<String>,
}

#[cfg(feature = "clients")]
pub use calls::Crm;

#[cfg(feature = "clients")]
mod calls {
    use chrono::NaiveDateTime;
    use serde_json::json;

    use super::{Data, Entry, Payload, Project};

    /// Both CRMs by hand.
    #[derive(Debug)]
    pub struct Crm {
        client: reqwest::Client,
        url: String,
    }

    impl Crm {
        /// Talks to the sandbox at this address.
        #[must_use]
        pub fn new(url: &str) -> Self {
            // It says its name, as the clients do: both send the same request.
            let client = reqwest::Client::builder().user_agent("crm/0.1.0").build().unwrap();
            Self { client, url: url.to_owned() }
        }

        fn history(
            &self,
            method: reqwest::Method,
            action: &str,
            body: &serde_json::Value,
        ) -> reqwest::RequestBuilder {
            self.client
                .request(method, format!("{}/developer/v3/history/{action}", self.url))
                .header("apikey", crm_sandbox::APIKEY)
                .header("login", crm_sandbox::BOSS)
                .header("content-type", "application/json")
                .body(body.to_string())
        }

        pub async fn entry(&self, id: u64) -> Entry {
            let request = self.history(reqwest::Method::GET, "info", &json!({ "cid": id }));
            let answer = request.send().await.unwrap().bytes().await.unwrap();
            serde_json::from_slice::<Data<Entry>>(&answer).unwrap().data
        }

        pub async fn project(&self, id: u64) -> Project {
            let request = self
                .client
                .get(format!("{}/backend/public/projects/info?id={id}", self.url))
                .header("x-crypto-token", crm_sandbox::TOKEN)
                .header("x-crypto-secret", crm_sandbox::SECRET);
            let answer = request.send().await.unwrap().bytes().await.unwrap();
            serde_json::from_slice::<Payload<Project>>(&answer).unwrap().payload
        }

        /// A page after the other until an empty one.
        pub async fn all(&self) -> Vec<Entry> {
            let mut all = Vec::new();
            for page in 0.. {
                let body = json!({
                    "dateStart": "1000-01-01", "dateEnd": "9999-12-31", "order": "cid", "first": "old", "offset": page,
                });
                let request = self.history(reqwest::Method::GET, "list", &body);
                let answer = request.send().await.unwrap().bytes().await.unwrap();
                if &answer[..] == b"[]" {
                    break;
                }
                all.extend(serde_json::from_slice::<Data<Vec<Entry>>>(&answer).unwrap().data);
            }
            all
        }

        /// Adds these activities in one call, and returns how many were stored.
        pub async fn add_list(&self, activities: &[(String, NaiveDateTime)]) -> usize {
            let list: Vec<_> = activities
                .iter()
                .map(|(content, at)| json!({ "content": content, "clid": 1, "datum": at.to_string() }))
                .collect();
            let request = self.history(reqwest::Method::POST, "add.list", &json!({ "list": list }));
            let answer = request.send().await.unwrap().bytes().await.unwrap();
            serde_json::from_slice::<Vec<Data<u64>>>(&answer).unwrap().len()
        }

        pub async fn add(&self, content: &str) -> u64 {
            let body = json!({ "content": content, "clid": 1, "datum": "2024-06-25 10:00:00" });
            let request = self.history(reqwest::Method::POST, "add", &body);
            let answer = request.send().await.unwrap().bytes().await.unwrap();
            serde_json::from_slice::<Data<u64>>(&answer).unwrap().data
        }
    }
}
