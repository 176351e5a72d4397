//! Pages from bytes to types, by the clients and by hand.

use bytes::Bytes;
use crm_history::operations::List as Entries;
use crm_history::{Entry, EntryQuery, Page};
use crm_projects::operations::List as Projects;
use crm_projects::{Project, ProjectQuery};
use crm_transport::Operation;
use http::Response;
use serde_json::Value;

use crate::by_hand::{self, Data, Payload};

/// The page of 200 activities that a real server gave.
#[must_use]
pub fn entries() -> Response<Bytes> {
    let recording: Value =
        serde_json::from_str(include_str!("../../fixtures/salesman/captures/list-page-of-200.json")).unwrap();
    Response::new(recording["response"]["body"].as_str().unwrap().to_owned().into())
}

/// A page of 1,000 projects as the sandbox makes them.
#[must_use]
pub fn projects() -> Response<Bytes> {
    let project = |id: u64| {
        format!(
            r#"{{"id":{id},"name":"Проект {id}","created":"2020-01-01 10:30:00","sales_funnel_id":2,"step_id":7,"user_id":2,"group_id":3,"price":50.5,"currency_id":2,"participants_user_id":[2,5],"participants_group_id":[3,2],"deleted":"0","data":{{"client_id":2,"contract_date":"2020-01-01","comment":"Клиент \"2\" & Ко"}}}}"#
        )
    };
    let records: Vec<String> = (1..=1_000).map(project).collect();
    Response::new(format!(r#"{{"payload":[{}]}}"#, records.join(",")).into())
}

/// As the client reads it.
#[must_use]
pub fn read_entries(response: &Response<Bytes>) -> Page<Entry> {
    let page = Entries::new(EntryQuery::new()).read(response).unwrap();
    assert_eq!(page.items.len(), 200);
    page
}

/// As the client reads it: a project stays text until a field of it is asked for.
#[must_use]
pub fn read_projects(response: &Response<Bytes>) -> Page<Project> {
    let page = Projects::<Project>::new(ProjectQuery::new()).read(response).unwrap();
    assert_eq!(page.items.len(), 1_000);
    page
}

/// Reads two fields of each project: the number of those that have both.
#[must_use]
pub fn two_fields(response: &Response<Bytes>) -> usize {
    let has_both = |project: &&Project| {
        project.fields.as_str("name").unwrap().is_some()
            && project.fields.as_date("contract_date").unwrap().is_some()
    };
    read_projects(response).items.iter().filter(has_both).count()
}

/// The same two fields, by way of a [`Value`].
#[must_use]
pub fn two_fields_by_value(response: &Response<Bytes>) -> usize {
    let page = value(response);
    let has_both = |project: &&Value| {
        project["name"].as_str().is_some() && project["data"]["contract_date"].as_str().is_some()
    };
    page["payload"].as_array().unwrap().iter().filter(has_both).count()
}

/// As the client reads them into a type of the user's own.
#[must_use]
pub fn own_projects(response: &Response<Bytes>) -> Vec<by_hand::Project> {
    let page = Projects::<by_hand::Project>::new(ProjectQuery::new()).read(response).unwrap();
    assert_eq!(page.items.len(), 1_000);
    page.items
}

/// As strict structs.
#[must_use]
pub fn strict_entries(response: &Response<Bytes>) -> Vec<by_hand::Entry> {
    serde_json::from_slice::<Data<_>>(response.body()).unwrap().data
}

/// As strict structs.
#[must_use]
pub fn strict_projects(response: &Response<Bytes>) -> Vec<by_hand::Project> {
    serde_json::from_slice::<Payload<_>>(response.body()).unwrap().payload
}

/// As whatever it is.
#[must_use]
pub fn value(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}
