//! Wire facts about ids, numbers, shapes and bodies of another type than expected.

use crm_sandbox::{BOSS, Record, Sandbox};
use serde_json::{Value, json};

use crate::support::{
    client, code, history, history_raw_as, history_text, listed, php_error, record, sandbox, syntax_error,
};

async fn with_clients() -> Sandbox {
    let sandbox = sandbox().await;
    for clid in [1, 2, 0] {
        sandbox.add_record(Record { clid, pid: format!("{clid};7"), ..record() });
    }
    sandbox
}

async fn with_filter(sandbox: &Sandbox, name: &str, value: &str) -> Vec<u64> {
    let query = format!(r#"{{"order":"cid","first":"old","{name}":{value}}}"#);
    let answer = history_raw_as(sandbox, BOSS, "list", &query).await;
    let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{query}: {answer}"));
    crate::support::ids(&answer["data"], "cid")
}

#[tokio::test]
async fn the_digits_in_front_of_a_cid_are_read() {
    let sandbox = with_clients().await;
    for cid in
        [json!("1abc"), json!(" 1"), json!("+1"), json!("1.0"), json!(true), json!("1e0"), json!("1 OR 1=1")]
    {
        assert_eq!(history(&sandbox, "info", &json!({"cid": cid})).await["data"]["cid"], 1, "{cid}");
    }
    assert_eq!(history(&sandbox, "info", &json!({"cid": "2,3"})).await["data"]["cid"], 2);
    for cid in [json!(1.9), json!([1]), json!({"a": 1}), json!([]), json!("x"), json!(0), json!(-1)] {
        assert_eq!(*code(&history(&sandbox, "info", &json!({"cid": cid})).await), json!("403"), "{cid}");
    }
    assert_eq!(*code(&history(&sandbox, "info", &json!({"cid": false})).await), json!(405));
}

#[tokio::test]
async fn a_filter_that_is_not_above_zero_is_no_filter() {
    let sandbox = with_clients().await;
    for name in ["clid", "did", "pid"] {
        for value in ["0", "-5", "\"abc\"", "\"\"", "null", "false", "[]"] {
            assert_eq!(with_filter(&sandbox, name, value).await, [1, 2, 3], "{name} {value}");
        }
    }
    assert_eq!(with_filter(&sandbox, "clid", "\"2x\"").await, [2]);
    assert_eq!(with_filter(&sandbox, "clid", "1.9").await, [] as [u64; 0]);
    assert_eq!(with_filter(&sandbox, "clid", "[1]").await, [3], "PHP writes Array, the database reads 0");
}

#[tokio::test]
async fn pid_as_a_filter_must_be_the_bare_number() {
    let sandbox = with_clients().await;
    assert_eq!(with_filter(&sandbox, "pid", "7").await, [1, 2, 3]);
    for value in ["\"1,2\"", "\" 1\"", "\"1.0\""] {
        assert_eq!(with_filter(&sandbox, "pid", value).await, [] as [u64; 0], "{value}");
    }
}

#[tokio::test]
async fn an_id_beyond_the_column_is_stored_as_its_largest_number() {
    let sandbox = sandbox().await;
    for (clid, stored) in [
        ("2147483648", 2_147_483_647),
        ("-7", -7),
        ("\"2147483648\"", 2_147_483_647),
        ("99999999999999999999", 2_147_483_647),
        ("18446744073709551615", 0),
        ("36893488147419103232", 0),
        ("\"99999999999999999999\"", 2_147_483_647),
        ("true", 1),
        ("1.9", 1),
    ] {
        let body = format!(r#"{{"content":"x","clid":{clid},"did":{clid}}}"#);
        let answer: Value =
            serde_json::from_str(&history_raw_as(&sandbox, BOSS, "add", &body).await).unwrap();
        let record = sandbox.record(answer["data"].as_u64().unwrap()).unwrap();
        assert_eq!((record.clid, record.did), (stored, stored), "{clid}");
    }
    let info = history(&sandbox, "info", &json!({"cid": 1})).await;
    assert_eq!(info["data"]["client"], "--не найден--");
}

#[tokio::test]
async fn a_filter_beyond_64_bits_finds_nothing_and_one_of_two_to_the_64th_is_none() {
    let sandbox = with_clients().await;
    for clid in ["2147483648", "99999999999999999998", "\"99999999999999999998\""] {
        assert_eq!(with_filter(&sandbox, "clid", clid).await, [] as [u64; 0], "{clid}");
    }
    for clid in ["18446744073709551615", "36893488147419103232"] {
        assert_eq!(with_filter(&sandbox, "clid", clid).await, [1, 2, 3], "{clid}");
    }
    let info = history_raw_as(&sandbox, BOSS, "info", r#"{"cid":99999999999999999998}"#).await;
    assert!(info.contains(r#""code":"403""#), "{info}");
}

#[tokio::test]
async fn the_contacts_are_cut_at_100_characters_and_an_id_is_shown_up_to_63_bits() {
    let sandbox = sandbox().await;
    let pid = "12345678,".repeat(12);
    history(&sandbox, "add", &json!({"content": "x", "pid": pid})).await;
    assert_eq!(sandbox.record(1).unwrap().pid, "12345678;".repeat(12)[..100]);
    history(&sandbox, "add", &json!({"content": "x", "pid": "99999999999999999999,abc"})).await;
    let list = history(&sandbox, "list", &json!({"order": "cid"})).await;
    let pids: Vec<i64> = list["data"][0]["person"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["pid"].as_i64().unwrap())
        .collect();
    assert_eq!(pids, [i64::MAX, 0], "a part that is no number is contact 0");
}

#[tokio::test]
async fn an_array_as_a_word_is_a_php_error() {
    let sandbox = sandbox().await;
    for word in [json!(["x", "y"]), json!({"a": 1}), json!([])] {
        assert_eq!(
            php_error(&history_text(&sandbox, "list", &json!({"word": word})).await),
            "TypeError: trim(): Argument #1 ($string) must be of type string, array given"
        );
    }
}

#[tokio::test]
async fn a_word_may_be_a_number_and_blanks_alone_are_no_filter() {
    let sandbox = sandbox().await;
    sandbox.add_record(Record { content: Some("звонок 101".to_owned()), ..record() });
    assert_eq!(listed(&sandbox, &json!({"word": 101})).await, [1]);
    assert_eq!(listed(&sandbox, &json!({"word": 102})).await, [] as [u64; 0]);
    assert_eq!(listed(&sandbox, &json!({"word": "  "})).await, [1]);
    assert_eq!(listed(&sandbox, &json!({"word": "з_о%1"})).await, [1], "wildcards");
}

#[tokio::test]
async fn an_offset_of_another_type_or_size_is_a_php_error() {
    let sandbox = sandbox().await;
    for (offset, error) in [
        (json!({"a": 1}), "TypeError: Unsupported operand types: array * int".to_owned()),
        (json!([]), "TypeError: Unsupported operand types: array * int".to_owned()),
        (json!("next"), "TypeError: Unsupported operand types: string * int".to_owned()),
        (json!(1e25), syntax_error("2.0E+27,200")),
        (json!("1e25"), syntax_error("2.0E+27,200")),
        (json!(0.001), syntax_error("0.2,200")),
    ] {
        let answer = history_text(&sandbox, "list", &json!({"offset": offset})).await;
        assert_eq!(php_error(&answer), error, "{offset}");
    }
}

#[tokio::test]
async fn half_an_offset_starts_in_the_middle_of_the_first_page() {
    let sandbox = Sandbox::builder().records(250).start().await.unwrap();
    let page = |offset: Value| json!({"dateStart": "2023-01-01", "dateEnd": "2025-12-31", "order": "cid", "first": "old", "offset": offset});
    for offset in [json!(0.5), json!("0.5")] {
        assert_eq!(listed(&sandbox, &page(offset)).await, (101..=250).collect::<Vec<u64>>());
    }
    for (offset, first) in
        [(json!(true), Some(201)), (json!("1x"), Some(201)), (json!(4_000_000_000_000_000_u64), None)]
    {
        assert_eq!(listed(&sandbox, &page(offset.clone())).await.first().copied(), first, "{offset}");
    }
}

#[tokio::test]
async fn an_order_that_the_database_cannot_read_is_a_php_error() {
    let sandbox = sandbox().await;
    for (order, near) in [
        ("cid DESC", "DESC LIMIT 0,200"),
        ("cid'", "' DESC LIMIT 0,200"),
        ("cid; DROP", "; DROP DESC LIMIT 0,200"),
    ] {
        let answer = history_text(&sandbox, "list", &json!({"order": order})).await;
        assert_eq!(php_error(&answer), syntax_error(near), "{order}");
    }
    let answer = history_text(&sandbox, "list", &json!({"order": ["cid"]})).await;
    assert_eq!(php_error(&answer), "mysqli_sql_exception: Unknown column 'Array' in 'ORDER BY'");
}

#[tokio::test]
async fn an_array_as_a_date_or_a_type_or_content_is_a_php_error_and_nothing_is_stored() {
    let sandbox = sandbox().await;
    let no_text = "TypeError: strip_tags(): Argument #1 ($string) must be of type string, array given";
    let not_escapable =
        "TypeError: mysqli_real_escape_string(): Argument #2 ($string) must be of type string, array given";
    for (name, value, in_add, in_list) in [
        ("datum", json!(["2023-03-03"]), not_escapable, not_escapable),
        ("datum", json!({"a": 1}), not_escapable, not_escapable),
        ("tip", json!(["x"]), no_text, not_escapable),
        ("content", json!(["x"]), no_text, no_text),
        ("content", json!({}), no_text, no_text),
    ] {
        let mut entry = json!({"content": "x", "clid": 1});
        entry[name] = value;
        assert_eq!(php_error(&history_text(&sandbox, "add", &entry).await), in_add, "{entry}");
        let list = json!({"list": [entry]});
        assert_eq!(php_error(&history_text(&sandbox, "add.list", &list).await), in_list, "{list}");
    }
    assert_eq!(sandbox.record_count(), 0);
}

#[tokio::test]
async fn content_that_is_true_or_a_number_is_stored_as_text() {
    let sandbox = sandbox().await;
    for content in [json!(true), json!(12.5), json!(0), json!(7)] {
        history(&sandbox, "add", &json!({"content": content, "clid": 1, "tip": content})).await;
    }
    let stored: Vec<_> = sandbox.records().into_iter().map(|record| record.content.unwrap()).collect();
    assert_eq!(stored, ["1", "12.5", "0", "7"]);
    for content in [json!(false), Value::Null, json!("")] {
        let answer = history(&sandbox, "add", &json!({"content": content, "clid": 1})).await;
        assert_eq!(*code(&answer), json!(405), "{content}");
    }
}

#[tokio::test]
async fn any_clid_pid_or_did_will_do_in_add() {
    let sandbox = sandbox().await;
    for body in [json!({"clid": "abc"}), json!({"did": 0}), json!({"pid": "x"}), json!({"clid": []})] {
        let mut body = body;
        body["content"] = json!("x");
        assert_eq!(history(&sandbox, "add", &body).await["result"], "Успешно", "{body}");
    }
}

#[tokio::test]
async fn the_values_of_an_object_are_the_items_of_add_list() {
    let sandbox = sandbox().await;
    let list = json!({"list": {"a": {"content": "1"}, "b": {"content": "2"}}});
    assert_eq!(history(&sandbox, "add.list", &list).await.as_array().unwrap().len(), 2);
    assert_eq!(sandbox.record_count(), 2);
}

#[tokio::test]
async fn an_item_that_is_a_text_or_one_object_in_place_of_the_list_is_a_php_error() {
    let sandbox = sandbox().await;
    for (list, stored) in [
        (json!(["a", "b"]), 0),
        (json!([""]), 0),
        (json!({"content": "x", "clid": 1}), 0),
        (json!([{"content": "x"}, "b"]), 1),
    ] {
        let answer = history_text(&sandbox, "add.list", &json!({"list": list})).await;
        assert_eq!(php_error(&answer), "TypeError: Cannot access offset of type string on string", "{list}");
        assert_eq!(sandbox.record_count(), stored, "{list}");
    }
}

#[tokio::test]
async fn an_item_that_is_null_a_number_or_true_fails_with_405() {
    let sandbox = sandbox().await;
    let answer = history(&sandbox, "add.list", &json!({"list": [null, 5, true, [], ["x"]]})).await;
    for item in answer.as_array().unwrap() {
        assert_eq!(*code(item), json!(405), "{item}");
    }
    assert_eq!(answer.as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn null_a_number_or_a_text_in_place_of_the_list_gives_an_empty_array() {
    let sandbox = sandbox().await;
    for list in [Value::Null, json!(5), json!("x"), json!(true)] {
        assert_eq!(history_text(&sandbox, "add.list", &json!({"list": list})).await, "[]", "{list}");
    }
}

#[tokio::test]
async fn a_body_that_is_a_text_is_a_php_error_where_a_parameter_is_looked_for() {
    let sandbox = sandbox().await;
    for body in ["\"2023\"", "\"\"", "\"x\""] {
        for action in ["list", "info", "add", "add.list", "delete"] {
            let answer = history_raw_as(&sandbox, BOSS, action, body).await;
            assert_eq!(
                php_error(&answer),
                "TypeError: Cannot access offset of type string on string",
                "{action} {body}"
            );
        }
        assert!(history_raw_as(&sandbox, BOSS, "tips", body).await.starts_with("{\"data\":"));
    }
}

#[tokio::test]
async fn a_body_that_is_a_number_or_true_is_a_php_error_where_a_parameter_is_set() {
    let sandbox = sandbox().await;
    for body in ["12", "1.5", "true"] {
        for action in ["list", "add", "add.list"] {
            let answer = history_raw_as(&sandbox, BOSS, action, body).await;
            assert_eq!(php_error(&answer), "Error: Cannot use a scalar value as an array", "{action} {body}");
        }
        for action in ["info", "delete"] {
            assert!(history_raw_as(&sandbox, BOSS, action, body).await.contains("405"), "{action} {body}");
        }
    }
}

#[tokio::test]
async fn a_body_without_parameters_lists_the_records_of_today() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    for body in
        ["null", "[]", "", "false", "{\"content\":", "\u{feff}{}", "{\"a\":1,}", "{} {}", "{\"a\":NaN}"]
    {
        let answer = history_raw_as(&sandbox, BOSS, "list", body).await;
        assert!(answer.starts_with("{\"data\":[{\"cid\":1,"), "{body}: {answer}");
    }
}

#[tokio::test]
async fn of_two_equal_keys_the_last_counts() {
    let sandbox = sandbox().await;
    history_raw_as(&sandbox, BOSS, "add", r#"{"content":"a","content":"b","clid":1}"#).await;
    assert_eq!(sandbox.record(1).unwrap().content.as_deref(), Some("b"));
}

#[tokio::test]
async fn no_method_means_client_and_gives_402() {
    let sandbox = sandbox().await;
    for path in ["/developer/v3/", "/developer/v3", "/developer/v3//history"] {
        let answer = client()
            .post(format!("{}{path}", sandbox.url()))
            .header("Content-Type", "application/json")
            .header("apikey", crm_sandbox::APIKEY)
            .header("login", BOSS)
            .send()
            .await
            .unwrap();
        let text = answer.text().await.unwrap();
        assert_eq!(text, r#"{"result":"Error","error":{"code":402,"text":"Неизвестный метод"}}"#, "{path}");
    }
}

#[tokio::test]
async fn a_tip_is_ignored_as_a_filter_but_for_the_names_of_columns() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    for tip in [json!("Звонок"), json!(0), json!(["x"])] {
        assert_eq!(listed(&sandbox, &json!({"tip": tip})).await, [1], "{tip}");
    }
    for tip in ["cid", "datum", "des", "tip", "iduser", "clid", "pid", "did"] {
        assert_eq!(listed(&sandbox, &json!({"tip": tip})).await, [] as [u64; 0], "{tip}");
    }
}

#[tokio::test]
async fn a_type_outside_the_directory_is_stored_as_text_and_tips_does_not_change() {
    let sandbox = sandbox().await;
    let before = history_text(&sandbox, "tips", &json!({})).await;
    history(&sandbox, "add", &json!({"content": "x", "clid": 1, "tip": "Новый тип"})).await;
    history(&sandbox, "add.list", &json!({"list": [{"content": "x", "tip": "Ещё тип"}]})).await;
    let stored: Vec<_> = sandbox.records().into_iter().map(|record| record.tip.unwrap()).collect();
    assert_eq!(stored, ["Новый тип", "Ещё тип"]);
    assert_eq!(history_text(&sandbox, "tips", &json!({})).await, before);
}

#[tokio::test]
async fn a_mark_at_the_end_of_a_text_is_stored_listed_and_found() {
    let sandbox = sandbox().await;
    history(&sandbox, "add", &json!({"content": "Звонок [1700000000.42]", "clid": 1})).await;
    history(&sandbox, "add", &json!({"content": "меньше a<b [1700000000.42]", "clid": 1})).await;
    assert_eq!(sandbox.record(2).unwrap().content.as_deref(), Some("меньше a"), "lost with the rest");
    let list = history(&sandbox, "list", &json!({"word": "[1700000000.42]"})).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["content"], "Звонок [1700000000.42]");
}
