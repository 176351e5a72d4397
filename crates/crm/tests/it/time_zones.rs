//! Instants are written and read with the offset that the account has today, as the server does.

use std::sync::Arc;
use std::time::Duration;

use crate::in_process::World;
use chrono::{DateTime, TimeDelta, Utc};
use crm::history::{
    AddOutcome, ApiKey, ClientId, Entry, EntryId, HistoryClient, NewEntry, NotSentReason, OutcomeReason, Zone,
};
use crm_sandbox::{Fault, Operation, SELLER, Sandbox};

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A server in Berlin at this time.
fn berlin(now: &str) -> World {
    let world = World::with(Sandbox::builder().zone("Europe/Berlin".parse().unwrap()));
    world.set_utc(utc(now));
    world
}

/// The zone of Berlin, by the clock of the server.
fn zone(world: &World) -> Zone {
    let world = world.clone();
    "Europe/Berlin".parse::<Zone>().unwrap().with_clock(move || world.utc())
}

fn call(instant: DateTime<Utc>) -> NewEntry {
    NewEntry::new(format!("звонок {instant}")).client(ClientId(1)).at_instant(instant)
}

fn instant(client: &HistoryClient, entry: &Entry) -> DateTime<Utc> {
    client.zone().unwrap().instant(entry.at.unwrap())
}

#[tokio::test(start_paused = true)]
async fn an_instant_is_read_as_it_was_written_although_all_times_move_with_the_clocks() {
    for (before, after, moved) in [
        ("2024-03-31T00:50:00Z", "2024-03-31T01:10:00Z", 1),
        ("2024-10-27T00:50:00Z", "2024-10-27T01:10:00Z", -1),
    ] {
        let world = berlin(before);
        let client = world.client().with_zone(zone(&world));
        let hours = [-4000, -2, -1, 0, 1, 2, 4000].map(TimeDelta::hours);
        let instants = hours.map(|hours| utc(before) + hours);
        let mut written: Vec<(EntryId, DateTime<Utc>, Entry)> = Vec::new();
        for at in instants {
            let id = client.add(&call(at)).await.unwrap();
            let entry = client.entry(id).await.unwrap();
            assert_eq!(instant(&client, &entry), at);
            written.push((id, at, entry));
        }
        world.set_utc(utc(after));
        for (id, at, entry) in written {
            let now = client.entry(id).await.unwrap();
            assert_eq!(now.at.unwrap() - entry.at.unwrap(), TimeDelta::hours(moved), "{before} {at}");
            assert_eq!(instant(&client, &now), at, "{before}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_shift_of_a_user_is_in_what_is_read_and_not_in_what_is_written() {
    let world =
        World::with(Sandbox::builder().zone("Europe/Moscow".parse().unwrap()).shift(SELLER, 2).unwrap());
    let moscow: Zone = "Europe/Moscow".parse().unwrap();
    let seller = world.client_of(SELLER).with_zone(moscow.clone().with_reader_shift(2));
    let boss = world.client().with_zone(moscow);
    let at = utc("2024-06-25T11:00:00Z");
    let id = seller.add(&call(at)).await.unwrap();
    let (by_seller, by_boss) = (seller.entry(id).await.unwrap(), boss.entry(id).await.unwrap());
    assert_eq!(by_seller.at.unwrap() - by_boss.at.unwrap(), TimeDelta::hours(2));
    assert_eq!((instant(&seller, &by_seller), instant(&boss, &by_boss)), (at, at));
}

#[tokio::test(start_paused = true)]
async fn an_instant_that_cannot_be_written_in_the_zone_stops_no_other_activity() {
    let world = berlin("2024-03-01T12:00:00Z");
    let client = world.client().with_zone(zone(&world));
    let instants = ["2024-02-01T10:00:00Z", "9999-12-31T23:30:00Z", "2024-02-01T11:00:00Z"];
    let report = client.import(instants.map(|at| call(utc(at)))).run().await.unwrap();
    let is_created = report.outcomes.iter().map(|outcome| matches!(outcome, AddOutcome::Created(_)));
    assert_eq!(is_created.collect::<Vec<_>>(), [true, false, true], "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_import_that_resumes_after_the_clocks_changed_finds_what_it_sent_before() {
    let world = berlin("2024-03-31T00:50:00Z");
    let client = world.client().with_zone(zone(&world));
    let journal = std::env::temp_dir().join(format!("crm-time-zones-{}.journal", std::process::id()));
    let _ = std::fs::remove_file(&journal);
    // The first record gives the list something that is known to be there.
    client.add(&call(utc("2024-03-01T12:00:00Z"))).await.unwrap();
    let calls: Vec<NewEntry> =
        (1..=6).map(|hour| call(utc("2024-03-30T12:00:00Z") + TimeDelta::hours(hour))).collect();
    let import = || client.import(calls.clone()).journal(&journal).chunk(3).concurrency(1);

    // The first chunk is stored, its answer is lost, and the import stops while it looks.
    world.sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAddList).always());
    world.sandbox.add_fault(Fault::latency(Duration::from_secs(20)).on(Operation::HistoryList).always());
    let sandbox = Arc::clone(&world.sandbox);
    let stored = async move {
        while sandbox.record_count() == 1 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let first = import().cancel(stored).run().await.unwrap();
    assert!(first.totals.unknown > 0, "{first}");
    world.sandbox.clear_faults();

    world.set_utc(utc("2024-03-31T01:10:00Z"));
    let second = import().run().await.unwrap();
    assert_eq!((second.totals.created, world.sandbox.record_count()), (6, 7), "{second}");
    for (call, outcome) in calls.iter().zip(&second.outcomes) {
        let entry = client.entry(outcome.id().unwrap()).await.unwrap();
        assert_eq!(Some(instant(&client, &entry)), call.at_instant);
    }
    std::fs::remove_file(journal).unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_instant_without_a_zone_is_not_sent_and_a_later_run_with_one_sends_it() {
    let world = berlin("2024-06-25T12:00:00Z");
    let journal = std::env::temp_dir().join(format!("crm-no-zone-{}.journal", std::process::id()));
    let _ = std::fs::remove_file(&journal);
    let calls = [call(utc("2024-06-25T11:00:00Z")), NewEntry::new("без времени").client(ClientId(1))];
    let report = world.client().import(calls.clone()).journal(&journal).run().await.unwrap();
    assert_eq!((report.totals.not_sent, report.totals.created), (1, 1));
    assert_eq!(report.not_stored[0].reason, Some(OutcomeReason::NotSent(NotSentReason::ZoneMissing)));

    let client = world.client().with_zone(zone(&world));
    let report = client.import(calls.clone()).journal(&journal).run().await.unwrap();
    assert_eq!((report.totals.created, world.sandbox.record_count()), (2, 2));
    std::fs::remove_file(journal).unwrap();

    let error = world.client().add(&calls[0]).await.unwrap_err();
    assert_eq!((error.field(), error.delivery()), (Some("at_instant"), crm::Delivery::NotSent));
}

#[tokio::test(start_paused = true)]
async fn a_client_of_other_credentials_has_no_zone() {
    let world = berlin("2024-06-25T12:00:00Z");
    let client = world.client().with_zone(zone(&world));
    let other = client.with_credentials(ApiKey::new("other", "other@example.test")).unwrap();
    assert!(client.zone().is_some() && other.zone().is_none());
}
