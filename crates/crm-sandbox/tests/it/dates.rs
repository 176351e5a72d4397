//! Wire facts about dates: how the database compares, reads and stores them.

use crm_sandbox::{Record, Sandbox, SqlMode};
use serde_json::{Value, json};

use crate::support::{history, history_text, listed, record, sandbox};

/// Records 1, 2 and 4 of 1 to 3 March 2023, and record 3 with the zero date.
async fn four_records() -> Sandbox {
    let sandbox = sandbox().await;
    add_four_records(&sandbox);
    sandbox
}

fn add_four_records(sandbox: &Sandbox) {
    let on = |day: u32| format!("2023-03-0{day}T10:00:00").parse().ok();
    sandbox.add_record(Record { datum: on(1), ..record() });
    sandbox.add_record(Record { datum: on(2), clid: 2, ..record() });
    sandbox.add_record(Record { datum: None, ..record() });
    sandbox.add_record(Record { datum: on(3), iduser: 2, ..record() });
}

async fn between(sandbox: &Sandbox, start: impl Into<Value>, end: impl Into<Value>) -> Vec<u64> {
    let query = json!({"dateStart": start.into(), "dateEnd": end.into(), "order": "cid", "first": "old"});
    listed(sandbox, &query).await
}

#[tokio::test]
async fn the_days_of_a_list_are_read_in_every_form_that_the_database_reads() {
    let sandbox = four_records().await;
    for start in
        ["2023.03.02", "2023-3-2", "23-03-02", "2023/03/02", "20230302", "230302", "2023-03-02 00:00:00"]
    {
        assert_eq!(between(&sandbox, start, "2023-03-03").await, [2, 4], "{start}");
    }
    assert_eq!(between(&sandbox, 20_230_302, 20_230_303).await, [2, 4], "numbers");
    assert_eq!(between(&sandbox, "2023-03-01", "2023.3.2").await, [1, 2]);
}

#[tokio::test]
async fn a_day_that_does_not_exist_lies_between_its_neighbours() {
    let sandbox = four_records().await;
    assert_eq!(between(&sandbox, "2023-02-31", "2023-03-03").await, [1, 2, 4]);
    assert_eq!(between(&sandbox, "2023-03-01", "2023-04-31").await, [1, 2, 4]);
    assert_eq!(between(&sandbox, "2023-03-00", "2023-03-01").await, [1]);
    assert_eq!(between(&sandbox, "2023-03-01", "2023-02-31").await, [] as [u64; 0]);
}

#[tokio::test]
async fn a_start_that_cannot_be_read_is_no_lower_limit_and_brings_the_zero_date() {
    let sandbox = four_records().await;
    for start in [
        json!("1 марта"),
        json!("abc"),
        json!("01.03.2023"),
        json!("2023-03"),
        json!(true),
        json!(["2023-03-02"]),
    ] {
        assert_eq!(between(&sandbox, start.clone(), "2023-03-03").await, [1, 2, 3, 4], "{start}");
    }
}

#[tokio::test]
async fn an_end_that_cannot_be_read_leaves_nothing() {
    let sandbox = four_records().await;
    for end in [json!("1 марта"), json!("03.03.2023"), json!(true)] {
        assert_eq!(between(&sandbox, "2023-03-01", end.clone()).await, [] as [u64; 0], "{end}");
    }
}

#[tokio::test]
async fn records_with_the_zero_date_are_listed_when_asked_for() {
    let sandbox = four_records().await;
    assert_eq!(between(&sandbox, "0000-00-00", "0000-00-00").await, [3]);
    assert_eq!(between(&sandbox, "0000-00-00", "2023-03-02").await, [1, 2, 3]);
    assert_eq!(between(&sandbox, "00-00-00", "0000-00-00 00:00:00").await, [3]);
    assert_eq!(
        between(&sandbox, "0001-01-01", "9999-12-31").await,
        [1, 2, 4],
        "any other range leaves them out"
    );
}

#[tokio::test]
async fn no_range_finds_the_zero_date_where_the_sql_mode_has_no_zero_date() {
    let mode = SqlMode::StrictNoZeroDate;
    let sandbox = Sandbox::builder().sql_mode(mode).start().await.unwrap();
    add_four_records(&sandbox);
    assert_eq!(between(&sandbox, "0000-00-00", "0000-00-00").await, [] as [u64; 0]);
    assert_eq!(between(&sandbox, "abc", "2023-03-03").await, [1, 2, 4]);
}

#[tokio::test]
async fn a_time_counts_in_the_start_and_not_in_the_end() {
    let sandbox = four_records().await;
    assert_eq!(between(&sandbox, "2023-03-01 12:00:00", "2023-03-03").await, [2, 4]);
    assert_eq!(between(&sandbox, "2023-03-01 00:00:00", "2023-03-03 00:00:00").await, [1, 2, 4]);
    assert_eq!(between(&sandbox, "2023-03-01", "2023-03-02 00:00:01").await, [1, 2]);
}

#[tokio::test]
async fn every_written_date_is_stored_as_the_database_reads_it() {
    let sandbox = sandbox().await;
    let zero = "0000-00-00 00:00:00";
    for (written, stored) in [
        (json!("2024-06-25 14:25"), "2024-06-25 14:25:00"),
        (json!("2024-6-5 7:8:9"), "2024-06-05 07:08:09"),
        (json!("24-06-25 14:25"), "2024-06-25 14:25:00"),
        (json!("2024/06/25 14:25"), "2024-06-25 14:25:00"),
        (json!("20240625142500"), "2024-06-25 14:25:00"),
        (json!(20_240_625_142_500_u64), "2024-06-25 14:25:00"),
        (json!("2024-06-25T14:25:00"), "2024-06-25 14:25:00"),
        (json!("2024-06-25T14:25:00Z"), "2024-06-25 14:25:00"),
        (json!("2024-06-25T14:25:00+03:00"), "2024-06-25 14:25:00"),
        (json!("2024-06-25"), "2024-06-25 00:00:00"),
        (json!("2024-06-25 14"), "2024-06-25 14:00:00"),
        (json!("25.06.2024 14:25"), zero),
        (json!("2024-06-25 24:00:00"), zero),
        (json!("2024-06-25 14:25:61"), zero),
        (json!("2024-02-30 10:00"), zero),
        (json!("завтра"), zero),
        (json!(0), zero),
        (json!("0"), zero),
        (json!(1_719_325_500), zero),
        (json!(true), zero),
    ] {
        let entry = json!({"content": "x", "clid": 1, "datum": written});
        let cid = history(&sandbox, "add", &entry).await["data"].clone();
        let info = history(&sandbox, "info", &json!({"cid": cid})).await;
        assert_eq!(info["data"]["datum"], stored, "add {written}");
        let answer = history(&sandbox, "add.list", &json!({"list": [entry]})).await;
        let info = history(&sandbox, "info", &json!({"cid": answer[0]["data"]})).await;
        assert_eq!(info["data"]["datum"], stored, "add.list {written}");
    }
}

#[tokio::test]
async fn no_date_an_empty_text_and_nothing_in_brackets_mean_now() {
    let sandbox = sandbox().await;
    for written in [Value::Null, json!(""), json!(false), json!([]), json!({})] {
        let entry = json!({"content": "x", "clid": 1, "datum": written});
        history(&sandbox, "add", &entry).await;
        history(&sandbox, "add.list", &json!({"list": [entry]})).await;
    }
    for record in sandbox.records() {
        assert_eq!(record.datum.unwrap().to_string(), "2024-06-25 14:25:00");
    }
}

#[tokio::test]
async fn moments_before_1970_and_after_2038_are_stored_as_the_zero_date() {
    let sandbox = sandbox().await;
    for (written, is_kept) in [
        ("1970-01-01 03:00:00", false),
        ("1970-01-01 03:00:01", true),
        ("2038-01-19 06:14:07", true),
        ("2038-01-19 06:14:08", false),
        ("2050-01-01", false),
    ] {
        let answer = history(&sandbox, "add", &json!({"content": "x", "clid": 1, "datum": written})).await;
        let stored = sandbox.record(answer["data"].as_u64().unwrap()).unwrap();
        assert_eq!(stored.datum.is_some(), is_kept, "{written}");
    }
}

#[tokio::test]
async fn a_blank_date_is_today_and_false_is_blank() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    for blank in [Value::Null, json!(""), json!(false)] {
        assert_eq!(between(&sandbox, blank.clone(), blank.clone()).await, [1], "{blank}");
    }
    assert_eq!(
        history_text(&sandbox, "list", &json!({"dateStart": 0, "dateEnd": 0})).await,
        "[]",
        "0 is no day"
    );
}
