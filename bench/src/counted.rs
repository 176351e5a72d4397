//! The works that the gate counts: what each allocates and executes is the same in every run.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use crm_history::{ApiKey, EntryId, HistoryClient, RetryPolicy};
use crm_transport::{Transport, TransportError};
use http::{Request, Response};

use crate::pages;

/// Their names.
pub const WORKS: [&str; 4] =
    ["decode_200_entries", "decode_1000_projects", "one_call", "one_call_with_a_retry"];

/// One of them, warmed up: what is done only once in a process is done.
#[must_use]
pub fn work(name: &str) -> Box<dyn FnMut()> {
    let mut work: Box<dyn FnMut()> = match name {
        "decode_200_entries" => {
            let page = pages::entries();
            Box::new(move || drop(black_box(pages::read_entries(&page))))
        }
        "decode_1000_projects" => {
            let page = pages::projects();
            Box::new(move || drop(black_box(pages::read_projects(&page))))
        }
        "two_fields_of_1000_projects" => {
            let page = pages::projects();
            Box::new(move || _ = black_box(pages::two_fields(&page)))
        }
        "one_call" => call(false),
        "one_call_with_a_retry" => call(true),
        // Not held to a baseline: for whoever wants to know what the others come to.
        "strict_200_entries" => {
            let page = pages::entries();
            Box::new(move || drop(black_box(pages::strict_entries(&page))))
        }
        "strict_1000_projects" => {
            let page = pages::projects();
            Box::new(move || drop(black_box(pages::strict_projects(&page))))
        }
        "own_type_of_1000_projects" => {
            let page = pages::projects();
            Box::new(move || drop(black_box(pages::own_projects(&page))))
        }
        "value_200_entries" => {
            let page = pages::entries();
            Box::new(move || drop(black_box(pages::value(&page))))
        }
        "two_fields_of_1000_projects_by_value" => {
            let page = pages::projects();
            Box::new(move || _ = black_box(pages::two_fields_by_value(&page)))
        }
        "value_1000_projects" => {
            let page = pages::projects();
            Box::new(move || drop(black_box(pages::value(&page))))
        }
        other => panic!("there is no work called {other}"),
    };
    work();
    work
}

/// From the method of the client to the transport and back.
fn call(fails_first: bool) -> Box<dyn FnMut()> {
    fastrand::seed(7); // the waits before a retry
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let client = HistoryClient::builder("https://host")
        .credentials(ApiKey::new("key", "login"))
        .transport(Script { fails_first, calls: AtomicU64::new(0) })
        .retry(RetryPolicy::new().base(Duration::from_nanos(1)).budget(1_000_000))
        .build()
        .unwrap();
    Box::new(move || drop(black_box(runtime.block_on(client.entry(EntryId(1))).unwrap())))
}

/// Answers at once; every other call fails first where it is said so.
struct Script {
    fails_first: bool,
    calls: AtomicU64,
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        if self.fails_first && calls.is_multiple_of(2) {
            return Err(TransportError::closed("closed"));
        }
        Ok(Response::new(Bytes::from_static(ANSWER.as_bytes())))
    }
}

const ANSWER: &str = r#"{"data":{"cid":1,"datum":"2024-06-25 14:25:00","content":"Отправлено КП","tip":"Предложение","iduser":2,"user":"seller@example.test","clid":1,"client":"КАМКАБЕЛЬ, ОАО","person":[{"pid":1,"person":"Васильев Дмитрий"}],"did":1,"dogovor":"Поставка кабеля"}}"#;
