//! Operations and parameters: those of the source, each of them, and no others.

use std::collections::BTreeSet;
use std::sync::Arc;

use crm::history::operations as h;
use crm::history::{ClientId, ContactId, DealId, EntryId, EntryOrder, EntryQuery, NewEntry};
use crm::projects::operations as p;
use crm::projects::{
    ActionId, ActionQuery, Condition, Having, PaymentId, PaymentKind, PaymentQuery, ProjectFilter, ProjectId,
    ProjectQuery, StepQuery,
};
use crm::{Bytes, Operation as _, http};
use crm_sandbox::Sandbox;
use serde_json::Value;

use crate::calls;
use crate::common::fixture;
use crate::doubles::{Recorder, clients};
use crate::source::{Operation, Schema};
use crate::{for_each_operation, sources};

#[tokio::test]
async fn the_call_on_each_page_sends_the_documented_request_and_reads_its_answer() {
    for source in &sources() {
        for operation in source.operations() {
            let id = operation.id;
            let recorder = Arc::new(Recorder::default());
            // The example shows another day than the one that the page asks for.
            *recorder.answer.lock().unwrap() =
                example(operation).to_string().replace("2024-06-25", "2012-12-18");
            let (history, projects) = clients("https://crm.example.test", Arc::clone(&recorder));
            let called = calls::call(id, &history, &(&history).into(), &projects).await;
            let known = called.unwrap_or_else(|error| panic!("{id}: the call of its page fails: {error}"));
            assert!(known, "{id} is in the source and has no call: run cargo xtask codegen");
            let requests = recorder.requests.lock().unwrap();
            let [request] = &requests[..] else { panic!("{id}: {} requests", requests.len()) };
            is_documented(id, request);
        }
    }
}

#[tokio::test]
async fn the_call_on_each_page_of_the_directory_sends_the_observed_request_and_reads_its_answer() {
    let source = crate::Source::directory().unwrap();
    for operation in source.operations() {
        let id = operation.id;
        let recorder = Arc::new(Recorder::default());
        *recorder.answer.lock().unwrap() = example(operation).to_string();
        let (history, projects) = clients("https://crm.example.test", Arc::clone(&recorder));
        let called = calls::call(id, &history, &(&history).into(), &projects).await;
        assert!(called.unwrap_or_else(|error| panic!("{id}: the call of its page fails: {error}")), "{id}");
        let requests = recorder.requests.lock().unwrap();
        let [request] = &requests[..] else { panic!("{id}: {} requests", requests.len()) };
        let sent: Value = serde_json::from_slice(request.body()).unwrap();
        let body =
            &operation.node["requestBody"]["content"]["application/json"]["examples"]["observed"]["value"];
        assert_eq!((request.method().as_str(), &sent), ("POST", body), "{id}");
    }
}

/// The documented answer, or the one that was observed or is assumed.
fn example(operation: Operation<'_>) -> &Value {
    let examples = &operation.node["responses"]["200"]["content"]["application/json"]["examples"];
    let names = ["documented", "observed", "assumed"];
    let found = names.into_iter().find_map(|name| examples[name].get("value"));
    found.unwrap_or_else(|| panic!("{} has no example of an answer", operation.id))
}

fn is_documented(id: &str, request: &http::Request<Bytes>) {
    let folder = if id.starts_with("history") { "salesman/documented" } else { "solos/documented" };
    let documented = &fixture(folder, id)["request"];
    assert_eq!(request.method().as_str(), documented["method"], "{id}");
    assert_eq!(request.uri().path(), documented["path"], "{id}");
    assert_eq!(request.uri().query(), documented["query"].as_str(), "{id}");
    // Times are documented without seconds, and sent with them.
    let sent = String::from_utf8(request.body().to_vec()).unwrap().replace(":00\"", "\"");
    let sent = if sent.is_empty() { Value::Null } else { serde_json::from_str(&sent).unwrap() };
    assert_eq!(sent, documented["body"], "{id}");
}

#[tokio::test]
async fn each_operation_has_a_route_in_the_sandbox() {
    let sandbox = Sandbox::start().await.unwrap();
    for source in &sources() {
        for operation in source.operations() {
            let (history, projects) = clients(sandbox.url(), crate::doubles::Listener::new());
            sandbox.clear_requests();
            // What is answered is looked at elsewhere; that there may be no such record is no matter here.
            drop(calls::call(operation.id, &history, &(&history).into(), &projects).await);
            let received = sandbox.requests();
            let routes: Vec<&str> =
                received.iter().filter_map(|request| request.operation).map(|o| o.id()).collect();
            assert_eq!(routes, [operation.id], "where the sandbox took it for");
        }
    }
}

#[test]
fn each_parameter_can_be_sent_and_no_other_is() {
    for_each_operation(|operation| {
        let id = operation.id;
        let sent = sent(&everything(id));
        let known = known(operation);
        let missing: Vec<_> = known.difference(&sent).collect();
        assert!(
            missing.is_empty(),
            "{id}: the source knows {missing:?}, and no call of the public API sends it"
        );
        let invented: Vec<_> = sent.difference(&known).collect();
        assert!(
            invented.is_empty(),
            "{id}: the public API sends {invented:?}, which the source does not know"
        );
    });
}

#[test]
fn the_table_knows_the_parameters_of_the_source() {
    let tables = [&h::catalog::ALL[..], &p::catalog::ALL[..]].concat();
    for_each_operation(|operation| {
        let row = tables.iter().find(|(info, _)| info.id == operation.id);
        let (_, parameters) = row.unwrap_or_else(|| panic!("{} is in no table", operation.id));
        let parameters: BTreeSet<String> = parameters.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(parameters, known(operation), "{}: run cargo xtask codegen", operation.id);
    });
    let count: usize = sources().iter().map(|source| source.operations().count()).sum();
    assert_eq!(tables.len(), count, "run cargo xtask codegen");
}

/// The parameters of an operation in the source, as the tables name them: `list[].content`.
pub(crate) fn known(operation: Operation<'_>) -> BTreeSet<String> {
    let parameters = operation.node["parameters"].as_array().into_iter().flatten();
    let name = |node| operation.schema(node).target["name"].as_str().unwrap().to_owned();
    let mut names: BTreeSet<String> = parameters.map(name).collect();
    fn add(schema: Schema<'_>, prefix: &str, names: &mut BTreeSet<String>) {
        for (name, property) in schema.properties() {
            names.insert(format!("{prefix}{name}"));
            add(property, &format!("{prefix}{name}."), names);
            if let Some(items) = property.items() {
                add(items, &format!("{prefix}{name}[]."), names);
            }
        }
    }
    let body = &operation.node["requestBody"]["content"]["application/json"]["schema"];
    add(operation.schema(body), "", &mut names);
    names
}

/// The parameters of a request, named likewise. What stands in `data` of a filter are an account's own names.
fn sent(request: &http::Request<Bytes>) -> BTreeSet<String> {
    let query = request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let mut names: BTreeSet<String> = query.map(|pair| pair.split('=').next().unwrap().to_owned()).collect();
    fn add(value: &Value, prefix: &str, names: &mut BTreeSet<String>) {
        for (name, value) in value.as_object().into_iter().flatten() {
            names.insert(format!("{prefix}{name}"));
            if name != "data" {
                add(value, &format!("{prefix}{name}."), names);
            }
            for item in value.as_array().into_iter().flatten() {
                add(item, &format!("{prefix}{name}[]."), names);
            }
        }
    }
    if !request.body().is_empty() {
        add(&serde_json::from_slice(request.body()).unwrap(), "", &mut names);
    }
    names
}

/// The request of an operation with all that its builder can say.
fn everything(id: &str) -> http::Request<Bytes> {
    let day: chrono::NaiveDate = "2024-06-25".parse().unwrap();
    let project = ProjectId(1);
    let entry = NewEntry::new("x")
        .user("login@example.test")
        .at(day.into())
        .activity_type("вх.Звонок")
        .client(ClientId(1))
        .contacts([ContactId(2)])
        .deal(DealId(3));
    let request = match id {
        "history.fields" => h::Fields.request(),
        "history.tips" => h::ActivityTypes.request(),
        "history.list" => h::List::new(
            EntryQuery::new()
                .page(1)
                .order_by(EntryOrder::Id)
                .newest_first()
                .oldest_first()
                .user("login@example.test")
                .since(day)
                .until(day)
                .between(day, day)
                .word("x")
                .activity_type("вх.Звонок")
                .client(ClientId(1))
                .deal(DealId(2))
                .contact(ContactId(3)),
        )
        .request(),
        "history.info" => h::Info::new(EntryId(1)).request(),
        "history.add" => h::Add::new(entry.clone()).request(),
        "history.add_list" => h::AddList::new(vec![entry]).request(),
        "history.delete" => h::Delete::new(EntryId(1)).request(),
        "projects.list" => p::List::<Value>::new(
            ProjectQuery::new().count(1).offset(1).order_by("id").ascending().descending().deleted(true),
        )
        .request(),
        "projects.filter" => p::Filter::<Value>::new(
            ProjectFilter::new()
                .count(1)
                .offset(1)
                .order_by("id")
                .ascending()
                .descending()
                .deleted(true)
                .condition(Condition::Or)
                .having(Having::Tasks)
                .created(day, day)
                .sales_funnels([1])
                .steps([1])
                .users([1])
                .groups([1])
                .price(1)
                .currencies([1])
                .participant_users([1])
                .participant_groups([1])
                .action_types([1])
                .goods([1])
                .field("own", 1),
        )
        .request(),
        "projects.info" => p::Info::<Value>::new(project).request(),
        "projects.steps" => p::Steps::<Value>::new(project, StepQuery::new().date(day).steps([1])).request(),
        "projects.actions" => p::Actions::<Value>::new(
            project,
            ActionQuery::new().count(1).offset(1).action(ActionId(1)).date(day).types([1]),
        )
        .request(),
        "projects.action_info" => p::ActionInfo::<Value>::new(ActionId(1)).request(),
        "projects.checklists" => p::Checklists::<Value>::new(project).request(),
        "projects.goods" => p::Goods::<Value>::new(project).request(),
        "projects.payments" => p::Payments::<Value>::new(
            project,
            PaymentQuery::new().count(1).offset(1).payment(PaymentId(1)).date(day).kind(PaymentKind::Expense),
        )
        .request(),
        _ => panic!("{id} is in the source and has no operation in Rust, or none in this test"),
    };
    request.unwrap()
}
