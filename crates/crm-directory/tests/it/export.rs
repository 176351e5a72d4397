//! Exports of clients and contacts, with a verdict.

use std::collections::BTreeSet;
use std::sync::Arc;

use crm_directory::{ClientExport, ClientQuery, ContactQuery, ErrorKind, Verdict};
use crm_sandbox::{Client, Fault, Operation, Sandbox};
use serde_json::{Value, json};

use crate::support::{Answers, Standstill, World, at, client, created};

/// The ids that an export returns, its errors and its verdict.
async fn read(mut export: ClientExport) -> (Vec<u64>, Vec<String>, Verdict) {
    let (mut ids, mut errors) = (Vec::new(), Vec::new());
    while let Some(client) = export.next().await {
        match client {
            Ok(client) => ids.push(client.id.0),
            Err(error) => errors.push(error.to_string()),
        }
    }
    assert!(export.next().await.is_none(), "the end stays the end");
    (ids, errors, export.finish())
}

fn sorted(ids: &[u64]) -> Vec<u64> {
    ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
}

fn world(clients: u64) -> World {
    World::with(Sandbox::builder().clients(clients))
}

#[tokio::test]
async fn every_client_comes_once_newest_first() {
    let world = world(1_000);
    let (ids, errors, verdict) = read(world.directory.export_clients(ClientQuery::new())).await;
    assert_eq!((ids.len(), sorted(&ids)), (1_002, (1..=1_002).collect::<Vec<_>>()));
    assert!(errors.is_empty() && verdict.is_complete(), "{errors:?} {verdict}");
    let times: Vec<_> = ids.iter().map(|&id| world.sandbox.client(id as i64).unwrap().date_create).collect();
    assert!(times.is_sorted_by(|a, b| a >= b));
    let figures = verdict.figures();
    assert_eq!((figures.records, figures.unreadable), (1_002, 0));
    let requests = world.requests_made();
    assert!(requests as u64 == figures.pages && requests <= 11, "{requests} requests");
}

#[tokio::test]
async fn a_list_that_fits_on_a_page_takes_one_request() {
    let world = World::new();
    let (ids, _, verdict) = read(world.directory.export_clients(ClientQuery::new())).await;
    assert_eq!((sorted(&ids), verdict.is_complete(), world.requests_made()), (vec![1, 2], true, 1));
    let none = ClientQuery::new().word("нет такого");
    let (ids, _, verdict) = read(world.directory.export_clients(none)).await;
    assert_eq!((ids.len(), verdict.is_complete()), (0, true));
}

#[tokio::test]
async fn an_empty_page_is_read_again() {
    let world = World::new();
    world.sandbox.add_fault(Fault::empty_page().on(Operation::ClientList).times(1));
    let (ids, _, verdict) = read(world.directory.export_clients(ClientQuery::new())).await;
    assert_eq!((sorted(&ids), verdict.is_complete()), (vec![1, 2], true));
}

#[tokio::test]
async fn a_page_that_holds_a_client_twice_is_not_complete() {
    let world = World::new();
    world.sandbox.add_fault(Fault::doubled_records().on(Operation::ClientList).times(1));
    let (ids, errors, verdict) = read(world.directory.export_clients(ClientQuery::new())).await;
    assert!(ids.is_empty() && !verdict.is_complete(), "{verdict}");
    assert!(errors[0].contains("holds a client twice"), "{errors:?}");
}

#[tokio::test]
async fn deletions_and_additions_meanwhile_hide_no_client() {
    let sandbox = Arc::new(Sandbox::builder().clients(900).in_process(Standstill));
    let shared = Arc::clone(&sandbox);
    let world = World::shared(
        Arc::clone(&sandbox),
        Box::new(move |number, _, _| {
            // The newest client, which has come, and the oldest, which has not, go to another account. New ones come.
            let clients = shared.clients();
            let here = clients.iter().filter(|client| client.account == 0 && client.clid <= 902);
            let by_time: BTreeSet<_> = here.map(|client| (client.date_create, client.clid)).collect();
            for (_, clid) in [by_time.first(), by_time.last()].into_iter().flatten().filter(|_| number > 0) {
                shared.change_client(*clid, |client| client.account = 1);
                shared.add_client(created("Новый", "2026-11-26T13:00:00"));
            }
        }),
    );
    let (ids, errors, verdict) = read(world.directory.export_clients(ClientQuery::new())).await;
    let came: BTreeSet<u64> = ids.iter().copied().collect();
    assert_eq!(ids.len(), came.len(), "none twice");
    let missing: Vec<u64> = (1..=902).filter(|id| !came.contains(id)).collect();
    assert!(missing.iter().all(|&id| sandbox.client(id as i64).unwrap().account == 1), "{missing:?}");
    assert!(errors.is_empty() && verdict.is_complete(), "{verdict}");
}

#[tokio::test]
async fn more_clients_of_one_second_than_a_page_holds_are_all_read() {
    let world = world(300);
    for _ in 0..450 {
        world.sandbox.add_client(created("Импорт", "2024-02-29T12:00:00"));
    }
    let (ids, errors, verdict) = read(world.directory.export_clients(ClientQuery::new())).await;
    assert_eq!((ids.len(), sorted(&ids).len()), (752, 752));
    assert!(errors.is_empty() && verdict.is_complete(), "{errors:?} {verdict}");
}

#[tokio::test]
async fn a_change_among_clients_of_one_second_is_not_complete() {
    let sandbox = Sandbox::builder().in_process(Standstill);
    for _ in 0..450 {
        sandbox.add_client(created("Импорт", "2024-02-29T12:00:00"));
    }
    let sandbox = Arc::new(sandbox);
    let shared = Arc::clone(&sandbox);
    let world = World::shared(
        Arc::clone(&sandbox),
        Box::new(move |_, _, body| {
            // After the first page was read, a client of it is gone.
            if body["offset"] == 1 {
                let newest =
                    shared.clients().iter().filter(|client| client.account == 0).map(|c| c.clid).max();
                shared.change_client(newest.unwrap(), |client| client.account = 1);
            }
        }),
    );
    let (_, errors, verdict) = read(world.directory.export_clients(ClientQuery::new())).await;
    assert!(matches!(verdict, Verdict::Shifted { .. }), "{verdict}");
    assert_eq!(errors.len(), 1, "the last item says so: {errors:?}");
}

#[tokio::test]
async fn a_query_limits_an_export() {
    let world = world(1_000);
    let (since, until) = (at("2023-02-01T00:00:00"), at("2023-10-30T12:00:00"));
    let query = ClientQuery::new().created_between(since, until).user("seller@example.test");
    let (ids, errors, verdict) = read(world.directory.export_clients(query)).await;
    let clients = world.sandbox.clients();
    let fits = |client: &&Client| client.iduser == 2 && (since..=until).contains(&client.date_create);
    let expected: Vec<u64> = clients.iter().filter(fits).map(|client| client.clid as u64).collect();
    assert!(expected.len() > 200, "{}", expected.len());
    assert_eq!(sorted(&ids), expected);
    assert!(errors.is_empty() && verdict.is_complete(), "{verdict}");
}

#[tokio::test]
async fn a_query_that_cannot_be_exported_is_refused() {
    let world = World::new();
    for query in [
        ClientQuery::new().page(1),
        ClientQuery::new().order_by(crm_directory::ClientOrder::Name),
        ClientQuery::new().fields(["title"]),
        ClientQuery::new().user("o'hara"),
    ] {
        let (ids, errors, verdict) = read(world.directory.export_clients(query)).await;
        let Verdict::Truncated { cause, .. } = verdict else { panic!("{verdict}") };
        assert_eq!((ids.len(), errors.len(), cause.kind()), (0, 1, ErrorKind::InvalidRequest));
    }
    let refused = world.directory.export_contacts(ContactQuery::new().newest_first()).start().await;
    assert_eq!(refused.err().map(|error| error.kind()), Some(ErrorKind::InvalidRequest));
    assert_eq!(world.requests_made(), 0);
}

#[tokio::test]
async fn an_export_that_is_finished_early_is_truncated() {
    let world = world(500);
    let mut export = world.directory.export_clients(ClientQuery::new());
    export.next().await.unwrap().unwrap();
    assert_eq!(export.figures().records, 1);
    assert!(matches!(export.finish(), Verdict::Truncated { .. }));
}

/// 500 clients of different times, as a server that gives a function the chance to spoil the page.
fn spoilt(spoil: fn(&Value, Vec<Value>) -> Vec<Value>) -> crm_directory::DirectoryClient {
    client(Answers(move |_: &str, asked: &Value| {
        let time =
            |id: i64| (at("2026-01-01T00:00:00") + chrono::TimeDelta::hours(id)).format("%F %T").to_string();
        if let Some(id) = asked["clid"].as_i64() {
            return json!({"data": {"clid": id, "date_create": time(id), "title": "x"}}).to_string();
        }
        let end = asked["dateEnd"].as_str().unwrap_or("9999").to_owned();
        let fitting: Vec<Value> = (1..=500_i64)
            .rev()
            .filter(|&id| time(id) < end)
            .map(|id| json!({"clid": id, "date_create": time(id), "title": "x"}))
            .collect();
        let skip = asked["offset"].as_u64().unwrap_or(0) as usize * 200;
        let pages = fitting.len().div_ceil(200);
        let rows = spoil(asked, fitting.into_iter().skip(skip).take(200).collect());
        json!({"count": rows.len(), "data": rows, "params": {"pageall": pages}}).to_string()
    }))
}

/// Reads 500 clients, and changes the times that the server shows after the first page.
async fn read_with_another_clock(hours: i32) -> (Vec<u64>, Vec<String>, Verdict) {
    let sandbox = Arc::new(Sandbox::builder().clients(500).in_process(Standstill));
    let shared = Arc::clone(&sandbox);
    let world = World::shared(
        sandbox,
        Box::new(move |number, _, _| {
            if number == 1 {
                shared.change_account(0, |account| account.users[0].tzone = Some(hours));
            }
        }),
    );
    read(world.directory.export_clients(ClientQuery::new())).await
}

#[tokio::test]
async fn a_clock_that_is_changed_between_two_pages_is_noticed() {
    let (ids, errors, verdict) = read_with_another_clock(0).await;
    assert_eq!((ids.len(), verdict.is_complete()), (502, true), "{errors:?}");
    for hours in [1, -1, 9, -11] {
        let (_, errors, verdict) = read_with_another_clock(hours).await;
        assert!(matches!(verdict, Verdict::Contradicted { .. }), "{hours}: {verdict}");
        assert!(errors[0].contains("another time of creation"), "{hours}: {errors:?}");
    }
}

#[tokio::test]
async fn a_client_that_is_left_out_where_two_pages_meet_is_noticed() {
    let hides = spoilt(|asked, mut rows| {
        if !asked["dateEnd"].is_null() && asked["fields"].is_null() {
            rows.remove(0);
        }
        rows
    });
    let (_, errors, verdict) = read(hides.export_clients(ClientQuery::new())).await;
    assert!(!verdict.is_complete() && errors[0].contains("is left out"), "{verdict} {errors:?}");
}

#[tokio::test]
async fn a_server_that_hides_records_is_not_complete() {
    let (ids, _, verdict) = read(spoilt(|_, rows| rows).export_clients(ClientQuery::new())).await;
    assert_eq!((ids.len(), verdict.is_complete()), (500, true));
    // The second page lacks ten clients in its middle; the count at the end knows of them.
    let hides = spoilt(|asked, mut rows| {
        if !asked["dateEnd"].is_null() && asked["fields"].is_null() {
            rows.drain(50..60);
        }
        rows
    });
    let (ids, errors, verdict) = read(hides.export_clients(ClientQuery::new())).await;
    assert!(ids.len() < 500 && matches!(verdict, Verdict::Contradicted { .. }), "{verdict}");
    assert_eq!(errors.len(), 1);
}

#[tokio::test]
async fn a_server_that_ignores_the_order_or_the_end_is_found_out() {
    let unsorted = spoilt(|_, mut rows| {
        rows.reverse();
        rows
    });
    let (_, errors, verdict) = read(unsorted.export_clients(ClientQuery::new())).await;
    assert!(errors[0].contains("does not sort") && !verdict.is_complete(), "{errors:?}");
    let endless = client(Answers(|_: &str, _: &Value| {
        let rows: Vec<Value> = (0..200)
            .map(
                |id| json!({"clid": 500 - id, "date_create": format!("2026-01-01 00:00:{:02}", 59 - id / 4)}),
            )
            .collect();
        json!({"data": rows, "count": 200, "params": {"pageall": 9}}).to_string()
    }));
    let (_, errors, verdict) = read(endless.export_clients(ClientQuery::new())).await;
    assert!(errors[0].contains("dateEnd") && errors[0].contains("ignored"), "{errors:?}");
    assert!(!verdict.is_complete());
}

#[tokio::test]
async fn an_unreadable_client_hides_no_other_and_is_not_complete() {
    let one_bad = spoilt(|asked, mut rows| {
        if asked["fields"].is_null() {
            for row in rows.iter_mut().filter(|row| row["clid"] == 450 || row["clid"] == 301) {
                row["phone"] = json!({"a": 1});
            }
        }
        rows
    });
    let (ids, errors, verdict) = read(one_bad.export_clients(ClientQuery::new())).await;
    assert_eq!((ids.len(), errors.len(), verdict.figures().unreadable), (498, 3, 2));
    assert!(errors[0].contains("$.data[50]") && errors[0].contains("phone"), "{errors:?}");
    assert!(!verdict.is_complete());
}

#[tokio::test]
async fn every_contact_comes_once_by_id() {
    let world = World::with(Sandbox::builder().contacts(1_000));
    let mut export = world.directory.export_contacts(ContactQuery::new()).start().await.unwrap();
    let mut ids = Vec::new();
    while let Some(contact) = export.next().await {
        ids.push(contact.unwrap().id.0);
    }
    assert_eq!(ids, (1..=1_002).collect::<Vec<_>>());
    let verdict = export.finish().await;
    assert!(verdict.is_complete(), "{verdict}");
}

#[tokio::test]
async fn streams_return_every_page() {
    let world = World::with(Sandbox::builder().clients(450).contacts(450));
    let mut clients = world.directory.stream_clients(ClientQuery::new());
    let mut ids = Vec::new();
    while let Some(client) = clients.next().await {
        ids.push(client.unwrap().id.0);
    }
    assert_eq!(ids, (1..=452).rev().collect::<Vec<_>>());
    let mut contacts = world.directory.stream_contacts(ContactQuery::new());
    let mut ids = Vec::new();
    while let Some(contact) = contacts.next().await {
        ids.push(contact.unwrap().id.0);
    }
    assert_eq!(ids, (1..=452).collect::<Vec<_>>());
}
