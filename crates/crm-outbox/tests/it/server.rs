//! A CRM in the process, for tests in virtual time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use crm_history::transport::{BoxFuture, Transport, TransportError};
use crm_history::{ApiKey, HistoryClient, RetryPolicy};
use http::{Request, Response};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// A CRM with one old record. Clones share it.
#[derive(Clone)]
pub(crate) struct Server(Arc<Mutex<State>>, Arc<Notify>);

struct State {
    records: Vec<Value>,
    /// What happens to the next writes.
    writes: VecDeque<Fate>,
    /// Nothing can be reached.
    is_down: bool,
    lists_are_down: bool,
    requests: usize,
    writes_received: usize,
}

/// What happens to a write.
#[derive(Clone, Copy)]
pub(crate) enum Fate {
    /// Nothing is stored, and the connection ends.
    Lost,
    /// All is stored, and the connection ends.
    StoredAndLost,
    /// All is stored, and the answer comes after this time.
    Slow(Duration),
    /// The credentials are refused.
    KeyRefused,
    /// Only the first half is stored, and the connection ends.
    HalfStored,
    /// The connection ends, and all is stored after this time.
    StoredLater(Duration),
    /// All is stored, and the answer does not say the ids.
    WithoutIds,
    /// Nothing is stored, and nothing is answered.
    Stuck,
    /// All is stored, and nothing is answered.
    StoredAndStuck,
    /// Only the first half is stored, and nothing is answered.
    HalfStoredAndStuck,
}

impl Fate {
    fn name(&self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::StoredAndLost => "stored and lost",
            Self::Slow(_) => "slow",
            Self::KeyRefused => "key refused",
            Self::HalfStored => "half stored",
            Self::StoredLater(_) => "stored later",
            Self::WithoutIds => "without ids",
            Self::Stuck => "stuck",
            Self::StoredAndStuck => "stored and stuck",
            Self::HalfStoredAndStuck => "half stored and stuck",
        }
    }
}

impl Server {
    pub(crate) fn new() -> Self {
        let records =
            vec![record(1, &json!({ "content": "старая", "datum": "2024-06-24 10:00:00", "clid": 1 }))];
        Self(
            Arc::new(Mutex::new(State {
                records,
                writes: VecDeque::new(),
                is_down: false,
                lists_are_down: false,
                requests: 0,
                writes_received: 0,
            })),
            Arc::default(),
        )
    }

    /// Adds a record as if another client had written it.
    pub(crate) fn add_record(&self, content: &str) {
        let item = json!({ "content": content, "datum": "2024-06-25 10:00:00", "clid": 1 });
        self.lock().add(&json!({ "list": [item] }));
    }

    pub(crate) fn client(&self) -> HistoryClient {
        self.client_with_timeout(Duration::from_secs(30))
    }

    pub(crate) fn client_with_timeout(&self, timeout: Duration) -> HistoryClient {
        let client = HistoryClient::builder("https://host").credentials(ApiKey::new("key", "login"));
        client.transport(self.clone()).timeout(timeout).retry(RetryPolicy::none()).build().unwrap()
    }

    pub(crate) fn next_writes(&self, fates: impl IntoIterator<Item = Fate>) {
        self.lock().writes.extend(fates);
    }

    pub(crate) fn clear_writes(&self) {
        self.lock().writes.clear();
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        self.lock().is_down = is_down;
    }

    pub(crate) fn set_lists_down(&self, are_down: bool) {
        self.lock().lists_are_down = are_down;
    }

    pub(crate) fn requests(&self) -> usize {
        self.lock().requests
    }

    /// Returns how many writes it has received.
    pub(crate) fn writes(&self) -> usize {
        self.lock().writes_received
    }

    /// Waits until it has received so many writes.
    pub(crate) async fn written(&self, count: usize) {
        while self.writes() < count {
            self.1.notified().await;
        }
    }

    /// Returns the contents of the new records, in the order of their ids.
    pub(crate) fn contents(&self) -> Vec<String> {
        self.lock().records[1..].iter().map(|record| record["content"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the clients of the new records.
    pub(crate) fn clients(&self) -> Vec<u64> {
        self.lock().records[1..].iter().map(|record| record["clid"].as_u64().unwrap()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Transport for Server {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            let (answer, wait) = {
                let mut state = self.lock();
                state.requests += 1;
                if state.is_down || (state.lists_are_down && request.uri().path().ends_with("/list")) {
                    return Err(TransportError::connect("the server is down"));
                }
                if std::env::var_os("CRM_OUTBOX_TEST_TRACE").is_some() {
                    let writes = state.writes.front();
                    eprintln!(
                        "{:?} {} {body} {}",
                        tokio::time::Instant::now(),
                        request.uri().path(),
                        writes.map_or("", Fate::name)
                    );
                }
                if request.uri().path().ends_with("/list") {
                    (state.list(&body), Duration::ZERO)
                } else {
                    state.writes_received += 1;
                    self.1.notify_one();
                    let fate = state.writes.pop_front();
                    match fate {
                        Some(Fate::Lost) => return Err(TransportError::closed("closed by the test")),
                        Some(Fate::StoredAndLost) => {
                            state.add(&body);
                            return Err(TransportError::closed("closed by the test"));
                        }
                        Some(Fate::Slow(time)) => (state.add(&body), time),
                        Some(Fate::HalfStored | Fate::HalfStoredAndStuck) => {
                            let mut half = body.clone();
                            let list = half["list"].as_array_mut().unwrap();
                            list.truncate(list.len() / 2);
                            let answer = state.add(&half);
                            if matches!(fate, Some(Fate::HalfStored)) {
                                return Err(TransportError::closed("closed by the test"));
                            }
                            (answer, FOREVER)
                        }
                        Some(Fate::Stuck) => (Value::Null, FOREVER),
                        Some(Fate::StoredAndStuck) => (state.add(&body), FOREVER),
                        Some(Fate::StoredLater(time)) => {
                            let server = self.clone();
                            tokio::spawn(async move {
                                tokio::time::sleep(time).await;
                                server.lock().add(&body);
                            });
                            return Err(TransportError::closed("closed by the test"));
                        }
                        Some(Fate::WithoutIds) => {
                            let mut answer = state.add(&body);
                            for one in answer.as_array_mut().unwrap() {
                                one["data"] = Value::Null;
                            }
                            (answer, Duration::ZERO)
                        }
                        Some(Fate::KeyRefused) => (refusal(401, "Неизвестный пользователь"), Duration::ZERO),
                        None => (state.add(&body), Duration::ZERO),
                    }
                }
            };
            if wait > Duration::ZERO {
                tokio::time::sleep(wait).await;
            }
            Ok(Response::new(answer.to_string().into()))
        })
    }
}

impl State {
    fn list(&self, body: &Value) -> Value {
        // No record is of the other days that are asked for.
        let is_shown = body["offset"] == 0 && body["dateStart"] == "0000-00-00";
        let records: Vec<&Value> = self.records.iter().rev().filter(|_| is_shown).collect();
        json!({ "data": records })
    }

    fn add(&mut self, body: &Value) -> Value {
        let mut results = Vec::new();
        for item in body["list"].as_array().unwrap() {
            if item["content"].as_str().unwrap().contains("яд") {
                results.push(refusal(500, "Out of range value for column 'datum' в строке 1264"));
                continue;
            }
            let id = self.records.len() + 1;
            self.records.push(record(id, item));
            results.push(json!({ "result": "Успешно", "data": id }));
        }
        Value::from(results)
    }
}

const FOREVER: Duration = Duration::from_secs(1_000_000);

fn refusal(code: i64, text: &str) -> Value {
    json!({ "result": "Error", "error": { "code": code.to_string(), "text": text } })
}

fn record(id: usize, item: &Value) -> Value {
    let now = Value::from("2024-06-25 12:00:00");
    json!({
        "cid": id,
        "datum": item.get("datum").unwrap_or(&now),
        "content": item["content"],
        "tip": null,
        "clid": item["clid"].as_u64().unwrap_or(0),
        "did": 0,
    })
}
