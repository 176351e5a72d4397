//! What the feature `tracing` records.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "it/doubles.rs"]
#[allow(dead_code, reason = "no test file uses all of it")]
mod doubles;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crm_model::Page;
use crm_transport::{
    Error, ExportBuilder, ExportPage, ExportSource, Idempotency, OperationInfo, RetryPolicy, TransportError,
};
use doubles::{Answer, Calls, Server, client, client_with, no_connection, ok, status};
use tokio::time::timeout;
use tracing::Instrument;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// A span or an event, and the span it stands in.
#[derive(Clone, Debug, Default)]
struct Seen {
    name: String,
    level: String,
    within: Option<String>,
    fields: BTreeMap<String, String>,
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl Seen {
    #[track_caller]
    fn says(&self, expected: &[(&str, &str)]) {
        for (name, value) in expected {
            assert_eq!(self.fields.get(*name).map(String::as_str), Some(*value), "{name} of {self:#?}");
        }
    }

    #[track_caller]
    fn says_nothing_of(&self, names: &[&str]) {
        assert!(names.iter().all(|name| !self.fields.contains_key(*name)), "{self:#?}");
    }
}

/// Everything in the order in which it began.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Seen>>>);

impl Collector {
    fn begin() -> (Self, DefaultGuard) {
        let collector = Self::default();
        let registry = tracing_subscriber::registry().with(collector.clone());
        (collector, tracing::subscriber::set_default(registry))
    }

    fn all(&self, name: &str) -> Vec<Seen> {
        let mut seen = self.0.lock().unwrap().clone();
        seen.retain(|seen| seen.name == name);
        seen
    }

    fn calls(&self) -> Vec<Seen> {
        self.all("crm.call")
    }

    fn attempts(&self) -> Vec<Seen> {
        self.all("crm.attempt")
    }

    fn events(&self) -> Vec<Seen> {
        self.all("event")
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collector {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        let mut seen = Seen {
            name: span.name().to_owned(),
            level: attributes.metadata().level().to_string(),
            within: span.parent().map(|parent| parent.name().to_owned()),
            ..Seen::default()
        };
        attributes.record(&mut seen);
        let mut all = self.0.lock().unwrap();
        span.extensions_mut().insert(all.len());
        all.push(seen);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let index = *context.span(id).unwrap().extensions().get::<usize>().unwrap();
        values.record(&mut self.0.lock().unwrap()[index]);
    }

    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        let mut seen = Seen {
            name: "event".to_owned(),
            level: event.metadata().level().to_string(),
            within: context.event_span(event).map(|span| span.name().to_owned()),
            ..Seen::default()
        };
        event.record(&mut seen);
        self.0.lock().unwrap().push(seen);
    }
}

fn without_retries(server: &Arc<Server>) -> Calls {
    client_with(server, |builder| builder.retry(RetryPolicy::none()))
}

#[tokio::test(start_paused = true)]
async fn a_call_is_a_span_and_its_attempt_a_client_span_within_it() {
    let (collector, _guard) = Collector::begin();
    client(&Server::new([ok()])).read().await.unwrap();
    let [call] = &collector.calls()[..] else { panic!("{:#?}", collector.calls()) };
    call.says(&[
        ("otel.name", "test.read"),
        ("otel.kind", "internal"),
        ("crm.operation", "test.read"),
        ("crm.attempts", "1"),
        ("crm.delivery", "delivered"),
    ]);
    let [attempt] = &collector.attempts()[..] else { panic!("{:#?}", collector.attempts()) };
    attempt.says(&[
        ("otel.name", "POST /call"),
        ("otel.kind", "client"),
        ("http.request.method", "POST"),
        ("http.response.status_code", "200"),
        ("server.address", "crm.example.test"),
        ("server.port", "443"),
        ("url.template", "/call"),
        ("crm.operation", "test.read"),
        ("crm.delivery", "delivered"),
    ]);
    for span in [call, attempt] {
        span.says_nothing_of(&["error.type", "otel.status_code", "http.request.resend_count"]);
        assert_eq!(span.level, "INFO");
    }
    assert_eq!(attempt.within.as_deref(), Some("crm.call"));
    assert!(collector.events().is_empty(), "{:#?}", collector.events());
}

#[tokio::test(start_paused = true)]
async fn a_repeated_call_has_a_span_for_each_attempt_and_an_event_for_each_wait() {
    let (collector, _guard) = Collector::begin();
    client(&Server::new([no_connection(), status(503, "").with("retry-after", "7"), ok()]))
        .read()
        .await
        .unwrap();
    let attempts = collector.attempts();
    attempts[0].says(&[
        ("error.type", "no-connection"),
        ("otel.status_code", "ERROR"),
        ("crm.delivery", "not_sent"),
    ]);
    attempts[0].says_nothing_of(&["http.request.resend_count", "http.response.status_code"]);
    attempts[1].says(&[
        ("error.type", "503"),
        ("http.response.status_code", "503"),
        ("http.request.resend_count", "1"),
    ]);
    attempts[2].says(&[("http.request.resend_count", "2"), ("http.response.status_code", "200")]);
    attempts[2].says_nothing_of(&["error.type"]);
    let [call] = &collector.calls()[..] else { panic!("{:#?}", collector.calls()) };
    call.says(&[("crm.attempts", "3"), ("crm.delivery", "delivered")]);
    call.says_nothing_of(&["error.type"]);
    let mut waits = collector.events();
    waits.retain(|event| event.fields.contains_key("crm.wait_seconds"));
    assert_eq!(waits.len(), 2, "{waits:#?}");
    waits[1].says(&[("crm.wait_seconds", "7.0"), ("error.type", "503"), ("crm.attempt", "2")]);
    assert_eq!((waits[1].level.as_str(), waits[1].within.as_deref()), ("INFO", Some("crm.call")));
}

#[tokio::test(start_paused = true)]
async fn a_write_of_unknown_fate_says_so_on_both_spans() {
    let (collector, _guard) = Collector::begin();
    let lost = Answer::Fails(|| TransportError::closed("the connection was lost"));
    without_retries(&Server::new([lost])).add().await.unwrap_err();
    for span in [collector.calls(), collector.attempts()].concat() {
        span.says(&[
            ("crm.delivery", "unknown"),
            ("error.type", "connection-lost"),
            ("otel.status_code", "ERROR"),
            ("crm.operation", "test.add"),
        ]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_in_flight_is_cancelled_and_of_unknown_fate() {
    let (collector, _guard) = Collector::begin();
    let client = client(&Server::new([Answer::Hangs]));
    timeout(Duration::from_secs(1), client.add()).await.unwrap_err();
    let spans = [collector.calls(), collector.attempts()].concat();
    assert_eq!(spans.len(), 2);
    for span in spans {
        span.says(&[("crm.delivery", "unknown"), ("error.type", "cancelled")]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_between_two_attempts_is_of_unknown_fate_if_the_first_may_have_done_it() {
    let (collector, _guard) = Collector::begin();
    let closed = Answer::Fails(|| TransportError::closed("the connection was lost"));
    let retry = RetryPolicy::new().base(Duration::from_secs(60)).cap(Duration::from_secs(60));
    let client = client_with(&Server::new([closed, Answer::Hangs]), |b| b.retry(retry));
    timeout(Duration::from_millis(1), client.delete()).await.unwrap_err();
    let [call] = &collector.calls()[..] else { panic!("not one call") };
    call.says(&[("crm.delivery", "unknown"), ("error.type", "cancelled"), ("crm.attempts", "1")]);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_api_is_told_by_its_code_and_not_in_its_words() {
    let (collector, _guard) = Collector::begin();
    let body = r#"{"result":"Error","error":{"code":405,"text":"Q7-words of the server"}}"#;
    without_retries(&Server::new([status(200, body)])).add().await.unwrap_err();
    for span in [collector.calls(), collector.attempts()].concat() {
        span.says(&[("error.type", "server-refused-request"), ("crm.api_code", "405")]);
    }
    let everything = format!("{:?}", collector.0.lock().unwrap());
    assert!(!everything.contains("Q7-words"), "{everything}");
}

#[tokio::test(start_paused = true)]
async fn a_slowdown_and_a_spent_budget_are_warnings() {
    let (collector, _guard) = Collector::begin();
    let policy = RetryPolicy::new().budget(0);
    client_with(&Server::new([no_connection()]), |b| b.retry(policy)).read().await.unwrap_err();
    let events = collector.events();
    let [slowdown, denied] = &events[..] else { panic!("{events:#?}") };
    slowdown.says(&[("crm.in_flight_limit", "1"), ("server.address", "crm.example.test")]);
    denied.says(&[("crm.operation", "test.read")]);
    assert!(events.iter().all(|event| event.level == "WARN"), "{events:#?}");
}

#[tokio::test(start_paused = true)]
async fn two_calls_at_once_keep_their_spans_apart() {
    let (collector, _guard) = Collector::begin();
    let client = client(&Server::new([ok().after(100)]));
    let _ = tokio::join!(client.read(), client.other_read());
    for seen in [collector.calls(), collector.attempts()].concat() {
        let within = if seen.name == "crm.attempt" { Some("crm.call") } else { None };
        assert_eq!(seen.within.as_deref(), within, "a span leaked into the other call: {seen:#?}");
    }
}

/// An empty list that keeps the name of the span in which each page is fetched.
#[derive(Clone, Default)]
struct EmptyList(Arc<Mutex<Vec<Option<String>>>>);

impl ExportSource for EmptyList {
    type Record = u64;
    const OPERATION: OperationInfo = OperationInfo {
        id: "test.list",
        method: http::Method::GET,
        path: "/list",
        idempotency: Idempotency::Read,
        accepts_post: false,
    };
    const NAME: &'static str = "test.export";
    const COUNTS_RECORDS: bool = false;

    fn identity(&self) -> Result<String, Error> {
        Ok(String::new())
    }

    fn id(record: &u64) -> u64 {
        *record
    }

    fn page_size(&self) -> usize {
        10
    }

    async fn page(&self, _: ExportPage) -> Result<Page<u64>, Error> {
        let span = tracing::Span::current().metadata().map(|span| span.name().to_owned());
        self.0.lock().unwrap().push(span);
        Ok(Page::new(Vec::new()))
    }
}

#[tokio::test]
async fn the_calls_of_an_export_belong_to_the_span_in_which_the_record_was_asked_for() {
    let (_collector, _guard) = Collector::begin();
    let list = EmptyList::default();
    let mut export = ExportBuilder::new(list.clone()).start().await.unwrap();
    async { while export.next().await.is_some() {} }.instrument(tracing::info_span!("night")).await;
    let spans = list.0.lock().unwrap();
    assert!(!spans.is_empty() && spans.iter().all(|span| span.as_deref() == Some("night")), "{spans:?}");
}
