//! The waits of an import in the log: each once, with its reason and the time that is left.
//!
//! These tests have a program of their own. If only one subscriber exists, and a thread without one is the first to come to
//! an event, `tracing` remembers that nobody wants the event.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/imports.rs"]
mod imports;
#[path = "common/in_process.rs"]
mod in_process;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use crm::history::{ClientId, NewEntry};
use imports::entries;
use in_process::World;
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span;

type Fields = BTreeMap<String, String>;

/// Keeps the events of imports.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Fields>>>);

struct Event(Fields);

impl Visit for Event {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "crm_history"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Event(Fields::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

impl Log {
    /// Returns the waits with this reason, each with the seconds that it lasts.
    fn waits(&self, reason: &str) -> Vec<u64> {
        let events = self.0.lock().unwrap();
        let of_reason = events.iter().filter(|fields| fields["crm.wait_reason"] == reason);
        of_reason.map(|fields| fields["crm.wait_seconds"].parse::<f64>().unwrap().round() as u64).collect()
    }
}

/// Imports these against a server with these faults, and returns what was logged.
async fn run(rules: Value, input: Vec<NewEntry>) -> (Log, World) {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let world = World::new();
    imports::add_old_record(&world.sandbox);
    world.put(&rules);
    drop(world.client().import(input).chunk(20).run().await.unwrap());
    drop(guard);
    (log, world)
}

#[tokio::test(start_paused = true)]
async fn an_import_without_trouble_logs_no_wait() {
    let (log, _) = run(json!([]), entries(100)).await;
    assert_eq!(log.0.lock().unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_time_to_settle_and_the_readings_after_the_witness_are_logged_once_each() {
    let rule = json!({"fault": "close_before_reading", "operation": "writes"});
    let (log, _) = run(rule, entries(60)).await;
    assert_eq!(log.waits("settling"), [60], "{:?}", log.0.lock().unwrap());
    assert!(!log.waits("reading").is_empty());
    let events = log.0.lock().unwrap();
    let settling = events.iter().find(|fields| fields["crm.wait_reason"] == "settling").unwrap();
    assert!(settling["crm.patience_seconds"].parse::<f64>().unwrap() > 60.0, "{settling:?}");
    assert_eq!(settling["message"], "sending activities waits");
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_the_end_of_the_patience_is_logged_where_nothing_can_be_a_witness() {
    let (log, world) = run(json!({"fault": "close_before_reading", "operation": "writes"}), entries(1)).await;
    assert_eq!(log.waits("patience").len(), 1, "{:?}", log.0.lock().unwrap());
    assert!((200..=300).contains(&log.waits("patience")[0]), "{:?}", log.waits("patience"));
    assert!(world.seconds() > 300);
}

#[tokio::test(start_paused = true)]
async fn each_backoff_is_logged_and_nothing_that_a_user_or_the_server_wrote() {
    let rule = json!({"fault": "database_down", "when": {"for_millis": 100_000}});
    let secret = NewEntry::new("Иванов, +7 916 000-00-42").client(ClientId(1));
    let (log, _) = run(rule, vec![secret.clone(), secret]).await;
    let backoffs = log.waits("backoff");
    assert!((5..60).contains(&backoffs.len()), "{backoffs:?}");
    assert!(backoffs.contains(&10), "{backoffs:?}");
    let events = format!("{:?}", log.0.lock().unwrap());
    assert!(!events.contains("Иванов") && !events.contains("подключения"), "{events}");
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_logged_as_one() {
    let fault = json!({"too_many_requests": {"retry_after": {"seconds": 200}}});
    let rule = json!({"operation": "writes", "fault": fault, "when": {"for_millis": 190_000}});
    let (log, _) = run(rule, entries(20)).await;
    assert!(!log.waits("rate-limit").is_empty(), "{:?}", log.0.lock().unwrap());
}
