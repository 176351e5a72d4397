//! What is sent, refused, and checked in the answer.

use crm_transport::Operation;

use super::*;
use crate::operations::List;

#[test]
fn a_filter_that_the_server_would_take_for_sql_or_for_none_is_refused() {
    let refused =
        |query: EntryQuery| List::new(query).request().err().and_then(|e| e.field().map(str::to_owned));
    for (query, field) in [
        (EntryQuery::new().user("o'hara"), Some("user")),
        (EntryQuery::new().user("a\\"), Some("user")),
        (EntryQuery::new().client(ClientId(u64::MAX)), Some("client")),
        (EntryQuery::new().contact(ContactId(1 << 63)), Some("contact")),
        (EntryQuery::new().deal(DealId(0)), Some("deal")),
        (EntryQuery::new().page(u64::MAX), Some("page")),
        (EntryQuery::new().user("seller").client(ClientId(i64::MAX as u64)), None),
    ] {
        assert_eq!(refused(query).as_deref(), field);
    }
}

fn list(query: &EntryQuery, records: &str) -> Result<usize, (Option<String>, String)> {
    let response = http::Response::new(format!(r#"{{"data":[{records}]}}"#).into());
    let read = List::new(query.clone()).read(&response);
    read.map(|page| page.len()).map_err(|error| (error.field().map(str::to_owned), error.to_string()))
}

#[test]
fn an_activity_that_was_not_asked_for_is_an_error_that_names_the_ignored_parameter() {
    let day = |day| NaiveDate::from_ymd_opt(2023, 1, day).unwrap();
    let query = EntryQuery::new;
    for (query, good, bad, parameter) in [
        (
            query().since(day(2)),
            r#""datum":"2023-01-02 00:00:00""#,
            r#""datum":"2023-01-01 23:59:59""#,
            "dateStart",
        ),
        (
            query().until(day(2)),
            r#""datum":"2023-01-02 23:59:59""#,
            r#""datum":"2023-01-03 00:00:00""#,
            "dateEnd",
        ),
        (
            query().zero_dated(),
            r#""datum":"0000-00-00 00:00:00""#,
            r#""datum":"2023-01-02 00:00:00""#,
            "dateStart",
        ),
        (query().client(ClientId(5)), r#""clid":"5""#, r#""clid":0"#, "clid"),
        (query().deal(DealId(5)), r#""did":5"#, r#""did":6"#, "did"),
        (
            query().contact(ContactId(5)),
            r#""person":[{"pid":4},{"pid":5}]"#,
            r#""person":[{"pid":4}]"#,
            "pid",
        ),
        (query().user("Boss@x.ru"), r#""user":"boss@X.ru ""#, r#""user":"seller@x.ru""#, "user"),
        (query().user("boss@x.ru"), r#""user":"","iduser":0"#, r#""user":"seller@x.ru""#, "user"),
    ] {
        assert_eq!(list(&query, &format!(r#"{{"cid":15,{good}}}"#)), Ok(1), "{query:?}");
        let (field, text) = list(&query, &format!(r#"{{"cid":14,{good}}},{{"cid":15,{bad}}}"#)).unwrap_err();
        assert_eq!(field.as_deref(), Some(parameter), "{text}");
        assert!(text.contains(&format!("{parameter} was ignored: activity 15 ")), "{text}");
    }
}

#[test]
fn neither_a_type_nor_a_missing_date_contradicts_a_query() {
    let query = EntryQuery::new().activity_type("вх.Звонок").since(EARLIEST).until(LATEST);
    assert_eq!(list(&query, r#"{"cid":15,"tip":"Задача"},{"cid":16,"datum":"0000-00-00 00:00:00"}"#), Ok(2));
}

#[test]
fn an_open_range_begins_with_the_zero_date() {
    let day = NaiveDate::from_ymd_opt(2023, 1, 1).unwrap();
    let sent = |query: EntryQuery| {
        let body = List::new(query).request().unwrap().into_body();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        [body["dateStart"].as_str(), body["dateEnd"].as_str()].map(|day| day.unwrap_or("-").to_owned())
    };
    let exported = |query: EntryQuery| sent(query.for_export().unwrap());
    let (zero, far) = ("0000-00-00", "9999-12-31");
    assert_eq!(sent(EntryQuery::new()), ["-", "-"]);
    assert_eq!(exported(EntryQuery::new()), [zero, far]);
    assert_eq!(sent(EntryQuery::new().every_day()), [zero, far]);
    assert_eq!(exported(EntryQuery::new().until(day)), [zero, "2023-01-01"]);
    assert_eq!(exported(EntryQuery::new().since(day)), ["2023-01-01", far]);
    assert_eq!(exported(EntryQuery::new().zero_dated()), [zero, zero]);
    assert_eq!(sent(EntryQuery::new().zero_dated().until(day)), [zero, "2023-01-01"]);
}

#[test]
fn only_activities_of_several_days_show_that_a_query_was_received() {
    let day = NaiveDate::from_ymd_opt(2023, 1, 1).unwrap();
    let entries = |days: &[&str]| -> Vec<Entry> {
        let entry = |day| serde_json::from_str(&format!(r#"{{"cid":1,"datum":"{day}"}}"#)).unwrap();
        days.iter().map(entry).collect()
    };
    let received = |query: EntryQuery, days: &[&str]| query.was_received(&entries(days));
    let all = || EntryQuery::new().every_day();
    assert_eq!(received(all(), &["2023-01-01", "2023-01-02"]), Some(true));
    assert_eq!(received(all(), &["0000-00-00"]), Some(true));
    assert_eq!(received(all(), &["2023-01-01", "2023-01-01"]), Some(false));
    assert_eq!(received(all(), &[]), Some(false));
    assert_eq!(received(EntryQuery::new().between(day, day), &["2023-01-01"]), None);
    assert_eq!(received(EntryQuery::new().between(day, day), &[]), Some(false));
    assert_eq!(received(EntryQuery::new(), &[]), None);
}
