//! What is written, what is stored, what `list` shows.

use serde_json::{Value, json};

use crate::support::{history, recording, sandbox};

#[tokio::test]
async fn every_recorded_transformation_of_content_is_the_same_here() {
    let recorded = recording("content-transformations");
    let sandbox = sandbox().await;
    for case in recorded["cases"].as_array().unwrap() {
        let added = history(&sandbox, "add", &json!({"content": case["written"], "clid": 1})).await;
        let cid = added["data"].as_u64().unwrap();
        let stored = sandbox.record(cid).unwrap().content;
        assert_eq!(stored.as_deref(), case["info"].as_str(), "stored of {case}");
        let info = history(&sandbox, "info", &json!({"cid": cid})).await;
        assert_eq!(info["data"]["content"], case["info"], "info of {case}");
        let list = history(&sandbox, "list", &json!({"order": "cid"})).await;
        assert_eq!(list["data"][0]["cid"], cid);
        assert_eq!(list["data"][0]["content"], case["list"], "list of {case}");
    }
}

#[tokio::test]
async fn content_of_which_nothing_is_left_is_null_in_info_and_empty_in_list() {
    let sandbox = sandbox().await;
    history(&sandbox, "add", &json!({"content": "<3 не осталось ничего", "clid": 1})).await;
    assert_eq!(sandbox.record(1).unwrap().content, None);
    assert_eq!(history(&sandbox, "info", &json!({"cid": 1})).await["data"]["content"], Value::Null);
    assert_eq!(history(&sandbox, "list", &json!({})).await["data"][0]["content"], "");
}

#[tokio::test]
async fn content_is_cut_at_65_535_bytes() {
    let sandbox = sandbox().await;
    history(&sandbox, "add", &json!({"content": "a".repeat(65_536), "clid": 1})).await;
    history(&sandbox, "add", &json!({"content": "ё".repeat(32_768), "clid": 1})).await;
    let lengths: Vec<usize> =
        sandbox.records().iter().map(|record| record.content.as_ref().unwrap().len()).collect();
    assert_eq!(lengths, [65_535, 65_534]);
}

#[tokio::test]
async fn a_tip_is_cut_at_50_characters() {
    let sandbox = sandbox().await;
    let tip = "ё".repeat(51);
    history(&sandbox, "add", &json!({"content": "x", "clid": 1, "tip": tip})).await;
    history(&sandbox, "add.list", &json!({"list": [{"content": "x", "tip": tip}]})).await;
    for record in sandbox.records() {
        assert_eq!(record.tip.unwrap().chars().count(), 50);
    }
}

#[tokio::test]
async fn a_tip_is_cleaned_by_add_and_left_as_it_is_by_add_list() {
    let sandbox = sandbox().await;
    history(&sandbox, "add", &json!({"content": "x", "clid": 1, "tip": "<b>«КП»</b>"})).await;
    history(&sandbox, "add.list", &json!({"list": [{"content": "x", "tip": "<b>«КП»</b> 😀"}]})).await;
    let tips: Vec<Option<String>> = sandbox.records().into_iter().map(|record| record.tip).collect();
    assert_eq!(tips, [Some("КП".to_owned()), Some("<b>«КП»</b> ????".to_owned())]);
}
