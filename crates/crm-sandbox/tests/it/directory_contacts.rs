//! `person/list` and `person/info`.

use crm_sandbox::{Contact, SELLER, Sandbox};
use serde_json::{Value, json};

use crate::directory_recordings::more;
use crate::support::{at, directory, directory_as, directory_text, exception, ids};

const BOSS: &str = "boss@example.test";

/// The ids that a list returns, oldest first.
async fn found(sandbox: &Sandbox, login: &str, query: Value) -> Vec<u64> {
    let Value::Object(mut query) = query else { panic!("{query}") };
    query.entry("order").or_insert("pid".into());
    query.entry("first").or_insert("old".into());
    ids(&directory_as(sandbox, login, "person/list", &Value::Object(query)).await["data"], "pid")
}

#[tokio::test]
async fn contacts_come_newest_first_and_oldest_first_on_demand() {
    let sandbox = more().await;
    let order = async |query: Value| ids(&directory(&sandbox, "person/list", &query).await["data"], "pid");
    assert_eq!(order(json!({})).await, [1, 2, 3]);
    assert_eq!(order(json!({"order": "pid"})).await, [3, 2, 1]);
    assert_eq!(order(json!({"order": "pid", "first": "old"})).await, [1, 2, 3]);
    assert_eq!(order(json!({"order": "pid", "first": "new"})).await, [3, 2, 1]);
    // The changed ones first, then those that never were.
    assert_eq!(order(json!({"order": "date_edit"})).await, [3, 1, 2]);
}

#[tokio::test]
async fn count_is_the_total_of_the_search_and_a_page_past_the_end_has_no_data() {
    let sandbox = Sandbox::builder().contacts(250).start().await.unwrap();
    for (offset, rows) in [(0, Some(200)), (1, Some(52)), (2, None)] {
        let query = json!({"order": "pid", "offset": offset, "fields": "pid"});
        let answer = directory(&sandbox, "person/list", &query).await;
        assert_eq!(answer["count"], 252);
        assert_eq!(answer.get("data").map(|data| data.as_array().unwrap().len()), rows);
    }
}

#[tokio::test]
async fn an_offset_that_php_cannot_multiply_is_an_error() {
    let sandbox = more().await;
    for (offset, kind) in [(json!("abc"), "string"), (json!([1]), "array"), (json!({}), "array")] {
        let page = directory_text(&sandbox, BOSS, "person/list", &json!({"offset": offset})).await;
        assert_eq!(exception(&page), format!("Unsupported operand types: {kind} * int"), "{offset}");
    }
    for offset in [json!(-1), json!(""), json!(null), json!("0abc"), json!(false)] {
        assert_eq!(found(&sandbox, BOSS, json!({"offset": offset})).await, [1, 2, 3], "{offset}");
    }
    for (offset, near) in [(json!(1e25), "2.0E+27,200"), (json!(0.001), "0.2,200")] {
        let page = directory_text(&sandbox, BOSS, "person/list", &json!({"offset": offset})).await;
        assert!(exception(&page).ends_with(&format!("near '{near}' at line 1")), "{page}");
    }
}

#[tokio::test]
async fn half_a_page_is_skipped_by_half_an_offset() {
    let sandbox = Sandbox::builder().contacts(250).start().await.unwrap();
    assert_eq!(found(&sandbox, BOSS, json!({"offset": 0.5})).await[0], 101);
}

#[tokio::test]
async fn an_unknown_column_is_an_sql_error_in_order_and_in_a_filter() {
    let sandbox = more().await;
    for (query, clause) in [(json!({"order": "x"}), "ORDER BY"), (json!({"filter": {"x": 1}}), "WHERE")] {
        let page = directory_text(&sandbox, BOSS, "person/list", &query).await;
        assert_eq!(exception(&page), format!("Unknown column 'x' in '{clause}'"));
    }
}

#[tokio::test]
async fn contacts_of_nobody_are_listed_with_an_unknown_login_only() {
    let sandbox = more().await;
    assert_eq!(found(&sandbox, BOSS, json!({})).await, [1, 2, 3]);
    assert_eq!(found(&sandbox, SELLER, json!({})).await, [1, 2]);
    for login in [BOSS, SELLER] {
        assert_eq!(found(&sandbox, login, json!({"user": "nobody"})).await, [4]);
    }
}

#[tokio::test]
async fn a_login_outside_the_circle_of_the_caller_is_answered() {
    let sandbox = more().await;
    assert_eq!(found(&sandbox, SELLER, json!({"user": BOSS})).await, [3]);
}

#[tokio::test]
async fn any_contact_can_be_read_by_info() {
    let sandbox = more().await;
    for (login, pid) in [(SELLER, 3), (SELLER, 4), (BOSS, 1)] {
        let info = directory_as(&sandbox, login, "person/info", &json!({"pid": pid})).await;
        assert_eq!(info["data"]["pid"], pid);
    }
}

#[tokio::test]
async fn a_contact_that_does_not_exist_is_a_record_of_nulls() {
    let sandbox = more().await;
    let nulls = json!({"data": {
        "pid": null, "date_create": null, "date_edit": null, "clid": null, "client": "", "ptitle": null,
        "person": null, "tel": null, "fax": null, "mob": null, "mail": null, "iduser": "", "loyalty": null,
        "input1": null, "input7": null, "clientpath": "",
    }});
    for query in
        [json!({"pid": 99}), json!({}), json!({"pid": "abc"}), json!({"pid": 1.5}), json!({"pid": [1]})]
    {
        assert_eq!(directory(&sandbox, "person/info", &query).await, nulls, "{query}");
    }
}

#[tokio::test]
async fn a_contact_without_a_name_reads_as_nulls_though_it_is_listed() {
    let sandbox = more().await;
    sandbox.change_contact(1, |contact| contact.person.clear());
    let info = directory(&sandbox, "person/info", &json!({"pid": 1, "fields": "pid"})).await;
    assert_eq!(info, json!({"data": {"pid": null}}));
    assert_eq!(found(&sandbox, BOSS, json!({})).await, [1, 2, 3]);
}

#[tokio::test]
async fn info_has_the_login_as_iduser_and_never_a_source() {
    let sandbox = more().await;
    let query = json!({"pid": 3, "fields": "iduser,clientpath"});
    let info = directory(&sandbox, "person/info", &query).await;
    assert_eq!(info, json!({"data": {"iduser": BOSS, "clientpath": ""}}));
    let list = json!({"fields": "iduser,clientpath", "filter": {"clid": 3}});
    let list = directory(&sandbox, "person/list", &list).await;
    assert_eq!(list["data"], json!([{"user": BOSS, "iduser": 1, "clientpath": "Заказ с сайта"}]));
}

#[tokio::test]
async fn without_a_known_field_info_is_an_empty_list() {
    let sandbox = more().await;
    assert_eq!(directory(&sandbox, "person/info", &json!({"pid": 1, "fields": "x"})).await, json!([]));
    let list = directory(&sandbox, "person/list", &json!({"user": SELLER, "fields": "x"})).await;
    assert_eq!(list["data"], json!([[], []]));
}

#[tokio::test]
async fn socials_are_asked_for_by_yes_or_true() {
    let sandbox = more().await;
    for (value, is_there) in
        [(json!("yes"), true), (json!(true), true), (json!("no"), false), (json!(1), false)]
    {
        let query = json!({"pid": 3, "fields": "pid", "socinfo": value});
        let info = directory(&sandbox, "person/info", &query).await;
        assert_eq!(info["data"].get("socials").is_some(), is_there, "{value}");
    }
    let query = json!({"pid": 1, "fields": "pid", "socinfo": "yes"});
    let info = directory(&sandbox, "person/info", &query).await;
    assert_eq!(
        (&info["data"]["socials"]["blog"], &info["data"]["socials"]["skype"]),
        (&json!(""), &json!(null))
    );
}

#[tokio::test]
async fn a_filter_by_client_that_is_not_above_zero_is_none() {
    let sandbox = more().await;
    for (clid, expected) in [
        (json!("3x"), vec![3]),
        (json!(0), vec![1, 2, 3]),
        (json!("x"), vec![1, 2, 3]),
        (json!(-1), vec![1, 2, 3]),
    ] {
        assert_eq!(found(&sandbox, BOSS, json!({"filter": {"clid": clid}})).await, expected, "{clid}");
    }
}

#[tokio::test]
async fn an_unknown_loyalty_means_the_contacts_without_one() {
    let sandbox = more().await;
    for (loyalty, expected) in [
        (json!(3), vec![3]),
        (json!("3 - лояльный"), vec![3]),
        (json!("Нет такой"), vec![1, 2]),
        (json!(""), vec![1, 2, 3]),
    ] {
        assert_eq!(
            found(&sandbox, BOSS, json!({"filter": {"loyalty": loyalty}})).await,
            expected,
            "{loyalty}"
        );
    }
}

#[tokio::test]
async fn every_other_filter_is_a_column_that_holds_the_text() {
    let sandbox = more().await;
    for (filter, expected) in [
        (json!({"ptitle": "ДИРЕК"}), vec![1, 3]),
        (json!({"pid": 2}), vec![2]),
        (json!({"input1": "1980"}), vec![3]),
        (json!({"date_create": "2024-05"}), vec![3]),
        (json!({"ptitle": "дирек", "mail": "veter"}), vec![3]),
        // NULL does not hold even the empty text.
        (json!({"date_edit": ""}), vec![3]),
    ] {
        assert_eq!(found(&sandbox, BOSS, json!({"filter": filter})).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn dates_are_limits_on_the_creation_alone_exclusive_and_together_inclusive() {
    let sandbox = Sandbox::start().await.unwrap();
    for day in [24, 25, 26] {
        sandbox.add_contact(Contact::new("Новый", 1, 1, at(day, 10)));
    }
    let (first, last) = ("2024-06-24 10:25:00", "2024-06-26 10:25:00");
    for (query, expected) in [
        (json!({"dateStart": first, "dateEnd": last}), vec![3, 4, 5]),
        (json!({"dateStart": first, "user": BOSS}), vec![4, 5]),
        (json!({"dateEnd": last}), vec![3, 4]),
        (json!({"dateStart": "2024-06-25", "dateEnd": "2024-06-25"}), vec![]),
        (json!({"dateStart": "25.06.2024", "user": BOSS}), vec![3, 4, 5]),
    ] {
        assert_eq!(found(&sandbox, BOSS, query.clone()).await, expected, "{query}");
    }
}
