//! Wire facts about `add`, `add.list` and `delete`.

use crm_sandbox::{Record, SELLER};
use serde_json::{Value, json};

use crate::support::{at, code, history, history_as, history_text, record, sandbox};

#[tokio::test]
async fn the_next_id_is_1_on_an_empty_history_and_no_id_comes_twice() {
    let sandbox = sandbox().await;
    let entry = json!({"content": "x", "clid": 1});
    assert_eq!(history_text(&sandbox, "add", &entry).await, r#"{"result":"Успешно","data":1}"#);
    history(&sandbox, "delete", &json!({"cid": 1})).await;
    assert_eq!(history(&sandbox, "add", &entry).await["data"], 2);
}

#[tokio::test]
async fn there_is_no_idempotency_key_and_no_update() {
    let sandbox = sandbox().await;
    let entry = json!({"content": "x", "clid": 1, "uid": "same"});
    for _ in 0..2 {
        history(&sandbox, "add", &entry).await;
    }
    assert_eq!(sandbox.record_count(), 2);
    assert_eq!(*code(&history(&sandbox, "update", &json!({"cid": 1, "content": "y"})).await), json!(404));
}

#[tokio::test]
async fn add_needs_content_and_one_of_clid_pid_did() {
    let sandbox = sandbox().await;
    for body in [
        json!({}),
        json!({"content": "x"}),
        json!({"clid": 1}),
        json!({"content": "", "clid": 1}),
        json!({"content": "x", "clid": "", "pid": "", "did": null}),
    ] {
        let answer = history_text(&sandbox, "add", &body).await;
        assert_eq!(
            answer, r#"{"result":"Error","error":{"code":405,"text":"Отсутствуют параметры"}}"#,
            "{body}"
        );
    }
    for body in [
        json!({"content": "x", "clid": 1}),
        json!({"content": "x", "pid": "1"}),
        json!({"content": "x", "did": 1}),
        json!({"content": "x", "clid": 0}),
    ] {
        assert_eq!(history(&sandbox, "add", &body).await["result"], "Успешно", "{body}");
    }
}

#[tokio::test]
async fn add_list_needs_only_content_in_each_item() {
    let sandbox = sandbox().await;
    let answer = history_text(&sandbox, "add.list", &json!({"list": [{"content": "x"}]})).await;
    assert_eq!(answer, r#"[{"result":"Успешно","data":1}]"#);
}

#[tokio::test]
async fn tip_defaults_to_an_event_in_add_and_to_null_in_add_list() {
    let sandbox = sandbox().await;
    history(&sandbox, "add", &json!({"content": "x", "clid": 1})).await;
    history(&sandbox, "add", &json!({"content": "x", "clid": 1, "tip": ""})).await;
    history(&sandbox, "add.list", &json!({"list": [{"content": "x"}, {"content": "x", "tip": ""}]})).await;
    let tips: Vec<Option<String>> = sandbox.records().into_iter().map(|record| record.tip).collect();
    let event = Some("Событие".to_owned());
    assert_eq!(tips, [event.clone(), event, None, None]);
}

#[tokio::test]
async fn a_failed_item_repeats_the_data_of_the_item_before_it_and_every_item_after_it_carries_its_error() {
    let sandbox = sandbox().await;
    let list = json!({"list": [{"content": "1"}, {"content": ""}, {"content": "3"}, {}, {"content": "5"}]});
    let error = r#""error":{"code":405,"text":"Отсутствуют параметры - Заголовок"}"#;
    assert_eq!(
        history_text(&sandbox, "add.list", &list).await,
        format!(
            r#"[{{"result":"Успешно","data":1}},{{"result":"Error","data":1,{error}}},{{"result":"Успешно","data":2,{error}}},{{"result":"Error","data":2,{error}}},{{"result":"Успешно","data":3,{error}}}]"#
        )
    );
}

#[tokio::test]
async fn where_the_first_item_fails_its_error_stands_before_the_data_of_the_next() {
    let sandbox = sandbox().await;
    let answer = history_text(&sandbox, "add.list", &json!({"list": [{}, {"content": "2"}]})).await;
    let error = r#""error":{"code":405,"text":"Отсутствуют параметры - Заголовок"}"#;
    assert_eq!(answer, format!(r#"[{{"result":"Error",{error}}},{{"result":"Успешно",{error},"data":1}}]"#));
}

#[tokio::test]
async fn an_empty_list_gives_an_empty_array() {
    let sandbox = sandbox().await;
    for body in [json!({"list": []}), json!({}), json!({"list": "x"})] {
        assert_eq!(history_text(&sandbox, "add.list", &body).await, "[]", "{body}");
    }
}

#[tokio::test]
async fn add_list_is_not_atomic() {
    let sandbox = sandbox().await;
    let list = json!({"list": [{"content": "до"}, {"content": ["нет"]}, {"content": "после"}]});
    let answer = history_text(&sandbox, "add.list", &list).await;
    assert!(answer.starts_with("<br />\n<b>Fatal error</b>"), "{answer}");
    let stored: Vec<Option<String>> = sandbox.records().into_iter().map(|record| record.content).collect();
    assert_eq!(stored, [Some("до".to_owned())]);
}

#[tokio::test]
async fn a_user_beside_the_list_is_the_owner_of_the_items_without_one() {
    let sandbox = sandbox().await;
    let list =
        json!({"user": SELLER, "list": [{"content": "1"}, {"content": "2", "user": crm_sandbox::BOSS}]});
    history(&sandbox, "add.list", &list).await;
    let owners: Vec<i64> = sandbox.records().iter().map(|record| record.iduser).collect();
    assert_eq!(owners, [2, 1]);
}

#[tokio::test]
async fn a_missing_datum_is_now_and_a_short_one_is_filled_up() {
    let sandbox = sandbox().await;
    for datum in [Value::Null, json!(""), json!("2024-06-25 14:20"), json!("2024-06-24")] {
        history(&sandbox, "add", &json!({"content": "x", "clid": 1, "datum": datum})).await;
    }
    let stored: Vec<String> =
        sandbox.records().iter().map(|record| record.datum.unwrap().to_string()).collect();
    assert_eq!(
        stored,
        ["2024-06-25 14:25:00", "2024-06-25 14:25:00", "2024-06-25 14:20:00", "2024-06-24 00:00:00"]
    );
}

#[tokio::test]
async fn an_invalid_datum_is_stored_as_the_zero_date() {
    let sandbox = sandbox().await;
    for datum in ["2024-02-30 10:00", "25.06.2024", "вчера", "2050-01-01"] {
        history(&sandbox, "add", &json!({"content": "x", "clid": 1, "datum": datum})).await;
    }
    assert!(sandbox.records().iter().all(|record| record.datum.is_none()), "{:?}", sandbox.records());
}

#[tokio::test]
async fn an_unknown_user_is_stored_as_owner_0() {
    let sandbox = sandbox().await;
    let entry = json!({"content": "x", "clid": 1, "user": "nobody@example.test"});
    assert_eq!(history(&sandbox, "add", &entry).await["result"], "Успешно");
    assert_eq!(sandbox.record(1).unwrap().iduser, 0);
    let info = history(&sandbox, "info", &json!({"cid": 1})).await;
    assert_eq!((&info["data"]["iduser"], &info["data"]["user"]), (&json!(0), &json!("")));
}

#[tokio::test]
async fn without_user_the_owner_is_the_caller() {
    let sandbox = sandbox().await;
    history_as(&sandbox, SELLER, "add", &json!({"content": "x", "clid": 1})).await;
    assert_eq!(sandbox.record(1).unwrap().iduser, 2);
}

#[tokio::test]
async fn pid_is_a_text_of_ids_whose_blanks_and_empty_parts_are_dropped() {
    let sandbox = sandbox().await;
    for pid in [json!("1, 2"), json!("1,,2,"), json!(2)] {
        history(&sandbox, "add", &json!({"content": "x", "pid": pid})).await;
    }
    let stored: Vec<String> = sandbox.records().into_iter().map(|record| record.pid).collect();
    assert_eq!(stored, ["1;2", "1;2", "2"]);
}

#[tokio::test]
async fn a_json_array_of_pids_is_not_understood() {
    let sandbox = sandbox().await;
    let answer = history_text(&sandbox, "add", &json!({"content": "x", "pid": [1, 2]})).await;
    assert!(answer.starts_with("<br />\n<b>Fatal error</b>"), "{answer}");
    assert_eq!(sandbox.record_count(), 0);
    history(&sandbox, "add.list", &json!({"list": [{"content": "x", "pid": [1, 2]}]})).await;
    let info = history(&sandbox, "info", &json!({"cid": 1})).await;
    assert_eq!(info["data"]["person"], json!([{"pid": 0, "person": ""}]));
}

#[tokio::test]
async fn delete_takes_cid_and_a_second_one_gives_403() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    assert_eq!(history_text(&sandbox, "delete", &json!({"cid": 1})).await, r#"{"result":"Успешно"}"#);
    assert_eq!(sandbox.record_count(), 0);
    assert_eq!(*code(&history(&sandbox, "delete", &json!({"cid": 1})).await), json!(403));
    assert_eq!(*code(&history(&sandbox, "delete", &json!({"id": 1})).await), json!(405));
}

#[tokio::test]
async fn own_records_and_those_of_subordinates_only_are_deleted() {
    let sandbox = sandbox().await;
    for iduser in [1, 2, 0, 2] {
        sandbox.add_record(Record { iduser, ..record() });
    }
    let by_seller = history_as(&sandbox, SELLER, "delete", &json!({"cid": 1})).await;
    assert!(by_seller.contains("403"), "the head's by the subordinate: {by_seller}");
    let by_seller = history_as(&sandbox, SELLER, "delete", &json!({"cid": 2})).await;
    assert_eq!(by_seller, r#"{"result":"Успешно"}"#, "an own one");
    assert_eq!(*code(&history(&sandbox, "delete", &json!({"cid": 3})).await), json!(403), "nobody's");
    assert_eq!(history(&sandbox, "delete", &json!({"cid": 4})).await["result"], "Успешно", "a subordinate's");
}

#[tokio::test]
async fn datum_is_the_local_time_of_the_account_without_a_zone() {
    let sandbox = sandbox().await;
    sandbox.set_now(at(1, 9));
    history(&sandbox, "add", &json!({"content": "x", "clid": 1})).await;
    assert_eq!(history(&sandbox, "info", &json!({"cid": 1})).await["data"]["datum"], "2024-06-01 09:25:00");
}
