//! What is written, what is stored, what `list` shows.

use crm_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::history;

#[tokio::test]
async fn every_recorded_transformation_of_content_is_the_same_here() {
    let recorded = include_str!("../../../../fixtures/salesman/captures/content-transformations.json");
    let recorded: Value = serde_json::from_str(recorded).unwrap();
    let sandbox = Sandbox::start().await.unwrap();
    for case in recorded["cases"].as_array().unwrap() {
        let added = history(&sandbox, "add", &json!({"content": case["written"], "clid": 1})).await;
        let cid = added["data"].as_i64().unwrap();
        let info = history(&sandbox, "info", &json!({"cid": cid})).await;
        assert_eq!(info["data"]["content"], case["info"], "info of {case}");
        let list = history(&sandbox, "list", &json!({"order": "cid"})).await;
        assert_eq!(list["data"][0]["cid"], cid);
        assert_eq!(list["data"][0]["content"], case["list"], "list of {case}");
    }
}
