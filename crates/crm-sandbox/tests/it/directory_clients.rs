//! `client/list` and `client/info`.

use crm_sandbox::{Client, Contact, SELLER, Sandbox};
use serde_json::{Value, json};

use crate::directory_recordings::more;
use crate::support::{at, code, directory, directory_as, directory_text, exception, ids};

/// The ids that a list by `clid` returns.
async fn found(sandbox: &Sandbox, login: &str, query: Value) -> Vec<u64> {
    let Value::Object(mut query) = query else { panic!("{query}") };
    query.entry("order").or_insert("clid".into());
    ids(&directory_as(sandbox, login, "client/list", &Value::Object(query)).await["data"], "clid")
}

const BOSS: &str = "boss@example.test";

#[tokio::test]
async fn order_is_needed_for_the_default_is_a_column_that_does_not_exist() {
    let sandbox = more().await;
    for (query, column) in [(json!({}), "datum"), (json!({"order": "nosuch"}), "nosuch")] {
        let page = directory_text(&sandbox, BOSS, "client/list", &query).await;
        assert_eq!(exception(&page), format!("Unknown column '{column}' in 'ORDER BY'"));
    }
}

#[tokio::test]
async fn clients_come_descending_whatever_first_says() {
    let sandbox = more().await;
    assert_eq!(found(&sandbox, BOSS, json!({"first": "old"})).await, [4, 3, 2, 1]);
    assert_eq!(found(&sandbox, BOSS, json!({"order": "title"})).await, [3, 2, 4, 1]);
    assert_eq!(found(&sandbox, BOSS, json!({"order": "CLID"})).await, [4, 3, 2, 1]);
}

#[tokio::test]
async fn count_is_the_rows_of_the_page_and_pageall_all_pages() {
    let sandbox = Sandbox::builder().clients(250).start().await.unwrap();
    for (offset, page, count) in
        [(json!(0), 1, 200), (json!(1), 1, 52), (json!(2), 2, 0), (json!("2x"), 2, 0)]
    {
        let query = json!({"order": "clid", "offset": offset, "fields": "clid"});
        let answer = directory(&sandbox, "client/list", &query).await;
        let params = json!({"page": page, "pageall": 2, "ord": "clid", "tuda": "DESC", "count": count});
        assert_eq!(answer["params"], params);
        assert_eq!(answer["count"], count);
        assert_eq!(answer["data"].as_array().unwrap().len(), count);
    }
}

#[tokio::test]
async fn an_offset_that_cannot_be_read_is_the_first_page() {
    let sandbox = more().await;
    for offset in [json!("abc"), json!(-1), json!(0.9), json!({}), json!(null)] {
        assert_eq!(found(&sandbox, BOSS, json!({"offset": offset})).await, [4, 3, 2, 1], "{offset}");
    }
}

#[tokio::test]
async fn unknown_fields_are_left_out_and_spaces_around_names_do_no_harm() {
    let sandbox = more().await;
    let query = json!({"order": "clid", "fields": "clid , nosuch, iduser,clid,recv", "user": SELLER});
    let answer = directory(&sandbox, "client/list", &query).await;
    let row = |clid: u64| json!({"clid": clid, "user": SELLER, "iduser": 2});
    assert_eq!(answer["data"], json!([row(2), row(1)]));
    let none = json!({"order": "clid", "fields": "nosuch", "user": SELLER});
    assert_eq!(directory(&sandbox, "client/list", &none).await["data"], json!([[], []]));
}

#[tokio::test]
async fn the_title_of_the_parent_is_that_of_a_category() {
    let sandbox = more().await;
    let query = json!({"order": "clid", "fields": "head_clid", "iduser": 1});
    let answer = directory(&sandbox, "client/list", &query).await;
    assert_eq!(answer["data"], json!([{"head_clidTitle": "Физические лица", "head_clid": 1}]));
}

#[tokio::test]
async fn the_circle_of_the_caller_counts_for_a_login_and_not_for_an_owner_id() {
    let sandbox = more().await;
    assert_eq!(found(&sandbox, SELLER, json!({})).await, [2, 1]);
    assert!(found(&sandbox, SELLER, json!({"user": BOSS})).await.is_empty());
    assert_eq!(found(&sandbox, SELLER, json!({"iduser": 1})).await, [3]);
    assert_eq!(found(&sandbox, SELLER, json!({"iduser": 0})).await, [2, 1]);
}

#[tokio::test]
async fn clients_of_nobody_are_listed_for_an_administrator_only() {
    let sandbox = more().await;
    assert_eq!(found(&sandbox, BOSS, json!({"user": "nobody"})).await, [4]);
    assert!(found(&sandbox, SELLER, json!({"user": "nobody"})).await.is_empty());
    // The role shows all users, but nobody is no user.
    sandbox.change_account(0, |account| account.users[0].administrator = false);
    assert_eq!(found(&sandbox, BOSS, json!({})).await, [3, 2, 1]);
}

#[tokio::test]
async fn dates_alone_are_exclusive_and_together_inclusive_and_a_day_is_its_midnight() {
    let sandbox = more().await;
    let (third, fourth) = ("2024-05-01 10:00:00", "2024-05-02 10:00:00");
    for (query, expected) in [
        (json!({"dateStart": fourth}), vec![2, 1]),
        (json!({"dateEnd": fourth}), vec![3]),
        (json!({"dateStart": third, "dateEnd": fourth}), vec![4, 3]),
        (json!({"dateStart": "2024-05-01", "dateEnd": "2024-05-01"}), vec![]),
        (json!({"dateStart": "2024-05-01", "dateEnd": "2024-05-02"}), vec![3]),
        (json!({"dateStart": "2024-05-01", "dateEnd": "2024-05-02 23:59:59"}), vec![4, 3]),
    ] {
        assert_eq!(found(&sandbox, BOSS, query.clone()).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_start_that_cannot_be_read_is_no_limit() {
    let sandbox = more().await;
    for start in ["25.11.2026", "abc"] {
        assert_eq!(found(&sandbox, BOSS, json!({"dateStart": start})).await, [4, 3, 2, 1], "{start}");
        let both = json!({"dateStart": start, "dateEnd": "2024-05-02"});
        assert_eq!(found(&sandbox, BOSS, both).await, [3], "{start}");
    }
}

#[tokio::test]
async fn dates_are_compared_as_the_database_reads_them() {
    let sandbox = more().await;
    for (query, expected) in [
        (json!({"dateStart": "24.05.01", "dateEnd": "2024.5.3"}), vec![4, 3]),
        (json!({"dateStart": "20240502", "dateEnd": "2024-05-32"}), vec![]),
        (json!({"dateStart": "2024-04-31", "dateEnd": "2024-05-02"}), vec![3]),
        (json!({"dateStart": "2024-05-01 10:00:00 утра", "dateEnd": "2024-05-01 10:00:00"}), vec![3]),
        (json!({"dateStart": "0000-00-00", "dateEnd": "2024-05-02"}), vec![3]),
        (json!({"dateEnd": "0000-00-00"}), vec![]),
    ] {
        assert_eq!(found(&sandbox, BOSS, query.clone()).await, expected, "{query}");
    }
}

#[tokio::test]
async fn changed_clients_are_found_by_both_limits_and_by_the_end_alone() {
    let sandbox = more().await;
    for (query, expected) in [
        (json!({"dateChangeStart": "2026-11-25", "dateChangeEnd": "2026-11-26"}), vec![3]),
        (json!({"dateChangeStart": "2026-11-25", "dateChangeEnd": "2026-11-25"}), vec![]),
        (
            json!({"dateChangeStart": "2020-01-01", "dateChangeEnd": "2030-01-01", "order": "date_change"}),
            vec![3],
        ),
        (json!({"dateChangeEnd": "2026-12-01"}), vec![3]),
        (json!({"dateChangeEnd": "2026-11-25"}), vec![]),
    ] {
        assert_eq!(found(&sandbox, BOSS, query.clone()).await, expected, "{query}");
    }
}

#[tokio::test]
async fn the_start_of_changes_alone_is_compared_with_the_other_start() {
    let sandbox = more().await;
    assert_eq!(found(&sandbox, BOSS, json!({"dateChangeStart": "2027-01-01"})).await, [3]);
    let query = json!({"dateChangeStart": "2020-01-01", "dateStart": "2024-01-01"});
    assert_eq!(found(&sandbox, BOSS, query).await, [3]);
    sandbox.change_client(3, |client| client.date_create = at(25, 10));
    sandbox.change_client(3, |client| client.date_edit = Some(at(25, 11)));
    let query = json!({"dateChangeStart": "2020-01-01", "dateStart": "2024-06-25 12:00:00"});
    assert!(found(&sandbox, BOSS, query).await.is_empty());
}

#[tokio::test]
async fn date_change_is_another_name_of_date_edit() {
    let sandbox = more().await;
    let query = json!({"order": "date_change", "fields": "clid"});
    let answer = directory(&sandbox, "client/list", &query).await;
    assert_eq!(answer["params"]["ord"], "date_edit");
    assert_eq!(answer["data"][0]["clid"], 3);
}

#[tokio::test]
async fn the_filter_is_called_relations_and_the_documented_name_is_passed_over() {
    let sandbox = more().await;
    let filter = |name: &str| json!({"filter": {name: "4 - Постоянный клиент"}});
    assert_eq!(found(&sandbox, BOSS, filter("relations")).await, [3]);
    assert_eq!(found(&sandbox, BOSS, filter("relation")).await, [4, 3, 2, 1]);
}

#[tokio::test]
async fn guides_are_named_by_number_or_title_and_an_unknown_title_means_none() {
    let sandbox = more().await;
    for (filter, expected) in [
        (json!({"idcategory": "2"}), vec![3]),
        (json!({"idcategory": "РОЗНИЦА"}), vec![3]),
        (json!({"idcategory": "Нет такой"}), vec![4, 2, 1]),
        (json!({"idcategory": 99}), vec![]),
        (json!({"territory": 1}), vec![3]),
        (json!({"territory": "Пермь"}), vec![3]),
        (json!({"territory": "Нет такой"}), vec![4, 2, 1]),
        (json!({"type": "PERSON"}), vec![4]),
        (json!({"idcategory": ""}), vec![4, 3, 2, 1]),
    ] {
        assert_eq!(found(&sandbox, BOSS, json!({"filter": filter})).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn a_search_for_an_unknown_source_creates_it() {
    let sandbox = more().await;
    for _ in 0..2 {
        assert!(found(&sandbox, BOSS, json!({"filter": {"clientpath": "Ярмарка"}})).await.is_empty());
    }
    let sources = directory(&sandbox, "guides/clientpath", &json!({})).await;
    assert_eq!(ids(&sources["data"], "id"), [1, 2, 3, 4, 5, 6]);
    let new = json!({"id": 6, "title": "Ярмарка", "utm_source": null, "destination": null});
    assert_eq!(sources["data"][5], new);
    directory(&sandbox, "person/list", &json!({"filter": {"clientpath": "Выставка"}})).await;
    let sources = directory(&sandbox, "guides/clientpath", &json!({})).await;
    assert_eq!(sources["data"][6]["title"], "Выставка");
}

#[tokio::test]
async fn the_trash_is_listed_unless_the_filter_leaves_it_out() {
    let sandbox = more().await;
    for (trash, expected) in [
        (json!(true), vec![4]),
        (json!("no"), vec![4]),
        (json!(0), vec![3, 2, 1]),
        (json!("0"), vec![3, 2, 1]),
        (json!(false), vec![4, 3, 2, 1]),
        (json!(""), vec![4, 3, 2, 1]),
    ] {
        let query = json!({"filter": {"trash": trash}});
        assert_eq!(found(&sandbox, BOSS, query).await, expected, "{trash}");
    }
}

#[tokio::test]
async fn an_own_field_is_a_filter_where_it_is_enabled_and_other_keys_are_passed_over() {
    let sandbox = more().await;
    assert_eq!(found(&sandbox, BOSS, json!({"filter": {"input1": "17/24"}})).await, [3]);
    for filter in [json!({"input2": "x"}), json!({"mail_url": "x"}), json!("x"), json!(["x"])] {
        assert_eq!(found(&sandbox, BOSS, json!({"filter": filter})).await, [4, 3, 2, 1], "{filter}");
    }
}

#[tokio::test]
async fn an_array_in_place_of_a_text_is_a_exception() {
    let sandbox = more().await;
    let not_a_string =
        |function: &str| format!("{function}(): Argument #1 ($string) must be of type string, array given");
    for (call, query, function) in [
        ("client/list", json!({"order": "clid", "word": ["x"]}), "trim"),
        ("person/list", json!({"word": {"a": 1}}), "trim"),
        ("client/list", json!({"order": "clid", "filter": {"relations": ["x"]}}), "strip_tags"),
        ("person/list", json!({"filter": {"mob": ["x"]}}), "strip_tags"),
    ] {
        let page = directory_text(&sandbox, BOSS, call, &query).await;
        assert_eq!(exception(&page), not_a_string(function), "{call} {query}");
    }
}

#[tokio::test]
async fn info_finds_the_clients_of_the_users_that_the_role_shows_and_never_those_of_nobody() {
    let sandbox = more().await;
    let info = async |login: &str, clid: u64| {
        directory_as(&sandbox, login, "client/info", &json!({"clid": clid})).await
    };
    assert_eq!(info(BOSS, 1).await["data"]["clid"], 1);
    assert_eq!(info(SELLER, 1).await["data"]["clid"], 1);
    for (login, clid) in [(SELLER, 3), (SELLER, 4), (BOSS, 4), (BOSS, 99)] {
        assert_eq!(*code(&info(login, clid).await), 403, "{login} {clid}");
    }
}

#[tokio::test]
async fn info_tells_a_missing_parameter_from_a_missing_client() {
    let sandbox = more().await;
    for (query, number) in [
        (json!({}), 405),
        (json!({"clid": 0}), 405),
        (json!({"clid": "abc"}), 405),
        (json!({"uid": "нет"}), 404),
        (json!({"inn": "7700000001"}), 404),
        (json!({"uid": "нет", "clid": 1}), 403),
    ] {
        assert_eq!(*code(&directory(&sandbox, "client/info", &query).await), number, "{query}");
    }
}

#[tokio::test]
async fn an_inn_is_compared_with_every_part_of_the_bank_details_and_has_to_fit_beside_an_id() {
    let sandbox = more().await;
    for query in [
        json!({"inn": "5900000001"}),
        json!({"inn": 1025900000001_u64}),
        json!({"inn": "директор"}),
        json!({"inn": "5900000001", "clid": 3}),
        json!({"uid": "1c-000123", "clid": 1}),
    ] {
        assert_eq!(directory(&sandbox, "client/info", &query).await["data"]["clid"], 3, "{query}");
    }
    let other = directory(&sandbox, "client/info", &json!({"inn": "5900000001", "clid": 1})).await;
    assert_eq!(*code(&other), 403);
}

#[tokio::test]
async fn info_shows_the_contacts_with_an_email_address_that_the_caller_owns_and_their_ids_as_texts() {
    let sandbox = more().await;
    let query = json!({"clid": 1, "contacts": "yes"});
    let contacts = async |login: &str| {
        ids_as_texts(&directory_as(&sandbox, login, "client/info", &query).await["data"]["contacts"])
    };
    assert_eq!(contacts(SELLER).await, ["1"]);
    assert!(contacts(BOSS).await.is_empty());
    let created = at(25, 14);
    sandbox.add_contact(Contact {
        mail: Some(String::new()), ..Contact::new("Без почты", 1, 2, created)
    });
    let mail = Some("new@example.test".to_owned());
    sandbox.add_contact(Contact { mail, ..Contact::new("С почтой", 1, 2, created) });
    assert_eq!(contacts(SELLER).await, ["1", "6"]);
}

fn ids_as_texts(contacts: &Value) -> Vec<String> {
    contacts.as_array().unwrap().iter().map(|contact| contact["pid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn parts_of_info_are_asked_for_by_any_value_but_false_zero_and_the_empty_text() {
    let sandbox = more().await;
    for (value, is_there) in
        [(json!("no"), true), (json!(1), true), (json!(0), false), (json!(""), false), (json!(false), false)]
    {
        let query = json!({"clid": 1, "contacts": value, "bankinfo": value, "uids": value});
        let data = directory(&sandbox, "client/info", &query).await["data"].take();
        for part in ["contacts", "bankinfo", "uids"] {
            assert_eq!(data.get(part).is_some(), is_there, "{value} {part}");
        }
    }
}

#[tokio::test]
async fn a_client_without_a_main_contact_has_the_person_null() {
    let sandbox = more().await;
    let person = async |clid: u64| {
        directory(&sandbox, "client/info", &json!({"clid": clid})).await["data"]["person"].take()
    };
    assert_eq!(person(1).await, Value::Null);
    assert_eq!(person(3).await["pid"], 3);
}

#[tokio::test]
async fn the_shift_of_the_readers_clock_moves_times_and_what_is_searched() {
    let sandbox = Sandbox::builder().shift(SELLER, 2).unwrap().start().await.unwrap();
    let client = Client { date_edit: Some(at(26, 23)), ..Client::new("Ночной", 2, at(25, 23)) };
    let clid = sandbox.add_client(client);
    sandbox.add_contact(Contact::new("Ночной", clid, 2, at(25, 23)));

    let info = directory_as(&sandbox, SELLER, "client/info", &json!({"clid": clid})).await;
    assert_eq!(info["data"]["created"], "2024-06-26 01:25:00");
    assert_eq!(info["data"]["date_edit"], "27.06.24,  01:25");
    let info = directory_as(&sandbox, BOSS, "client/info", &json!({"clid": clid})).await;
    assert_eq!(info["data"]["created"], "2024-06-25 23:25:00");

    let day = |day: u32| (format!("2024-06-{day}"), format!("2024-06-{day} 23:59:59"));
    let ((created, created_end), (changed, changed_end)) = (day(26), day(27));
    let created = json!({"order": "clid", "dateStart": created, "dateEnd": created_end});
    let changed = json!({"dateChangeStart": changed, "dateChangeEnd": changed_end});
    assert_eq!(found(&sandbox, SELLER, created.clone()).await, [clid as u64]);
    assert_eq!(found(&sandbox, SELLER, changed.clone()).await, [clid as u64]);
    assert!(found(&sandbox, BOSS, created.clone()).await.is_empty());
    assert!(found(&sandbox, BOSS, changed).await.is_empty());
    let query = json!({"order": "pid", "dateStart": created["dateStart"], "dateEnd": created["dateEnd"]});
    let contacts = directory_as(&sandbox, SELLER, "person/list", &query).await;
    assert_eq!(contacts["data"][0]["date_create"], "2024-06-26 01:25:00");
    assert_eq!(directory(&sandbox, "person/list", &query).await, json!({"count": 0}));
}
