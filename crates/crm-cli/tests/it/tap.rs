//! `crm tap`: a copy as messages of the Singer protocol.

use std::io::{BufRead, BufReader};

use crm_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::program::{Folder, Ran};

async fn set_up(name: &str) -> (Folder, Sandbox) {
    let sandbox = Sandbox::builder().records(50).clients(5).projects(5).start().await.unwrap();
    let folder = Folder::new(name);
    folder.crm_with(&sandbox, &["mirror", "sqlite:crm.db"]).run().ended(0, "complete");
    (folder, sandbox)
}

fn tap(folder: &Folder, arguments: &[&str]) -> Ran {
    folder.crm(&[&["tap", "--store", "sqlite:crm.db"], arguments].concat()).run()
}

fn messages(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn records(ran: &Ran, stream: &str) -> usize {
    let is_wanted = |message: &&Value| message["type"] == "RECORD" && message["stream"] == stream;
    messages(ran).iter().filter(is_wanted).count()
}

#[tokio::test]
async fn a_target_gets_every_row_once_and_then_the_changes_from_its_last_state() {
    let (folder, sandbox) = set_up("tap-state").await;
    folder.write("empty.json", "");
    let first = tap(&folder, &["--state", "empty.json"]);
    first.ended(0, "records were written");
    assert_eq!(records(&first, "activities"), 50);
    let state = messages(&first).last().unwrap().clone();
    assert_eq!(state["type"], "STATE");
    folder.write("state.json", state["value"].to_string());
    sandbox.remove_record(sandbox.records()[0].cid);
    folder.crm_with(&sandbox, &["mirror", "sqlite:crm.db", "--mode", "full"]).run().ended(0, "complete");
    let second = tap(&folder, &["--state", "state.json", "--quiet"]);
    assert_eq!((second.code, second.said.as_str()), (0, ""));
    assert_eq!(records(&second, "activities"), 1);
    assert!(second.out.contains("\"_sdc_deleted_at\":\"2"), "{}", second.out);
}

#[tokio::test]
async fn a_pipeline_gives_the_store_in_its_config_and_selects_streams_in_the_catalog() {
    let (folder, _sandbox) = set_up("tap-catalog").await;
    folder.write("config.json", json!({ "store": "sqlite:crm.db", "start_date": "2020-01-01" }).to_string());
    let discovered = folder.crm(&["tap", "--config", "config.json", "--discover"]).run();
    discovered.ended(0, "");
    let mut catalog: Value = serde_json::from_str(&discovered.out).unwrap();
    for stream in catalog["streams"].as_array_mut().unwrap() {
        let is_selected = stream["tap_stream_id"] == "clients";
        stream["metadata"][0]["metadata"]["selected"] = json!(is_selected);
        stream["metadata"][0]["metadata"]["replication-method"] = json!("FULL_TABLE");
    }
    folder.write("catalog.json", catalog.to_string());
    let arguments = ["tap", "--config", "config.json", "--catalog", "catalog.json"];
    let ran = folder.crm(&arguments).run();
    ran.ended(0, "");
    assert!(
        messages(&ran).iter().all(|message| message["stream"] == "clients" || message["type"] == "STATE")
    );
    assert!(messages(&ran).iter().any(|message| message["type"] == "ACTIVATE_VERSION"));
    let old = folder.crm(&["tap", "--config", "config.json", "--properties", "catalog.json"]).run();
    assert_eq!(old.code, 0);
}

#[tokio::test]
async fn wrong_files_and_copies_are_named() {
    let (folder, _sandbox) = set_up("tap-wrong").await;
    folder.write("broken.json", "{");
    tap(&folder, &["--state", "broken.json"]).ended(64, "broken.json");
    tap(&folder, &["--catalog", "nowhere.json"]).ended(64, "nowhere.json");
    tap(&folder, &["--discover", "--state", "broken.json"]).ended(64, "--discover");
    folder.crm(&["tap"]).run().ended(64, "CRM_MIRROR_TARGET");
    folder.crm(&["tap", "--store", "sqlite:absent.db"]).run().ended(1, "absent.db");
    folder.write(
        "other.json",
        json!({ "streams": [{ "tap_stream_id": "calls", "selected": true }] }).to_string(),
    );
    tap(&folder, &["--catalog", "other.json"]).ended(64, "calls");
}

#[cfg(unix)]
#[tokio::test]
async fn a_target_that_ends_ends_the_tap_without_a_message() {
    let sandbox = Sandbox::builder().records(3000).start().await.unwrap();
    let folder = Folder::new("tap-pipe");
    folder
        .crm_with(&sandbox, &["mirror", "sqlite:crm.db", "--texts", "none", "--concurrency", "4"])
        .run()
        .ended(0, "complete");
    let mut program = folder.crm(&["tap", "--store", "sqlite:crm.db"]).spawn();
    let mut line = String::new();
    BufReader::with_capacity(64, program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("SCHEMA"), "{line}");
    let ran = Ran::new(program.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.said.as_str()), (141, ""));
}
