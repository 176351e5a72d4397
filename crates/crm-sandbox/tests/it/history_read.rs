//! Wire facts about `fields`, `tips` and `info`.

use crm_sandbox::{Record, SELLER};
use serde_json::{Value, json};

use crate::support::{code, history, history_as, history_text, record, sandbox};

#[tokio::test]
async fn fields_are_eight_titles_in_their_order() {
    let answer = history_text(&sandbox().await, "fields", &json!({})).await;
    let names = ["cid", "datum", "des", "tip", "iduser", "clid", "pid", "did"];
    let places: Vec<usize> = names.iter().map(|name| answer.find(&format!("\"{name}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{answer}");
}

#[tokio::test]
async fn tips_have_a_title_a_color_and_a_filter() {
    let answer = history(&sandbox().await, "tips", &json!({})).await;
    for tip in answer["data"].as_array().unwrap() {
        assert!(tip["title"].is_string());
        let color = tip["color"].as_str().unwrap();
        assert!(color.len() == 7 && color.starts_with('#'));
        assert!(["all", "activ", "task"].contains(&tip["filter"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn info_returns_only_the_first_contact_where_list_returns_all() {
    let sandbox = sandbox().await;
    sandbox.add_record(Record { pid: "2;1".to_owned(), ..record() });
    let info = history(&sandbox, "info", &json!({"cid": 1})).await;
    assert_eq!(info["data"]["person"], json!([{"pid": 2, "person": "Сидорова \"Эл\""}]));
    let list = history(&sandbox, "list", &json!({})).await;
    assert_eq!(list["data"][0]["person"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn info_without_contacts_has_one_person_with_pid_0() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    let info = history(&sandbox, "info", &json!({"cid": 1})).await;
    assert_eq!(info["data"]["person"], json!([{"pid": 0, "person": ""}]));
}

#[tokio::test]
async fn info_shows_the_zero_date() {
    let sandbox = sandbox().await;
    sandbox.add_record(Record { datum: None, ..record() });
    assert_eq!(history(&sandbox, "info", &json!({"cid": 1})).await["data"]["datum"], "0000-00-00 00:00:00");
}

#[tokio::test]
async fn records_of_other_users_are_readable() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    let answer = history_as(&sandbox, SELLER, "info", &json!({"cid": 1})).await;
    assert!(answer.contains("\"user\":\"boss@example.test\""), "{answer}");
}

#[tokio::test]
async fn info_of_an_unknown_id_is_403_without_an_id_405_and_with_id_in_place_of_cid_404() {
    let sandbox = sandbox().await;
    for (body, expected) in [
        (json!({"cid": 9}), json!("403")),
        (json!({"cid": "x"}), json!("403")),
        (json!({}), json!(405)),
        (json!({"cid": ""}), json!(405)),
        (json!({"id": 1}), json!(404)),
    ] {
        assert_eq!(*code(&history(&sandbox, "info", &body).await), expected, "{body}");
    }
}

#[tokio::test]
async fn an_id_is_understood_as_text_too() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    for cid in [json!(1), json!("1"), json!("1abc"), json!(1.0)] {
        assert_eq!(history(&sandbox, "info", &json!({"cid": cid})).await["data"]["cid"], 1, "{cid}");
    }
    assert_eq!(*code(&history(&sandbox, "info", &json!({"cid": "1.5"})).await), json!("403"));
}

#[tokio::test]
async fn unknown_clients_deals_and_contacts_have_stand_ins_for_their_names() {
    let sandbox = sandbox().await;
    sandbox.add_record(Record { clid: 99, did: 98, pid: "97".to_owned(), ..record() });
    let info = history(&sandbox, "info", &json!({"cid": 1})).await;
    assert_eq!(info["data"]["client"], "--не найден--");
    assert_eq!(info["data"]["dogovor"], "--не найден--");
    assert_eq!(info["data"]["person"], json!([{"pid": 97, "person": Value::Null}]));
}
