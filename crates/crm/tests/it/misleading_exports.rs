//! Servers whose pages mislead: an export is complete only if it is, and a stream ends without an error only if it does.

use crate::in_process::World;
use crm::history::{EntryQuery, HistoryClient};
use crm::projects::{ProjectQuery, ProjectsClient};
use crm::{Error, Verdict};
use crm_sandbox::Sandbox;
use serde_json::{Value, json};

fn with_records(count: u64, rules: &Value) -> World {
    let world = World::with(Sandbox::builder().records(count));
    world.put(rules);
    world
}

async fn export(client: &HistoryClient) -> (Vec<u64>, Option<Error>, Verdict) {
    let mut export = client.export(EntryQuery::new()).start().await.unwrap();
    let (mut ids, mut last) = (Vec::new(), None);
    while let Some(entry) = export.next().await {
        match entry {
            Ok(entry) => ids.push(entry.id.0),
            Err(error) => last = Some(error),
        }
    }
    (ids, last, export.finish().await)
}

async fn stream(client: &HistoryClient) -> (Vec<u64>, Option<Error>) {
    let all = EntryQuery::new().since(chrono::NaiveDate::from_ymd_opt(1990, 1, 1).unwrap());
    let (mut ids, mut last, mut entries) = (Vec::new(), None, client.entries(all));
    while let Some(entry) = entries.next().await {
        match entry {
            Ok(entry) => ids.push(entry.id.0),
            Err(error) => last = Some(error),
        }
    }
    (ids, last)
}

async fn export_projects(client: &ProjectsClient) -> (Vec<u64>, Verdict) {
    let mut export = client.export(ProjectQuery::new().deleted(false)).start().await.unwrap();
    let mut ids = Vec::new();
    while let Some(project) = export.next().await {
        ids.extend(project.map(|project| project.id.0));
    }
    (ids, export.finish().await)
}

/// R1.
#[tokio::test(start_paused = true)]
async fn a_page_that_is_empty_once_is_not_the_end() {
    for page in [0, 3, 13, 29] {
        let rules = json!({"operation": "lists", "if": {"offset": page}, "fault": "empty_page"});
        let (ids, error, verdict) = export(&with_records(6_000, &rules).client()).await;
        assert!(
            ids == (1..=6_000).collect::<Vec<_>>() && verdict.is_complete(),
            "{page}: {verdict} {error:?}"
        );
        let (ids, error) = stream(&with_records(3_000, &rules).client()).await;
        assert!(ids == (1..=3_000).collect::<Vec<_>>() && error.is_none(), "{page}: {error:?}");
    }
}

/// R2.
#[tokio::test(start_paused = true)]
async fn a_page_that_is_always_empty_forbids_a_complete_export() {
    let rules =
        json!({"operation": "lists", "if": {"offset": 13}, "fault": "empty_page", "when": {"each": 1}});
    let world = with_records(6_000, &rules);
    let (ids, error, verdict) = export(&world.client()).await;
    assert!(matches!(verdict, Verdict::Contradicted { .. }), "{verdict}");
    assert_eq!((ids.len(), error.unwrap().id()), (5_800, "incomplete-export"));
    let (ids, error) = stream(&world.client()).await;
    assert_eq!(ids.len(), 5_800);
    assert!(error.unwrap().to_string().contains("page 13 is empty, and page 29 is not"));
}

/// R3.
#[tokio::test(start_paused = true)]
async fn pages_of_projects_that_are_empty_null_or_shorter_hide_nothing() {
    let once =
        |offset: u64, fault: &str| json!({"operation": "lists", "if": {"offset": offset}, "fault": fault});
    let always = |offset: u64, fault: &str| {
        let mut rule = once(offset, fault);
        rule["when"] = json!({"each": 1});
        rule
    };
    let shorter = json!({"operation": "lists", "fault": {"short_pages": {"records": 50}}, "skip": 3, "when": {"each": 1}});
    for (rule, is_complete) in [
        (once(0, "empty_page"), true),
        (once(1_300, "empty_page"), true),
        (once(1_300, "null_page"), true),
        (shorter, true),
        (always(1_300, "empty_page"), false),
        (always(1_300, "null_page"), false),
    ] {
        let world = World::with(Sandbox::builder().projects(3_000));
        world.put(&rule);
        let active: Vec<u64> = {
            let projects = world.sandbox.projects();
            projects.iter().filter(|project| !project.deleted).map(|project| project.id).collect()
        };
        let (ids, verdict) = export_projects(&world.projects()).await;
        assert_eq!(verdict.is_complete(), is_complete, "{rule}: {verdict}");
        assert!(!is_complete || ids == active, "{rule}: {} of {}", ids.len(), active.len());
    }
}

/// R4.
#[tokio::test(start_paused = true)]
async fn pages_that_are_cut_or_hold_every_record_twice_forbid_a_complete_export() {
    for fault in [json!({"short_pages": {"records": 200, "random": true}}), json!("doubled_records")] {
        let rules = json!({"operation": "lists", "fault": fault, "when": {"each": 1}});
        let (ids, error, verdict) = export(&with_records(2_000, &rules).client()).await;
        assert!(matches!(verdict, Verdict::Contradicted { .. }), "{verdict}");
        assert!(ids.len() < 2_000 && error.unwrap().to_string().contains("export the list again"));
        let (_, error) = stream(&with_records(2_000, &rules).client()).await;
        assert!(error.unwrap().to_string().contains("read the list again"));
    }
}

/// P5.
#[tokio::test(start_paused = true)]
async fn any_number_of_calls_may_be_asked_for() {
    let world = with_records(1_000, &json!([]));
    let mut export = world.client().export(EntryQuery::new()).concurrency(usize::MAX).start().await.unwrap();
    let mut count = 0;
    while let Some(entry) = export.next().await {
        entry.unwrap();
        count += 1;
    }
    assert!(count == 1_000 && export.finish().await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_limits_the_rate_is_exported_in_one_run() {
    for fault in [json!({"too_many_requests": {}}), json!("nginx_503")] {
        let rules = json!({"operation": "lists", "fault": fault, "when": {"over_rate": {"per_second": 5.0, "burst": 5}}});
        let world = with_records(20_000, &rules);
        let (ids, error, verdict) = export(&world.client()).await;
        assert!(ids.len() == 20_000 && verdict.is_complete(), "{verdict} {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_does_not_change_takes_few_requests_more_than_it_has_pages() {
    for records in [0, 150, 200, 1_000, 6_000, 20_000] {
        let world = with_records(records, &json!([]));
        let (_, _, verdict) = export(&world.client()).await;
        let (pages, requests) = (records.div_ceil(200), world.sandbox.requests().len() as u64);
        assert!(verdict.is_complete());
        assert!(requests <= pages + pages / 50 + 8, "{requests} requests for {pages} pages");
    }
}
