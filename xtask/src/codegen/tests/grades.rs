//! The grade *documented* is for what the vendor's page says. `docs/openapi/vendor-pages.yaml` lists that.

use std::collections::BTreeMap;

use super::*;
use crate::codegen::source::{Field, Operation};

/// The names that are graded *documented*, by the key of the list.
type Graded = BTreeMap<&'static str, BTreeSet<String>>;

const DOCUMENTED: &str = "documented";

fn graded(operation: &Operation) -> Graded {
    let mut graded = Graded::new();
    let mut put = |key, is_documented: bool, name: &str| {
        if is_documented {
            graded.entry(key).or_default().insert(name.to_owned());
        }
    };
    for field in &operation.parameters {
        let (name, evidence) = (last(&field.name), &field.evidence);
        let has_default = !field.required && field.is_default_known;
        put("parameters", evidence.name == DOCUMENTED, name);
        put("meanings", evidence.meaning == DOCUMENTED, name);
        put("defaults", has_default && evidence.default == DOCUMENTED, name);
        put("required", evidence.required == DOCUMENTED, name);
    }
    for field in operation.records.iter().flat_map(|record| &record.fields) {
        put("answer", field.evidence.name == DOCUMENTED, &field.name);
        put("answer-meanings", field.evidence.meaning == DOCUMENTED, &field.name);
    }
    let fields =
        operation.parameters.iter().chain(operation.records.iter().flat_map(|record| &record.fields));
    for field in fields {
        for (value, is_documented) in values(field) {
            put("values", is_documented, value);
        }
    }
    for error in &operation.errors {
        put("errors", error.evidence.name == DOCUMENTED, &error.code.to_string());
        put("causes", error.evidence.meaning == DOCUMENTED, &error.code.to_string());
    }
    graded
}

/// The last part of a path: `content` of `list[].content`.
fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap()
}

fn values(field: &Field) -> impl Iterator<Item = (&str, bool)> {
    field.values.iter().map(|value| {
        let grade = value.evidence.as_ref().unwrap_or(&field.evidence.values);
        (value.wire.as_str(), grade == DOCUMENTED)
    })
}

/// The names under a key of the list.
fn listed(place: Option<&Value>) -> BTreeSet<String> {
    match place {
        Some(Value::List(names)) => names.iter().map(|name| name.plain().unwrap()).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn documented_is_what_the_page_of_the_vendor_says_and_nothing_else() {
    let root = Path::new(ROOT);
    let pages = fs::read_to_string(root.join("docs/openapi/vendor-pages.yaml")).unwrap();
    let pages = Value::parse(&pages).unwrap();
    for path in SOURCES {
        let text = fs::read_to_string(root.join(path)).unwrap();
        let api = Api::read(path, &text).unwrap();
        let name = path.rsplit('/').next().unwrap().trim_end_matches(".yaml");
        let page = pages.get(name).unwrap_or_else(|| panic!("vendor-pages.yaml has no {name}"));
        let requests = page.get("requests").unwrap();
        for operation in &api.operations {
            let graded = graded(operation);
            let request = requests.get(&operation.id);
            let keys = [
                "parameters",
                "meanings",
                "defaults",
                "required",
                "answer",
                "answer-meanings",
                "values",
                "errors",
                "causes",
            ];
            for key in keys {
                let found = graded.get(key).cloned().unwrap_or_default();
                let wanted = listed(request.and_then(|request| request.get(key)));
                assert_eq!(found, wanted, "{}: {key}: graded documented, and listed", operation.id);
            }
        }
        let documented = |grade: &str| grade == DOCUMENTED;
        let headers = api.credentials.iter().filter(|credential| documented(&credential.evidence.name));
        let headers: BTreeSet<String> = headers.map(|credential| credential.header.clone()).collect();
        assert_eq!(headers, listed(page.get("credentials")), "{name}");
        let headers = api.credentials.iter().filter(|credential| documented(&credential.evidence.meaning));
        let headers: BTreeSet<String> = headers.map(|credential| credential.header.clone()).collect();
        assert_eq!(headers, listed(page.get("credential-meanings")), "{name}");
        assert_eq!(documented_codes(&text), listed(page.get("codes")), "{name}");
    }
}

/// The values of `ErrorCode` that are graded *documented*.
fn documented_codes(text: &str) -> BTreeSet<String> {
    let description = Value::parse(text).unwrap();
    let schemas = description.get("components").and_then(|components| components.get("schemas")).unwrap();
    let values = schemas.get("ErrorCode").and_then(|codes| codes.get("x-values"));
    let Some(Value::Map(values)) = values else { return BTreeSet::new() };
    let documented = Value::Text(DOCUMENTED.to_owned());
    let values = values.iter().filter(|(_, value)| value.get("evidence") == Some(&documented));
    values.map(|(code, _)| code.clone()).collect()
}
