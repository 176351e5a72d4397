//! Each of 10,000 clients and contacts is found by telephone, written in twelve ways.

use crm_directory::CachePolicy;
use crm_sandbox::{Generated, Sandbox, generated_phone};

use crate::support::World;

/// How a PBX or a person may write the number that is looked for.
fn asked(digits: &str, id: i64) -> String {
    match id % 5 {
        0 => format!("+7{digits}"),
        1 => format!("8{digits}"),
        2 => format!("7{digits}"),
        3 => format!("8 ({}) {}-{}-{}", &digits[..3], &digits[3..6], &digits[6..8], &digits[8..]),
        _ => digits.to_owned(),
    }
}

#[tokio::test]
async fn each_of_ten_thousand_clients_and_contacts_is_found_and_nobody_else() {
    let built = Sandbox::builder().clients(10_000).contacts(10_000);
    let world = World::with(built);
    // What is found is not kept, so that each lookup counts.
    let directory = world.directory.clone().with_cache(CachePolicy::off());
    // Every generated record in steps: enough of each of the twelve ways, in bearable time.
    let every: i64 = if cfg!(debug_assertions) { 97 } else { 1 };
    let (mut lookups, mut wrong, mut missed) = (0, Vec::new(), Vec::new());
    for id in (3..=10_002).filter(|id| id % every < 2) {
        for of in [Generated::Client, Generated::Contact] {
            let number = asked(&generated_phone(of, id), id);
            let matches = directory.find_by_phone(&number).await.unwrap();
            lookups += 1;
            let is_right = |found: &crm_directory::Match| match of {
                Generated::Client => {
                    found.contact.is_none() && found.client.is_some_and(|client| client.0 == id as u64)
                }
                Generated::Contact => found.contact.is_some_and(|contact| contact.0 == id as u64),
            };
            missed.extend(
                (!matches.iter().any(|found| found.exact && is_right(found))).then(|| number.clone()),
            );
            wrong.extend(matches.into_iter().filter(|found| found.exact && !is_right(found)));
        }
    }
    assert!(missed.is_empty(), "{} of {lookups} were missed: {:?}", missed.len(), missed.first());
    assert!(wrong.is_empty(), "{} of {lookups} are wrong: {:?}", wrong.len(), wrong.first());
    let requests = world.requests_made();
    println!("{lookups} lookups, {requests} requests");
    assert_eq!(requests, 3 * lookups, "three for each");
}
