//! Wire facts about the SQL mode that MariaDB and MySQL have by default.

use crm_sandbox::{Sandbox, SqlMode};
use serde_json::{Value, json};

use crate::support::{at, history, history_text};

async fn sandbox(mode: SqlMode) -> Sandbox {
    Sandbox::builder().now(at(25, 14)).sql_mode(mode).start().await.unwrap()
}

fn refused_values() -> Vec<(&'static str, Value, String)> {
    let column = |name: &str| format!("for column `salesman`.`app_history`.`{name}` at row 1");
    vec![
        (
            "content",
            json!("привет 😀!"),
            format!(r"Incorrect string value: '\xF0\x9F\x98\x80!' {} в строке 1366", column("des")),
        ),
        (
            "tip",
            json!("тип 😀"),
            format!(r"Incorrect string value: '\xF0\x9F\x98\x80' {} в строке 1366", column("tip")),
        ),
        ("tip", json!("ё".repeat(51)), "Data too long for column 'tip' at row 1 в строке 1406".to_owned()),
        (
            "content",
            json!("ё".repeat(32_768)),
            "Data too long for column 'des' at row 1 в строке 1406".to_owned(),
        ),
        (
            "pid",
            json!("123456789,".repeat(11)),
            "Data too long for column 'pid' at row 1 в строке 1406".to_owned(),
        ),
        (
            "clid",
            json!(2_147_483_648_u64),
            "Out of range value for column 'clid' at row 1 в строке 1264".to_owned(),
        ),
        (
            "did",
            json!(2_147_483_648_u64),
            "Out of range value for column 'did' at row 1 в строке 1264".to_owned(),
        ),
        (
            "datum",
            json!("25.06.2024 14:25"),
            format!("Incorrect datetime value: '25.06.2024 14:25' {} в строке 1292", column("datum")),
        ),
        (
            "datum",
            json!("2024-02-30"),
            format!("Incorrect datetime value: '2024-02-30' {} в строке 1292", column("datum")),
        ),
        (
            "datum",
            json!("2050-01-01"),
            format!("Incorrect datetime value: '2050-01-01' {} в строке 1292", column("datum")),
        ),
        (
            "datum",
            json!("2024-06-25T14:25:00Z"),
            format!("Incorrect datetime value: '2024-06-25T14:25:00Z' {} в строке 1292", column("datum")),
        ),
    ]
}

#[tokio::test]
async fn add_answers_code_500_with_the_text_of_the_database_and_stores_nothing() {
    let sandbox = sandbox(SqlMode::Strict).await;
    for (name, value, text) in refused_values() {
        let mut entry = json!({"content": "x", "clid": 1});
        entry[name] = value;
        let answer = history(&sandbox, "add", &entry).await;
        assert_eq!(answer, json!({"result": "Error", "error": {"code": 500, "text": text}}), "{name}");
    }
    assert_eq!(sandbox.record_count(), 0);
}

#[tokio::test]
async fn add_list_refuses_only_that_item_and_shows_the_leftovers() {
    let sandbox = sandbox(SqlMode::Strict).await;
    for (name, value, text) in refused_values() {
        let before = sandbox.record_count() as u64;
        let mut refused = json!({"content": "x", "clid": 1});
        refused[name] = value;
        let answer =
            history(&sandbox, "add.list", &json!({"list": [{"content": "1"}, refused, {"content": "3"}]}))
                .await;
        let error = json!({"code": 500, "text": text});
        let expected = json!([
            {"result": "Успешно", "data": before + 1},
            {"result": "Error", "data": before + 1, "error": error},
            {"result": "Успешно", "data": before + 2, "error": error},
        ]);
        assert_eq!(answer, expected, "{name}");
    }
}

#[tokio::test]
async fn what_fits_is_stored_in_the_strict_mode_as_in_the_lenient_one() {
    let sandbox = sandbox(SqlMode::Strict).await;
    for (name, value) in [
        ("content", json!("меньше a<b «КП» 'x'")),
        ("tip", json!("ё".repeat(50))),
        ("pid", json!("1, 2")),
        ("datum", json!("2024-06-25 14:25")),
        ("datum", json!("2024-06-25 14:25:00.5")),
        ("datum", json!("0000-00-00")),
        ("clid", json!(2_147_483_647)),
    ] {
        let mut entry = json!({"content": "x", "clid": 1});
        entry[name] = value;
        assert_eq!(history(&sandbox, "add", &entry).await["result"], "Успешно", "{entry}");
    }
    assert_eq!(sandbox.record(6).unwrap().datum, None);
}

#[tokio::test]
async fn the_first_column_that_is_refused_is_named() {
    let sandbox = sandbox(SqlMode::Strict).await;
    let entry = json!({"content": "😀", "tip": "😀", "clid": 3_000_000_000_u64, "datum": "завтра"});
    assert!(history_text(&sandbox, "add", &entry).await.contains("'clid'"));
    let entry = json!({"content": "😀", "tip": "😀", "clid": 1, "datum": "завтра"});
    assert!(history_text(&sandbox, "add", &entry).await.contains("`datum`"));
    let entry = json!({"content": "😀", "tip": "😀", "clid": 1});
    assert!(history_text(&sandbox, "add", &entry).await.contains("`des`"));
}

#[tokio::test]
async fn an_emoji_in_a_tag_that_is_dropped_is_not_refused() {
    let sandbox = sandbox(SqlMode::Strict).await;
    let answer = history(&sandbox, "add", &json!({"content": "x <b 😀>y", "clid": 1})).await;
    assert_eq!(answer["result"], "Успешно");
}

#[tokio::test]
async fn the_zero_date_is_refused_where_the_mode_has_no_zero_date() {
    let sandbox = sandbox(SqlMode::StrictNoZeroDate).await;
    let answer =
        history_text(&sandbox, "add", &json!({"content": "x", "clid": 1, "datum": "0000-00-00"})).await;
    assert!(answer.contains("Incorrect datetime value: '0000-00-00'"), "{answer}");
}

#[tokio::test]
async fn the_lenient_mode_is_the_default_and_bends_all_of_that() {
    let sandbox = Sandbox::builder().now(at(25, 14)).start().await.unwrap();
    for (name, value, _) in refused_values() {
        let mut entry = json!({"content": "x", "clid": 1});
        entry[name] = value;
        assert_eq!(history(&sandbox, "add", &entry).await["result"], "Успешно", "{name}");
    }
}
