//! What an outbox shows of itself: spans within the span of `put`, and metrics.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crm_outbox::{MemoryStore, Outbox};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tracing::field::{Field, Visit};
use tracing::span;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::putting::entry;
use crate::server::{Fate, Server};

/// A span: its name, the name of its parent, and its fields.
#[derive(Clone, Debug, Default)]
struct Seen {
    name: String,
    parent: Option<String>,
    fields: HashMap<String, String>,
    is_closed: bool,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name().to_owned(), format!("{value:?}").replace('"', ""));
    }
}

#[derive(Clone, Default)]
struct Spans(Arc<Mutex<HashMap<u64, Seen>>>);

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        let parent = span.parent().map(|parent| parent.name().to_owned());
        let mut seen = Seen { name: span.name().to_owned(), parent, ..Seen::default() };
        attributes.record(&mut seen);
        self.0.lock().unwrap().insert(id.into_u64(), seen);
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        if let Some(seen) = self.0.lock().unwrap().get_mut(&id.into_u64()) {
            values.record(seen);
        }
    }

    fn on_close(&self, id: span::Id, _: Context<'_, S>) {
        if let Some(seen) = self.0.lock().unwrap().get_mut(&id.into_u64()) {
            seen.is_closed = true;
        }
    }
}

/// Runs this in virtual time on this thread, which alone has the subscriber and the recorder of the test.
fn run(test: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(test);
}

#[test]
fn the_span_of_an_activity_is_within_the_span_of_put_and_ends_with_its_status() {
    let spans = Spans::default();
    // If only one subscriber exists, and a thread without one is the first to come to a span, `tracing` remembers that nobody
    // wants the span. The threads of the other tests have none.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(spans.clone()), || {
        run(async {
            let (outbox, server) = (Outbox::with_store(MemoryStore::new()), Server::new());
            let _delivery = outbox.deliver(server.client()).start();
            let webhook = tracing::info_span!("webhook", call = "1.1");
            tracing::Instrument::instrument(outbox.put("1.1", &entry("звонок")), webhook).await.unwrap();
            outbox.put("poison", &entry("яд")).await.unwrap();
            for key in ["1.1", "poison"] {
                outbox.wait(key).await.unwrap();
            }
            // The last ending is taken right after its status is known.
            tokio::time::sleep(Duration::from_secs(1)).await;
        });
    });
    let spans = spans.0.lock().unwrap();
    let of = |key: &str| {
        let mut found =
            spans.values().filter(|seen| seen.name == "outbox.activity" && seen.fields["key"] == key);
        found.next().unwrap()
    };
    assert_eq!((of("1.1").parent.as_deref(), of("poison").parent.as_deref()), (Some("webhook"), None));
    assert_eq!((&*of("1.1").fields["status"], &*of("poison").fields["status"]), ("stored", "refused"));
    assert!(of("1.1").is_closed && of("poison").is_closed);
    let shown = format!("{spans:?}");
    assert!(!shown.contains("звонок"), "no span holds what a user wrote: {shown}");
}

fn figures(snapshotter: &Snapshotter) -> HashMap<String, f64> {
    let figures = snapshotter.snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
        let labels: Vec<_> = key.key().labels().map(|label| format!("{{{}}}", label.value())).collect();
        let value = match value {
            DebugValue::Counter(count) => count as f64,
            DebugValue::Gauge(value) => value.into_inner(),
            DebugValue::Histogram(_) => 0.0,
        };
        (format!("{}{}", key.key().name(), labels.concat()), value)
    });
    figures.collect()
}

#[test]
fn the_metrics_count_what_was_put_sent_and_settled_and_what_waits() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        run(async {
            let (outbox, server) = (Outbox::with_store(MemoryStore::new()), Server::new());
            let delivery = outbox.deliver(server.client()).start();
            for number in 0..3 {
                outbox.put(&number.to_string(), &entry(&format!("звонок {number}"))).await.unwrap();
                outbox.put(&number.to_string(), &entry(&format!("звонок {number}"))).await.unwrap();
            }
            outbox.put("poison", &entry("яд")).await.unwrap();
            for key in ["0", "1", "2", "poison"] {
                outbox.wait(key).await.unwrap();
            }
            server.next_writes([Fate::Slow(Duration::from_secs(20))]);
            outbox.put("slow", &entry("звонок 4")).await.unwrap();
            tokio::time::sleep(Duration::from_secs(16)).await;
            let figures = figures(&snapshotter);
            for (name, expected) in [
                ("crm_outbox_puts_total", 8.0),
                ("crm_outbox_takeovers_total", 1.0),
                ("crm_outbox_settled_total{stored}", 3.0),
                ("crm_outbox_settled_total{refused}", 1.0),
                ("crm_outbox_depth{stored}", 3.0),
                ("crm_outbox_depth{sending}", 1.0),
                ("crm_outbox_depth{queued}", 0.0),
            ] {
                assert_eq!(figures.get(name), Some(&expected), "{name} in {figures:?}");
            }
            assert!(figures["crm_outbox_batches_total"] >= 2.0, "{figures:?}");
            delivery.shutdown(Duration::ZERO).await.unwrap();
        });
    });
    // Another instance counts from now on.
    assert_eq!(figures(&snapshotter).get("crm_outbox_depth{sending}"), Some(&0.0));
}
