//! Wire facts about `list`.

use crm_sandbox::{Record, Sandbox};
use serde_json::{Value, json};

use crate::support::{at, history, history_as, history_text, listed, record, sandbox};

/// Both ends of a range that holds every record of these tests.
fn june() -> Value {
    json!({"dateStart": "2024-06-01", "dateEnd": "2024-06-30", "order": "cid", "first": "old"})
}

fn june_with(name: &str, value: Value) -> Value {
    let mut query = june();
    query[name] = value;
    query
}

#[tokio::test]
async fn no_records_is_an_empty_array_with_no_key_data() {
    assert_eq!(history_text(&sandbox().await, "list", &june()).await, "[]");
}

#[tokio::test]
async fn a_missing_date_start_becomes_today_and_a_missing_date_end_becomes_today() {
    let sandbox = sandbox().await;
    for day in [24, 25, 26] {
        sandbox.add_record(Record { datum: Some(at(day, 10)), ..record() });
    }
    assert_eq!(listed(&sandbox, &json!({})).await, [2], "neither: today");
    assert_eq!(
        listed(&sandbox, &json!({"dateEnd": "2024-06-24"})).await,
        [] as [u64; 0],
        "only a past end: nothing"
    );
    assert_eq!(
        listed(&sandbox, &json!({"dateEnd": "2024-06-26"})).await,
        [3, 2],
        "only a future end: from today"
    );
    assert_eq!(
        listed(&sandbox, &json!({"dateStart": "2024-06-24"})).await,
        [2, 1],
        "only a start: up to today"
    );
    assert_eq!(listed(&sandbox, &json!({"dateStart": "", "dateEnd": ""})).await, [2], "empty is missing");
}

#[tokio::test]
async fn both_ends_are_inclusive_days() {
    let sandbox = sandbox().await;
    for (day, time) in [(23, "23:59:59"), (24, "00:00:00"), (25, "23:59:59"), (26, "00:00:00")] {
        let datum = format!("2024-06-{day}T{time}").parse().unwrap();
        sandbox.add_record(Record { datum: Some(datum), ..record() });
    }
    let days = json!({"dateStart": "2024-06-24", "dateEnd": "2024-06-25", "order": "cid", "first": "old"});
    assert_eq!(listed(&sandbox, &days).await, [2, 3]);
}

#[tokio::test]
async fn tip_is_ignored() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    sandbox.add_record(Record { tip: Some("Звонок".to_owned()), ..record() });
    sandbox.add_record(Record { tip: None, ..record() });
    assert_eq!(listed(&sandbox, &june_with("tip", json!("Звонок"))).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_tip_that_is_the_name_of_a_column_is_not_ignored() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    sandbox.add_record(Record { tip: Some("datum".to_owned()), ..record() });
    assert_eq!(listed(&sandbox, &june_with("tip", json!("datum"))).await, [2]);
}

#[tokio::test]
async fn word_searches_content_and_type_case_insensitively_as_a_substring() {
    let sandbox = sandbox().await;
    let with = |content: &str, tip: &str| Record {
        content: Some(content.to_owned()),
        tip: Some(tip.to_owned()),
        ..record()
    };
    sandbox.add_record(with("Отправлено КП", "Событие"));
    sandbox.add_record(with("другое", "Отправка кп"));
    sandbox.add_record(with("ёлка", "Встреча"));
    sandbox.add_record(Record { content: None, tip: None, ..record() });
    assert_eq!(listed(&sandbox, &june_with("word", json!("Кп"))).await, [1, 2]);
    assert_eq!(listed(&sandbox, &june_with("word", json!(" ОТПРАВ "))).await, [1, 2]);
    assert_eq!(listed(&sandbox, &june_with("word", json!("елка"))).await, [3]);
    assert_eq!(listed(&sandbox, &june_with("word", json!("нет такого"))).await, [] as [u64; 0]);
}

#[tokio::test]
async fn without_user_own_records_and_those_of_all_subordinates_come() {
    let sandbox = sandbox().await;
    for iduser in [1, 2, 0] {
        sandbox.add_record(Record { iduser, ..record() });
    }
    assert_eq!(listed(&sandbox, &june()).await, [1, 2]);
    let seen_by_seller = history_as(&sandbox, crm_sandbox::SELLER, "list", &june()).await;
    let seen_by_seller: Value = serde_json::from_str(&seen_by_seller).unwrap();
    assert_eq!(crate::support::ids(&seen_by_seller["data"], "cid"), [2]);
}

#[tokio::test]
async fn an_unknown_user_returns_the_records_that_belong_to_nobody() {
    let sandbox = sandbox().await;
    assert_eq!(history_text(&sandbox, "list", &june_with("user", json!("nobody@example.test"))).await, "[]");
    for iduser in [1, 0] {
        sandbox.add_record(Record { iduser, ..record() });
    }
    assert_eq!(listed(&sandbox, &june_with("user", json!("nobody@example.test"))).await, [2]);
}

#[tokio::test]
async fn a_user_that_is_not_a_subordinate_is_answered_too() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    let query = june_with("user", json!(crm_sandbox::BOSS));
    let answer = history_as(&sandbox, crm_sandbox::SELLER, "list", &query).await;
    assert!(answer.starts_with("{\"data\":[{\"cid\":1,"), "{answer}");
}

#[tokio::test]
async fn clid_did_and_pid_filter() {
    let sandbox = sandbox().await;
    sandbox.add_record(Record { clid: 1, did: 1, pid: "1;2".to_owned(), ..record() });
    sandbox.add_record(Record { clid: 2, did: 0, pid: "12".to_owned(), ..record() });
    assert_eq!(listed(&sandbox, &june_with("clid", json!(2))).await, [2]);
    assert_eq!(listed(&sandbox, &june_with("clid", json!("1"))).await, [1]);
    assert_eq!(listed(&sandbox, &june_with("did", json!(1))).await, [1]);
    assert_eq!(listed(&sandbox, &june_with("pid", json!(2))).await, [1]);
    assert_eq!(listed(&sandbox, &june_with("pid", json!(12))).await, [2]);
    assert_eq!(listed(&sandbox, &june_with("pid", json!(0))).await, [1, 2], "0 is no filter");
}

#[tokio::test]
async fn offset_counts_pages_of_200_and_a_page_past_the_end_is_empty() {
    let sandbox = Sandbox::builder().records(401).start().await.unwrap();
    let page = |offset: Value| json!({"dateStart": "2023-01-01", "dateEnd": "2025-12-31", "order": "cid", "first": "old", "offset": offset});
    assert_eq!(listed(&sandbox, &page(json!(0))).await, (1..=200).collect::<Vec<u64>>());
    assert_eq!(listed(&sandbox, &page(json!("1"))).await, (201..=400).collect::<Vec<u64>>());
    assert_eq!(listed(&sandbox, &page(json!(2))).await, [401]);
    assert_eq!(history_text(&sandbox, "list", &page(json!(3))).await, "[]");
    assert_eq!(listed(&sandbox, &page(json!(-1))).await.len(), 200, "a negative page is the first");
}

#[tokio::test]
async fn a_page_that_was_read_before_shows_what_has_changed_since_then() {
    let sandbox = sandbox().await;
    for _ in 0..201 {
        sandbox.add_record(Record { datum: Some(at(25, 10)), ..record() });
    }
    let page = june_with("offset", json!(1));
    assert_eq!(listed(&sandbox, &page).await, [201]);
    history(&sandbox, "delete", &json!({"cid": 1})).await;
    assert_eq!(listed(&sandbox, &page).await, [0; 0], "one is gone");
    sandbox.add_record(Record { datum: Some(at(25, 10)), ..record() });
    assert_eq!(listed(&sandbox, &page).await, [202], "one is new");
}

#[tokio::test]
async fn the_pages_of_any_order_hold_every_record_once() {
    let sandbox = Sandbox::builder().records(1_001).start().await.unwrap();
    for order in ["cid", "datum", "des", "tip", "iduser", "clid", "pid", "did"] {
        for first in ["old", "new"] {
            let mut seen = Vec::new();
            for offset in 0..6 {
                let query = json!({"dateStart": "2023-01-01", "dateEnd": "2025-12-31", "order": order, "first": first,
                                   "offset": offset});
                seen.extend(listed(&sandbox, &query).await);
            }
            assert_eq!(seen.len(), 1_001, "{order} {first}");
            seen.sort_unstable();
            assert_eq!(seen, (1..=1_001).collect::<Vec<u64>>(), "{order} {first}");
        }
    }
}

#[tokio::test]
async fn there_is_no_total() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    let answer = history(&sandbox, "list", &june()).await;
    assert_eq!(answer.as_object().unwrap().keys().collect::<Vec<&String>>(), ["data"]);
}

#[tokio::test]
async fn the_default_order_is_datum_newest_first() {
    let sandbox = sandbox().await;
    for hour in [10, 12, 11] {
        sandbox.add_record(Record { datum: Some(at(25, hour)), ..record() });
    }
    assert_eq!(listed(&sandbox, &json!({})).await, [2, 3, 1]);
    assert_eq!(listed(&sandbox, &json!({"first": "old"})).await, [1, 3, 2]);
}

#[tokio::test]
async fn the_default_order_shifts_when_records_are_added_while_paging() {
    let sandbox = sandbox().await;
    for _ in 0..250 {
        sandbox.add_record(record());
    }
    let mut seen = listed(&sandbox, &json!({"offset": 0})).await;
    sandbox.add_record(Record { datum: Some(at(25, 11)), ..record() });
    seen.extend(listed(&sandbox, &json!({"offset": 1})).await);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 250, "one came twice, the new one not at all");
}

#[tokio::test]
async fn every_documented_column_orders() {
    let sandbox = sandbox().await;
    sandbox.add_record(Record {
        content: Some("б".to_owned()),
        tip: Some("Б".to_owned()),
        iduser: 1,
        clid: 1,
        pid: "1".to_owned(),
        did: 1,
        datum: Some(at(25, 10)),
        ..record()
    });
    sandbox.add_record(Record {
        content: Some("А".to_owned()),
        tip: Some("а".to_owned()),
        iduser: 2,
        clid: 0,
        pid: String::new(),
        did: 0,
        datum: Some(at(25, 9)),
        ..record()
    });
    for (order, ascending) in [
        ("cid", [1, 2]),
        ("datum", [2, 1]),
        ("des", [2, 1]),
        ("tip", [2, 1]),
        ("iduser", [1, 2]),
        ("clid", [2, 1]),
        ("pid", [2, 1]),
        ("did", [2, 1]),
    ] {
        assert_eq!(listed(&sandbox, &json!({"order": order, "first": "old"})).await, ascending, "{order}");
    }
}

#[tokio::test]
async fn any_other_order_gives_the_html_of_a_php_error_with_status_200_and_the_type_of_json() {
    let sandbox = sandbox().await;
    for order in ["content", "client", "nonexistent"] {
        let answer = history_text(&sandbox, "list", &json!({"order": order})).await;
        assert!(answer.starts_with("<br />\n<b>Fatal error</b>"), "{answer}");
        assert!(answer.contains(&format!("Unknown column '{order}' in 'ORDER BY'")), "{answer}");
    }
}

#[tokio::test]
async fn an_offset_that_is_no_number_gives_the_html_of_a_php_error() {
    let sandbox = sandbox().await;
    for offset in [json!("next"), json!([1])] {
        let answer = history_text(&sandbox, "list", &json!({"offset": offset})).await;
        assert!(answer.contains("TypeError: Unsupported operand types"), "{answer}");
    }
    assert_eq!(history_text(&sandbox, "list", &json!({"offset": ""})).await, "[]");
}

#[tokio::test]
async fn a_record_without_contacts_has_no_key_person_and_tip_can_be_null() {
    let sandbox = sandbox().await;
    sandbox.add_record(Record { tip: None, ..record() });
    let answer = history(&sandbox, "list", &json!({})).await;
    let entry = answer["data"][0].as_object().unwrap();
    assert!(!entry.contains_key("person"));
    assert_eq!(entry["tip"], Value::Null);
}

#[tokio::test]
async fn content_is_rewritten_for_display() {
    let sandbox = sandbox().await;
    sandbox.add_record(Record {
        content: Some("<b>https://x.ru/a</b> \"q\" «w»\nвторая &laquo;строка".to_owned()),
        ..record()
    });
    let answer = history(&sandbox, "list", &json!({})).await;
    assert_eq!(answer["data"][0]["content"], "https:--x.ru-a ”q” ”w”<br />\nвторая строка");
}
