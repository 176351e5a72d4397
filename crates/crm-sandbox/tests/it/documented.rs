//! The revision that keeps the promises of the vendor's page.

use crm_sandbox::{APIKEY, BOSS, Record, Revision, SELLER, Sandbox, SqlMode};
use serde_json::{Value, json};

use crate::support::{
    HEADERS, at, body_of, client, code, history, history_as, history_text, listed, raw, raw_history, record,
};

async fn sandbox() -> Sandbox {
    Sandbox::builder().now(at(25, 14)).revision(Revision::Documented).start().await.unwrap()
}

#[tokio::test]
async fn only_a_start_means_after_it_and_only_an_end_before_it() {
    let sandbox = sandbox().await;
    for day in [23, 24, 25, 26] {
        sandbox.add_record(Record { datum: Some(at(day, 10)), ..record() });
    }
    let with = |name: &str| json!({name: "2024-06-24", "order": "cid", "first": "old"});
    assert_eq!(listed(&sandbox, &with("dateStart")).await, [3, 4]);
    assert_eq!(listed(&sandbox, &with("dateEnd")).await, [1]);
    assert_eq!(listed(&sandbox, &json!({})).await, [3], "neither: today");
    assert_eq!(listed(&sandbox, &json!({"dateStart": "2024-06-24", "dateEnd": "2024-06-25"})).await, [3, 2]);
}

#[tokio::test]
async fn tip_filters() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    sandbox.add_record(Record { tip: Some("Звонок".to_owned()), ..record() });
    assert_eq!(listed(&sandbox, &json!({"tip": "Звонок"})).await, [2]);
}

#[tokio::test]
async fn a_wrong_key_is_400_and_a_wrong_login_401() {
    let sandbox = sandbox().await;
    let headers = HEADERS.replace("sandbox-key", "wrong");
    let answer: Value =
        serde_json::from_str(&body_of(&raw(&sandbox, &raw_history("fields", &headers, "")))).unwrap();
    assert_eq!(*code(&answer), json!(400));
    let answer = history_as(&sandbox, "wrong@example.test", "fields", &json!({})).await;
    assert!(answer.contains("401"), "{answer}");
}

#[tokio::test]
async fn a_list_without_records_has_the_key_data() {
    assert_eq!(history_text(&sandbox().await, "list", &json!({})).await, r#"{"data":[]}"#);
}

#[tokio::test]
async fn list_and_info_show_a_record_alike_with_all_its_contacts_and_its_content_as_written() {
    let sandbox = sandbox().await;
    let entry = json!({"content": "«a/b»\n<b>", "clid": 1, "pid": "1,2"});
    history(&sandbox, "add", &entry).await;
    let info = history(&sandbox, "info", &json!({"cid": 1})).await;
    assert_eq!(info["data"]["content"], entry["content"]);
    assert_eq!(info["data"]["person"].as_array().unwrap().len(), 2);
    assert_eq!(history(&sandbox, "list", &json!({})).await["data"][0], info["data"]);
}

#[tokio::test]
async fn a_record_without_contacts_has_an_empty_array_of_them() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    assert_eq!(history(&sandbox, "info", &json!({"cid": 1})).await["data"]["person"], json!([]));
}

#[tokio::test]
async fn info_is_403_for_a_record_of_others_404_for_none_and_405_without_an_id_all_numbers() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    let foreign = history_as(&sandbox, SELLER, "info", &json!({"cid": 1})).await;
    assert!(foreign.contains("\"code\":403,"), "{foreign}");
    assert_eq!(*code(&history(&sandbox, "info", &json!({"cid": 9})).await), json!(404));
    assert_eq!(*code(&history(&sandbox, "info", &json!({})).await), json!(405));
}

#[tokio::test]
async fn an_id_may_be_called_cid_or_id() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    assert_eq!(history(&sandbox, "info", &json!({"id": 1})).await["data"]["cid"], 1);
    assert_eq!(history(&sandbox, "delete", &json!({"id": 1})).await["result"], "Успешно");
}

#[tokio::test]
async fn parameters_are_read_from_the_query_string_too() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    assert_eq!(history(&sandbox, "info?cid=1", &json!({})).await["data"]["cid"], 1);
}

#[tokio::test]
async fn a_charset_beside_the_content_type_does_no_harm() {
    let sandbox = sandbox().await;
    let answer = client()
        .get(format!("{}/developer/v3/history/fields", sandbox.url()))
        .header("Content-Type", "application/json; charset=utf-8")
        .header("apikey", APIKEY)
        .header("login", BOSS)
        .send()
        .await
        .unwrap();
    assert!(answer.text().await.unwrap().starts_with("{\"data\":"));
}

#[tokio::test]
async fn the_answers_of_add_list_have_no_leftovers() {
    let sandbox = sandbox().await;
    let answer =
        history(&sandbox, "add.list", &json!({"list": [{"content": "1"}, {}, {"content": "3"}]})).await;
    assert_eq!(answer[1]["data"], Value::Null);
    assert_eq!(answer[2], json!({"result": "Успешно", "data": 2}));
}

#[tokio::test]
async fn a_tip_that_is_not_in_the_directory_is_added_to_it() {
    let sandbox = sandbox().await;
    history(&sandbox, "add", &json!({"content": "1", "clid": 1, "tip": "Новый"})).await;
    history(&sandbox, "add.list", &json!({"list": [{"content": "1", "tip": "Новый"}, {"content": "2"}]}))
        .await;
    let tips = history(&sandbox, "tips", &json!({})).await;
    assert_eq!(tips["data"].as_array().unwrap().len(), 13);
    assert_eq!(tips["data"][12]["title"], "Новый");
    assert_eq!(sandbox.record(3).unwrap().tip.as_deref(), Some("Событие"), "the default in a list too");
}

#[tokio::test]
async fn an_unknown_order_is_the_default_one() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    assert_eq!(listed(&sandbox, &json!({"order": "nonexistent"})).await, [1]);
}

#[tokio::test]
async fn no_value_breaks_a_statement_and_no_setting_of_the_account_a_call() {
    let zone = "America/Bogota".parse().unwrap();
    let builder = Sandbox::builder().now(at(25, 14)).revision(Revision::Documented).zone(zone);
    let sandbox = builder.sql_mode(SqlMode::Strict).shift(BOSS, 2).unwrap().start().await.unwrap();
    sandbox.add_record(record());
    for query in [
        json!({"user": "d'artagnan"}),
        json!({"word": ["x"]}),
        json!({"offset": "1'"}),
        json!({"clid": "2'"}),
    ] {
        assert_eq!(listed(&sandbox, &query).await, [] as [u64; 0], "{query}");
    }
    assert_eq!(
        history(&sandbox, "info", &json!({"cid": "1'"})).await["data"]["datum"],
        "2024-06-25 10:25:00"
    );
    assert_eq!(
        *code(&serde_json::from_str(&history_as(&sandbox, "d'artagnan", "list", &json!({})).await).unwrap()),
        json!(401)
    );
    let entry = json!({"content": "😀", "clid": 1, "tip": "т".repeat(60)});
    assert_eq!(history(&sandbox, "add", &entry).await["result"], "Успешно");
}
