//! Properties that hold for every import, tested against a small server that fails at random.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crm::history::{ApiKey, HistoryClient, NewEntry, RetryPolicy};
use crm::{BoxFuture, Bytes, Transport, TransportError, http};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The reaction of the server to one `add.list`: the part of its items that it stores, and its response.
#[derive(Clone, Debug)]
struct Whim {
    stores: f64,
    says: Says,
}

#[derive(Clone, Copy, Debug)]
enum Says {
    Truth,
    Nothing,
    Late,
    Gateway,
    PhpError,
    TooFew,
    Error500,
    Refuses,
}

/// One call as the server saw it.
#[derive(Debug)]
enum Call {
    List,
    /// The contents, and whether the caller cannot know afterwards if they are stored.
    Add(Vec<String>, bool),
}

#[derive(Default)]
struct Server {
    stored: Vec<Value>,
    calls: Vec<Call>,
    whims: Vec<Whim>,
}

#[derive(Clone, Default)]
struct Double(Arc<Mutex<Server>>);

impl Transport for Double {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let mut server = self.0.lock().unwrap();
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            let answer = |value: Value| Ok(http::Response::new(Bytes::from(value.to_string())));
            if request.uri().path().ends_with("/list") {
                server.calls.push(Call::List);
                let page = body["offset"].as_u64().unwrap_or(0) as usize;
                let is_whole = body["dateStart"] == "0000-00-00";
                let records = server.stored.iter().rev().filter(|_| is_whole).skip(page * 200).take(200);
                let records: Vec<&Value> = records.collect();
                return answer(if records.is_empty() { json!([]) } else { json!({ "data": records }) });
            }
            let items = body["list"].as_array().unwrap().clone();
            let contents = items.iter().map(|item| item["content"].as_str().unwrap().to_owned()).collect();
            let whim = server.whims.pop().unwrap_or(Whim { stores: 1.0, says: Says::Truth });
            let all = matches!(whim.says, Says::Truth | Says::TooFew);
            let none = matches!(whim.says, Says::Refuses);
            let count = if all {
                items.len()
            } else if none {
                0
            } else {
                (items.len() as f64 * whim.stores) as usize
            };
            let mut results = Vec::new();
            for item in &items[..count] {
                let id = server.stored.len() + 1;
                server.stored.push(json!({
                "cid": id, "datum": item["datum"], "content": item["content"], "tip": null, "clid": 0, "did": 0,
            }));
                results.push(json!({ "result": "Успешно", "data": id }));
            }
            server.calls.push(Call::Add(contents, !matches!(whim.says, Says::Truth | Says::Refuses)));
            match whim.says {
                Says::Truth => answer(results.into()),
                Says::TooFew => answer(results[..count / 2].into()),
                Says::Nothing => Err(TransportError::closed("closed")),
                Says::Late => Err(TransportError::timeout("late")),
                Says::Gateway => Ok(http::Response::builder().status(504).body("<html>".into()).unwrap()),
                Says::PhpError => {
                    Ok(http::Response::new("<br />\n<b>Fatal error</b>:  E in /a.php:1\n".into()))
                }
                Says::Error500 => answer(json!({"result": "Error", "error": {"code": 500, "text": "x"}})),
                Says::Refuses => Ok(http::Response::builder().status(429).body(Bytes::new()).unwrap()),
            }
        })
    }
}

fn whim() -> impl Strategy<Value = Whim> {
    use Says::{Error500, Gateway, Late, Nothing, PhpError, Refuses, TooFew, Truth};
    let says = prop::sample::select(vec![Truth, Nothing, Late, Gateway, PhpError, TooFew, Error500, Refuses]);
    (0.0..=1.0_f64, says).prop_map(|(stores, says)| Whim { stores, says })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_sent_again_before_it_was_looked_up_and_nothing_is_stored_twice(
        count in 1..40_usize,
        chunk in 1..20_usize,
        concurrency in 1..4_usize,
        whims in prop::collection::vec(whim(), 0..12),
    ) {
        let double = Double::default();
        {
            let mut server = double.0.lock().unwrap();
            server.whims = whims;
            // A list that shows nothing would prove nothing.
            server.stored.push(json!({ "cid": 1, "datum": null, "content": "старая", "tip": null, "clid": 0, "did": 0 }));
        }
        let client = HistoryClient::builder("https://host")
            .credentials(ApiKey::new("key", "login"))
            .transport(double.clone())
            .retry(RetryPolicy::none())
            .build()
            .unwrap();
        let day = chrono::NaiveDate::from_ymd_opt(2024, 6, 25).unwrap().and_hms_opt(10, 0, 0).unwrap();
        let entries: Vec<NewEntry> = (0..count).map(|i| NewEntry::new(format!("запись {i}")).at(day)).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let import = client.import(entries).chunk(chunk).concurrency(concurrency).settle(Duration::ZERO).patience(Duration::from_secs(5));
        let report = runtime.block_on(import.run()).unwrap();
        let server = double.0.lock().unwrap();

        // Between an unknown write and the next write of the same content there is a read.
        let mut unclear = HashSet::new();
        for call in &server.calls {
            match call {
                Call::List => unclear.clear(),
                Call::Add(contents, unknown) => {
                    for content in contents {
                        prop_assert!(!unclear.contains(content), "{content} was sent again unread");
                    }
                    if *unknown {
                        unclear.extend(contents.iter().cloned());
                    }
                }
            }
        }

        // Each outcome is true.
        prop_assert_eq!(report.outcomes.len(), count);
        for (i, outcome) in report.outcomes.iter().enumerate() {
            let content = Value::from(format!("запись {i}"));
            let ids: Vec<u64> = server.stored.iter().filter(|record| record["content"] == content)
                .map(|record| record["cid"].as_u64().unwrap()).collect();
            match outcome.id() {
                Some(id) => prop_assert_eq!(ids, vec![id.0]),
                None => prop_assert!(ids.is_empty(), "{}: {} and yet stored", i, outcome),
            }
        }
    }
}
