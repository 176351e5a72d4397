//! The way between the client and the sandbox: latencies, other writers, and a record of what passed.

mod lists;
mod seen;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use crm_history::NewEntry;
use crm_sandbox::{Clock as _, Failure, Record, Sandbox};
use crm_transport::http::{Request, Response};
use crm_transport::{BoxFuture, Transport, TransportError};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::activities::Key;
use crate::clock::TokioClock;
use crate::coverage::Coverage;
use crate::draw::Draw;
use crate::plan::{ForeignRecord, ForeignWrite, Plan};
use crate::settle_watch::SettleWatch;
use crate::trace::Trace;
use crate::tricks::{HiddenRecords, ListTricks};
use crate::wire;

/// The transport of the client. Clones share everything.
#[derive(Debug, Clone)]
pub(crate) struct Network(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sandbox: Arc<Sandbox>,
    clock: TokioClock,
    trace: Trace,
    keys: Vec<Key>,
    latency: Duration,
    settle: Duration,
    /// How long a request may wait in the client.
    longest_wait: Duration,
    /// The records of the items, by their bodies. Empty if a record cannot be recognized.
    keys_of_items: BTreeMap<String, Key>,
    tricks: ListTricks,
    twin: Option<i64>,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    draw: Draw,
    requests: u64,
    writes_in_run: u64,
    last_request: Option<Instant>,
    is_in_doubt: bool,
    is_restarted: bool,
    /// Bodies of items that were sent before.
    sent: BTreeSet<String>,
    /// How often a fault struck a request with an item, by the body of the item.
    strikes: BTreeMap<String, u64>,
    foreign_writes: Vec<ForeignWrite>,
    clock_steps: Vec<(u64, chrono::TimeDelta)>,
    /// Ids of the records that others wrote.
    foreign_ids: BTreeSet<u64>,
    hidden: HiddenRecords,
    watch: SettleWatch,
    /// The records whose answer was lost.
    lost: BTreeSet<u64>,
    has_twin: bool,
    /// The last record of this run that the client knows.
    last_confirmed: Option<u64>,
    coverage: Coverage,
    /// How often each rule has struck.
    struck: Vec<u64>,
}

impl Network {
    pub(crate) fn new(
        plan: &Plan,
        seed: u64,
        keys: Vec<Key>,
        sandbox: Arc<Sandbox>,
        clock: TokioClock,
        trace: Trace,
    ) -> Network {
        let foreign_ids = sandbox.records().iter().map(|record| record.cid).collect();
        let progress = Progress {
            draw: Draw::new(seed, 2),
            requests: 0,
            writes_in_run: 0,
            last_request: None,
            is_in_doubt: false,
            is_restarted: false,
            sent: BTreeSet::new(),
            strikes: BTreeMap::new(),
            foreign_writes: plan.foreign.clone(),
            clock_steps: plan.clock_steps.clone(),
            foreign_ids,
            hidden: HiddenRecords::default(),
            watch: SettleWatch::default(),
            lost: BTreeSet::new(),
            has_twin: false,
            last_confirmed: None,
            coverage: Coverage::default(),
            struck: vec![0; plan.rules.len()],
        };
        Network(Arc::new(Shared {
            sandbox,
            clock,
            trace,
            latency: plan.latency,
            settle: plan.settings.settle,
            // Each of the others that wait for their turn may take as long.
            longest_wait: plan.settings.timeout * (plan.settings.concurrency as u32 - 1),
            keys_of_items: if plan.is_sole_writer() && !plan.changes_types() && plan.only_breaks_connections()
            {
                plan.entries.iter().map(body_of_item).zip(keys.iter().cloned()).collect()
            } else {
                BTreeMap::new()
            },
            tricks: plan.tricks.clone(),
            twin: plan.twin,
            keys,
            progress: Mutex::new(progress),
        }))
    }

    /// Notes that a run begins.
    pub(crate) fn begin_run(&self, is_restarted: bool) {
        let mut progress = self.progress();
        progress.writes_in_run = 0;
        progress.last_confirmed = None;
        progress.hidden.show_all();
        progress.watch.restart();
        progress.is_in_doubt = is_restarted;
        progress.is_restarted = is_restarted;
    }

    pub(crate) fn requests(&self) -> u64 {
        self.progress().requests
    }

    /// How often a fault struck a request with this item.
    pub(crate) fn strikes(&self, item: &str) -> u64 {
        self.progress().strikes.get(item).copied().unwrap_or(0)
    }

    /// When the client sent its last request.
    pub(crate) fn last_request(&self) -> Option<Instant> {
        self.progress().last_request
    }

    pub(crate) fn coverage(&self) -> Coverage {
        self.progress().coverage.clone()
    }

    /// The ids of the records that others wrote.
    pub(crate) fn foreign_ids(&self) -> BTreeSet<u64> {
        self.progress().foreign_ids.clone()
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause(&self) -> Duration {
        let most = self.0.latency.as_millis() as u64;
        self.progress().draw.millis(0, most)
    }

    /// Lets others work at this request.
    fn let_others_work(&self, request: u64) {
        let (writes, steps) = {
            let mut progress = self.progress();
            let (now, rest): (Vec<_>, Vec<_>) =
                progress.foreign_writes.drain(..).partition(|write| write.at_request <= request);
            progress.foreign_writes = rest;
            let (steps, rest): (Vec<_>, Vec<_>) =
                progress.clock_steps.drain(..).partition(|(at, _)| *at <= request);
            progress.clock_steps = rest;
            (now, steps)
        };
        for (_, by) in steps {
            self.0.clock.step(by);
            self.0.trace.note(format!("the server's clock is set by {by}"));
        }
        for write in writes {
            let network = self.clone();
            match write.later {
                None => network.write_as_another(write.what),
                Some(later) => {
                    tokio::spawn(async move {
                        sleep(later).await;
                        network.write_as_another(write.what);
                    });
                }
            }
        }
    }

    fn write_as_another(&self, what: ForeignRecord) {
        let now = self.0.clock.utc().naive_utc();
        let record = match what {
            ForeignRecord::EqualTo(index) => self.0.keys[index].to_record(now),
            ForeignRecord::Shifted(index, hours) => {
                let record = self.0.keys[index].to_record(now);
                Record { datum: record.datum.map(|at| at + TimeDelta::hours(hours)), ..record }
            }
            ForeignRecord::Unequal => Record {
                datum: Some(now),
                content: Some("Чужая запись".to_owned()),
                iduser: 1,
                clid: 1,
                ..Record::default()
            },
        };
        let id = self.0.sandbox.add_record(record);
        self.progress().foreign_ids.insert(id);
        self.0.trace.note(format!("somebody else writes record {id}: {what:?}"));
    }

    /// Sends a request. Returns the last ID that the answer says, too: the client knows it if it takes the answer.
    pub(crate) async fn send_unconfirmed(
        &self,
        request: Request<Bytes>,
    ) -> (Result<Response<Bytes>, TransportError>, Option<u64>) {
        let number = {
            let mut progress = self.progress();
            progress.requests += 1;
            progress.last_request = Some(Instant::now());
            progress.requests
        };
        self.0.trace.note(format!("#{number} leaves"));
        self.watch(&request);
        // A request that is on its way arrives, even if the client does not wait for it any more.
        let on_its_way = tokio::spawn(self.clone().exchange(number, request));
        on_its_way.await.unwrap_or_else(|error| (Err(TransportError::closed(error.to_string())), None))
    }

    /// The client knows that this record is there.
    pub(crate) fn confirm(&self, id: u64) {
        let mut progress = self.progress();
        progress.last_confirmed = progress.last_confirmed.max(Some(id));
    }

    /// Brings the request to the server, and its outcome back.
    async fn exchange(
        self,
        number: u64,
        request: Request<Bytes>,
    ) -> (Result<Response<Bytes>, TransportError>, Option<u64>) {
        sleep(self.pause()).await;
        self.let_others_work(number);
        let path = request.uri().path();
        let operation = path.rsplit('/').next().unwrap_or(path).to_owned();
        let (state, items) = self.state(&operation, &request);
        let login = request.headers().get("login").map(|login| login.to_str().unwrap_or("?").to_owned());
        let before = self.ids();
        let exchange = self.0.sandbox.receive(request);
        let added: Vec<u64> = self.ids().difference(&before).copied().collect();
        let stored = added.len();
        let equal: Vec<usize> = items.iter().map(|item| self.stored(item)).collect();
        let is_lost = |fault: &Option<String>| fault.as_deref().is_some_and(|fault| LOST.contains(&fault));
        if items.is_empty() {
            // Whatever appears during a read is not ours.
            self.progress().foreign_ids.extend(added.iter().copied());
        }
        let fault = self.struck();
        if !items.is_empty() && is_lost(&fault) {
            self.lose(&added);
        }
        let commits_late = self.0.tricks.commits_late && !items.is_empty() && is_lost(&fault);
        if commits_late {
            self.progress().hidden.hide(&added, Instant::now() + FAR);
        }
        if let Some(fault) = &fault {
            let mut progress = self.progress();
            let is_restarted = progress.is_restarted;
            progress.coverage.count(fault, state, is_restarted);
            for item in &items {
                *progress.strikes.entry(item.clone()).or_default() += 1;
            }
        }
        let what = format!(
            "#{number} {operation} {} {state:?} items {} stored {stored} fault {}",
            login.unwrap_or_default(),
            items.len(),
            fault.as_deref().unwrap_or("-")
        );
        self.0.trace.note(&what);
        let outcome = wire::outcome(exchange, &self.0.clock).await;
        sleep(self.pause()).await;
        if commits_late {
            self.progress().hidden.begin(&added, self.0.settle);
        }
        let is_broken = outcome.as_ref().is_err_and(|failure| !matches!(failure, Failure::Refused));
        if is_broken && added.is_empty() {
            for (item, stored) in items.iter().zip(equal) {
                self.progress().watch.broke(item, stored);
            }
        }
        let outcome = match outcome {
            Ok(response) if operation == "list" => Ok(self.edited(response)),
            outcome => outcome,
        };
        let said = match &outcome {
            Ok(response) => {
                format!("{} {} bytes{}", response.status(), response.body().len(), listed(response.body()))
            }
            Err(failure) => failure.to_string(),
        };
        self.0.trace.note(format!("#{number} answer: {said}"));
        let said = outcome.as_ref().ok().zip(added.last().copied());
        let said = said.filter(|(response, id)| names(response, *id)).map(|(_, id)| id);
        if !items.is_empty() {
            let mut progress = self.progress();
            progress.is_in_doubt = fault.is_some();
            let is_lost = fault.is_some_and(|fault| LOST.contains(&fault.as_str()));
            if said.is_some() {
                progress.hidden.confirmed(self.0.settle.min(PAUSE));
            } else if !is_lost {
                // The client may know a higher id, or not.
                progress.last_confirmed = None;
            }
        }
        (wire::as_seen(outcome).await, said)
    }
}

/// Returns the bodies of the items of a write.
pub(crate) fn items_of(request: &Request<Bytes>) -> Vec<String> {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    match body.get("list").and_then(|list| list.as_array()) {
        Some(items) => items.iter().map(ToString::to_string).collect(),
        None => vec![body.to_string()],
    }
}

/// Returns the body of an item with this activity.
pub(crate) fn body_of_item(entry: &NewEntry) -> String {
    serde_json::to_value(entry).unwrap_or_default().to_string()
}

/// The faults after which a stored record has no answer.
const LOST: &[&str] = &["close_after_commit", "commit_half"];
/// The time between the readings after a witness.
const PAUSE: Duration = Duration::from_secs(2);
/// Longer than any request takes.
const FAR: Duration = Duration::from_secs(86_400);

impl Transport for Network {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let (answer, said) = self.send_unconfirmed(request).await;
            said.into_iter().for_each(|id| self.confirm(id));
            answer
        })
    }
}

/// Returns the JSON of an answer, as the client reads it: after a byte order mark, too.
pub(crate) fn parsed(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)).ok()
}

/// The ids of the records of a list, and their times.
pub(crate) fn listed(body: &[u8]) -> String {
    let body = parsed(body).unwrap_or_default();
    let records = body.get("data").and_then(Value::as_array);
    let record = |record: &Value| format!(" [{} {}]", record["cid"], record["datum"]);
    records.into_iter().flatten().map(record).collect()
}

/// Whether an answer to a write gives an activity this id, so that the client knows that it is stored.
fn names(response: &Response<Bytes>, id: u64) -> bool {
    // The client reads it although PHP's warnings stand around it.
    let text = response.body();
    let begin = text.iter().position(|byte| matches!(byte, b'[' | b'{')).unwrap_or(text.len());
    let mut values = serde_json::Deserializer::from_slice(&text[begin..]).into_iter();
    let body: Value = values.next().and_then(Result::ok).unwrap_or_default();
    // A refusal may hold the id of the answer before it.
    let is_stored = |answer: &Value| answer["result"] == "Успешно";
    let is_id =
        |answer: &Value| is_stored(answer) && answer["data"].to_string().trim_matches('"') == id.to_string();
    body.as_array().map_or_else(|| is_id(&body), |answers| answers.iter().any(is_id))
}
