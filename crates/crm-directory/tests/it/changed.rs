//! What has changed in a time.

use std::collections::BTreeSet;

use crm_sandbox::Sandbox;

use crate::support::{World, at};

async fn ids(world: &World, since: &str, until: &str) -> Vec<u64> {
    let mut changed = world.directory.changed(at(since), at(until));
    let mut ids = Vec::new();
    while let Some(client) = changed.next().await {
        ids.push(client.unwrap().id.0);
    }
    let verdict = changed.finish();
    assert!(verdict.is_complete(), "{verdict}");
    ids
}

#[tokio::test]
async fn new_and_changed_clients_come_once() {
    // Every third one was changed, 30 hours after it was created.
    let world = World::with(Sandbox::builder().clients(2_000));
    let (since, until) = ("2024-01-01T00:00:00", "2024-12-31T23:59:59");
    let range = at(since)..=at(until);
    let clients = world.sandbox.clients();
    let fits = |client: &&crm_sandbox::Client| {
        range.contains(&client.date_create) || client.date_edit.is_some_and(|edited| range.contains(&edited))
    };
    let expected: BTreeSet<u64> = clients.iter().filter(fits).map(|client| client.clid as u64).collect();
    assert!(expected.len() > 400);
    let found = ids(&world, since, until).await;
    assert_eq!(found.len(), expected.len(), "none twice");
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[tokio::test]
async fn both_ends_belong_to_the_time() {
    let world = World::new();
    world.sandbox.change_client(1, |client| client.date_edit = Some(at("2026-11-26T08:00:00")));
    for (since, until, expected) in [
        ("2026-11-26T08:00:00", "2026-11-26T08:00:00", vec![1]),
        ("2026-11-26T08:00:01", "2026-11-26T09:00:00", vec![]),
        ("2026-11-26T07:00:00", "2026-11-26T07:59:59", vec![]),
        ("2026-11-25T22:23:54", "2026-11-26T09:00:00", vec![1, 2]),
        ("2026-11-25T22:23:54", "2026-11-25T22:23:54", vec![1, 2]),
    ] {
        let mut found = ids(&world, since, until).await;
        found.sort_unstable();
        assert_eq!(found, expected, "{since} to {until}");
    }
}

#[tokio::test]
async fn a_time_that_ends_before_it_starts_is_refused() {
    let world = World::new();
    let mut changed = world.directory.changed(at("2026-11-26T08:00:00"), at("2026-11-25T08:00:00"));
    assert!(changed.next().await.unwrap().is_err());
    assert!(changed.next().await.is_none());
    assert_eq!(world.requests_made(), 0);
}
