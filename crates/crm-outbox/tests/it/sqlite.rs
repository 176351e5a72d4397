//! What only SQLite has to show: the file, and transactions of the user.

use crm_outbox::{Filter, Outbox, PutError, Resolution, SqliteStore, State, Status, Store, rusqlite};

use crate::putting::entry;
use crate::scratch::Scratch;
use crate::server::Server;

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_for_its_owner_alone_with_everything_beside_it() {
    use std::os::unix::fs::PermissionsExt;

    let scratch = Scratch::new();
    let outbox = Outbox::open(&scratch.sqlite()).await.unwrap();
    outbox.put("call-1", &entry("звонок")).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(scratch.path()).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn an_activity_is_put_in_the_transaction_of_the_user() {
    let scratch = Scratch::new();
    let outbox = Outbox::open(&scratch.sqlite()).await.unwrap();
    let mut own = rusqlite::Connection::open(scratch.path().join("calls.db")).unwrap();
    for commits in [false, true] {
        let mut transaction = own.transaction().unwrap();
        outbox.put_in(&mut transaction, "call-1", &entry("звонок")).await.unwrap();
        if commits {
            transaction.commit().unwrap();
        } else {
            drop(transaction);
        }
        assert_eq!(outbox.status("call-1").await.unwrap().is_some(), commits);
    }
    let mut transaction = own.transaction().unwrap();
    let again = outbox.put_in(&mut transaction, "call-1", &entry("звонок")).await.unwrap();
    assert_eq!(again, Status::Queued);
    let other = outbox.put_in(&mut transaction, "call-1", &entry("другой")).await;
    assert!(matches!(other, Err(PutError::Conflict(_))), "{other:?}");
}

#[tokio::test]
async fn any_program_can_put_by_a_plain_insert() {
    let scratch = Scratch::new();
    let outbox = Outbox::open(&scratch.sqlite()).await.unwrap();
    let own = rusqlite::Connection::open(scratch.path().join("calls.db")).unwrap();
    let insert = r#"INSERT INTO crm_outbox_activities (key, activity)
        VALUES ('call-1', '{"clid":1,"datum":"2024-06-25 10:00:00","content":"звонок"}')
        ON CONFLICT (key) DO NOTHING"#;
    assert_eq!(own.execute(insert, []).unwrap(), 1);
    assert_eq!(own.execute(insert, []).unwrap(), 0);
    assert_eq!(outbox.put("call-1", &entry("звонок")).await.unwrap(), Status::Queued);
    assert!(outbox.put("call-1", &entry("другой")).await.is_err());
}

#[tokio::test]
async fn what_is_not_text_is_refused_alone_and_everything_else_is_delivered() {
    let scratch = Scratch::new();
    let outbox = Outbox::open(&scratch.sqlite()).await.unwrap();
    let own = rusqlite::Connection::open(scratch.path().join("calls.db")).unwrap();
    let json = r#"'{"clid":1,"datum":"2024-06-25 10:00:00","content":"звонок"}'"#;
    // «Звонок» in Windows-1251, within JSON that is otherwise right.
    let in_cp1251 = r#"CAST('{"clid":1,"content":"' || x'C7E2EEEDEEEA' || '"}' AS TEXT)"#;
    let bytes = format!("CAST({json} AS BLOB)");
    let no_text = "CAST(x'C7E2' AS TEXT)";
    for (key, activity, mark) in [
        ("'cp1251'", in_cp1251, "NULL"),
        ("'blob'", bytes.as_str(), "NULL"),
        ("'mark'", json, no_text),
        ("CAST('key' || x'C7' AS TEXT)", json, "NULL"),
        ("CAST('bytes' AS BLOB)", json, "NULL"),
        ("'good'", json, "NULL"),
    ] {
        let insert = format!(
            "INSERT INTO crm_outbox_activities (key, activity, mark) VALUES ({key}, {activity}, {mark})"
        );
        own.execute(&insert, []).unwrap();
    }
    let keys = ["cp1251", "blob", "mark", "key\u{fffd}", "bytes", "good"];
    let listed = outbox.list(&Filter::new()).await.unwrap();
    assert_eq!(listed.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), keys);
    assert_eq!(outbox.status("cp1251").await.unwrap(), Some(Status::Queued));
    let server = Server::new();
    outbox.deliver(server.client()).until_empty().start().finished().await.unwrap();
    let listed = outbox.list(&Filter::new()).await.unwrap();
    let reasons = listed.iter().map(|entry| match &entry.status {
        Status::Refused(rejection) => rejection.text.as_str(),
        Status::Stored(Some(_)) => "stored",
        other => panic!("{}: {other}", entry.key),
    });
    let (activity, mark) = ("the activity is not text in UTF-8", "the mark is not text in UTF-8");
    let key = "the key is not text in UTF-8";
    assert_eq!(reasons.collect::<Vec<_>>(), [activity, activity, mark, key, key, "stored"]);
    assert_eq!(server.contents(), ["звонок"]);
}

#[tokio::test]
async fn an_activity_with_times_and_numbers_that_are_none_hides_no_other_one() {
    let scratch = Scratch::new();
    let outbox = Outbox::open(&scratch.sqlite()).await.unwrap();
    let own = rusqlite::Connection::open(scratch.path().join("calls.db")).unwrap();
    let insert = r#"INSERT INTO crm_outbox_activities (key, activity, put_at)
        VALUES ('text', '{"clid":1,"content":"a"}', 'yesterday'), ('part', '{"clid":1,"content":"b"}', 0.5)"#;
    own.execute(insert, []).unwrap();
    assert_eq!(outbox.list(&Filter::new()).await.unwrap().len(), 2);
    assert_eq!(outbox.stats().await.unwrap().queued, 2);
    let server = Server::new();
    outbox.deliver(server.client()).until_empty().start().finished().await.unwrap();
    assert_eq!(server.contents(), ["a", "b"]);
}

#[tokio::test]
async fn a_state_of_a_later_version_is_shown_as_unknown_and_neither_sent_nor_decided() {
    let scratch = Scratch::new();
    let outbox = Outbox::open(&scratch.sqlite()).await.unwrap();
    for key in ["moved", "bytes", "good"] {
        outbox.put(key, &entry(key)).await.unwrap();
    }
    let own = rusqlite::Connection::open(scratch.path().join("calls.db")).unwrap();
    own.execute("UPDATE crm_outbox_activities SET state = 'moved' WHERE key = 'moved'", []).unwrap();
    own.execute("UPDATE crm_outbox_activities SET state = x'C7' WHERE key = 'bytes'", []).unwrap();
    let Some(Status::Unknown(unknown)) = outbox.status("moved").await.unwrap() else { panic!() };
    assert_eq!(unknown.reason, "the state \"moved\" is not known to this version: update the program");
    assert_eq!(outbox.list(&Filter::new()).await.unwrap().len(), 3);
    assert_eq!(outbox.list(&Filter::new().state(State::Unknown)).await.unwrap().len(), 2);
    assert_eq!(outbox.stats().await.unwrap().unknown, 2);
    let error = outbox.resolve("moved", Resolution::NotStored).await.unwrap_err().to_string();
    assert!(error.contains("the state \"moved\" is not known to this version"), "{error}");
    let server = Server::new();
    outbox.deliver(server.client()).until_empty().start().finished().await.unwrap();
    assert_eq!(server.contents(), ["good"]);
    let state = "SELECT state FROM crm_outbox_activities WHERE key = 'moved'";
    assert_eq!(own.query_row(state, [], |row| row.get::<_, String>(0)).unwrap(), "moved");
}

/// Debian 12 has SQLite 3.40, which knows neither `unixepoch('subsec')` nor anything newer.
#[tokio::test]
async fn the_defaults_of_an_insert_need_no_new_sqlite_and_are_right() {
    let scratch = Scratch::new();
    let outbox = Outbox::open(&scratch.sqlite()).await.unwrap();
    let own = rusqlite::Connection::open(scratch.path().join("calls.db")).unwrap();
    let table = "SELECT sql FROM sqlite_schema WHERE name = 'crm_outbox_activities'";
    let table: String = own.query_row(table, [], |row| row.get(0)).unwrap();
    assert!(table.contains("julianday('now')") && !table.contains("subsec"), "{table}");
    let before = std::time::SystemTime::now();
    let insert = r#"INSERT INTO crm_outbox_activities (key, activity) VALUES ('call-1', '{"content":"x"}')"#;
    own.execute(insert, []).unwrap();
    let put_at = outbox.list(&crm_outbox::Filter::new()).await.unwrap()[0].put_at;
    let difference = put_at.duration_since(before).unwrap_or_else(|early| early.duration());
    assert!(difference < std::time::Duration::from_secs(10), "{difference:?}");
}

#[tokio::test]
async fn two_stores_over_one_file_have_one_sender_and_migrate_once() {
    let scratch = Scratch::new();
    let path = scratch.path().join("calls.db");
    let opened = futures_util::future::join_all((0..4).map(|_| SqliteStore::open(path.clone()))).await;
    let stores: Vec<SqliteStore> = opened.into_iter().map(Result::unwrap).collect();
    let lease = std::time::Duration::from_secs(60);
    let fence = stores[0].acquire(lease).await.unwrap().unwrap();
    assert_eq!(stores[1].acquire(lease).await.unwrap(), None);
    stores[0].abandon(fence);
    assert!(stores[1].acquire(lease).await.unwrap().unwrap() > fence);
}

#[tokio::test]
async fn a_file_that_is_no_database_or_of_a_newer_version_is_refused_with_its_name() {
    let scratch = Scratch::new();
    std::fs::write(scratch.path().join("calls.db"), "datum;content\n".repeat(100)).unwrap();
    let error = Outbox::open(&scratch.sqlite()).await.unwrap_err();
    assert!(error.to_string().contains("calls.db"), "{error}");
    let scratch = Scratch::new();
    drop(Outbox::open(&scratch.sqlite()).await.unwrap());
    let own = rusqlite::Connection::open(scratch.path().join("calls.db")).unwrap();
    own.execute("UPDATE crm_outbox_meta SET value = 99 WHERE name = 'version'", []).unwrap();
    let error = Outbox::open(&scratch.sqlite()).await.unwrap_err();
    assert!(error.to_string().contains("version 99"), "{error}");
}

#[tokio::test]
async fn urls_of_other_kinds_are_refused() {
    for url in ["mysql://host/db", "calls.db", "sqlite:", "sqlite::memory:", "postgres://["] {
        let error = Outbox::open(url).await.unwrap_err();
        assert!(error.is_invalid_request(), "{url}: {error}");
    }
}
