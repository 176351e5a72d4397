//! Every reader of bytes that come from outside, for whatever bytes: each returns, and what was read is written and
//! read back the same. The fuzz targets use them too.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crm::directory::operations as d;
use crm::directory::{ClientQuery, ContactQuery};
use crm::history::{
    ActivityType, ApiKey, ClientId, ContactId, Entry, EntryId, EntryQuery, HistoryClient, NewEntry,
    ReadMethod, operations as h,
};
use crm::projects::{
    Action, ActionId, ActionQuery, Checklist, Good, Payment, PaymentQuery, Project, ProjectFilter, ProjectId,
    ProjectQuery, Step, StepQuery, operations as p,
};
use crm::{BoxFuture, Bytes, Error, Fields, Operation, RetryPolicy, Transport, TransportError, http};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A reader, by the name of its fuzz target and its corpus.
pub(crate) type Reader = (&'static str, fn(&[u8]));

pub(crate) const ALL: [Reader; 9] = [
    ("answer", answer),
    ("record", record),
    ("exchange", exchange),
    ("address", address),
    ("path", path),
    ("spoilt", spoilt),
    ("pages", pages),
    ("checkpoint", checkpoint),
    ("journal", journal),
];

/// The body of an answer, by every operation.
pub(crate) fn answer(body: &[u8]) {
    let mut response = http::Response::new(Bytes::copy_from_slice(body));
    for status in [200, 500] {
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
        let (entry, list) = (NewEntry::new("x"), EntryQuery::new());
        let (project, query, filter) = (ProjectId(1), ProjectQuery::new(), ProjectFilter::new());
        told(h::Fields.read(&response)).iter().for_each(stable);
        told(h::ActivityTypes.read(&response)).iter().flatten().for_each(stable);
        told(h::Info::new(EntryId(1)).read(&response)).iter().for_each(stable);
        told(h::List::new(list.clone()).read(&response)).iter().flatten().for_each(stable);
        told(h::Add::new(entry.clone()).read(&response)).iter().for_each(|id| assert_ne!(id.0, 0));
        if let Some(outcomes) = told(h::AddList::new(vec![entry.clone(), entry.clone()]).read(&response)) {
            assert_eq!(outcomes.len(), 2);
        }
        told(h::Delete::new(EntryId(1)).read(&response));
        told(p::List::<Project>::new(query.clone()).read(&response)).iter().flatten().for_each(stable);
        told(p::Filter::<Project>::new(filter.clone()).read(&response)).iter().flatten().for_each(stable);
        told(p::Info::<Project>::new(project).read(&response)).iter().for_each(stable);
        let read = p::Steps::<Step>::new(project, StepQuery::new()).read(&response);
        told(read).iter().flatten().for_each(stable);
        let read = p::Actions::<Action>::new(project, ActionQuery::new()).read(&response);
        told(read).iter().flatten().for_each(stable);
        told(p::ActionInfo::<Action>::new(ActionId(1)).read(&response)).iter().for_each(stable);
        told(p::Checklists::<Checklist>::new(project).read(&response)).iter().flatten().for_each(stable);
        told(p::Goods::<Good>::new(project).read(&response)).iter().flatten().for_each(stable);
        let read = p::Payments::<Payment>::new(project, PaymentQuery::new()).read(&response);
        told(read).iter().flatten().for_each(stable);
        told(d::ClientFields.read(&response));
        told(d::PersonFields.read(&response));
        told(d::UserList.read(&response));
        told(d::UserInfo::new("login").read(&response));
        told(d::ClientList::new(ClientQuery::new()).read(&response));
        told(d::ClientInfo::new(ClientId(1)).read(&response));
        told(d::PersonList::new(ContactQuery::new()).read(&response));
        told(d::PersonInfo::new(ContactId(1)).read(&response));
    }
}

/// JSON as the types read it, without an envelope, and every reader of a field.
pub(crate) fn record(json: &[u8]) {
    serde_json::from_slice::<Entry>(json).iter().for_each(stable);
    serde_json::from_slice::<ActivityType>(json).iter().for_each(stable);
    serde_json::from_slice::<Step>(json).iter().for_each(stable);
    if let Ok(entry) = serde_json::from_slice::<NewEntry>(json) {
        stable(&entry);
        drop((entry.as_stored(), entry.losses()));
    }
    if let Ok(project) = serde_json::from_slice::<Project>(json) {
        stable(&project);
        for name in project.fields.names() {
            every_reader_of_a_field(&project.fields, name);
        }
    }
}

fn every_reader_of_a_field(fields: &Fields, name: &str) {
    let errors = [
        fields.as_str(name).err(),
        fields.as_u64(name).err(),
        fields.as_bool(name).err(),
        fields.as_date(name).err(),
        fields.as_datetime(name).err(),
        fields.as_decimal_str(name).err(),
        fields.as_ids(name).err(),
    ];
    errors.into_iter().flatten().for_each(|error| assert!(!error.to_string().is_empty()));
}

/// A whole answer on its way through a client. The first line is `STATUS NAME VALUE`: a header; the rest the body.
pub(crate) fn exchange(bytes: &[u8]) {
    struct Answer(http::Response<Bytes>);

    impl Transport for Answer {
        fn send(
            &self,
            _: http::Request<Bytes>,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
            Box::pin(async move { Ok(self.0.clone()) })
        }
    }

    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let (head, body) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut words = head.splitn(3, |byte| *byte == b' ');
    let mut word = || words.next().unwrap_or_default();
    let status = std::str::from_utf8(word()).ok().and_then(|word| word.parse().ok()).unwrap_or(200);
    let (name, value) = (word(), word());
    let answer = http::Response::builder().status(status).header(name, value);
    let Ok(answer) = answer.body(Bytes::copy_from_slice(body)) else { return };
    let builder = HistoryClient::builder("https://crm.example.test").transport(Answer(answer));
    // A short deadline, because the second call waits as long as the first answer asks for.
    let builder = builder.retry(RetryPolicy::none()).deadline(Duration::from_millis(20)).keep_body_excerpts();
    let Ok(client) = builder.credentials(ApiKey::new("key-0123456789", "login")).build() else { return };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
    told(runtime.block_on(client.fields()));
    told(runtime.block_on(client.list(&EntryQuery::new().every_day())));
    told(runtime.block_on(client.entry(EntryId(1))));
    if let Err(error) = runtime.block_on(client.add(&NewEntry::new("x"))) {
        assert!(!format!("{error} {error:?}").contains("key-0123456789"), "{error}");
        assert!(error.to_string().chars().count() < 2_000, "{error}");
    }
}

/// An address as a person writes it.
pub(crate) fn address(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let builder = HistoryClient::builder(&*text).transport(Nothing).credentials(ApiKey::new("key", "login"));
    if let Ok(client) = builder.build() {
        let request = client.prepare(&h::Fields);
        let uri = request.map(|request| request.uri().clone());
        assert!(uri.is_ok_and(|uri| uri.path().ends_with("/developer/v3/history/fields")), "{text}");
    }
}

/// A key on its way into a JSON path.
pub(crate) fn path(key: &[u8]) {
    let mut path = "$".to_owned();
    crm::json::push_key(&mut path, &String::from_utf8_lossy(key));
    assert!(path.chars().count() < 800 && !path.contains(['\n', '\r']), "{path}");
}

/// A page of JSON that may be spoilt in one of its records, and a text as a server spoils it.
pub(crate) fn spoilt(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let whole = serde_json::from_str::<serde_json::Value>(&text);
    let records = crm::json::raw_records(&text, "$");
    if let (Ok(serde_json::Value::Array(values)), Ok(records)) = (&whole, &records) {
        let read = records.iter().map(|record| serde_json::from_str(&record.json).ok());
        assert!(read.eq(values.iter().cloned().map(Some)), "{text}");
    }
    if let Ok(records) = &records {
        // Whatever is inside of them, they follow one another in the text.
        let mut rest = &*text;
        for record in records {
            let at = rest.find(&*record.json);
            assert!(at.is_some(), "{text}");
            rest = &rest[at.unwrap_or_default() + record.json.len()..];
        }
        // A bad record beside them hides none of them.
        if text.trim_start().starts_with('[') && !records.is_empty() {
            let inner = text.trim_ascii();
            let spoilt = format!("{},{{\"id\":\"\\q\"}}]", &inner[..inner.len() - 1]);
            assert_eq!(
                crm::json::raw_records(&spoilt, "$").map(|more| more.len()).ok(),
                Some(records.len() + 1)
            );
        }
    }
    if let Ok(page) = crm::json::page::<Entry>(&text, "$") {
        page.items.iter().for_each(stable);
        assert!(records.is_ok_and(|records| records.len() == page.len()), "{text}");
    }
    letter_codes_survive(&text);
}

/// The server writes each letter that is not ASCII as a code, and then the Russian letters in place of their codes.
fn letter_codes_survive(text: &str) {
    let mut json = String::from("\"");
    for unit in text.encode_utf16() {
        match char::from_u32(unit.into()) {
            Some('"') => json.push_str("\\\""),
            Some('\\') => json.push_str("\\\\"),
            Some(c @ ' '..='~') => json.push(c),
            _ => json.push_str(&format!("\\u{unit:04x}")),
        }
    }
    json.push('"');
    for letter in ('А'..='я').chain(['Ё', 'ё']) {
        json = json.replace(&format!("\\u{:04x}", u32::from(letter)), &letter.to_string());
    }
    let page = crm::json::page::<Entry>(&format!(r#"[{{"cid":1,"content":{json}}}]"#), "$");
    let read = page.ok().and_then(|page| page.items.into_iter().next()?.content);
    assert_eq!(read.as_deref(), Some(text), "{json}");
}

/// A list whose pages come as the bytes say: three for its length, its pages and the calls in flight, then one or two for
/// each request. The export ends, returns each record once, and misses none if every page was right.
pub(crate) fn pages(bytes: &[u8]) {
    let [records, size, calls, what @ ..] = bytes else { return };
    let ids: BTreeSet<u64> = (1..=u64::from(*records)).collect();
    let list = List {
        throughout: ids.clone(),
        newest: u64::from(*records),
        ids,
        size: usize::from(size % 16) + 1,
        what: what.iter().copied().collect(),
        ..List::default()
    };
    let list = Arc::new(Mutex::new(list));
    let client = client_of(Pages(Arc::clone(&list)));
    let (output, is_complete) = in_runtime(async {
        let concurrency = usize::from(calls % 6) + 1;
        let export = client.export(EntryQuery::new()).concurrency(concurrency).start().await;
        let Some(mut export) = told(export) else { panic!("it does not begin") };
        let mut output = Vec::new();
        while let Some(entry) = export.next().await {
            output.extend(told(entry).map(|entry| entry.id.0));
        }
        (output, export.finish().await.is_complete())
    });
    let Ok(list) = list.lock() else { panic!("a page has panicked") };
    assert!(output.is_sorted_by(|one, next| one < next), "{output:?}");
    assert!(output.iter().all(|id| (1..=list.newest).contains(id)), "{output:?}");
    let misses = list.throughout.iter().any(|id| output.binary_search(id).is_err());
    assert!(list.is_wrong || is_complete && !misses, "{output:?}");
}

#[derive(Default)]
struct List {
    ids: BTreeSet<u64>,
    /// Those that were there from the beginning.
    throughout: BTreeSet<u64>,
    newest: u64,
    size: usize,
    what: VecDeque<u8>,
    requests: usize,
    /// Whether a page was not as it should be.
    is_wrong: bool,
}

impl List {
    fn page(&mut self, mut number: u64) -> String {
        self.requests += 1;
        assert!(self.requests < 10_000, "the export does not end");
        let mut take = self.size;
        match self.what.pop_front() {
            Some(byte @ 128..=159) => {
                // Some neighbours are deleted.
                let at = usize::from(self.what.pop_front().unwrap_or(0));
                let gone: Vec<u64> =
                    self.ids.iter().skip(at).take(usize::from(byte - 127)).copied().collect();
                for id in gone {
                    self.ids.remove(&id);
                    self.throughout.remove(&id);
                }
            }
            Some(byte @ 160..=191) => {
                let newest = self.newest + u64::from(byte - 159);
                self.ids.extend(self.newest + 1..=newest);
                self.newest = newest;
            }
            Some(192..=223) => (number, self.is_wrong) = (self.what.pop_front().unwrap_or(0).into(), true),
            Some(byte @ 224..) => (take, self.is_wrong) = (usize::from(byte - 224) % self.size, true),
            _ => {}
        }
        let skip = usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(self.size);
        let record = |id: &u64| format!(r#"{{"cid":{id},"datum":"2024-01-01 00:00:00","content":"x"}}"#);
        let records: Vec<String> = self.ids.iter().skip(skip).take(take).map(record).collect();
        format!("[{}]", records.join(","))
    }
}

struct Pages(Arc<Mutex<List>>);

impl Transport for Pages {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let asked: serde_json::Value = serde_json::from_slice(request.body()).unwrap_or_default();
            let Ok(mut list) = self.0.lock() else {
                return Err(TransportError::connect("a page has panicked"));
            };
            Ok(http::Response::new(Bytes::from(list.page(asked["offset"].as_u64().unwrap_or(0)))))
        })
    }
}

/// A checkpoint of an export: the export ends, or the file is refused and stays as it is.
pub(crate) fn checkpoint(bytes: &[u8]) {
    let file = TemporaryFile::new("checkpoint", bytes);
    let refused = in_runtime(async {
        let builder = client_of_an_empty_server().export(EntryQuery::new()).checkpoint(&file.0);
        let mut export = match builder.start().await {
            Ok(export) => export,
            Err(error) => return told::<()>(Err(error)).is_none(),
        };
        while let Some(entry) = export.next().await {
            assert!(entry.is_err(), "the list is empty");
        }
        drop(export.finish().await);
        false
    });
    assert!(!refused || file.holds(bytes));
}

/// A journal of an import that sends nothing: the import ends, or the file is refused and keeps its whole lines.
pub(crate) fn journal(bytes: &[u8]) {
    let file = TemporaryFile::new("journal", bytes);
    let entries = [NewEntry::new("раз").client(ClientId(1)), NewEntry::new("два").client(ClientId(1))];
    let import = client_of_an_empty_server().import(entries).journal(&file.0).dry_run();
    if let Some(report) = told(in_runtime(import.run())) {
        assert_eq!(report.outcomes.len(), 2);
    } else {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        assert!(std::fs::read(&file.0).is_ok_and(|now| now.starts_with(&bytes[..whole])), "it lost a line");
    }
}

/// A file of this process, removed with this.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let thread = std::thread::current().id();
        let path = std::env::temp_dir().join(format!("crm-reader-{}-{thread:?}-{name}", std::process::id()));
        assert!(std::fs::write(&path, bytes).is_ok(), "{}", path.display());
        Self(path)
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        std::fs::read(&self.0).is_ok_and(|now| now == bytes)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn in_runtime<T>(work: impl Future<Output = T>) -> T {
    match tokio::runtime::Builder::new_current_thread().enable_time().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => panic!("no runtime: {error}"),
    }
}

/// A client whose server has no records.
fn client_of_an_empty_server() -> HistoryClient {
    struct Empty;

    impl Transport for Empty {
        fn send(
            &self,
            _: http::Request<Bytes>,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
            Box::pin(async move { Ok(http::Response::new(Bytes::from_static(b"[]"))) })
        }
    }

    client_of(Empty)
}

fn client_of(server: impl Transport + 'static) -> HistoryClient {
    let builder = HistoryClient::builder("https://crm.example.test").transport(server);
    match builder.read_method(ReadMethod::Post).credentials(ApiKey::new("key", "login")).build() {
        Ok(client) => client,
        Err(error) => panic!("{error}"),
    }
}

struct Nothing;

impl Transport for Nothing {
    fn send(&self, _: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move { Err(TransportError::connect("nobody is there")) })
    }
}

/// What was read; an error has words, and not too many.
fn told<T>(read: Result<T, Error>) -> Option<T> {
    if let Err(error) = &read {
        let text = error.to_string();
        assert!((10..2_000).contains(&text.chars().count()), "{text}");
        drop(format!("{error:?}"));
    }
    read.ok()
}

/// Written and read back it is the same.
fn stable<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let written = serde_json::to_string(value);
    let Ok(written) = written else { panic!("{value:?} cannot be written: {written:?}") };
    match serde_json::from_str::<T>(&written) {
        Ok(again) => {
            assert_eq!(&again, value, "{written}");
            assert_eq!(serde_json::to_string(&again).ok(), Some(written));
        }
        Err(error) => panic!("{written} cannot be read back: {error}"),
    }
}
