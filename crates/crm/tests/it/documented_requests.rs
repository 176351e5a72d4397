//! Every documented request is built by the public API: compared with the vendor's, and snapshot whole.

use std::fmt::Write as _;

use crate::common::{fixture, history, projects};
use chrono::{NaiveDate, NaiveDateTime};
use crm::history::operations as h;
use crm::history::{ClientId, ContactId, DealId, EntryId, EntryOrder, EntryQuery, NewEntry};
use crm::projects::operations as p;
use crm::projects::{
    ActionId, ActionQuery, Condition, Having, PaymentId, PaymentKind, PaymentQuery, ProjectFilter, ProjectId,
    ProjectQuery, StepQuery,
};
use crm::{Bytes, Operation};
use serde_json::Value;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn time(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
}

/// The request as text: method, address, headers (secrets as `Sensitive`), body.
fn whole(request: &crm::http::Request<Bytes>) -> String {
    let mut text = format!("{} {}\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        let version = concat!("crm/", env!("CARGO_PKG_VERSION"));
        let value = format!("{value:?}").replace(version, "crm/VERSION");
        writeln!(text, "{name}: {value}").unwrap();
    }
    if !request.body().is_empty() {
        write!(text, "\n{}", String::from_utf8_lossy(request.body())).unwrap();
    }
    text
}

/// Compares with the fixture of the operation: method, path, query, body, and the names of the headers.
fn matches<O: Operation>(request: &crm::http::Request<Bytes>) {
    let folder = if O::INFO.id.starts_with("history") { "salesman/documented" } else { "solos/documented" };
    let documented = &fixture(folder, O::INFO.id)["request"];
    assert_eq!(request.method().as_str(), documented["method"], "{}", O::INFO.id);
    assert_eq!(request.uri().path(), documented["path"], "{}", O::INFO.id);
    assert_eq!(request.uri().query(), documented["query"].as_str(), "{}", O::INFO.id);
    let body =
        if request.body().is_empty() { Value::Null } else { serde_json::from_slice(request.body()).unwrap() };
    assert_eq!(with_seconds(body), with_seconds(documented["body"].clone()), "{}", O::INFO.id);
    for (name, value) in documented["headers"].as_object().unwrap() {
        let sent = &request.headers()[name.to_ascii_lowercase().as_str()];
        if name == "Content-Type" {
            assert_eq!(sent.as_bytes(), value.as_str().unwrap().as_bytes());
        } else {
            assert!(sent.is_sensitive(), "{name} is not marked sensitive");
        }
    }
}

/// The page writes times with and without seconds; they are sent with them.
fn with_seconds(mut body: Value) -> Value {
    match &mut body {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str() {
                    Some(time) if key == "datum" && time.len() == 16 => *value = format!("{time}:00").into(),
                    _ => *value = with_seconds(value.take()),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| *value = with_seconds(value.take())),
        _ => {}
    }
    body
}

fn check_history<O: Operation>(operation: &O) {
    let request = history("https://crm.example.test").prepare(operation).unwrap();
    matches::<O>(&request);
    insta::assert_snapshot!(O::INFO.id, whole(&request));
}

fn check_projects<O: Operation>(operation: &O) {
    let request = projects("https://crm.example.test").prepare(operation).unwrap();
    matches::<O>(&request);
    insta::assert_snapshot!(O::INFO.id, whole(&request));
}

#[test]
fn each_request_of_the_history_is_the_documented_one() {
    check_history(&h::Fields);
    check_history(&h::ActivityTypes);
    let query = EntryQuery::new().order_by(EntryOrder::At).between(day("2012-12-18"), day("2012-12-18"));
    check_history(&h::List::new(query.clone()));
    check_history(&h::Info::new(EntryId(777)));
    let entry = |minute, tip: &str, content: &str, deal| {
        NewEntry::new(content)
            .user("marand@omadaru.ru")
            .at(time(minute))
            .activity_type(tip)
            .client(ClientId(1781))
            .contacts([ContactId(2475), ContactId(2723)])
            .deal(DealId(deal))
    };
    check_history(&h::Add::new(entry("2024-06-25 14:25", "Предложение", "Отправлено КП", 784)));
    check_history(&h::AddList::new(vec![
        entry("2024-06-25 14:20", "Исх.звонок", "Это описание 100", 779),
        entry("2024-06-25 14:25", "Отправка КП", "Это описание 101", 779),
    ]));
    check_history(&h::Delete::new(EntryId(25355)));
}

#[test]
fn each_request_of_the_projects_is_the_documented_one() {
    let query = ProjectQuery::new().count(100).offset(0).order_by("id").ascending().deleted(false);
    check_projects(&p::List::<()>::new(query.clone()));
    let filter = ProjectFilter::new()
        .count(100)
        .offset(0)
        .order_by("id")
        .ascending()
        .deleted(false)
        .condition(Condition::And)
        .having(Having::ChecklistsExpired)
        .created(day("2020-01-01"), day("2020-12-31"))
        .sales_funnels([1, 2])
        .steps([1, 2, 3, 4, 5])
        .users([2, 4, 6, 8])
        .groups([1, 2, 3])
        .price(100)
        .currencies([1, 2, 3])
        .participant_users([1, 2, 4, 5, 7, 8])
        .participant_groups([1, 2, 4, 5, 7, 8])
        .action_types([1, 2, 3])
        .goods([10, 11, 12])
        .field("client_id", [1, 3])
        .field("contract_date", "2020-01-01");
    check_projects(&p::Filter::<()>::new(filter.clone()));
    check_projects(&p::Info::<()>::new(ProjectId(1)));
    let query = StepQuery::new().date(day("2021-05-21")).steps([1, 2, 3, 4, 5]);
    check_projects(&p::Steps::<()>::new(ProjectId(1), query.clone()));
    let query = ActionQuery::new()
        .count(100)
        .offset(0)
        .action(ActionId(1))
        .date(day("2021-05-21"))
        .types([1, 2, 3, 4, 5]);
    check_projects(&p::Actions::<()>::new(ProjectId(1), query.clone()));
    check_projects(&p::ActionInfo::<()>::new(ActionId(1)));
    check_projects(&p::Checklists::<()>::new(ProjectId(1)));
    check_projects(&p::Goods::<()>::new(ProjectId(1)));
    let query = PaymentQuery::new()
        .count(100)
        .offset(0)
        .payment(PaymentId(1))
        .date(day("2021-05-21"))
        .kind(PaymentKind::Income);
    check_projects(&p::Payments::<()>::new(ProjectId(1), query.clone()));
}

#[test]
fn all_eleven_parameters_of_a_list_of_activities_are_sent() {
    let query = EntryQuery::new()
        .page(3)
        .order_by(EntryOrder::Client)
        .oldest_first()
        .user("boss@example.test")
        .since(day("2024-01-01"))
        .until(day("2024-12-31"))
        .word("звонок")
        .activity_type("вх.Звонок")
        .client(ClientId(1))
        .deal(DealId(2))
        .contact(ContactId(3));
    let request = history("https://crm.example.test").prepare(&h::List::new(query.clone())).unwrap();
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    let expected = serde_json::json!({
        "offset": 3, "order": "clid", "first": "old", "user": "boss@example.test", "dateStart": "2024-01-01",
        "dateEnd": "2024-12-31", "word": "звонок", "tip": "вх.Звонок", "clid": 1, "did": 2, "pid": 3,
    });
    assert_eq!(body, expected);
}

#[test]
fn a_range_open_at_one_end_is_sent_with_both_dates() {
    let client = history("https://crm.example.test");
    let dates = |query: &EntryQuery| {
        let request = client.prepare(&h::List::new(query.clone())).unwrap();
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        (body["dateStart"].clone(), body["dateEnd"].clone())
    };
    let day = day("2024-06-25");
    assert_eq!(dates(&EntryQuery::new().since(day)), ("2024-06-25".into(), "9999-12-31".into()));
    assert_eq!(dates(&EntryQuery::new().until(day)), ("0000-00-00".into(), "2024-06-25".into()));
    assert_eq!(dates(&EntryQuery::new()), (Value::Null, Value::Null));
}

#[test]
fn every_word_of_having_is_the_vendors() {
    let words: Vec<&str> = Having::ALL.iter().map(|having| having.as_str()).collect();
    let documented = [
        "actions",
        "payments",
        "tasks",
        "goods",
        "no_actions",
        "no_payments",
        "no_tasks",
        "no_goods",
        "checklists_expired",
    ];
    assert_eq!(words, documented);
}

#[test]
fn reads_go_as_post_where_asked_and_writes_and_solos_stay_as_they_are() {
    use crm::ReadMethod;
    use crm::history::{ApiKey, HistoryClient};
    use crm::projects::{ProjectsClient, TokenPair};
    let history = HistoryClient::builder("https://crm.example.test")
        .credentials(ApiKey::new("k", "l"))
        .read_method(ReadMethod::Post)
        .build()
        .unwrap();
    let query = EntryQuery::new().word("x");
    let by_get =
        crate::common::history("https://crm.example.test").prepare(&h::List::new(query.clone())).unwrap();
    let by_post = history.prepare(&h::List::new(query.clone())).unwrap();
    assert_eq!((by_get.method().as_str(), by_post.method().as_str()), ("GET", "POST"));
    assert_eq!(by_get.body(), by_post.body());
    assert_eq!(history.prepare(&h::Fields).unwrap().method(), "POST");
    assert_eq!(history.prepare(&h::Delete::new(EntryId(1))).unwrap().method(), "POST");
    let projects = ProjectsClient::builder("https://crm.example.test")
        .credentials(TokenPair::new("t", "s"))
        .read_method(ReadMethod::Post)
        .build()
        .unwrap();
    assert_eq!(projects.prepare(&p::Info::<()>::new(ProjectId(1))).unwrap().method(), "GET");
}
