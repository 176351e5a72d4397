//! What bad input gets: a clear error before anything is sent, naming the field.

use crate::common::{history, projects};
use chrono::{NaiveDate, NaiveDateTime};
use crm::history::operations as h;
use crm::history::{ApiKey, ClientId, ContactId, DealId, EntryQuery, HistoryClient, NewEntry};
use crm::projects::operations as p;
use crm::projects::{
    ActionId, ActionQuery, PaymentId, PaymentQuery, ProjectFilter, ProjectId, ProjectQuery, ProjectsClient,
    StepQuery, TokenPair,
};
use crm::{Delivery, Error, ErrorKind, Operation};

fn day(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap()
}

#[track_caller]
fn refused(result: Result<impl Sized, Error>, field: &str) {
    let Err(error) = result else { panic!("{field} was not refused") };
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.field(), Some(field), "{error}");
    assert!(error.is_invalid_request() && error.to_string().contains(field), "{error}");
}

#[track_caller]
fn refused_by_history<O: Operation>(operation: &O, field: &str) {
    refused(history("https://crm.example.test").prepare(operation), field);
}

#[track_caller]
fn refused_by_projects<O: Operation>(operation: &O, field: &str) {
    refused(projects("https://crm.example.test").prepare(operation), field);
}

#[test]
fn a_faulty_address_is_refused() {
    for address in [
        "crm.example.ru",
        "https://",
        "https://host/?x=1",
        "https://user@host",
        "https://user:password@host",
        "http://crm.example.ru",
    ] {
        refused(HistoryClient::builder(address).credentials(ApiKey::new("k", "l")).build(), "address");
        refused(ProjectsClient::builder(address).credentials(TokenPair::new("t", "s")).build(), "address");
    }
}

#[test]
fn plain_http_can_be_allowed_in_so_many_words() {
    let builder = HistoryClient::builder("http://crm.example.ru").credentials(ApiKey::new("k", "l"));
    assert!(builder.allow_insecure_http().build().is_ok());
}

#[test]
fn a_secret_that_no_header_can_carry_is_refused() {
    for bad in ["", " ", "a\n", "a\r\nx: y", "a\0b", " a"] {
        let history = |key: &str, login: &str| {
            HistoryClient::builder("https://host").credentials(ApiKey::new(key, login)).build()
        };
        refused(history(bad, "login"), "apikey");
        refused(history("key", bad), "login");
        let projects = |token: &str, secret: &str| {
            ProjectsClient::builder("https://host").credentials(TokenPair::new(token, secret)).build()
        };
        refused(projects(bad, "secret"), "token");
        refused(projects("token", bad), "secret");
        refused(crate::common::history("https://host").with_credentials(ApiKey::new(bad, "login")), "apikey");
    }
}

#[test]
fn a_key_or_login_that_the_server_would_take_for_sql_is_refused() {
    for bad in ["a'b", "a\\"] {
        let client = crate::common::history("https://host");
        refused(client.with_credentials(ApiKey::new(bad, "login")), "apikey");
        refused(client.with_credentials(ApiKey::new("key", bad)), "login");
    }
}

#[test]
fn missing_credentials_are_refused() {
    refused(HistoryClient::builder("https://host").build(), "credentials");
}

#[test]
fn a_faulty_activity_is_refused() {
    let good = || NewEntry::new("x");
    for (entry, field) in [
        (NewEntry::new(""), "content"),
        (NewEntry::new(" \n"), "content"),
        (good().user(""), "user"),
        (good().activity_type(" "), "activity_type"),
        (good().client(ClientId(0)), "client"),
        (good().contacts([ContactId(1), ContactId(0)]), "contacts"),
        (good().deal(DealId(0)), "deal"),
        (good().deal(DealId(u64::MAX)), "deal"),
        (good().user("o'hara"), "user"),
        (good().activity_type(r"\u0410"), "activity_type"),
        (good().mark("1 2"), "mark"),
        (good().at(NaiveDateTime::MAX), "at"),
        (good().at(day(999).into()), "at"),
    ] {
        refused_by_history(&h::Add::new(entry.clone()), field);
        refused_by_history(&h::AddList::new(vec![good(), entry]), &format!("list[1].{field}"));
    }
}

#[test]
fn a_faulty_query_of_activities_is_refused() {
    for (query, field) in [
        (EntryQuery::new().between(day(2024), day(2023)), "between"),
        (EntryQuery::new().since(day(999)), "since"),
        (EntryQuery::new().until(NaiveDate::MAX), "until"),
        (EntryQuery::new().user(""), "user"),
        (EntryQuery::new().user("a\\"), "user"),
        (EntryQuery::new().word(" "), "word"),
        (EntryQuery::new().activity_type(""), "activity_type"),
        (EntryQuery::new().client(ClientId(0)), "client"),
        (EntryQuery::new().contact(ContactId(0)), "contact"),
        (EntryQuery::new().deal(DealId(0)), "deal"),
    ] {
        refused_by_history(&h::List::new(query.clone()), field);
    }
}

#[test]
fn a_faulty_query_of_projects_is_refused() {
    for (query, field) in [
        (ProjectQuery::new().count(0), "count"),
        (ProjectQuery::new().count(100).count(50), "count"),
        (ProjectQuery::new().order_by(""), "order_by"),
        (ProjectQuery::new().order_by("id; drop"), "order_by"),
    ] {
        refused_by_projects(&p::List::<()>::new(query.clone()), field);
    }
    refused_by_projects(&p::Info::<()>::new(ProjectId(0)), "id");
    refused_by_projects(&p::ActionInfo::<()>::new(ActionId(0)), "id");
    refused_by_projects(&p::Steps::<()>::new(ProjectId(1), StepQuery::new().steps([0; 0])), "steps");
    refused_by_projects(&p::Actions::<()>::new(ProjectId(1), ActionQuery::new().count(1).count(2)), "count");
    refused_by_projects(&p::Actions::<()>::new(ProjectId(1), ActionQuery::new().types([1, 0])), "types");
    refused_by_projects(
        &p::Actions::<()>::new(ProjectId(1), ActionQuery::new().action(ActionId(0))),
        "action",
    );
    refused_by_projects(&p::Payments::<()>::new(ProjectId(1), PaymentQuery::new().count(0)), "count");
    refused_by_projects(
        &p::Payments::<()>::new(ProjectId(1), PaymentQuery::new().payment(PaymentId(0))),
        "payment",
    );
}

#[test]
fn a_faulty_filter_of_projects_is_refused() {
    for (filter, field) in [
        (ProjectFilter::new().created(day(2024), day(2023)), "created"),
        (ProjectFilter::new().users([0; 0]), "users"),
        (ProjectFilter::new().goods([1, 0]), "goods"),
        (ProjectFilter::new().field("", 1), "field"),
        (ProjectFilter::new().count(1).count(2), "count"),
        (ProjectFilter::new().order_by("id desc"), "order_by"),
    ] {
        refused_by_projects(&p::Filter::<()>::new(filter.clone()), field);
    }
}

#[test]
fn the_same_page_size_twice_is_no_fault() {
    let query = ProjectQuery::new().count(100).count(100);
    assert!(projects("https://host").prepare(&p::List::<()>::new(query.clone())).is_ok());
}
