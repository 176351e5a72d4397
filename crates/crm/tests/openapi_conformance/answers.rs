//! Answers: what the source says of them is read, and what the sandbox and a real server answer is what it says.

use std::collections::BTreeSet;
use std::fmt::Debug;

use chrono::NaiveDate;
use crm::history::operations as h;
use crm::history::{EntryId, EntryQuery, NewEntry};
use crm::projects::operations as p;
use crm::projects::{
    Action, ActionId, ActionQuery, Checklist, Good, Payment, PaymentQuery, Project, ProjectFilter, ProjectId,
    ProjectQuery, Step, StepQuery,
};
use crm::{Error, Operation as _};
use crm_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::common::{answer, fixtures};
use crate::doubles::{Listener, clients};
use crate::shape::Shape;
use crate::source::{Operation, Schema};
use crate::{calls, for_each_operation, sources};

#[test]
fn each_field_of_an_answer_is_read() {
    for_each_operation(|operation| {
        let examples = &operation.node["responses"]["200"]["content"]["application/json"]["examples"];
        let mut fields = Fields::default();
        for example in examples.as_object().unwrap().values() {
            fields.look(operation, &example["value"], &example["value"], operation.answer(), "");
        }
        let unread: Vec<_> = fields.seen.difference(&fields.read).collect();
        assert!(unread.is_empty(), "{}: nothing reads {unread:?} of its examples", operation.id);
        let mut documented = BTreeSet::new();
        documented_fields(operation.answer(), &mut documented);
        let unshown: Vec<_> = documented.difference(&fields.seen).collect();
        assert!(unshown.is_empty(), "{}: no example shows {unshown:?}", operation.id);
    });
}

/// Fields of the examples of an operation, as `title.key` of their schemas.
#[derive(Default)]
struct Fields {
    seen: BTreeSet<String>,
    /// Without them, or with a word of failure in their place, something else is read.
    read: BTreeSet<String>,
}

impl Fields {
    fn look(&mut self, operation: Operation<'_>, whole: &Value, value: &Value, schema: Schema<'_>, at: &str) {
        let variant = schema.variant(value);
        for (key, value) in value.as_object().into_iter().flatten() {
            let Some(property) = variant.property(key) else { continue };
            let name = place(variant, key);
            let mut without = whole.clone();
            without.pointer_mut(at).unwrap().as_object_mut().unwrap().remove(key);
            let mut otherwise = whole.clone();
            otherwise.pointer_mut(at).unwrap()[key] = json!("Error");
            let as_it_is = read(operation.id, whole);
            if [without, otherwise].iter().any(|changed| read(operation.id, changed) != as_it_is) {
                self.read.insert(name.clone());
            }
            self.seen.insert(name);
            self.look(operation, whole, value, property, &format!("{at}/{key}"));
        }
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            if let Some(items) = variant.items() {
                self.look(operation, whole, item, items, &format!("{at}/{index}"));
            }
        }
    }
}

/// Fields that the vendor documents, in every form an answer may have but that of a failure.
fn documented_fields(schema: Schema<'_>, names: &mut BTreeSet<String>) {
    for choice in schema.variants() {
        documented_fields(choice, names);
    }
    for (key, property) in schema.properties() {
        if property.evidence() == Some("documented") && names.insert(place(schema, key)) {
            documented_fields(property, names);
        }
    }
    if let Some(items) = schema.items() {
        documented_fields(items, names);
    }
}

fn place(schema: Schema<'_>, key: &str) -> String {
    let keys: Vec<&str> = schema.properties().map(|(key, _)| key).collect();
    format!("{key} (of {})", keys.join(", "))
}

/// What a client reads of an answer, as a person would look at it.
fn read(id: &str, body: &Value) -> String {
    fn shown<T: Debug>(result: Result<T, Error>) -> String {
        format!("{result:#?}")
    }
    let answer = answer(body.to_string());
    let entry = NewEntry::new("x");
    let (entries, project) = (vec![entry.clone(); body.as_array().map_or(1, Vec::len)], ProjectId(1));
    let ids =
        ["/data/cid", "/payload/id", "/data/id", "/id"].map(|at| body.pointer(at).and_then(Value::as_u64));
    let asked = ids.into_iter().flatten().next().unwrap_or(1);
    match id {
        "history.fields" => shown(h::Fields.read(&answer)),
        "history.tips" => shown(h::ActivityTypes.read(&answer)),
        "history.list" => shown(h::List::new(EntryQuery::new()).read(&answer)),
        "history.info" => shown(h::Info::new(EntryId(asked)).read(&answer)),
        "history.add" => shown(h::Add::new(entry.clone()).read(&answer)),
        "history.add_list" => shown(h::AddList::new(entries.to_vec()).read(&answer)),
        "history.delete" => shown(h::Delete::new(EntryId(1)).read(&answer)),
        "projects.list" => shown(p::List::<Project>::new(ProjectQuery::new()).read(&answer)),
        "projects.filter" => shown(p::Filter::<Project>::new(ProjectFilter::new()).read(&answer)),
        "projects.info" => shown(p::Info::<Project>::new(ProjectId(asked)).read(&answer)),
        "projects.steps" => shown(p::Steps::<Step>::new(project, StepQuery::new()).read(&answer)),
        "projects.actions" => shown(p::Actions::<Action>::new(project, ActionQuery::new()).read(&answer)),
        "projects.action_info" => shown(p::ActionInfo::<Action>::new(ActionId(asked)).read(&answer)),
        "projects.checklists" => shown(p::Checklists::<Checklist>::new(project).read(&answer)),
        "projects.goods" => shown(p::Goods::<Good>::new(project).read(&answer)),
        "projects.payments" => shown(p::Payments::<Payment>::new(project, PaymentQuery::new()).read(&answer)),
        _ => panic!("{id} is in the source and has no operation in Rust, or none in this test"),
    }
}

#[test]
fn each_documented_field_of_the_history_has_a_name_in_rust() {
    for_each_operation(|operation| {
        let examples = &operation.node["responses"]["200"]["content"]["application/json"]["examples"];
        for example in examples.as_object().unwrap().values() {
            let read = read(operation.id, &example["value"]);
            // What has no name of its own is kept in `extra`.
            let nameless: Vec<&str> = read.split("extra: {\n").skip(1).collect();
            assert!(nameless.is_empty(), "{}: no field of a type is named after {nameless:?}", operation.id);
        }
    });
}

#[tokio::test]
async fn what_the_sandbox_answers_is_what_the_source_says() {
    let sandbox = Sandbox::builder().records(800).start().await.unwrap();
    for source in &sources() {
        for operation in source.operations() {
            let listener = Listener::new();
            let (history, projects) = clients(sandbox.url(), listener.clone());
            drop(calls::call(operation.id, &history, &(&history).into(), &projects).await);
            // The documented request finds nothing in these.
            match operation.id {
                "history.delete" => history.delete(EntryId(5)).await.unwrap(),
                "history.list" => {
                    let day = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
                    let page = history.list(&EntryQuery::new().between(day(2023), day(2026))).await.unwrap();
                    assert_eq!(page.items.len(), 200);
                }
                "history.add_list" => {
                    let entries = ["x", "<b>", "y"].map(NewEntry::new);
                    drop(history.add_list(&entries).await.unwrap());
                }
                "projects.steps" => drop(projects.steps(ProjectId(1), &StepQuery::new()).await.unwrap()),
                "projects.actions" => {
                    drop(projects.actions(ProjectId(1), &ActionQuery::new()).await.unwrap())
                }
                "projects.payments" => {
                    drop(projects.payments(ProjectId(1), &PaymentQuery::new()).await.unwrap())
                }
                _ => {}
            }
            let answers = listener.answers.lock().unwrap();
            assert!(!answers.is_empty(), "{} was not answered", operation.id);
            for body in answers.iter() {
                is_as_described(operation, &serde_json::from_slice(body).unwrap(), operation.id);
            }
        }
    }
}

#[test]
fn what_a_real_server_answered_is_what_the_source_says() {
    let source = crate::Source::history().unwrap();
    let mut checked = 0;
    for (name, recording) in fixtures("salesman/captures") {
        let path = recording["request"]["path"].as_str().unwrap_or_default();
        let action = path.trim_start_matches("/developer/v3/history/").split('?').next().unwrap();
        let operation = source.operation(&format!("history.{}", action.replace('.', "_")));
        let body = serde_json::from_str::<Value>(recording["response"]["body"].as_str().unwrap_or_default());
        // A table, an action that does not exist, or the HTML of a PHP error.
        let (Some(operation), Ok(body)) = (operation, body) else { continue };
        is_as_described(operation, &body, &name);
        checked += 1;
    }
    assert!(checked >= 30, "only {checked} recordings were looked at");
}

/// The answer is valid by its schema, and of SalesMan's it has no key that the schema does not know.
fn is_as_described(operation: Operation<'_>, body: &Value, what: &str) {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [operation.node["responses"]["200"]["content"]["application/json"]["schema"]],
        "components": operation.answer().document["components"],
    });
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}");
    if operation.id.starts_with("history") {
        let mut shape = Shape::default();
        shape.add(body, Some(operation.answer()));
        let drift = shape.drift(operation.id);
        assert!(
            drift.new.is_empty() && drift.differs.is_empty(),
            "{what}: {:?} {:?}",
            drift.new,
            drift.differs
        );
    }
}
