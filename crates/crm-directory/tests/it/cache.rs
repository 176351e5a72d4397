//! What lookups have found is kept for a while.

use std::time::Duration;

use crm_directory::{ApiKey, CachePolicy, DirectoryClient};
use crm_sandbox::{APIKEY, Client, SELLER};

use crate::support::{World, created};

async fn requests(world: &World, directory: &DirectoryClient, number: &str) -> usize {
    directory.find_by_phone(number).await.unwrap();
    world.requests_made()
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_found_somebody_is_kept_for_its_time() {
    let world = World::new();
    let directory =
        world.directory.clone().with_cache(CachePolicy::new().time_to_live(Duration::from_secs(30)));
    assert_eq!(requests(&world, &directory, "+73422067201").await, 3);
    assert_eq!(requests(&world, &directory, "8 (342) 206-72-01").await, 0, "the same number");
    assert_eq!(requests(&world, &directory.clone(), "83422067201").await, 0, "a clone");
    tokio::time::advance(Duration::from_secs(31)).await;
    assert_eq!(requests(&world, &directory, "+73422067201").await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_added_after_a_call_is_found_at_the_next_one() {
    let world = World::new();
    assert!(world.directory.find_by_phone("+79990000000").await.unwrap().is_empty());
    let phone = Some("8 999 000-00-00".to_owned());
    world.sandbox.add_client(Client { phone, ..created("Новый", "2026-11-25T10:00:00") });
    assert_eq!(world.directory.find_by_phone("+79990000000").await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_oldest_lookup_makes_room() {
    let world = World::new();
    let directory = world.directory.clone().with_cache(CachePolicy::new().capacity(2));
    for number in ["+73422067201", "+73422067202", "+79161234567"] {
        assert_eq!(requests(&world, &directory, number).await, 3);
    }
    assert_eq!(requests(&world, &directory, "+79161234567").await, 0);
    assert_eq!(requests(&world, &directory, "+73422067202").await, 0);
    assert_eq!(requests(&world, &directory, "+73422067201").await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_client_for_another_user_begins_with_nothing() {
    let world = World::new();
    assert_eq!(requests(&world, &world.directory, "+73422067201").await, 3);
    let seller = world.directory.with_credentials(ApiKey::new(APIKEY, SELLER)).unwrap();
    assert_eq!(requests(&world, &seller, "+73422067201").await, 3);
    let off = world.directory.clone().with_cache(CachePolicy::off());
    assert_eq!(
        requests(&world, &off, "+73422067201").await + requests(&world, &off, "+73422067201").await,
        6
    );
}

#[tokio::test(start_paused = true)]
async fn users_are_fetched_once_by_lookups_at_the_same_time() {
    let world = World::new();
    let lookups = (0..4).map(|_| world.directory.find_users_by_extension("101"));
    let found = futures_util::future::join_all(lookups).await;
    assert!(found.into_iter().all(|users| users.unwrap().len() == 1));
    assert_eq!(world.requests_made(), 3);
    tokio::time::advance(Duration::from_secs(601)).await;
    world.directory.find_users_by_extension("101").await.unwrap();
    assert_eq!(world.requests_made(), 3);
}
