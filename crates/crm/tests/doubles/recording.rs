//! Recording and replay.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::NaiveDate;
use crm::history::{ApiKey, ClientId, Entry, EntryId, EntryQuery, HistoryClient, NewEntry, Pace};
use crm::projects::{ProjectQuery, ProjectsClient, TokenPair};
use crm::testing::{Answer, Call, Recorder, Replay, Scramble, Script};
use crm::{Delivery, Error, ErrorKind, RetryPolicy, Transport, history, projects};
use crm_sandbox::{APIKEY, BOSS, Fault, Operation, SECRET, SELLER, Sandbox, TOKEN};
use serde_json::json;

use crate::common::raw::Raw;
use crate::common::{every, transport};

/// A file that is removed after the test.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("recording-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_file(&path);
        Self(path)
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap()
    }

    fn recorder(&self, transport: impl Transport, scramble: Scramble) -> Recorder<impl Transport> {
        Recorder::new(transport, &self.0, scramble).unwrap()
    }

    fn replay(&self) -> Arc<Replay> {
        Arc::new(Replay::open(&self.0).unwrap())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn history_with(address: &str, transport: impl Transport, login: &str) -> HistoryClient {
    let builder = HistoryClient::builder(address).transport(transport).retry(RetryPolicy::none());
    builder.credentials(ApiKey::new(APIKEY, login)).build().unwrap()
}

fn history_client(address: &str, transport: impl Transport) -> HistoryClient {
    history_with(address, transport, BOSS)
}

fn projects_client(address: &str, transport: impl Transport) -> ProjectsClient {
    let builder = ProjectsClient::builder(address).transport(transport).retry(RetryPolicy::none());
    builder.credentials(TokenPair::new(TOKEN, SECRET)).build().unwrap()
}

const NOWHERE: &str = "https://crm.example.test";

/// Scrambles everything but the words of both APIs.
fn contents() -> Scramble {
    let scramble = Scramble::contents().keep_non_personal(history::NON_PERSONAL_DATA);
    scramble.keep_non_personal(projects::NON_PERSONAL_DATA)
}

/// Every operation, and pages of records. Returns the results as text.
async fn traffic(history: &HistoryClient, projects: &ProjectsClient) -> Vec<String> {
    let mut results = Vec::new();
    for id in every::IDS {
        results.push(match every::call(id, history, projects).await {
            Ok(read) => format!("{id} {read}"),
            Err(error) => format!("{id} {:?} {:?} {error}", error.kind(), error.delivery()),
        });
    }
    let first = NaiveDate::from_ymd_opt(2023, 1, 1).unwrap();
    let mut entries = history.entries(EntryQuery::new().since(first));
    while let Some(entry) = entries.next().await {
        results.push(format!("{:?}", entry.unwrap()));
    }
    results
}

#[tokio::test]
async fn a_replay_gives_the_same_typed_results_as_the_server() {
    let (file, sandbox) = (File::new(), Sandbox::builder().records(450).start().await.unwrap());
    let recorder = Arc::new(file.recorder(transport(), Scramble::nothing()));
    let (h, p) = (
        history_client(sandbox.url(), Arc::clone(&recorder)),
        projects_client(sandbox.url(), Arc::clone(&recorder)),
    );
    let recorded = traffic(&h, &p).await;
    recorder.check().unwrap();
    assert!(recorded.len() > 450 && recorded[0].contains("cid"), "{:?}", &recorded[..16]);
    let replay = file.replay();
    let (h, p) =
        (history_client(NOWHERE, Arc::clone(&replay)), projects_client(NOWHERE, Arc::clone(&replay)));
    let replayed = traffic(&h, &p).await;
    for (recorded, replayed) in recorded.iter().zip(&replayed) {
        // The login is a key, and the records contain it, too.
        assert_eq!(replayed, &recorded.replace(BOSS, "[secret]"));
    }
    assert_eq!(recorded.len(), replayed.len());
    assert_eq!(replay.left(), [""; 0]);
    let text = file.text();
    for secret in [APIKEY, TOKEN, SECRET, BOSS, "127.0.0.1"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

const CONTENT: &str =
    "Позвонил Аполлинарию Зубробизонову, 89161234567; обсудили «Квазисталь» <br /> & \"скидки\"";
const PRIVATE: [&str; 8] =
    ["Позвонил", "Аполлинарию", "Зубробизонову", "89161234567", "обсудили", "Квазисталь", "скидки", "seller"];

async fn lifecycle(history: &HistoryClient, seller: &str) -> Result<(EntryId, Entry, Vec<Entry>), Error> {
    let day = NaiveDate::from_ymd_opt(2024, 6, 25).unwrap();
    let new = NewEntry::new(CONTENT).at(day.and_hms_opt(14, 25, 0).unwrap()).activity_type("Звонок");
    let id = history.add(&new.user(seller).client(ClientId(1))).await?;
    let entry = history.entry(id).await?;
    let whose = entry.user_login.clone().unwrap();
    let page = history.list(&EntryQuery::new().between(day, day).user(whose)).await?;
    let found = history.list(&EntryQuery::new().between(day, day).word("Зубробизон")).await?;
    assert_eq!(page.items.len(), found.items.len());
    history.delete(id).await?;
    let gone = history.entry(id).await.unwrap_err();
    assert!(gone.api_text().unwrap().starts_with("Не найдено"), "{gone}");
    Ok((id, entry, page.items))
}

#[tokio::test]
async fn a_scrambled_recording_of_the_directory_holds_no_personal_data_and_still_replays() {
    use crm::directory::{self, ClientQuery, ContactId, DirectoryClient};
    async fn read(directory: &DirectoryClient) -> Vec<u64> {
        let users = directory.users().await.unwrap();
        let clients = directory.clients(&ClientQuery::new().word("Камкабель")).await.unwrap();
        let contact = directory.contact(ContactId(1)).await.unwrap();
        assert!(users.unreadable.is_empty() && clients.unreadable.is_empty());
        users.items.iter().map(|user| user.id.0).chain([clients.items[0].id.0, contact.id.0]).collect()
    }
    let (file, sandbox) = (File::new(), Sandbox::start().await.unwrap());
    let scramble = Scramble::contents().keep_non_personal(directory::NON_PERSONAL_DATA);
    let recorder = Arc::new(file.recorder(transport(), scramble));
    let history = history_client(sandbox.url(), Arc::clone(&recorder));
    let recorded = read(&(&history).into()).await;
    recorder.check().unwrap();
    let text = file.text();
    for word in ["КАМКАБЕЛЬ", "Камкабель", "2067201", "Васильев", "3456789", "kamkabel", BOSS, SELLER]
    {
        assert!(!text.contains(word), "{word}: {text}");
    }
    let history = history_client(NOWHERE, file.replay());
    assert_eq!(read(&(&history).into()).await, recorded);
}

#[tokio::test]
async fn a_scrambled_recording_holds_no_personal_data_and_still_replays() {
    let (file, sandbox) = (File::new(), Sandbox::start().await.unwrap());
    let recorder = Arc::new(file.recorder(transport(), contents()));
    let client = history_client(sandbox.url(), Arc::clone(&recorder));
    let (id, entry, page) = lifecycle(&client, SELLER).await.unwrap();
    let solos = projects_client(sandbox.url(), Arc::clone(&recorder));
    let shown = solos.list(&ProjectQuery::new().count(3)).await.unwrap();
    recorder.check().unwrap();
    let text = file.text();
    let name = shown.items[0].fields.as_str("name").unwrap().unwrap().into_owned();
    let client_name = entry.client_name.as_ref().unwrap();
    let words = name.split_whitespace().chain(client_name.split_whitespace()).filter(|word| word.len() > 8);
    for word in PRIVATE.into_iter().chain(words).chain([APIKEY, BOSS, TOKEN, SECRET, "127.0.0.1"]) {
        assert!(!text.contains(word), "{word}: {text}");
    }
    for stays in ["2024-06-25 14:25", "Звонок", "Успешно", "\"clid\":1", "Не найдено"] {
        assert!(text.contains(stays), "{stays}: {text}");
    }

    // The code under test sends what it always sends, and what it took from the responses.
    let (same_id, scrambled, pages) =
        lifecycle(&history_client(NOWHERE, file.replay()), SELLER).await.unwrap();
    assert_eq!((same_id, scrambled.id, scrambled.at), (id, entry.id, entry.at));
    assert_eq!((scrambled.client_id, &scrambled.activity_type), (entry.client_id, &entry.activity_type));
    assert_eq!(pages.len(), page.len());
    // What was equal stays equal.
    assert_eq!(scrambled.user_login, pages[0].user_login);
    assert_eq!(scrambled.client_name, pages[0].client_name);
    let (content, before) = (scrambled.content.unwrap(), entry.content.unwrap());
    assert_eq!(content.len(), before.len());
    assert_ne!(content, before);
    // Other keys, another login.
    let other = history_with(NOWHERE, file.replay(), "somebody@example.test");
    lifecycle(&other, SELLER).await.unwrap();
}

#[tokio::test]
async fn every_failure_is_recorded_and_fails_again_in_the_same_way() {
    let (file, sandbox) = (File::new(), Sandbox::start().await.unwrap());
    let recorder = Arc::new(file.recorder(transport(), contents()));
    let client = history_client(sandbox.url(), Arc::clone(&recorder));
    let faults = [
        Fault::close_after_commit(),
        Fault::cut_body(None),
        Fault::gateway_page(502),
        Fault::error_in_ok(500, "x"),
        Fault::php_warning(true, true),
        Fault::byte_order_mark(),
        Fault::redirect(302, "https://elsewhere.test/secret?k=1"),
    ];
    let entry = NewEntry::new("x").client(ClientId(1));
    let shown = |result: Result<EntryId, Error>| match result {
        Ok(id) => format!("{id}"),
        Err(error) => format!("{error}; {:?} {:?}", error.kind(), error.http_status()),
    };
    let mut recorded = Vec::new();
    for fault in &faults {
        sandbox.add_fault(fault.clone().on(Operation::HistoryAdd));
        recorded.push(shown(client.add(&entry).await));
    }
    let nobody = history_client("http://127.0.0.1:1", Arc::clone(&recorder));
    recorded.push(shown(nobody.add(&entry).await));
    let last = recorded.last().unwrap();
    assert!(last.contains("Connect"), "{last}");
    let client = history_client(NOWHERE, file.replay());
    for recorded in recorded {
        assert_eq!(shown(client.add(&entry).await), recorded);
    }
    let text = file.text();
    assert!(text.contains("https://elsewhere.test") && !text.contains("?k=1"), "{text}");
}

#[tokio::test]
async fn hostile_bodies_are_recorded_without_their_texts_and_read_the_same() {
    let echo = |text: &str| format!(r#"{{"data":[{{"cid":1,"content":"{text}"}}]}}"#).into_bytes();
    let cp1251 = b"{\"data\":[{\"cid\":1,\"content\":\"\xcf\xf0\xe8\xe2\xe5\xf2 Surname\"}]}".to_vec();
    let utf16: Vec<u8> =
        "\u{feff}{\"a\":\"Surname\"}".encode_utf16().flat_map(|unit| unit.to_le_bytes()).collect();
    let packed = b"\x1f\x8b\x08\0\0\0\0\0\0\x03Surname".to_vec();
    let bodies = [
        echo("Surname"),
        echo(&"Surname ".repeat(250_000)),
        echo(APIKEY),
        echo(&format!("{APIKEY} Surname")),
        cp1251,
        utf16,
        packed,
        b"\0\x01\x02Surname".to_vec(),
        b"{\"data\":[{\"cid\":1,\"content\":\"Surname".to_vec(),
        b"<html><title>Surname</title>".to_vec(),
        b"Surname".to_vec(),
        Vec::new(),
    ];
    let shown = |result: Result<crm::Page<Entry>, Error>| match result {
        Ok(page) => {
            let content = page.items[0].content.as_ref();
            format!("{:?}", content.map(|text| text.replace(APIKEY, "[secret]").len()))
        }
        Err(error) => format!("{:?} {:?} {:?}", error.kind(), error.delivery(), error.json_path()),
    };
    for body in bodies {
        let head =
            format!("HTTP/1.1 200 OK\r\nset-cookie: {APIKEY}\r\ncontent-length: {}\r\n\r\n", body.len());
        let server = Raw::answering([head.as_bytes(), &body].concat());
        for scramble in [contents(), Scramble::nothing()] {
            let (file, contents) = (File::new(), format!("{scramble:?}").contains("contents: true"));
            let client = history_client(&server.url(), file.recorder(transport(), scramble));
            let recorded = shown(client.list(&EntryQuery::new()).await);
            let replayed = shown(history_client(NOWHERE, file.replay()).list(&EntryQuery::new()).await);
            assert_eq!(replayed, recorded, "{}", String::from_utf8_lossy(&body[..body.len().min(80)]));
            let text = file.text();
            assert_eq!(text.lines().count(), 2);
            assert!(!text.contains(APIKEY), "{text:.300}");
            assert!(!contents || !text.contains("Surname"), "{text:.300}");
            assert!(!text.contains("set-cookie"), "{text:.300}");
        }
    }
}

#[tokio::test]
async fn a_response_that_is_marked_as_compressed_is_not_kept() {
    let file = File::new();
    let packed = Answer::raw("Surname").header("content-encoding", "br");
    let script = Script::new().expect("history.tips", packed);
    let client = history_client(NOWHERE, file.recorder(script.transport(), Scramble::nothing()));
    let recorded = client.activity_types().await.unwrap_err();
    assert!(!file.text().contains("Surname"), "{}", file.text());
    let replayed = history_client(NOWHERE, file.replay()).activity_types().await.unwrap_err();
    assert_eq!(replayed.kind(), recorded.kind());
}

#[tokio::test(start_paused = true)]
async fn concurrent_calls_have_lines_of_their_own_and_a_dropped_one_is_a_timeout() {
    let file = File::new();
    let mut script = Script::new().in_any_order();
    for id in 1..=40 {
        let answer = if id == 7 {
            Answer::never()
        } else {
            Answer::json(json!({"result": "Успешно", "data": id}))
        };
        let call = Call::to("history.delete").json(json!({"cid": id}));
        script = script.expect(call, answer);
    }
    let builder = HistoryClient::builder(NOWHERE).credentials(ApiKey::new("key-1", "login"));
    let builder = builder.retry(RetryPolicy::none()).pace(Pace::new().in_flight(8));
    let recorder = Arc::new(file.recorder(script.transport(), Scramble::nothing()));
    let client = builder.transport(Arc::clone(&recorder)).timeout(Duration::from_secs(5)).build().unwrap();
    let calls = (1..=40).map(|id| {
        let client = client.clone();
        tokio::spawn(async move { client.delete(EntryId(id)).await.map_err(|error| error.kind()) })
    });
    let mut results = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        results.push(call.await.unwrap());
    }
    script.finish();
    assert_eq!(results[6], Err(ErrorKind::Timeout));
    recorder.check().unwrap();
    assert_eq!(file.text().lines().count(), 41);
    let replay = history_client(NOWHERE, file.replay());
    for (id, result) in (1..=40).zip(results) {
        let replayed = replay.delete(EntryId(id)).await;
        assert_eq!(replayed.as_ref().map_err(Error::kind).copied(), result);
        if let Err(error) = replayed {
            assert_eq!(error.delivery(), Delivery::Unknown, "{error}");
        }
    }
}

#[tokio::test]
async fn a_call_that_is_not_in_the_recording_is_refused_with_the_nearest_that_is() {
    let file = File::new();
    let answers = || Answer::json(json!({"result": "Успешно", "data": 1}));
    let script = Script::new()
        .expect("history.tips", Answer::json(json!([])))
        .expect("history.add", answers())
        .expect("history.add", answers());
    let recorded = history_client(NOWHERE, file.recorder(script.transport(), Scramble::nothing()));
    recorded.activity_types().await.unwrap();
    let entry = NewEntry::new("Встреча").client(ClientId(1));
    recorded.add(&entry).await.unwrap();
    recorded.add(&entry.clone().client(ClientId(2))).await.unwrap();

    let transport = file.replay();
    assert_eq!(transport.left().len(), 3);
    let replay = history_client(NOWHERE, Arc::clone(&transport));
    let error = replay.add(&entry.clone().client(ClientId(3))).await.unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::InvalidRequest, Delivery::NotSent));
    let text = error.to_string();
    assert!(text.contains("has no such call: history.add: POST /developer/v3/history/add {"), "{text}");
    assert!(
        text.contains("; the nearest is line 3: history.add: POST")
            && text.contains("($.clid is 3, expected 1)"),
        "{text}"
    );
    replay.add(&entry).await.unwrap();
    let error = replay.add(&entry).await.unwrap_err().to_string();
    assert!(error.contains("has this call 1 times (lines [3]), and this is one more"), "{error}");
    let left = transport.left();
    assert!(
        left.len() == 2 && left[0].starts_with("line 2: history.tips: GET") && left[1].starts_with("line 4:"),
        "{left:?}"
    );
    let error = replay.delete(EntryId(1)).await.unwrap_err().to_string();
    assert!(error.contains("the nearest is line"), "{error}");
}

#[tokio::test]
async fn in_a_scrambled_recording_a_request_matches_one_of_its_shape_and_always_the_same_one() {
    let file = File::new();
    let found = |id: u64| Answer::json(json!({"data": [{"cid": id}]}));
    let mut script = Script::new();
    for id in [1, 2, 1, 2] {
        script = script.expect("history.list", found(id));
    }
    let recorded = history_client(NOWHERE, file.recorder(script.transport(), contents()));
    let search = async |client: &HistoryClient, word: &str| {
        client.list(&EntryQuery::new().word(word)).await.map(|page| page.items[0].id.0)
    };
    for word in ["Иванов", "Петров", "Иванов", "Петров"] {
        search(&recorded, word).await.unwrap();
    }
    let replay = history_client(NOWHERE, file.replay());
    assert_eq!(search(&replay, "Иванов").await.unwrap(), 1);
    assert_eq!(search(&replay, "Иванов").await.unwrap(), 1);
    assert_eq!(search(&replay, "Петров").await.unwrap(), 2);
    search(&replay, "Иванов").await.unwrap_err();
    search(&replay, "Сидоров").await.unwrap_err();
}

#[tokio::test]
async fn a_recording_is_never_overwritten_and_an_invalid_one_is_refused_with_the_line() {
    let file = File::new();
    std::fs::write(&file.0, "{\"recording\":1,\"scramble\":{\"contents\":false}}\n{\"request\":").unwrap();
    let error = Recorder::new(Script::new().transport(), &file.0, Scramble::nothing()).unwrap_err();
    assert!(error.to_string().contains("is never overwritten"), "{error}");
    for (text, fault) in [
        (file.text(), "line 2: EOF"),
        (String::new(), "line 1: the file is empty"),
        ("{}".to_owned(), "line 1: missing field"),
        ("{\"recording\":2,\"scramble\":{\"contents\":false}}".to_owned(), "format 2 is unknown"),
    ] {
        std::fs::write(&file.0, text).unwrap();
        let error = Replay::open(&file.0).unwrap_err().to_string();
        assert!(error.contains(fault), "{error}");
    }
    assert!(Replay::open("no-such-file").unwrap_err().to_string().contains("no-such-file"));
}
