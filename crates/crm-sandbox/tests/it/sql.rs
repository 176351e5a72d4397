//! Wire facts about quotes and backslashes in values that reach the SQL as they are.

use crm_sandbox::{APIKEY, BOSS, Record, SELLER, Sandbox};
use serde_json::{Value, json};

use crate::support::{
    HEADERS, at, body_of, history_as, history_text, listed, php_error, raw, raw_history, record, sandbox,
    syntax_error,
};

const NEAR_IDENTITY: &str = "1'";

async fn with_records() -> Sandbox {
    let sandbox = sandbox().await;
    for iduser in [1, 2, 1] {
        sandbox.add_record(Record { iduser, ..record() });
    }
    sandbox
}

#[tokio::test]
async fn a_quote_or_a_backslash_at_the_end_of_a_user_is_a_php_error_with_the_sql_in_it() {
    let sandbox = with_records().await;
    for (user, near) in [
        ("d'artagnan@example.test", "artagnan@example.test' AND identity = '1'"),
        ("seller@example.test'", NEAR_IDENTITY),
        ("ivan\\", NEAR_IDENTITY),
    ] {
        for (action, body) in [
            ("list", json!({"user": user})),
            ("add", json!({"content": "x", "clid": 1, "user": user})),
            ("add", json!({"user": user})),
            ("add.list", json!({"user": user, "list": []})),
        ] {
            let answer = history_text(&sandbox, action, &body).await;
            assert_eq!(php_error(&answer), syntax_error(near), "{action} {body}");
        }
    }
    assert_eq!(sandbox.record_count(), 3);
}

#[tokio::test]
async fn a_quote_in_the_user_of_an_item_ends_add_list_there() {
    let sandbox = sandbox().await;
    let list = json!({"list": [{"content": "1"}, {"content": "2", "user": "ivan\\"}, {"content": "3"}]});
    let answer = history_text(&sandbox, "add.list", &list).await;
    assert_eq!(php_error(&answer), syntax_error(NEAR_IDENTITY));
    let stored: Vec<_> = sandbox.records().into_iter().map(|record| record.content.unwrap()).collect();
    assert_eq!(stored, ["1"]);
}

#[tokio::test]
async fn a_paired_quote_and_a_backslash_inside_are_no_error() {
    let sandbox = with_records().await;
    assert_eq!(listed(&sandbox, &json!({"user": "o''brien"})).await, [] as [u64; 0]);
    assert_eq!(
        listed(&sandbox, &json!({"user": "sel\\ler@example.test"})).await,
        [2],
        "a backslash before an l is none"
    );
}

#[tokio::test]
async fn a_quote_in_the_login_or_the_key_of_a_call_is_a_php_error() {
    let sandbox = sandbox().await;
    for (right, wrong, near) in [
        (BOSS, "boss@example.test'", "1'"),
        (BOSS, "boss@example.test\\", "1'"),
        (BOSS, "d'artagnan@example.test", "artagnan@example.test' and identity = '1'"),
        (APIKEY, "sandbox'key", "key'"),
        (APIKEY, "sandbox-key'", "'sandbox-key''"),
    ] {
        let headers = HEADERS.replace(right, wrong);
        let answer = body_of(&raw(&sandbox, &raw_history("fields", &headers, "")));
        assert_eq!(php_error(&answer), syntax_error(near), "{wrong}");
    }
}

#[tokio::test]
async fn a_quote_in_cid_is_a_php_error_and_deletes_nothing() {
    let sandbox = with_records().await;
    for action in ["info", "delete"] {
        for cid in ["3'", "3\\"] {
            let answer = history_text(&sandbox, action, &json!({"cid": cid})).await;
            assert_eq!(php_error(&answer), syntax_error(NEAR_IDENTITY), "{action} {cid}");
        }
    }
    assert_eq!(sandbox.record_count(), 3);
}

#[tokio::test]
async fn quotes_in_the_ids_and_days_of_a_list_are_a_php_error() {
    let sandbox = with_records().await;
    let rest = "' ORDER BY cid  LIMIT 0,200";
    for (name, value, near) in [
        ("clid", "1'", format!("1{rest}")),
        ("clid", "1\\", format!("1{rest}")),
        ("did", "1'", format!("1{rest}")),
        ("pid", "1'", format!(";',',')) &gt; 0 and identity = '1{rest}")),
        (
            "dateStart",
            "2024-06-25'",
            "2024-06-25') and app_history.iduser IN (1,2) and identity = '1' ORDER BY cid ...".to_owned(),
        ),
        ("dateEnd", "2024-06-25'", format!("1{rest}")),
    ] {
        let query = json!({"order": "cid", "first": "old", name: value});
        let answer = history_text(&sandbox, "list", &query).await;
        assert_eq!(php_error(&answer), syntax_error(&near), "{query}");
    }
}

#[tokio::test]
async fn a_word_and_what_add_stores_are_safe() {
    let sandbox = sandbox().await;
    let entry = json!({"content": "it's \\", "clid": "1'", "did": "1\\", "pid": "1',2\\", "tip": "o'clock", "datum": "x'"});
    assert!(history_text(&sandbox, "add", &entry).await.contains("Успешно"));
    assert!(history_text(&sandbox, "add.list", &json!({"list": [entry]})).await.contains("Успешно"));
    for word in ["it's", "its\\", "'", "\\"] {
        assert_eq!(history_text(&sandbox, "list", &json!({"word": word})).await, "[]", "{word}");
    }
}

#[tokio::test]
async fn logins_are_compared_without_case_and_spaces_at_the_end() {
    let sandbox = with_records().await;
    for user in ["seller@example.test  ", "SELLER@Example.test"] {
        assert_eq!(listed(&sandbox, &json!({"user": user})).await, [2], "{user:?}");
    }
    assert_eq!(
        listed(&sandbox, &json!({"user": " seller@example.test"})).await,
        [] as [u64; 0],
        "in front they count"
    );
    history_text(&sandbox, "add", &json!({"content": "x", "clid": 1, "user": "Seller@example.test "})).await;
    assert_eq!(sandbox.record(4).unwrap().iduser, 2);
    let answer = history_as(&sandbox, "BOSS@example.TEST", "fields", &json!({})).await;
    assert!(answer.starts_with("{\"data\":"), "{answer}");
    let headers = HEADERS.replace(APIKEY, "SANDBOX-Key");
    assert!(body_of(&raw(&sandbox, &raw_history("fields", &headers, ""))).starts_with("{\"data\":"));
}

#[tokio::test]
async fn a_number_as_user_is_taken_as_a_login_and_zero_is_nobody() {
    let sandbox = sandbox().await;
    for user in [json!(2), json!(0), json!("0"), json!(true), json!([SELLER])] {
        let entry = json!({"content": "x", "clid": 1, "user": user});
        history_text(&sandbox, "add", &entry).await;
    }
    assert_eq!(sandbox.records().iter().map(|record| record.iduser).collect::<Vec<_>>(), [0; 5]);
}

#[tokio::test]
async fn a_backslash_before_the_code_of_a_russian_letter_breaks_the_page() {
    let sandbox = sandbox().await;
    sandbox.add_record(Record { datum: Some(at(25, 9)), ..record() });
    let broken = json!({"list": [{"content": "x", "tip": "\\u0410"}]});
    assert_eq!(history_text(&sandbox, "add.list", &broken).await, r#"[{"result":"Успешно","data":2}]"#);
    for (action, body) in [("list", json!({})), ("info", json!({"cid": 2}))] {
        let answer = history_text(&sandbox, action, &body).await;
        assert!(answer.contains(r#""tip":"\А""#), "{answer}");
        assert!(serde_json::from_str::<Value>(&answer).is_err());
    }
    let harmless = json!({"list": [{"content": "x", "tip": "\\u041A"}, {"content": "x", "tip": "\\U0410"}]});
    history_text(&sandbox, "add.list", &harmless).await;
    sandbox.remove_record(2);
    assert!(serde_json::from_str::<Value>(&history_text(&sandbox, "list", &json!({})).await).is_ok());
}

#[tokio::test]
async fn content_and_the_type_in_add_lose_their_backslashes() {
    let sandbox = sandbox().await;
    history_text(&sandbox, "add", &json!({"content": "\\u0410", "tip": "\\u0410", "clid": 1})).await;
    let stored = sandbox.record(1).unwrap();
    assert_eq!((stored.content.as_deref(), stored.tip.as_deref()), (Some("u0410"), Some("u0410")));
}
