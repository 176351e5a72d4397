//! How long a page out of 100,000 records, clients or contacts takes, over HTTP on a connection that stays open.
//!
//! `cargo bench -p crm-sandbox`; the aim is less than 10 ms for records and less than 50 ms for clients and contacts.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use crm_sandbox::{APIKEY, BOSS, Sandbox};
use serde_json::{Value, json};

const ROUNDS: usize = 200;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let sandbox =
        Sandbox::builder().records(100_000).clients(100_000).contacts(100_000).start().await.unwrap();
    // Together with the clients, reqwest is compiled with TLS and without a provider for it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    for (name, query) in [
        ("first page, by date", json!({})),
        ("page 250, by date", json!({"offset": 250})),
        ("first page, by id", json!({"order": "cid", "first": "old"})),
        ("last page, by id", json!({"order": "cid", "first": "old", "offset": 499})),
        ("page 250, by content", json!({"order": "des", "offset": 250})),
        ("first page with a word", json!({"word": "номер 99"})),
    ] {
        let mut query = query;
        query["dateStart"] = json!("2023-01-01");
        query["dateEnd"] = json!("2025-12-31");
        measure(&client, &sandbox, name, "history/list", &query).await;
    }
    let phone = "3%4%3%7%7%7%7%7%7%7";
    for (name, call, query) in [
        ("clients by id", "client/list", json!({"order": "clid"})),
        ("clients by id, page 250", "client/list", json!({"order": "clid", "offset": 250})),
        ("clients by title", "client/list", json!({"order": "title", "offset": 250})),
        ("clients by change", "client/list", json!({"order": "date_change"})),
        ("clients, a word", "client/list", json!({"order": "clid", "word": "client99999@"})),
        ("clients, a telephone", "client/list", json!({"order": "clid", "word": phone})),
        ("contacts by id", "person/list", json!({"order": "pid", "first": "old", "offset": 250})),
        ("contacts by name", "person/list", json!({"order": "person", "offset": 250})),
        ("contacts, a word", "person/list", json!({"word": "contact99999@"})),
        ("contacts, a mobile", "person/list", json!({"filter": {"mob": "9%1%2%7%7%7%7%7"}})),
    ] {
        measure(&client, &sandbox, name, call, &query).await;
    }
}

async fn measure(client: &reqwest::Client, sandbox: &Sandbox, name: &str, call: &str, query: &Value) {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        times.push(page(client, sandbox, call, query).await);
    }
    times.sort_unstable();
    println!(
        "{name:<24} fastest {:>7.2?}   median {:>7.2?}   slowest {:>7.2?}",
        times[0],
        times[ROUNDS / 2],
        times[ROUNDS - 1]
    );
}

async fn page(client: &reqwest::Client, sandbox: &Sandbox, call: &str, query: &Value) -> Duration {
    let start = Instant::now();
    let answer = client
        .get(format!("{}/developer/v3/{call}", sandbox.url()))
        .header("Content-Type", "application/json")
        .header("apikey", APIKEY)
        .header("login", BOSS)
        .body(query.to_string())
        .send()
        .await
        .unwrap();
    let body = answer.bytes().await.unwrap();
    let taken = start.elapsed();
    assert!(body.starts_with(b"{\"data\":[") || body.starts_with(b"{\"count\":"), "no list");
    taken
}
