//! The recordings of a real server, replayed.

use crate::support::{RECORDINGS_FOLDER, recording, replayed};
use crm_sandbox::{Record, Sandbox};

/// In the order of the ids they speak of.
const RECORDINGS: [&str; 33] = [
    "add",
    "add-list-mixed",
    "add-minimal",
    "add-invalid-date",
    "add-unknown-user",
    "add-emoji-and-quotes",
    "add-list-empty",
    "add-missing-parameters",
    "bad-apikey",
    "bad-login",
    "broken-json",
    "content-type-with-charset",
    "fields",
    "tips",
    "unknown-action",
    "info",
    "info-no-contacts",
    "info-zero-date",
    "info-unknown-user",
    "info-emoji-and-quotes",
    "info-id-instead-of-cid",
    "info-missing-cid",
    "info-not-found",
    "info-parameter-in-query",
    "list-empty",
    "list-only-date-end",
    "list-page-of-200",
    "list-range",
    "list-tip-filter",
    "list-unknown-order",
    "delete-missing-cid",
    "delete",
    "delete-again",
];

#[tokio::test]
async fn every_recording_gets_the_same_answer_here_byte_for_byte() {
    let sandbox = as_it_was_recorded().await;
    for name in RECORDINGS {
        let recording = recording(name);
        let answer = replayed(&sandbox, &recording["request"]).await;
        let recorded = &recording["response"];
        assert_eq!(answer.status().as_u16(), recorded["status"].as_u64().unwrap() as u16, "{name}");
        assert_eq!(
            answer.headers()["content-type"],
            recorded["headers"]["Content-Type"].as_str().unwrap(),
            "{name}"
        );
        assert_eq!(answer.text().await.unwrap(), recorded["body"].as_str().unwrap(), "{name}");
    }
}

#[test]
fn every_recording_is_replayed() {
    let files = std::fs::read_dir(RECORDINGS_FOLDER).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap().trim_end_matches(".json").to_owned())
        // A table of texts, not an exchange.
        .filter(|name| name != "content-transformations")
        .collect();
    names.sort_unstable();
    let mut replayed = RECORDINGS;
    replayed.sort_unstable();
    assert_eq!(names, replayed);
}

/// The records that were there before the first recording, under their ids, at the time of the recordings.
async fn as_it_was_recorded() -> Sandbox {
    let now = "2026-11-21T22:24:40".parse().unwrap();
    let sandbox = Sandbox::builder().now(now).start().await.unwrap();
    let first = Record {
        datum: Some("2024-06-25T14:25:00".parse().unwrap()),
        content: Some("Отправлено КП".to_owned()),
        tip: Some("Предложение".to_owned()),
        iduser: 2,
        clid: 1,
        pid: "1;2".to_owned(),
        did: 1,
        ..Record::default()
    };
    sandbox.add_record(first);
    skip_to(&sandbox, 4);
    for number in 1..=201 {
        sandbox.add_record(numbered(number));
    }
    skip_to(&sandbox, 20_527);
    sandbox
}

/// Lets the ids up to `last` pass by.
fn skip_to(sandbox: &Sandbox, last: u64) {
    while sandbox.remove_record(sandbox.add_record(Record::default())).unwrap().cid < last {}
}

fn numbered(number: i64) -> Record {
    let start: chrono::NaiveDateTime = "2023-01-01T03:00:00".parse().unwrap();
    let seller = number % 2;
    let (tip, pid) = [("Звонок", "1;2"), ("Встреча", "1"), ("Событие", "")][(number % 3) as usize];
    Record {
        datum: Some(start + chrono::TimeDelta::minutes(number / 10)),
        content: Some(format!("Запись номер {number} <b>жирно</b> & \"кавычки\"\nвторая строка")),
        tip: Some(tip.to_owned()),
        iduser: 1 + seller,
        clid: 1 + seller,
        pid: pid.to_owned(),
        did: seller,
        ..Record::default()
    }
}
