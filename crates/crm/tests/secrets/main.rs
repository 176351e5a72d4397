//! Secrets with a mark of their own go in wherever one can, everything that comes out is searched for them.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
mod directory;
mod logs;
#[cfg(target_os = "linux")]
mod memory;
mod mirror;
mod outbox;
mod public_types;
mod search;
mod types;

use std::sync::Arc;
use std::time::Duration;

use common::every;
use common::raw::Raw;
use crm::history::{ApiKey, HistoryClient, NewEntry};
use crm::projects::{ProjectsClient, TokenPair};
use crm::testing::{Recorder, Scramble};
use crm::{ReqwestTransport, RetryPolicy};
use crm_sandbox::{Fault, Operation, RetryAfter, Sandbox, Store};
use search::Texts;

// Each begins with nine characters that stand nowhere else, and holds what JSON, URLs and `Debug` spell otherwise.
// A key or login of SalesMan must not have a backslash.
pub(crate) const KEY: &str = "Jx4apikey\"/+=k";
pub(crate) const LOGIN: &str = "Vq8login0\"/+=l";
pub(crate) const TOKEN: &str = "Hz5token0\"/+=\\t";
pub(crate) const SECRET: &str = "Yw2secret\"/+=\\s";
pub(crate) const OTHER: &str = "Bk9other0\"/+=o";
pub(crate) const PASSWORD: &str = "Gn6passw0rd-of-a-proxy";
const SECRETS: [&str; 6] = [KEY, LOGIN, TOKEN, SECRET, OTHER, PASSWORD];

fn found_nothing(texts: &Texts, secrets: &[&str]) {
    let leaks = texts.leaks(secrets);
    assert!(leaks.is_empty(), "secrets came out:\n{}", leaks.join("\n"));
}

#[tokio::test]
async fn no_public_type_shows_a_secret() {
    let mut texts = Texts::default();
    types::show(&mut texts).await;
    texts.debug(&not_an_error().await).display(&not_an_error().await);
    let api = public_types::of_the_workspace();
    let missing =
        |all: &std::collections::BTreeSet<String>, seen| all.difference(seen).cloned().collect::<Vec<_>>();
    let how = "add it to tests/secrets/types.rs";
    assert_eq!(missing(&api.types, &texts.debugged), [""; 0], "not looked at by Debug: {how}");
    assert_eq!(missing(&api.shown, &texts.shown), [""; 0], "not looked at by Display: {how}");
    assert_eq!(missing(&api.serialized, &texts.serialized), [""; 0], "not looked at as JSON: {how}");
    assert!(api.types.len() > 80, "the sources were not read: {api:?}");
    found_nothing(&texts, &SECRETS);
}

async fn not_an_error() -> crm::Error {
    let builder = HistoryClient::builder("http://127.0.0.1:1").retry(RetryPolicy::none());
    let client =
        builder.transport(types::transport_with_secrets()).credentials(ApiKey::new(KEY, LOGIN)).build();
    client.unwrap().fields().await.unwrap_err()
}

fn clients(address: &str, history: ApiKey, projects: TokenPair) -> (HistoryClient, ProjectsClient) {
    // Nothing waits for it but what hangs.
    clients_within(Duration::from_secs(60), address, history, projects)
}

fn clients_within(
    timeout: Duration,
    address: &str,
    history: ApiKey,
    projects: TokenPair,
) -> (HistoryClient, ProjectsClient) {
    let (none, transport) = (RetryPolicy::none, types::transport_with_secrets);
    let h = HistoryClient::builder(address).credentials(history).transport(transport()).keep_body_excerpts();
    let p =
        ProjectsClient::builder(address).credentials(projects).transport(transport()).keep_body_excerpts();
    (
        h.retry(none()).timeout(timeout).body_limit(1 << 20).build().unwrap(),
        p.retry(none()).timeout(timeout).body_limit(1 << 20).build().unwrap(),
    )
}

/// Answers that throw the caller's own secrets back, in every place that is read.
fn echoes(secrets: [&str; 2]) -> Vec<Vec<u8>> {
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let mut answers = Vec::new();
    for secret in secrets {
        let quoted = json(secret);
        let php = quoted.replace('/', "\\/");
        let encoded = secret.replace('"', "%22").replace('/', "%2F").replace('+', "%2B");
        let encoded = encoded.replace('=', "%3D").replace('\\', "%5C");
        let ok = [
            format!(r#"{{"result":"Error","error":{{"code":401,"text":{quoted}}}}}"#),
            format!(r#"{{"error":{{"code":{quoted},"message":{php}}}}}"#),
            format!(r#"{{"errors":{{{quoted}:[{quoted}]}}}}"#),
            format!(r#"{{"message":{quoted}}}"#),
            format!(r#"{{"data":{{{quoted}:{{"x":[]}}}}}}"#),
            format!(r#"{{"data":[{{"cid":1,"person":[{{"pid":{quoted}}}]}}]}}"#),
            format!(r#"{{"data":[{{"cid":{quoted}}}]}}"#),
            format!(r#"{{{quoted}:1}}"#),
            format!(r#"{{"payload":[{{"id":{quoted}}}]}}"#),
            format!(r#"[{{"result":"Error","error":{{"code":405,"text":{quoted}}}}}]"#),
            format!(r#"[{{"result":"Error","error":{{"code":500,"text":{quoted}}}}}]"#),
            format!("<html><title>{secret} https://x/?key={encoded}</title></html>"),
            format!("<html><title>{}{secret}</title></html>", "x".repeat(70)),
            format!("<br />\n<b>Fatal error</b>:  {secret} in <b>/a.php</b> on line <b>1</b><br />\n"),
            format!("Warning: {}{secret} in /a.php on line 3\n", "x".repeat(228)),
            format!("{}{secret}", "x".repeat(506)),
            secret.to_owned(),
        ];
        for body in &ok {
            for status in ["200 OK", "401 no", "500 no", "503 no"] {
                let head = format!(
                    "HTTP/1.1 {status}\r\nretry-after: {secret}\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                answers.push(format!("{head}{body}").into_bytes());
            }
        }
        for head in [
            format!(
                "HTTP/1.1 302 x\r\nlocation: https://{encoded}.example/{secret}\r\ncontent-length: 0\r\n\r\n"
            ),
            format!("HTTP/1.1 302 x\r\nlocation: {secret}\r\ncontent-length: 0\r\n\r\n"),
            format!("HTTP/1.1 302 x\r\nlocation: //{secret}@h/\r\ncontent-length: 0\r\n\r\n"),
            format!("HTTP/1.1 200 {secret}\r\n{secret}: {secret}\r\n\r\n"),
            format!("{secret}\r\n\r\n"),
        ] {
            answers.push(head.into_bytes());
        }
    }
    answers
}

#[tokio::test]
async fn no_error_repeats_a_secret_that_the_server_throws_back() {
    let mut texts = Texts::default();
    let (key, pair) = (ApiKey::new(KEY, LOGIN), TokenPair::new(TOKEN, SECRET));
    let mut errors = 0;
    for (own, prefix) in [([KEY, LOGIN], "history."), ([TOKEN, SECRET], "projects.")] {
        for answer in echoes(own) {
            let server = Raw::answering(answer.clone());
            for id in every::IDS.iter().filter(|id| id.starts_with(prefix)) {
                // A client of its own, because one slows down after an answer that limits the rate.
                let (history, projects) = clients(&server.url(), key.clone(), pair.clone());
                match every::call(id, &history, &projects).await {
                    Err(error) => {
                        errors += 1;
                        texts.error(&format!("{id} {}", String::from_utf8_lossy(&answer)), &error);
                    }
                    // Of what was read only the outcomes are words of errors; the rest is data.
                    Ok(outcome) if *id == "history.add_list" => texts.text("outcomes", outcome),
                    Ok(_) => {}
                }
            }
        }
    }
    assert!(errors > 1_000, "{errors}");
    found_nothing(&texts, &SECRETS);
}

/// Everything that the sandbox can do wrong.
fn faults() -> Vec<Fault> {
    let elsewhere = format!("http://127.0.0.1:1/?k={}", crm_sandbox::APIKEY);
    vec![
        Fault::latency(Duration::from_millis(700)),
        Fault::close_before_reading(),
        Fault::close_after_commit(),
        Fault::commit_half(),
        Fault::cut_body(None),
        Fault::cut_body(Some(0)),
        Fault::gateway_page(502),
        Fault::gateway_page(504).store(Store::Now),
        Fault::retry_later(429, RetryAfter::Absurd),
        Fault::retry_later(503, RetryAfter::Seconds(0)),
        Fault::error_in_ok(500, "x"),
        Fault::php_warning(true, true),
        Fault::byte_order_mark(),
        Fault::endless_body(),
        Fault::gzip_bomb(8),
        Fault::wrong_content_length(10),
        Fault::wrong_content_length(-10),
        Fault::slow_drip(1, Duration::from_millis(300)),
        Fault::redirect(302, &elsewhere),
        Fault::connection_refused(),
        Fault::no_answer(),
        Fault::interim_answers(102),
        Fault::varnish_503(Some(0)),
        Fault::firewall_page(403),
        Fault::database_down(),
        Fault::too_many_connections(),
        Fault::null_page(),
    ]
}

fn is_slow(fault: &str) -> bool {
    matches!(fault, "latency" | "slow_drip" | "no_answer" | "interim_answers")
}

/// The right keys, and those with which nothing is let in.
#[tokio::test]
async fn no_failure_no_log_and_no_list_of_requests_shows_a_secret() {
    logs::capture();
    let mut texts = Texts::default();
    let sandbox = Sandbox::builder().records(3).start().await.unwrap();
    let right = (
        ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS),
        TokenPair::new(crm_sandbox::TOKEN, crm_sandbox::SECRET),
    );
    let wrong = (ApiKey::new(KEY, LOGIN), TokenPair::new(TOKEN, SECRET));
    for (key, pair) in [right, wrong] {
        let hurried = clients_within(Duration::from_millis(100), sandbox.url(), key.clone(), pair.clone());
        let patient = clients(sandbox.url(), key, pair);
        for fault in faults().into_iter().map(Some).chain([None]) {
            sandbox.clear_faults();
            if let Some(fault) = &fault {
                sandbox.add_fault(fault.clone().everywhere().always());
            }
            // A failure that takes its time takes it once.
            let slow = fault.as_ref().is_some_and(|fault| is_slow(fault.name()));
            let (history, projects) = if slow { &hurried } else { &patient };
            for id in every::IDS.into_iter().take(if slow { 1 } else { 16 }) {
                if let Err(error) = every::call(id, history, projects).await {
                    texts.error(&format!("{id} {fault:?}"), &error);
                }
            }
        }
        texts.debug(&patient.0.stats());
    }
    let (server, authority) =
        Raw::answering_tls("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"data\":{}}");
    let transport = ReqwestTransport::builder()
        .no_proxy()
        .add_ca_certificates(authority.as_bytes())
        .without_system_certificates()
        .reqwest(|client| client.connection_verbose(true))
        .body_limit(1 << 20);
    let client = HistoryClient::builder(format!("https://localhost:{}", server.port))
        .transport(transport.build().unwrap())
        .credentials(ApiKey::new(KEY, LOGIN));
    client.build().unwrap().fields().await.unwrap();

    for request in sandbox.requests() {
        texts.debug(&request).json(&request);
    }
    let logged = logs::captured();
    for logger in ["reqwest", "rustls", "hyper_util"] {
        assert!(logged.contains(&format!(" {logger}::")), "{logger} logged nothing: it is not captured");
    }
    assert!(logged.contains("span crm_transport"), "the spans of our own are not captured");
    texts.text("log", logged);
    let keys = [crm_sandbox::APIKEY, crm_sandbox::TOKEN, crm_sandbox::SECRET];
    found_nothing(&without_locations(texts), &[&SECRETS[..], &keys[..]].concat());
}

/// A fault's `Location` stands in the list of requests as the test gave it.
fn without_locations(texts: Texts) -> Texts {
    texts.replacing(&format!("/?k={}", crm_sandbox::APIKEY), "")
}

/// What the clients write to disk: its name, and its contents. A file that a client learns to write goes in here.
async fn files() -> Vec<(&'static str, String)> {
    let folder = std::env::temp_dir().join(format!("crm-secrets-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut files = Vec::new();

    // The journal of an import whose server throws the keys back at every activity.
    let journal = folder.join("journal");
    let _ = std::fs::remove_file(&journal);
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let refused =
        |text: &str| format!(r#"{{"result":"Error","error":{{"code":405,"text":{}}}}}"#, json(text));
    // Its lists cannot be decoded, so each activity is sent alone.
    let body = format!("[{}]", refused(&format!("{KEY} {LOGIN}")));
    let server = Raw::writing(move |out| {
        // Said, because it does close. Otherwise the next activity may be sent into a connection that is just ending.
        let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        let _ = write!(out, "{head}{body}");
    });
    let (history, _) = clients(&server.url(), ApiKey::new(KEY, LOGIN), TokenPair::new(TOKEN, SECRET));
    let entries = ["one", "two", "three"].map(NewEntry::new);
    let import =
        history.import(entries).journal(&journal).settle(Duration::ZERO).patience(Duration::from_secs(1));
    let report = import.run().await.unwrap();
    assert_eq!((report.totals.done, report.totals.rejected), (3, 3), "{report:?}");
    files.push(("journal", std::fs::read_to_string(&journal).unwrap()));
    files.push(("report of an import", format!("{report} {report:?}")));

    // The checkpoint of an export that is left early, its query and its records full of keys.
    let checkpoint = folder.join("checkpoint");
    let sandbox = Sandbox::builder().records(5_000).start().await.unwrap();
    let own = ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS);
    let (history, _) = clients(sandbox.url(), own, TokenPair::new(TOKEN, SECRET));
    let first = chrono::NaiveDate::from_ymd_opt(1990, 1, 1).unwrap();
    let query = crm::history::EntryQuery::new().since(first);
    let mut all = history.export(query).checkpoint(&checkpoint).start().await.unwrap();
    for _ in 0..4_900 {
        all.next().await.unwrap().unwrap();
    }
    files.push(("figures of an export", format!("{:?} {}", all.figures(), all.figures())));
    drop(all);
    let text = std::fs::read_to_string(&checkpoint).unwrap();
    for private in [crm_sandbox::APIKEY, crm_sandbox::BOSS, sandbox.url()] {
        assert!(!text.contains(private), "{text}");
    }
    files.push(("checkpoint", text));

    // Recordings of a server that throws the keys back in every way, scrambled and not.
    let recording = folder.join("recording");
    for scramble in [Scramble::nothing(), Scramble::contents()] {
        let _ = std::fs::remove_file(&recording);
        let transport = types::transport_with_secrets();
        let recorder = Arc::new(Recorder::new(transport, &recording, scramble).unwrap());
        for (own, prefix) in [([KEY, LOGIN], "history."), ([TOKEN, SECRET], "projects.")] {
            for answer in echoes(own) {
                let server = Raw::answering(answer);
                // A client slows down after each 503, so each call has its own.
                let clients = || {
                    let h = HistoryClient::builder(server.url()).credentials(ApiKey::new(KEY, LOGIN));
                    let p = ProjectsClient::builder(server.url()).credentials(TokenPair::new(TOKEN, SECRET));
                    let h = h.transport(Arc::clone(&recorder)).retry(RetryPolicy::none()).build().unwrap();
                    let p = p.transport(Arc::clone(&recorder)).retry(RetryPolicy::none()).build().unwrap();
                    (h, p)
                };
                for id in every::IDS.iter().filter(|id| id.starts_with(prefix)) {
                    let (h, p) = clients();
                    let _ = every::call(id, &h, &p).await;
                }
                let (h, _) = clients();
                let _ = h.add(&NewEntry::new(KEY).user(LOGIN)).await;
            }
        }
        recorder.check().unwrap();
        let text = std::fs::read_to_string(&recording).unwrap();
        assert!(text.lines().count() > 1_000, "{}", text.lines().count());
        files.push(("recording", text));
    }

    std::fs::remove_dir_all(&folder).unwrap();
    files
}

#[tokio::test]
async fn no_file_and_no_report_holds_a_secret() {
    let mut texts = Texts::default();
    for (name, contents) in files().await {
        assert!(!contents.is_empty(), "{name}");
        texts.text(name, contents);
    }
    found_nothing(&texts, &SECRETS);
}

#[tokio::test]
async fn an_error_keeps_no_body_unless_asked_and_marks_where_it_cut_one() {
    let name = "Иванов Иван ";
    let body = name.repeat(1_000);
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let server = Raw::answering(answer);
    let builder = || {
        let builder = HistoryClient::builder(server.url()).credentials(ApiKey::new(KEY, LOGIN));
        builder.transport(types::transport_with_secrets()).retry(RetryPolicy::none())
    };
    let silent = builder().build().unwrap().fields().await.unwrap_err();
    assert_eq!(silent.body_excerpt(), None);
    let asked = builder().keep_body_excerpts().build().unwrap().fields().await.unwrap_err();
    let excerpt = asked.body_excerpt().unwrap();
    let (kept, mark) = excerpt.split_once('…').unwrap();
    assert_eq!((kept.chars().count(), mark), (512, format!(" [cut, {} bytes in all]", body.len()).as_str()));
    for error in [&silent, &asked] {
        assert!(!format!("{error} {error:#?}").contains("Иванов"), "{error:#?}");
    }
}

/// Names and contents stand in what was read, and in no error and no log line.
#[tokio::test]
async fn nothing_that_somebody_wrote_reaches_an_error_or_a_log() {
    logs::capture();
    let mut texts = Texts::default();
    let name = "Tr3Ivanova";
    for body in [
        format!(r#"{{"data":[{{"cid":"{name}"}}],"payload":[{{"id":"{name}"}}]}}"#),
        format!(r#"{{"data":{{"cid":1,"datum":"{name}","content":"{name}"}}}}"#),
        format!(r#"{{"data":"{name}","payload":"{name}"}}"#),
        format!(r#"{{"data":[{{"title":["{name}"]}}]}}"#),
        format!(r#"{{"result":"{name}","data":"{name}"}}"#),
        format!(r#"["{name}",["{name}"]]"#),
        format!("<br />\n<b>Fatal error</b>:  near '{name} звонок' in <b>/a.php</b>"),
        format!(r#"{{"data":[{{"cid":1,"content":"{name}"#),
        name.to_owned(),
    ] {
        let server =
            Raw::answering(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        let (key, pair) = (ApiKey::new(KEY, LOGIN), TokenPair::new(TOKEN, SECRET));
        let (history, projects) = clients(&server.url(), key, pair);
        // In requests too, wherever a text can go.
        let entry = NewEntry::new(name).user(name).activity_type(name);
        let asked = crm::history::EntryQuery::new().word(name).user(name).activity_type(name);
        let filter = crm::projects::ProjectFilter::new().field(name, name);
        let ordered = crm::projects::ProjectQuery::new().order_by(name);
        for error in [
            history.add(&entry).await.err(),
            history.add_list(&[entry]).await.err(),
            history.list(&asked).await.err(),
            projects.filter(&filter).await.err(),
            projects.list(&ordered).await.err(),
        ] {
            texts.text(format!("asked with texts: {body}"), format!("{error:#?}"));
        }
        for id in every::IDS {
            match every::call(id, &history, &projects).await {
                Err(error) => texts.text(format!("{id} {body}"), format!("{error} {error:#?}")),
                Ok(read) if id == "history.list" || id == "history.add_list" => {
                    // Unreadable records, and outcomes: words about what was read.
                    texts.text(
                        format!("{id} {body}"),
                        read.replace(&format!("content: Some(\"{name}\")"), ""),
                    );
                }
                Ok(_) => {}
            }
        }
    }
    texts.text("log", logs::captured());
    found_nothing(&texts, &[name]);
}

/// The operation is only named: every fault above strikes everywhere.
#[test]
fn the_faults_of_the_sandbox_are_all_in_the_list() {
    let source = std::fs::read_to_string("../crm-sandbox/src/faults/fault.rs").unwrap();
    let declared = syn::parse_file(&source).unwrap().items.into_iter().find_map(|item| match item {
        syn::Item::Enum(item) if item.ident == "Transfer" => Some(item.variants),
        _ => None,
    });
    let listed = format!("{:?}", faults());
    for variant in declared.unwrap() {
        let name = variant.ident.to_string();
        assert!(listed.contains(&name), "{name} is not among the faults");
    }
    // Nothing here calls the directory yet.
    let called = Operation::ALL.map(Operation::id).into_iter().filter(|id| !id.starts_with("directory."));
    assert_eq!(called.collect::<Vec<&str>>(), every::IDS);
}
