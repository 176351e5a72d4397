//! Responses in every shape that is assumed.

use super::*;
use crate::operations::{Info, List};
use crate::{Project, ProjectQuery};
use crm_transport::Operation;

fn answer(body: &str) -> Response<Bytes> {
    Response::new(Bytes::copy_from_slice(body.as_bytes()))
}

fn list(body: &str) -> Result<Page<Project>, Error> {
    List::<Project>::new(ProjectQuery::new()).read(&answer(body))
}

fn project(body: &str) -> Result<Project, Error> {
    Info::<Project>::new(crate::ProjectId(1)).read(&answer(body))
}

fn ids(page: &Page<Project>) -> Vec<u64> {
    page.items.iter().map(|project| project.id.0).collect()
}

#[test]
fn a_list_is_read_bare_and_in_every_envelope() {
    let array = r#"[{"id":1},{"id":"2"}]"#;
    for body in [
        array.to_owned(),
        format!(r#"{{"payload":{array}}}"#),
        format!(r#"{{"data":{array}}}"#),
        format!(r#"{{"items":{array}}}"#),
        format!(r#"{{"result":{array}}}"#),
        format!(r#"{{"projects":{array}}}"#),
        format!(r#"{{"payload":{{"projects":{array}}}}}"#),
        format!(r#"{{"status":"ok","message":"","data":null,"payload":{array}}}"#),
        r#"{"payload":{"1":{"id":1},"2":{"id":2}}}"#.to_owned(),
        r#"{"1":{"name":"a"},"2":{"name":"b"}}"#.to_owned(),
    ] {
        assert_eq!(ids(&list(&body).expect(&body)), [1, 2], "{body}");
    }
}

#[test]
fn an_empty_list_is_read_in_every_spelling_of_php() {
    for body in ["[]", "{}", r#"{"payload":[]}"#, r#"{"data":{}}"#, r#"{"payload":false}"#] {
        assert!(list(body).expect(body).is_empty(), "{body}");
    }
}

#[test]
fn null_is_not_an_empty_list() {
    let error = list(r#"{"payload":null}"#).unwrap_err();
    assert!(error.to_string().contains("found null at $.payload"), "{error}");
}

#[test]
fn a_total_beside_the_records_is_read() {
    assert_eq!(list(r#"{"payload":[{"id":1}],"total":"7"}"#).unwrap().total, Some(7));
    assert_eq!(list(r#"{"payload":{"items":[{"id":1}],"total":7}}"#).unwrap().total, Some(7));
    assert_eq!(list("[]").unwrap().total, None);
}

#[test]
fn a_project_is_read_bare_and_in_every_envelope() {
    for body in [
        r#"{"id":1,"name":"a","data":{"x":1}}"#,
        r#"{"payload":{"id":1,"name":"a"}}"#,
        r#"{"data":[{"id":1,"name":"a"}]}"#,
        r#"{"project":{"id":1,"name":"a"}}"#,
        r#"{"payload":{"1":{"name":"a"}}}"#,
        r#"[{"id":"1","name":"a"}]"#,
    ] {
        let project = project(body).expect(body);
        assert_eq!((project.id.0, project.fields.as_str("name").unwrap().unwrap().as_ref()), (1, "a"));
    }
}

#[test]
fn a_project_that_is_not_there_is_not_found() {
    for body in ["[]", r#"{"payload":[]}"#, r#"{"payload":null}"#] {
        assert!(project(body).unwrap_err().is_not_found(), "{body}");
    }
}

#[test]
fn another_project_than_the_asked_one_is_an_error_that_names_both() {
    for body in [
        r#"{"payload":{"id":7,"name":"a"}}"#,
        r#"{"id":"7","name":"a"}"#,
        r#"{"payload":{"7":{"name":"a"}}}"#,
        r#"[{"name":"a","id":7}]"#,
        r#"{"payload":{"id":1,"id":7}}"#,
    ] {
        let error = project(body).unwrap_err();
        assert!(error.is_ignored_parameter() && error.field() == Some("id"), "{body}: {error}");
        assert!(error.to_string().contains("record 7 arrived in place of record 1"), "{error}");
    }
}

#[test]
fn a_list_that_does_not_heed_its_filter_is_an_error() {
    use crate::operations::{Actions, Payments};
    use crate::{Action, ActionId, ActionQuery, Payment, PaymentId, PaymentQuery};
    let body = answer(r#"{"payload":[{"id":2},{"id":3}]}"#);
    let project = crate::ProjectId(1);
    let action = ActionQuery::new().action(ActionId(2));
    let payment = PaymentQuery::new().payment(PaymentId(2));
    for (error, parameter) in [
        (Actions::<Action>::new(project, action).read(&body).unwrap_err(), "filter_id"),
        (Payments::<Payment>::new(project, payment).read(&body).unwrap_err(), "filter_id"),
    ] {
        assert!(error.is_ignored_parameter() && error.field() == Some(parameter), "{error}");
        assert!(error.to_string().contains("record 3 was not asked for"), "{error}");
    }
}

#[test]
fn a_project_that_is_not_json_hides_no_other() {
    let page = list(r#"{"payload":[{"id":1},{"id":2,"name":"\q"},{"id":3}],"total":3}"#).unwrap();
    assert_eq!((ids(&page), page.unreadable.len(), page.total), (vec![1, 3], 1, Some(3)));
    let error = list(r#"{"payload":[{"id":1},{"name":"\q"}],"error":"bad token"}"#).unwrap_err();
    assert_eq!(error.api_text(), Some("bad token"));
}

#[test]
fn two_records_in_place_of_one_are_refused() {
    let error = project(r#"{"payload":[{"id":1},{"id":2}]}"#).unwrap_err();
    assert_eq!(error.json_path(), Some("$.payload"));
    assert!(error.to_string().contains("expected one record, found 2"), "{error}");
}

#[test]
fn an_envelope_with_another_name_is_refused_and_its_keys_are_named() {
    let error = list(r#"{"rows":[{"id":1,"name":"Иванов"}],"page":1}"#).unwrap_err().to_string();
    assert!(error.contains(r#"found an object with the keys "rows", "page""#), "{error}");
    assert!(!error.contains("Иванов"), "{error}");
}

#[test]
fn an_unreadable_project_hides_no_other() {
    let page = list(r#"{"payload":[{"id":1},{"name":"no id"},{"id":-3},{"id":4}]}"#).unwrap();
    assert_eq!(ids(&page), [1, 4]);
    assert_eq!(page.unreadable[0].path, "$.payload[1]");
    assert_eq!(page.unreadable[1].path, "$.payload[2].id");
}

#[test]
fn an_error_is_an_error_whatever_the_status() {
    for body in [r#"{"error":"bad token"}"#, r#"{"errors":["bad token"]}"#, r#"{"message":"bad token"}"#] {
        assert_eq!(list(body).unwrap_err().api_text(), Some("bad token"), "{body}");
    }
}
