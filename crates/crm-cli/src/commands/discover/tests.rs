//! `discover` tells the shape of answers and no value of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::NaiveDate;
use crm::history::operations as h;
use crm::history::{ApiKey, HistoryClient, ReadMethod};
use crm::projects::operations as p;
use crm::projects::{ProjectsClient, TokenPair};
use crm::{BoxFuture, Bytes, Idempotency, ReqwestTransport, RetryPolicy, Transport, TransportError, http};
use crm_sandbox::{ProjectsShape, Sandbox};
use serde_json::{Map, Value, json};

use super::explore;
use super::source::Source;
use crate::language::{Language, Messages};

/// Answers every read with the examples of the source, each value in them and each key beside them a canary.
struct Canaries {
    count: AtomicU64,
    sources: [Source; 2],
    failing: bool,
}

impl Canaries {
    fn new(failing: bool) -> Self {
        Self {
            count: AtomicU64::new(0),
            sources: [Source::history().unwrap(), Source::projects().unwrap()],
            failing,
        }
    }

    fn number(&self) -> u64 {
        770_000_000 + self.count.fetch_add(1, Ordering::Relaxed)
    }

    /// The same shape with other values: nothing of an account may come through, whatever its type.
    fn canary(&self, value: &Value) -> Value {
        let number = self.number();
        match value {
            Value::String(text) if text.starts_with("20") => {
                json!(format!("7777-{:02}-17 17:17:17", number % 12 + 1))
            }
            Value::String(text) if text.parse::<u64>().is_ok() => json!(number.to_string()),
            Value::String(_) => json!(format!("canary Канарейкин {number}")),
            Value::Number(_) => json!(number),
            Value::Array(items) => items.iter().map(|item| self.canary(item)).collect(),
            Value::Object(map) => {
                let mut twin: Map<String, Value> =
                    map.iter().map(|(key, value)| (key.clone(), self.canary(value))).collect();
                twin.insert("brand_new".to_owned(), json!(format!("canary {number}")));
                twin.insert(format!("canary{number}@example.test"), json!(number));
                twin.insert("Канарейкин".to_owned(), json!([format!("canary {number}"), 77.77]));
                twin.insert("table".to_owned(), json!({"kanareykin": {"sum": number}, "canary": {"sum": 1}}));
                twin.insert("lone".to_owned(), json!({"kanareykin": {"sum": number}}));
                twin.into_iter().collect()
            }
            other => other.clone(),
        }
    }

    fn answer(&self, path: &str) -> String {
        let text = format!("canary Канарейкин {}", self.number());
        if self.failing {
            return json!({"result": "Error", "error": {"code": self.number(), "text": text}}).to_string();
        }
        let tables = [&h::catalog::ALL[..], &p::catalog::ALL[..]].concat();
        let id = tables.iter().find(|(info, _)| info.path == path).unwrap().0.id;
        let examples = |source: &Source| {
            let examples =
                &source.operation(id)?.node["responses"]["200"]["content"]["application/json"]["examples"];
            let names = ["documented", "observed", "assumed"];
            let value = names.into_iter().find_map(|name| examples[name].get("value"))?;
            Some(self.canary(value).to_string())
        };
        self.sources.iter().find_map(examples).unwrap()
    }
}

impl Transport for Canaries {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move { Ok(http::Response::new(self.answer(request.uri().path()).into())) })
    }
}

/// Both clients over a transport; with the credentials of the sandbox.
fn clients(address: &str, transport: Arc<impl Transport>) -> (HistoryClient, ProjectsClient) {
    let history = HistoryClient::builder(address)
        .credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS))
        .transport(Arc::clone(&transport))
        .retry(RetryPolicy::none())
        .read_method(ReadMethod::Get)
        .build();
    let projects = ProjectsClient::builder(address)
        .credentials(TokenPair::new(crm_sandbox::TOKEN, crm_sandbox::SECRET))
        .transport(transport)
        .retry(RetryPolicy::none())
        .build();
    (history.unwrap(), projects.unwrap())
}

fn over_http() -> Arc<ReqwestTransport> {
    Arc::new(ReqwestTransport::builder().no_proxy().without_system_certificates().build().unwrap())
}

async fn report(transport: Arc<impl Transport>, address: &str) -> String {
    let (history, projects) = clients(address, transport);
    let day = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    let mut out = Vec::new();
    explore::history(&history, (day(2020), day(2030)), &mut out).await.unwrap();
    explore::projects(&projects, &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

/// What would give an account away: the canaries, and with what and where it was asked.
fn gives_nothing_away(report: &str) {
    let secrets = [crm_sandbox::APIKEY, crm_sandbox::BOSS, crm_sandbox::TOKEN, crm_sandbox::SECRET];
    let canaries = ["canary", "Канарейкин", "kanareykin", "77", "17:17", "@", "account.example"];
    for trace in canaries.into_iter().chain(secrets) {
        let line = report.lines().find(|line| line.contains(trace));
        assert_eq!(line, None, "{trace} came through");
    }
}

#[tokio::test]
async fn no_value_of_any_field_comes_through() {
    let report = report(Arc::new(Canaries::new(false)), "https://account.example.test").await;
    gives_nothing_away(&report);
    for line in [
        "history.info $.data.brand_new: string",
        "history.list $.data[].‹own key›: array in 1 of 2, integer in 1 of 2",
        "projects.info $.payload.step_id: integer",
        "dogovor: string",
    ] {
        assert!(
            report.lines().any(|found| found.trim_start_matches(['-', ' ']) == line),
            "no {line:?} in {report}"
        );
    }
}

#[tokio::test]
async fn no_word_of_an_error_comes_through() {
    let report = report(Arc::new(Canaries::new(true)), "https://account.example.test").await;
    gives_nothing_away(&report);
    assert!(report.contains("- history.fields: Api"), "{report}");
}

#[tokio::test]
async fn the_sandbox_answers_nothing_of_the_history_that_the_source_does_not_know() {
    let sandbox = Sandbox::builder().records(50).start().await.unwrap();
    let report = report(over_http(), sandbox.url()).await;
    let (history, projects) = report.split_once("# solOS").unwrap();
    assert!(history.contains("New: nothing\n") && history.contains("Different: nothing\n"), "{history}");
    assert!(projects.contains("- projects.list $.payload[].step_id: integer\n"), "{projects}");
}

#[tokio::test]
async fn an_envelope_that_was_not_assumed_is_told() {
    let sandbox = Sandbox::builder().projects_shape(ProjectsShape::Keyed).start().await.unwrap();
    let report = report(over_http(), sandbox.url()).await;
    assert!(report.contains("- projects.list $.payload: object; the source says array\n"), "{report}");
    assert!(report.contains("- projects.list $.payload.‹id›: object\n"), "{report}");
}

#[tokio::test]
async fn it_calls_what_it_said_before_and_that_only_reads() {
    let sandbox = Sandbox::builder().records(50).start().await.unwrap();
    drop(report(over_http(), sandbox.url()).await);
    let requests = sandbox.requests();
    let called: BTreeSet<String> =
        requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect();
    let planned = [explore::HISTORY, explore::PROJECTS].concat();
    let said = explore::plan(&planned, &Messages::new(Language::English));
    let said: BTreeSet<String> =
        said.lines().map(|line| line.split(": ").next().unwrap().to_owned()).collect();
    assert_eq!(called, said);
    assert!(planned.iter().all(|(info, _)| info.idempotency == Idempotency::Read));
    assert_eq!(sandbox.record_count(), 50);
}
