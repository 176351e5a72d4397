//! `user`, `guides`, and what every method of the directory has in common.

use crm_sandbox::{Account, SELLER, Sandbox, User};
use serde_json::json;

use crate::directory_recordings::more;
use crate::support::{code, directory, directory_as, directory_text, exception, ids};

#[tokio::test]
async fn every_caller_sees_every_user_blocked_ones_too() {
    let sandbox = more().await;
    for login in [SELLER, "boss@example.test", "support@example.test"] {
        let users = directory_as(&sandbox, login, "user/list", &json!({})).await;
        assert_eq!(ids(&users["data"], "iduser"), [1, 2, 3], "{login}");
        assert_eq!(users["data"][2]["active"], "no");
        let info = directory_as(&sandbox, login, "user/info", &json!({"iduser": 1})).await;
        assert_eq!(info["data"]["phone_in"], "101");
    }
}

#[tokio::test]
async fn the_list_of_users_has_no_telephone_numbers_and_false_for_no_department() {
    let sandbox = more().await;
    let users = directory(&sandbox, "user/list", &json!({})).await;
    assert_eq!(users["data"][0]["oid"], false);
    assert_eq!(users["data"][2]["oid"], "OAP");
    assert!(users["data"][0].get("phone").is_none());
}

#[tokio::test]
async fn a_user_is_found_by_uid_then_by_login_then_by_id() {
    let sandbox = more().await;
    for (query, iduser) in [
        (json!({"uid": "MGR-3", "user": SELLER, "iduser": 1}), 3),
        (json!({"user": SELLER, "iduser": 1}), 2),
        (json!({"iduser": "1abc"}), 1),
    ] {
        assert_eq!(directory(&sandbox, "user/info", &query).await["data"]["iduser"], iduser, "{query}");
    }
}

#[tokio::test]
async fn logins_are_compared_without_case_and_spaces_at_the_end() {
    let sandbox = more().await;
    for login in ["Seller@Example.Test", "seller@example.test  "] {
        let info = directory(&sandbox, "user/info", &json!({"user": login})).await;
        assert_eq!(info["data"]["iduser"], 2, "{login:?}");
        let own = directory(&sandbox, "client/list", &json!({"order": "clid", "user": login})).await;
        assert_eq!(ids(&own["data"], "clid"), [2, 1], "{login:?}");
    }
    let unknown = directory(&sandbox, "user/info", &json!({"user": " seller@example.test"})).await;
    assert_eq!(unknown["error"]["code"], "404");
}

#[tokio::test]
async fn there_is_no_search_for_a_user_by_extension() {
    let sandbox = more().await;
    let answer = directory(&sandbox, "user/info", &json!({"phone_in": "101"})).await;
    assert_eq!(code(&answer), 405);
}

#[tokio::test]
async fn an_unknown_user_is_an_error_without_result_and_with_a_text_as_code() {
    let sandbox = more().await;
    for query in [json!({"user": "nobody"}), json!({"iduser": 99}), json!({"uid": ["MGR-3"]})] {
        let text = directory_text(&sandbox, SELLER, "user/info", &query).await;
        assert_eq!(text, r#"{"error":{"code":"404","text":"Пользователь не найден"}}"#, "{query}");
    }
}

#[tokio::test]
async fn an_unknown_action_is_answered_differently_by_each_method() {
    let sandbox = more().await;
    assert_eq!(directory(&sandbox, "user/nosuch", &json!({})).await, json!([]));
    for (method, number) in [("client", 402), ("person", 404), ("guides", 404)] {
        let answer = directory(&sandbox, &format!("{method}/nosuch"), &json!({})).await;
        assert_eq!(code(&answer), number, "{method}");
    }
}

#[tokio::test]
async fn a_quote_in_a_value_that_reaches_the_query_is_an_sql_error() {
    let sandbox = more().await;
    for (call, query, near) in [
        ("user/info", json!({"user": "o'brien"}), "brien' and identity = '1'"),
        ("user/info", json!({"uid": "x\\"}), "1'"),
        ("client/info", json!({"clid": "1'"}), "1'"),
        ("client/info", json!({"uid": "a'b"}), "b' AND iduser IN (1,2,3) and identity = '1'"),
        ("client/info", json!({"inn": "a'b"}), "b' AND iduser IN (1,2,3) and identity = '1'"),
        ("client/list", json!({"order": "clid", "user": "d'artagnan"}), "artagnan' AND identity = '1'"),
        ("client/list", json!({"order": "clid", "iduser": "1'x"}), "x' and identity = '1'"),
        ("client/list", json!({"order": "clid", "dateStart": "2024'x"}), "x' and identity = '1'"),
        ("client/list", json!({"order": "clid", "dateChangeEnd": "2024'x"}), "x' and identity = '1'"),
        ("person/info", json!({"pid": "1'x"}), "x' and identity = '1'"),
        ("person/list", json!({"user": "d'artagnan"}), "artagnan' AND identity = '1'"),
        ("person/list", json!({"dateEnd": "2024'x"}), "x' and identity = '1'"),
    ] {
        let page = directory_text(&sandbox, "boss@example.test", call, &query).await;
        let expected = format!(
            "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version \
             for the right syntax to use near '{near}' at line 1"
        );
        assert_eq!(exception(&page), expected, "{call} {query}");
    }
}

#[tokio::test]
async fn a_body_that_is_a_text_or_a_number_is_a_php_error_where_php_cannot_use_it() {
    let sandbox = more().await;
    let text = "Cannot access offset of type string on string";
    for (call, body, error) in [
        ("client/fields", json!("x"), text),
        ("person/list", json!("x"), text),
        ("user/info", json!("x"), text),
        ("client/list", json!(12), "Cannot use a scalar value as an array"),
    ] {
        let page = directory_text(&sandbox, SELLER, call, &body).await;
        assert_eq!(exception(&page), error, "{call} {body}");
    }
    assert_eq!(ids(&directory(&sandbox, "person/list", &json!(12)).await["data"], "pid"), [1, 2, 3]);
    assert_eq!(ids(&directory(&sandbox, "user/list", &json!("x")).await["data"], "iduser"), [1, 2, 3]);
}

#[tokio::test]
async fn an_empty_list_has_a_form_of_its_own_in_each_method() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.change_guides(|guides| guides.territories.clear());
    let word = json!({"order": "date_create", "word": "нетакого"});
    let text = async |call: &str| directory_text(&sandbox, SELLER, call, &word).await;
    assert_eq!(text("guides/territory").await, "[]");
    let params = r#"{"page":1,"pageall":0,"ord":"date_create","tuda":"DESC","count":0}"#;
    assert_eq!(text("client/list").await, format!(r#"{{"data":[],"params":{params},"count":0}}"#));
    assert_eq!(text("person/list").await, r#"{"count":0}"#);
}

#[tokio::test]
async fn signers_are_one_object_in_a_list_or_an_empty_list_in_it() {
    let sandbox = more().await;
    let signers = directory(&sandbox, "guides/company.signers", &json!({})).await;
    assert_eq!(signers["data"][0]["1"][0]["id"], 1);
    sandbox.change_guides(|guides| guides.signers.clear());
    let signers = directory(&sandbox, "guides/company.signers", &json!({})).await;
    assert_eq!(signers, json!({"data": [[]]}));
}

#[tokio::test]
async fn an_account_sees_its_own_users_clients_and_contacts_only() {
    let other = Account::new("other-key")
        .with_user(User { administrator: true, ..User::new(11, "chief@other.test") });
    let sandbox = Sandbox::builder().accounts([Account::default(), other]).start().await.unwrap();
    let request = |call: &str, body: &str| {
        let url = format!("{}/developer/v3/{call}", sandbox.url());
        let request = crate::support::client().post(url).header("Content-Type", "application/json");
        request.header("apikey", "other-key").header("login", "chief@other.test").body(body.to_owned()).send()
    };
    for (call, body, expected) in [
        ("client/list", r#"{"order":"clid","fields":"clid"}"#, r#""count":0}"#),
        ("person/list", "{}", r#"{"count":0}"#),
        ("person/info", r#"{"pid":1,"fields":"pid"}"#, r#"{"data":{"pid":null}}"#),
        ("user/info", r#"{"iduser":1}"#, r#""code":"404""#),
    ] {
        let text = request(call, body).await.unwrap().text().await.unwrap();
        assert!(text.contains(expected), "{call}: {text}");
    }
}
