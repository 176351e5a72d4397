//! The works that the gate counts: what each allocates and executes is the same in every run.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use crm_history::{ApiKey, ClientId, EntryId, EntryQuery, HistoryClient, NewEntry, RetryPolicy};
use crm_mirror::{Mirror, Mode, Sync, Texts};
use crm_outbox::Outbox;
use crm_transport::{BoxFuture, Transport, TransportError};
use http::{Request, Response};

use crate::canned::{self, Canned};
use crate::folder::Folder;
use crate::pages;

/// Their names.
pub const WORKS: [&str; 10] = [
    "decode_200_entries",
    "decode_1000_projects",
    "two_fields_of_1000_projects",
    "one_call",
    "one_call_with_a_retry",
    "import_of_100",
    "resuming_an_import_of_5000",
    "export_of_2000",
    "outbox_puts_by_64",
    "mirror_of_1000_unchanged",
];

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
        "import_of_100" => import(),
        "resuming_an_import_of_5000" => resuming(),
        "export_of_2000" => export(),
        "outbox_puts_by_64" => puts(),
        "mirror_of_1000_unchanged" => mirror(),
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
    let runtime = runtime();
    let client = HistoryClient::builder("https://host")
        .credentials(ApiKey::new("key", "login"))
        .transport(Script { fails_first, calls: AtomicU64::new(0) })
        .retry(RetryPolicy::new().base(Duration::from_nanos(1)).budget(1_000_000))
        .build()
        .unwrap();
    Box::new(move || drop(black_box(runtime.block_on(client.entry(EntryId(1))).unwrap())))
}

/// One chunk of an import, with the reading of the highest ID before it.
fn import() -> Box<dyn FnMut()> {
    let (runtime, history) = (runtime(), Canned::new(1, 0).history());
    let day = "2024-06-25T10:00:00".parse().unwrap();
    let entries =
        move || (0..100).map(move |i| NewEntry::new(format!("Звонок {i}")).at(day).client(ClientId(1)));
    Box::new(move || {
        let report = runtime.block_on(history.import(entries()).run()).unwrap();
        assert!(report.is_complete(), "{report}");
    })
}

/// All rows of an import that has ended, found again in its journal.
fn resuming() -> Box<dyn FnMut()> {
    let (runtime, history, folder) = (runtime(), Canned::new(1, 0).history(), Folder::new());
    let day = "2024-06-25T10:00:00".parse().unwrap();
    let entries =
        move || (0..5_000).map(move |i| NewEntry::new(format!("Звонок {i}")).at(day).client(ClientId(1)));
    Box::new(move || {
        let import = history.import(entries()).journal(folder.0.join("journal"));
        let report = runtime.block_on(import.run()).unwrap();
        assert!(report.is_complete(), "{report}");
    })
}

/// Ten pages of an export, in stretches, and the proof of its end.
fn export() -> Box<dyn FnMut()> {
    let (runtime, history) = (runtime(), canned::history(Remembered::new(Canned::new(2_000, 0))));
    Box::new(move || {
        runtime.block_on(async {
            let mut export = history.export(EntryQuery::new()).concurrency(8).start().await.unwrap();
            let mut records = 0;
            while let Some(entry) = export.next().await {
                drop(black_box(entry.unwrap()));
                records += 1;
            }
            assert_eq!(records, 2_000);
            assert!(export.finish().await.is_complete());
        });
    })
}

/// One put by each of 64 tasks, which share a commit.
fn puts() -> Box<dyn FnMut()> {
    let runtime = runtime();
    let entry = NewEntry::new("вх. звонок, 2 мин 15 с").client(ClientId(1));
    Box::new(move || {
        let outbox = Outbox::with_store(crm_outbox::MemoryStore::new());
        let put = |number: u32| {
            let (outbox, entry) = (outbox.clone(), &entry);
            async move { outbox.put(&format!("call-{number}"), entry).await.unwrap() }
        };
        runtime.block_on(futures_util::future::join_all((0..64).map(put)));
    })
}

/// A full run over a page of the merge, 1,000 activities, in which nothing has changed.
fn mirror() -> Box<dyn FnMut()> {
    let (runtime, history) = (runtime(), canned::history(Remembered::new(Canned::new(1_000, 0))));
    let mirror = Mirror::with_store(crm_mirror::MemoryStore::new()).with_clock(canned::now);
    Box::new(move || {
        let sync = Sync::new().history(&history).texts(Texts::AsListed).mode(Mode::Full);
        let report = runtime.block_on(mirror.run(sync)).unwrap();
        assert!(report.is_complete(), "{report}");
    })
}

/// Everything happens on the thread that counts.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

/// Answers a request as the first time, without making the answer again.
struct Remembered {
    crm: Canned,
    answers: Mutex<BTreeMap<(String, Bytes), Bytes>>,
}

impl Remembered {
    fn new(crm: Canned) -> Self {
        Self { crm, answers: Mutex::default() }
    }
}

impl Transport for Remembered {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let question = (request.uri().path().to_owned(), request.body().clone());
            let known = self.answers.lock().unwrap().get(&question).cloned();
            if let Some(answer) = known {
                return Ok(Response::new(answer));
            }
            let response = self.crm.send(request).await?;
            self.answers.lock().unwrap().insert(question, response.body().clone());
            Ok(response)
        })
    }
}

/// Answers at once; every other call fails first where it is said so.
struct Script {
    fails_first: bool,
    calls: AtomicU64,
}

impl Transport for Script {
    fn send(&self, _: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let calls = self.calls.fetch_add(1, Ordering::Relaxed);
            if self.fails_first && calls.is_multiple_of(2) {
                return Err(TransportError::closed("closed"));
            }
            Ok(Response::new(Bytes::from_static(ANSWER.as_bytes())))
        })
    }
}

const ANSWER: &str = r#"{"data":{"cid":1,"datum":"2024-06-25 14:25:00","content":"Отправлено КП","tip":"Предложение","iduser":2,"user":"seller@example.test","clid":1,"client":"КАМКАБЕЛЬ, ОАО","person":[{"pid":1,"person":"Васильев Дмитрий"}],"did":1,"dogovor":"Поставка кабеля"}}"#;
