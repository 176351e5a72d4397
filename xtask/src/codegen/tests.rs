mod grades;
mod pages;

use super::*;
use std::collections::BTreeSet;

/// A description with one operation, small enough to read and whole enough to generate from.
const SMALL: &str = r##"
openapi: 3.1.0
info: {title: Small, version: "1", description: An API., x-ru: Некое API., x-evidence: documented}
paths:
  /v1/things/list:
    get:
      operationId: things.list
      summary: Things
      x-summary-ru: Вещи
      description: All things.
      x-ru: Все вещи.
      x-evidence: documented
      x-source: the vendor's page
      x-idempotency: read
      x-success: no_error
      x-methods: [list]
      x-rust: let page = things.list().await?;
      parameters:
        - name: sort
          in: query
          schema: {$ref: "#/components/schemas/ThingOrder"}
          description: By what.
          x-ru: По чему.
          example: z_last
          x-default: {en: any, ru: любой}
          x-evidence: documented
          x-rust: sort()
      responses:
        "200":
          description: Things.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Thing"}
              examples:
                documented: {value: {zeta: 1, alpha: "2"}}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key, description: The key., x-ru: Ключ., x-placeholder: "{KEY}", x-evidence: documented}
  schemas:
    Thing:
      type: object
      description: A thing.
      x-ru: Вещь.
      x-rust: Thing
      properties:
        zeta: {type: integer, description: One., x-ru: Раз., x-evidence: documented}
        alpha: {type: string, description: Two., x-ru: Два., x-rust: first, x-evidence: assumed}
    ThingOrder:
      type: string
      enum: [id, z_last, ts]
      x-enum-varnames: [Id, ZLast, Time]
      description: "`sort`: by what."
      x-ru: "`sort`: по чему."
      x-evidence: documented
      x-values: {id: {en: by id., ru: по номеру.}, z_last: {en: last., ru: в конце.}, ts: {en: by time., ru: по времени.}}
"##;

fn small(change: impl FnOnce(String) -> String) -> Result<Api, String> {
    Api::read("small.yaml", &change(SMALL.to_owned()))
}

fn fault(change: impl FnOnce(String) -> String) -> String {
    small(change).err().unwrap()
}

#[test]
fn the_committed_files_match_their_sources() {
    let root = Path::new(ROOT);
    let changes = generated::changes(root, &generate(root).unwrap(), &FOLDERS).unwrap();
    let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
    assert!(paths.is_empty(), "run: cargo xtask codegen\n{paths:#?}");
}

#[test]
fn each_name_in_rust_exists() {
    fn read(folder: &Path, code: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, code);
            } else {
                *code += &fs::read_to_string(path).unwrap();
            }
        }
    }
    let mut code = String::new();
    for name in ["crm-directory", "crm-history", "crm-model", "crm-projects"] {
        read(&Path::new(ROOT).join("crates").join(name).join("src"), &mut code);
    }
    let mut seen = 0;
    for path in SOURCES {
        let api = Api::read(path, &fs::read_to_string(Path::new(ROOT).join(path)).unwrap()).unwrap();
        for parameter in api.operations.iter().flat_map(|operation| &operation.parameters) {
            let names = parameter.rust.as_deref().unwrap();
            for name in names.split(", ").filter(|name| *name != "see below") {
                let found = match name.strip_suffix("()") {
                    Some(method) => code.contains(&format!("fn {method}(")),
                    None => code.contains(&format!("    {name}\n}}")), // A macro makes the ids.
                };
                assert!(found, "{path}: parameter {}: {name} does not exist", parameter.name);
                seen += 1;
            }
        }
        for record in api.operations.iter().flat_map(|operation| &operation.records) {
            if let Some(name) = &record.rust {
                let found = ["struct", "enum", "type"]
                    .iter()
                    .any(|kind| code.contains(&format!("pub {kind} {name} ")));
                assert!(found, "{path}: {}: {name} does not exist", record.schema);
            }
            for name in record.fields.iter().filter_map(|field| field.rust.as_deref()) {
                let found = match name.strip_suffix("()") {
                    Some(method) => code.contains(&format!("pub fn {method}(")),
                    None => code.contains(&format!("    pub {name}: ")),
                };
                assert!(found, "{path}: {}: {name} does not exist", record.schema);
                seen += 1;
            }
        }
    }
    assert!(seen > 150, "only {seen} names were looked for");
}

#[test]
fn the_readme_explains_every_key_of_our_own() {
    let readme = fs::read_to_string(Path::new(ROOT).join("docs/openapi/README.md")).unwrap();
    for key in source::EXTENSIONS {
        assert!(readme.contains(&format!("`{key}`")), "{key}");
    }
}

#[test]
fn a_table_holds_what_the_source_says_of_an_operation() {
    let files = rust::files(&small(|text| text).unwrap()).unwrap();
    let table = &files["crates/crm-things/src/operations/catalog.rs"];
    assert!(table.starts_with("// Generated by `cargo xtask codegen` from small.yaml"), "{table}");
    for line in [
        r#"pub const ALL: [(OperationInfo, &[&str]); 1] = [(LIST, &["sort"])];"#,
        "pub(super) const LIST: OperationInfo = OperationInfo {",
        r#"    path: "/v1/things/list","#,
        "    idempotency: Idempotency::Read,",
        "    accepts_post: false,",
    ] {
        assert!(table.lines().any(|found| found == line), "no {line:?} in {table}");
    }
}

#[test]
fn a_value_of_an_enum_has_its_wire_name_as_an_alias_only_if_the_names_differ() {
    let files = rust::files(&small(|text| text).unwrap()).unwrap();
    let code = &files["crates/crm-model/src/things/enumerations.rs"];
    assert!(code.contains("    /// `ts`: by time.\n    #[doc(alias = \"ts\")]\n    Time,"), "{code}");
    assert!(code.contains("    /// `z_last`: last.\n    ZLast,"), "{code}");
    assert!(code.contains("            Self::ZLast => \"z_last\",\n"), "{code}");
}

#[test]
fn a_fixture_keeps_the_order_of_the_source() {
    let files = fixtures::files(&small(|text| text).unwrap()).unwrap();
    let fixture = &files["fixtures/solos/documented/things.list.json"];
    assert!(fixture.contains("\"query\": \"sort=z_last\""), "{fixture}");
    assert!(fixture.contains("\"zeta\": 1,\n    \"alpha\": \"2\""), "{fixture}");
}

#[test]
fn each_operation_has_a_page_in_both_languages() {
    let files = reference::files(&[small(|text| text).unwrap()]).unwrap();
    let english = &files["docs/reference/en/things.list.md"];
    let russian = &files["docs/reference/ru/things.list.md"];
    assert!(english.contains("# Things (`things.list`)\n") && russian.contains("# Вещи (`things.list`)\n"));
    assert!(english.contains("curl -X GET \"$CRM_THINGS_URL/v1/things/list?sort=z_last\""), "{english}");
    let row = "<td><code>alpha</code><br>string</td><td>Two.</td><td><code>first</code><br>assumed</td>";
    assert!(english.contains(row), "{english}");
    let row =
        "<td><code>alpha</code><br>string</td><td>Два.</td><td><code>first</code><br>предполо&shy;жение</td>";
    assert!(russian.contains(row), "{russian}");
}

#[test]
fn grades_that_differ_are_shown_one_by_one() {
    let grades =
        "x-evidence: {name: documented, meaning: observed 1, default: assumed}\n          x-rust: sort()";
    let api = small(|text| text.replace("x-evidence: documented\n          x-rust: sort()", grades)).unwrap();
    let files = reference::files(&[api]).unwrap();
    let english = &files["docs/reference/en/things.list.md"];
    let shown =
        "docu&shy;mented: name, required or optional, values<br>observed 1: meaning<br>assumed: default</td>";
    assert!(english.contains(shown), "{english}");
    let message = fault(|text| text.replace("x-evidence: assumed", "x-evidence: {nam: assumed}"));
    assert!(message.contains("alpha.x-evidence has `nam`"), "{message}");
}

#[test]
fn what_is_missing_is_named_with_its_place() {
    let message = fault(|text| text.replace("      x-idempotency: read\n", ""));
    assert_eq!(message, "small.yaml: paths./v1/things/list.get has no `x-idempotency`");
    let message = fault(|text| text.replace("description: One., x-ru: Раз.,", "description: One.,"));
    assert_eq!(message, "small.yaml: components.schemas.Thing.properties.zeta has no `x-ru`");
    let message = fault(|text| text.replace("          x-default: {en: any, ru: любой}\n", ""));
    assert_eq!(
        message,
        "small.yaml: paths./v1/things/list.get has a parameter `sort` without default or x-default"
    );
}

#[test]
fn a_word_that_is_not_known_is_refused_with_its_place() {
    let message = fault(|text| text.replace("x-evidence: assumed", "x-evidence: guessed"));
    assert!(message.starts_with("small.yaml: components.schemas.Thing.properties.alpha.x-evidence is none"));
    let message = fault(|text| text.replace("x-source: the", "x-sorce: the"));
    assert!(message.contains("paths./v1/things/list.get has `x-sorce`, which"), "{message}");
    let message = fault(|text| text.replace("schemas/ThingOrder\"", "schemas/Nothing\""));
    assert!(message.ends_with("refers to #/components/schemas/Nothing, which is not there"), "{message}");
    let message = fault(|text| text.replace("enum: [id, z_last, ts]", "enum: [id, z_last]"));
    assert!(message.starts_with("small.yaml: components.schemas.ThingOrder has not as many"), "{message}");
}

#[test]
fn a_text_that_yaml_splits_at_a_comma_is_refused_with_its_place() {
    let message =
        fault(|text| text.replace("{en: by id., ru: по номеру.}", "{en: by id., ru: по номеру, всегда}"));
    assert!(
        message.starts_with("small.yaml: components.schemas.ThingOrder.x-values.id has `всегда` without"),
        "{message}"
    );
}

#[test]
fn yaml_that_cannot_be_read_names_the_file_and_the_line() {
    let message = fault(|_| "paths: {a: [1, 2\n".to_owned());
    assert!(message.starts_with("small.yaml: ") && message.contains("line"), "{message}");
}

#[test]
fn a_blocking_client_waits_for_async_methods_forwards_the_others_and_leaves_streams_out() {
    const SOURCE: &str = r#"
        use crate::{Key, Thing, Unused};
        use wire::{Client, Pipeline, Records, Stream};

        /// The things.
        pub struct Things;

        impl Things {
            /// One thing.
            ///
            /// More about it.
            ///
            /// # Errors
            /// There is none.
            ///
            /// # Panics
            /// Without a runtime.
            #[doc(alias = "info")]
            pub async fn thing<T: Into<u64>>(&self, id: T) -> Result<Thing, Error> {}
            pub fn things(&self) -> Records<Thing> {}
            pub fn pipeline(&self) -> &Pipeline {}
            pub fn with_key(&self, key: Key) -> Result<Self, Error> {}
            pub fn send(&self, things: impl Stream<Item = Thing>) {}
            fn private(&self) {}
        }

        impl Client for Things {
            type Credentials = Key;
        }
    "#;
    let forms = BTreeSet::from(["Records".to_owned()]);
    let code = blocking::client(&syn::parse_file(SOURCE.trim()).unwrap(), &forms).unwrap();
    let code = rust::written(&[], code).unwrap();
    for part in [
        "use super::Records;",
        "use crate::Thing;",
        "    /// One thing.\n    ///\n    /// See [`Things::thing`](crate::Things::thing) for details and an example.\n    ///\n    \
         /// # Errors\n    /// There is none.\n    ///\n    /// # Panics\n    /// Inside async code.\n    \
         #[doc(alias = \"info\")]\n    #[track_caller]\n    pub fn thing<T: Into<u64>>",
        "self.runtime.wait(self.client.thing(id))?",
        "self.client.things().blocking(&self.runtime)",
        "self.client.pipeline()\n",
        "Ok(Self { client: self.client.with_key(key)?, runtime: self.runtime.clone() })",
        "type Credentials = Key;",
    ] {
        assert!(code.contains(part), "no {part:?} in\n{code}");
    }
    for part in ["More about it", "Without a runtime", "fn send", "fn private", "Stream", "Unused"] {
        assert!(!code.contains(part), "{part:?} in\n{code}");
    }
}
