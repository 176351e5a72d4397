//! What an import counts with the feature `metrics`.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use bytes::Bytes;
use crm_history::transport::{BoxFuture, Transport, TransportError};
use crm_history::{ApiKey, ClientId, HistoryClient, NewEntry};
use http::{Request, Response};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

/// A server without records that refuses activities with this content.
struct Server;

const REFUSED: &str = "нет";

impl Transport for Server {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let answer = if request.uri().path().ends_with("add.list") {
                let sent: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
                let answers = sent["list"].as_array().unwrap().iter().zip(7..).map(|(item, id)| {
                    if item["content"] == REFUSED {
                        r#"{"result":"Error","error":{"code":405,"text":"x"}}"#.to_owned()
                    } else {
                        format!(r#"{{"result":"Успешно","data":{id}}}"#)
                    }
                });
                format!("[{}]", answers.collect::<Vec<_>>().join(","))
            } else {
                "[]".to_owned()
            };
            Ok(Response::new(answer.into()))
        })
    }
}

/// What an import of these activities counted, by outcome.
async fn counted(entries: Vec<NewEntry>, is_dry_run: bool) -> BTreeMap<String, u64> {
    let recorder = DebuggingRecorder::new();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let builder = HistoryClient::builder("https://host").credentials(ApiKey::new("key", "login"));
    let client = builder.transport(Server).build().unwrap();
    let import = client.import(entries);
    let import = if is_dry_run { import.dry_run() } else { import };
    let _ = import.run().await.unwrap();
    let mut outcomes = BTreeMap::new();
    for (key, unit, description, value) in recorder.snapshotter().snapshot().into_vec() {
        if key.key().name() == "crm_import_outcomes_total" {
            assert!(unit.is_some() && description.is_some());
            let outcome = key.key().labels().map(|label| label.value().to_owned()).collect::<String>();
            let DebugValue::Counter(count) = value else { panic!("not a counter") };
            outcomes.insert(outcome, count);
        }
    }
    outcomes
}

#[tokio::test(start_paused = true)]
async fn each_activity_of_an_import_is_counted_by_its_outcome() {
    let calls =
        |contents: [&str; 3]| contents.map(|content| NewEntry::new(content).client(ClientId(1))).to_vec();
    let found = counted(calls(["раз", "два", REFUSED]), false).await;
    assert_eq!(found, BTreeMap::from([("created".to_owned(), 2), ("rejected".to_owned(), 1)]));
    let found = counted(calls(["раз", "два", ""]), true).await;
    assert_eq!(found, BTreeMap::from([("not_sent".to_owned(), 2), ("rejected".to_owned(), 1)]));
}
