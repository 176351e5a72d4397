//! A sandbox in process, clients of it, and a clock that the test sets.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use chrono::{DateTime, NaiveDateTime, Utc};
use crm_directory::DirectoryClient;
use crm_history::transport::{BoxFuture, Transport, TransportError};
use crm_history::{ApiKey, HistoryClient, RetryPolicy};
use crm_mirror::{Mirror, Report, SqliteStore, Sync};
use crm_projects::{ProjectsClient, TokenPair};
use crm_sandbox::{Builder, Clock, Failure, Operation, Record, Sandbox};
use http::{Request, Response};

use crate::scratch::Scratch;

/// A CRM with a copy of it.
pub(crate) struct World {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) scratch: Scratch,
    clock: TestClock,
    meanwhile: Arc<Mutex<Vec<Meanwhile>>>,
}

/// What somebody does once, right after so many more answers of this operation.
struct Meanwhile {
    operation: Operation,
    answers_left: usize,
    work: Box<dyn FnOnce(&Sandbox) + Send>,
}

/// Creates a run that does not pause before it asks a second time.
pub(crate) fn sync() -> Sync {
    Sync::new().recheck_after(Duration::ZERO)
}

/// Seconds since 1970.
#[derive(Clone, Debug)]
struct TestClock(Arc<AtomicI64>);

impl Clock for TestClock {
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn utc(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0.load(Ordering::Relaxed), 0).unwrap()
    }
}

/// 2024-06-25 11:25:00 UTC.
const START: i64 = 1_719_314_700;

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Sandbox::builder())
    }

    pub(crate) fn with(builder: Builder) -> Self {
        let clock = TestClock(Arc::new(AtomicI64::new(START)));
        let sandbox = Arc::new(builder.in_process(clock.clone()));
        Self { sandbox, scratch: Scratch::new(), clock, meanwhile: Arc::default() }
    }

    /// Returns the same CRM with an empty copy.
    pub(crate) fn with_another_copy(self) -> Self {
        Self { scratch: Scratch::new(), ..self }
    }

    /// Does this once, right after so many more answers of this operation.
    pub(crate) fn meanwhile(
        &self,
        operation: Operation,
        answers_left: usize,
        work: impl FnOnce(&Sandbox) + Send + 'static,
    ) {
        self.meanwhile.lock().unwrap().push(Meanwhile { operation, answers_left, work: Box::new(work) });
    }

    /// Lets so many hours pass right after so many more answers of this operation.
    pub(crate) fn hours_pass_after(&self, operation: Operation, answers_left: usize, hours: i64) {
        let clock = self.clock.clone();
        self.meanwhile(operation, answers_left, move |_| {
            clock.0.fetch_add(hours * 3600, Ordering::Relaxed);
        });
    }

    fn transport(&self) -> InProcess {
        InProcess { sandbox: Arc::clone(&self.sandbox), meanwhile: Arc::clone(&self.meanwhile) }
    }

    /// Lets so many hours pass.
    pub(crate) fn hours(&self, hours: i64) {
        self.clock.0.fetch_add(hours * 3600, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.clock.0.load(Ordering::Relaxed).unsigned_abs())
    }

    pub(crate) fn path(&self) -> String {
        self.scratch.path().join("crm.db").display().to_string()
    }

    pub(crate) async fn mirror(&self) -> Mirror {
        self.with_clock(Mirror::with_store(SqliteStore::open(self.path()).await.unwrap()))
    }

    pub(crate) fn with_clock(&self, mirror: Mirror) -> Mirror {
        let clock = self.clock.clone();
        mirror.with_clock(move || {
            UNIX_EPOCH + Duration::from_secs(clock.0.load(Ordering::Relaxed).unsigned_abs())
        })
    }

    pub(crate) fn history(&self) -> HistoryClient {
        self.history_of(crm_sandbox::BOSS)
    }

    pub(crate) fn history_of(&self, login: &str) -> HistoryClient {
        HistoryClient::builder(self.sandbox.url())
            .credentials(ApiKey::new(crm_sandbox::APIKEY, login))
            .transport(self.transport())
            .allow_insecure_http()
            .retry(RetryPolicy::none())
            .build()
            .unwrap()
    }

    pub(crate) fn directory(&self) -> DirectoryClient {
        DirectoryClient::from(&self.history())
    }

    pub(crate) fn projects(&self) -> ProjectsClient {
        ProjectsClient::builder(self.sandbox.url())
            .credentials(TokenPair::new(crm_sandbox::TOKEN, crm_sandbox::SECRET))
            .transport(self.transport())
            .allow_insecure_http()
            .retry(RetryPolicy::none())
            .build()
            .unwrap()
    }

    /// Copies the activities.
    pub(crate) async fn run(&self, change: impl FnOnce(Sync) -> Sync) -> Report {
        self.mirror().await.run(change(crate::world::sync().history(&self.history()))).await.unwrap()
    }

    /// How many requests of this operation arrived since the last time.
    pub(crate) fn count(&self, operation: Operation) -> usize {
        self.sandbox.requests().iter().filter(|request| request.operation == Some(operation)).count()
    }

    /// Stores an activity of the head, and returns its id.
    pub(crate) fn add(&self, at: &str, content: &str) -> u64 {
        self.sandbox.add_record(Record {
            datum: Some(time(at)),
            content: Some(content.to_owned()),
            tip: Some("вх.Звонок".to_owned()),
            iduser: 1,
            clid: 1,
            ..Record::default()
        })
    }

    /// Runs a query over the copy, and returns the rows as text.
    pub(crate) fn query(&self, sql: &str) -> Vec<String> {
        let connection = rusqlite::Connection::open(self.path()).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let texts = (0..columns).map(|column| {
                use rusqlite::types::ValueRef;
                match row.get_ref(column).unwrap() {
                    ValueRef::Null => "-".to_owned(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Real(number) => number.to_string(),
                    ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
                }
            });
            Ok(texts.collect::<Vec<_>>().join(" | "))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// The entries of the change log since this one, in short.
    pub(crate) fn log(&self, after: usize) -> Vec<String> {
        self.query(&format!(
            "SELECT change, table_name, id FROM changes ORDER BY seq LIMIT -1 OFFSET {after}"
        ))
    }
}

pub(crate) fn time(text: &str) -> NaiveDateTime {
    text.parse::<NaiveDateTime>()
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S"))
        .unwrap()
}

/// The sandbox as a transport.
struct InProcess {
    sandbox: Arc<Sandbox>,
    meanwhile: Arc<Mutex<Vec<Meanwhile>>>,
}

impl Transport for InProcess {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let exchange = Mutex::new(self.sandbox.receive(request));
            let outcome = exchange.lock().unwrap().outcome();
            let due: Vec<Meanwhile> = {
                let mut all = self.meanwhile.lock().unwrap();
                // The log of requests is copied, so it is read only for those who wait for one.
                let operation = match all.is_empty() {
                    true => None,
                    false => self.sandbox.requests().last().and_then(|request| request.operation),
                };
                let of_this = all.iter_mut().filter(|meanwhile| Some(meanwhile.operation) == operation);
                of_this.for_each(|meanwhile| meanwhile.answers_left -= 1);
                all.extract_if(.., |meanwhile| meanwhile.answers_left == 0).collect()
            };
            due.into_iter().for_each(|meanwhile| (meanwhile.work)(&self.sandbox));
            match outcome {
                Some(outcome) => outcome.map_err(|failure| match failure {
                    Failure::Refused => TransportError::connect("connection refused"),
                    Failure::Cut(_) => TransportError::cut_body("the body was cut"),
                    _ => TransportError::closed("connection closed"),
                }),
                None => Err(TransportError::timeout("no answer came")),
            }
        })
    }
}
