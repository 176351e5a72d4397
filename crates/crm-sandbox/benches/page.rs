//! How long a page of `list` out of 100,000 records takes, over HTTP on a connection that stays open.
//!
//! `cargo bench -p crm-sandbox`; the aim is less than 10 ms.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use crm_sandbox::{APIKEY, BOSS, Sandbox};
use serde_json::{Value, json};

const ROUNDS: usize = 200;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let sandbox = Sandbox::builder().records(100_000).start().await.unwrap();
    let client = reqwest::Client::new();
    for (name, query) in [
        ("first page, by date", json!({})),
        ("page 250, by date", json!({"offset": 250})),
        ("first page, by id", json!({"order": "cid", "first": "old"})),
        ("last page, by id", json!({"order": "cid", "first": "old", "offset": 499})),
        ("page 250, by content", json!({"order": "des", "offset": 250})),
        ("first page with a word", json!({"word": "номер 99"})),
    ] {
        let mut times = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            times.push(page(&client, &sandbox, &query).await);
        }
        times.sort_unstable();
        println!("{name:<24} median {:>7.2?}   slowest {:>7.2?}", times[ROUNDS / 2], times[ROUNDS - 1]);
    }
}

async fn page(client: &reqwest::Client, sandbox: &Sandbox, query: &Value) -> Duration {
    let mut query = query.clone();
    query["dateStart"] = json!("2023-01-01");
    query["dateEnd"] = json!("2025-12-31");
    let start = Instant::now();
    let answer = client
        .get(format!("{}/developer/v3/history/list", sandbox.url()))
        .header("Content-Type", "application/json")
        .header("apikey", APIKEY)
        .header("login", BOSS)
        .body(query.to_string())
        .send()
        .await
        .unwrap();
    let body = answer.bytes().await.unwrap();
    let taken = start.elapsed();
    assert!(body.starts_with(b"{\"data\":[{"), "an empty page");
    taken
}
