//! Wire facts about time: the zone of an account and the shift of a reader's clock.

use chrono::NaiveDateTime;
use crm_sandbox::{APIKEY, Account, BOSS, Record, Role, SELLER, Sandbox, User};
use serde_json::{Value, json};

use crate::support::{code, history, history_as, history_text, listed, listed_as, php_error, record};

fn time(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

/// A sandbox whose seller's clock is 2 hours ahead, at noon of 25 June 2024.
async fn with_shift() -> Sandbox {
    let builder = Sandbox::builder().now(time("2024-06-25T12:00:00")).shift(SELLER, 2).unwrap();
    builder.start().await.unwrap()
}

async fn in_zone(zone: &str, now: &str) -> Sandbox {
    Sandbox::builder().zone(zone.parse().unwrap()).now(time(now)).start().await.unwrap()
}

async fn datum_of(sandbox: &Sandbox, login: &str, cid: u64) -> Value {
    let info = history_as(sandbox, login, "info", &json!({"cid": cid})).await;
    let info: Value = serde_json::from_str(&info).unwrap();
    let all = json!({"dateStart": "2024-01-01", "dateEnd": "2024-12-31", "user": BOSS});
    let list: Value = serde_json::from_str(&history_as(sandbox, login, "list", &all).await).unwrap();
    let listed = list["data"].as_array().unwrap().iter().find(|record| record["cid"] == cid).unwrap();
    assert_eq!(listed["datum"], info["data"]["datum"], "list and info agree");
    info["data"]["datum"].clone()
}

#[tokio::test]
async fn a_reader_whose_clock_is_ahead_reads_every_time_shifted_and_nobody_else_does() {
    let sandbox = with_shift().await;
    let entry = json!({"content": "x", "clid": 1, "user": BOSS, "datum": "2024-06-25 10:00"});
    history_as(&sandbox, SELLER, "add", &entry).await;
    assert_eq!(datum_of(&sandbox, SELLER, 1).await, "2024-06-25 12:00:00");
    assert_eq!(datum_of(&sandbox, BOSS, 1).await, "2024-06-25 10:00:00");
    assert_eq!(sandbox.record(1).unwrap().datum, Some(time("2024-06-25T10:00:00")));
}

#[tokio::test]
async fn the_days_of_a_list_are_those_of_the_readers_clock() {
    let sandbox = with_shift().await;
    sandbox.add_record(Record { datum: Some(time("2024-05-01T23:30:00")), iduser: 2, ..record() });
    for (login, day) in [(SELLER, "2024-05-02"), (BOSS, "2024-05-01")] {
        let on = |day: &str| json!({"dateStart": day, "dateEnd": day});
        for asked in ["2024-05-01", "2024-05-02"] {
            let found = listed_as(&sandbox, login, &on(asked)).await;
            assert_eq!(found.len(), usize::from(asked == day), "{login} {asked}");
        }
    }
}

#[tokio::test]
async fn today_is_that_of_the_readers_clock() {
    let sandbox = with_shift().await;
    sandbox.set_now(time("2024-06-25T23:00:00"));
    sandbox.add_record(Record { datum: Some(time("2024-06-25T21:59:59")), iduser: 2, ..record() });
    sandbox.add_record(Record { datum: Some(time("2024-06-25T22:00:00")), iduser: 2, ..record() });
    let query = json!({"order": "cid", "first": "old"});
    assert_eq!(listed_as(&sandbox, SELLER, &query).await, [2]);
    assert_eq!(listed_as(&sandbox, BOSS, &query).await, [1, 2]);
}

#[tokio::test]
async fn the_zero_date_is_not_shifted() {
    let sandbox = with_shift().await;
    sandbox.add_record(Record { datum: None, ..record() });
    let info = history_as(&sandbox, SELLER, "info", &json!({"cid": 1})).await;
    assert!(info.contains("0000-00-00 00:00:00"), "{info}");
}

#[tokio::test]
async fn who_leaves_the_date_out_writes_a_time_that_is_already_shifted() {
    let sandbox = with_shift().await;
    history_as(&sandbox, SELLER, "add", &json!({"content": "x", "clid": 1, "user": BOSS})).await;
    history_as(&sandbox, SELLER, "add.list", &json!({"list": [{"content": "x", "user": BOSS}]})).await;
    for cid in [1, 2] {
        assert_eq!(datum_of(&sandbox, BOSS, cid).await, "2024-06-25 14:00:00", "2 hours ahead for everybody");
        assert_eq!(datum_of(&sandbox, SELLER, cid).await, "2024-06-25 16:00:00", "4 hours for oneself");
    }
}

#[tokio::test]
async fn a_shift_of_more_than_12_hours_together_with_the_offset_is_ignored() {
    for (hours, shown) in [
        (9, "2024-06-25 19:00:00"),
        (10, "2024-06-25 10:00:00"),
        (-15, "2024-06-24 19:00:00"),
        (-16, "2024-06-25 10:00:00"),
    ] {
        let builder = Sandbox::builder().now(time("2024-06-25T12:00:00")).shift(SELLER, hours).unwrap();
        let sandbox = builder.start().await.unwrap();
        sandbox.add_record(Record { datum: Some(time("2024-06-25T10:00:00")), ..record() });
        assert_eq!(datum_of(&sandbox, SELLER, 1).await, shown, "{hours}");
    }
}

#[tokio::test]
async fn an_empty_shift_makes_every_call_of_that_user_a_php_error() {
    let account = Account::new(APIKEY)
        .with_user(User { role: Role::Head, ..User::new(1, BOSS) })
        .with_user(User { tzone: None, ..User::new(2, SELLER) });
    let sandbox = Sandbox::builder().accounts([account]).start().await.unwrap();
    for action in ["fields", "list", "add"] {
        let answer = history_as(&sandbox, SELLER, action, &json!({})).await;
        assert_eq!(php_error(&answer), "TypeError: Unsupported operand types: int + string");
    }
    assert!(history_as(&sandbox, BOSS, "fields", &json!({})).await.starts_with("{\"data\":"));
}

#[tokio::test]
async fn a_shift_of_an_unknown_login_is_refused() {
    let refused = Sandbox::builder().shift("nobody@example.test", 2).unwrap_err();
    assert_eq!(refused.to_string(), "no account has a user with the login \"nobody@example.test\"");
}

#[tokio::test]
async fn an_account_west_of_greenwich_is_read_and_not_written_to() {
    let sandbox = in_zone("America/Bogota", "2024-06-25T12:00:00").await;
    sandbox.add_record(Record { datum: Some(time("2024-06-25T10:00:00")), ..record() });
    assert_eq!(listed(&sandbox, &json!({})).await, [1]);
    assert_eq!(datum_of(&sandbox, BOSS, 1).await, "2024-06-25 10:00:00");
    let error = r#"{"result":"Error","error":{"code":500,"text":"Unknown or incorrect time zone: '+-5:00' в строке 1298"}}"#;
    let entry = json!({"content": "x", "clid": 1});
    assert_eq!(history_text(&sandbox, "add", &entry).await, error);
    assert_eq!(history_text(&sandbox, "add.list", &json!({"list": [entry]})).await, format!("[{error}]"));
    assert_eq!(
        *code(&history(&sandbox, "add", &json!({"clid": 1})).await),
        json!(405),
        "what is missing is told first"
    );
    assert_eq!(sandbox.record_count(), 1);
    assert_eq!(history(&sandbox, "delete", &json!({"cid": 1})).await["result"], "Успешно");
}

#[tokio::test]
async fn in_a_zone_with_half_hours_every_call_is_a_php_error() {
    for (zone, offset) in
        [("Asia/Kolkata", "+5.5:00"), ("America/St_Johns", "-2.5:00"), ("Asia/Kathmandu", "+5.75:00")]
    {
        let sandbox = in_zone(zone, "2024-06-25T12:00:00").await;
        for action in ["fields", "list", "add"] {
            let answer = history_text(&sandbox, action, &json!({})).await;
            let error = format!("mysqli_sql_exception: Unknown or incorrect time zone: '{offset}'");
            assert_eq!(php_error(&answer), error, "{zone} {action}");
        }
    }
}

#[tokio::test]
async fn in_a_zone_with_summer_time_all_records_move_by_an_hour_when_the_clock_is_changed() {
    let sandbox = in_zone("Europe/Berlin", "2024-06-25T12:00:00").await;
    let entry = |datum: &str| json!({"content": "x", "clid": 1, "datum": datum});
    history(&sandbox, "add", &entry("2024-01-15 10:00")).await;
    history(&sandbox, "add", &entry("2024-06-15 10:00")).await;
    assert_eq!(
        datum_of(&sandbox, BOSS, 1).await,
        "2024-01-15 10:00:00",
        "the offset is that of today, also for January"
    );
    sandbox.set_now(time("2024-12-01T12:00:00"));
    assert_eq!(sandbox.record(1).unwrap().datum, Some(time("2024-01-15T09:00:00")));
    assert_eq!(datum_of(&sandbox, BOSS, 1).await, "2024-01-15 09:00:00");
    assert_eq!(datum_of(&sandbox, BOSS, 2).await, "2024-06-15 09:00:00");
    history(&sandbox, "add", &entry("2024-06-15 10:00")).await;
    sandbox.set_now(time("2025-06-25T12:00:00"));
    assert_eq!(datum_of(&sandbox, BOSS, 2).await, "2024-06-15 10:00:00");
    assert_eq!(datum_of(&sandbox, BOSS, 3).await, "2024-06-15 11:00:00");
}

#[tokio::test]
async fn the_range_of_moments_is_that_of_greenwich() {
    let sandbox = in_zone("Asia/Vladivostok", "2024-06-25T12:00:00").await;
    for (written, is_kept) in [
        ("1970-01-01 10:00:00", false),
        ("1970-01-01 10:00:01", true),
        ("2038-01-19 13:14:07", true),
        ("2038-01-19 13:14:08", false),
    ] {
        let cid =
            history(&sandbox, "add", &json!({"content": "x", "clid": 1, "datum": written})).await["data"]
                .clone();
        assert_eq!(sandbox.record(cid.as_u64().unwrap()).unwrap().datum.is_some(), is_kept, "{written}");
    }
}

#[tokio::test]
async fn each_account_has_the_time_of_its_own_zone() {
    let east = Account {
        zone: "Asia/Vladivostok".parse().unwrap(),
        ..Account::new("east").with_user(User { role: Role::Head, ..User::new(9, "east@example.test") })
    };
    let builder = Sandbox::builder().accounts([Account::default(), east]).now(time("2024-06-25T12:00:00"));
    let sandbox = builder.start().await.unwrap();
    let headers = "Content-Type: application/json\r\napikey: east\r\nlogin: east@example.test\r\n";
    crate::support::raw(
        &sandbox,
        &crate::support::raw_history("add", headers, r#"{"content":"x","clid":1}"#),
    );
    assert_eq!(sandbox.record(1).unwrap().datum, Some(time("2024-06-25T19:00:00")));
}

#[tokio::test]
async fn the_default_zone_has_no_summer_time_and_the_wall_clock_of_the_machine() {
    let sandbox = Sandbox::builder().now(time("2024-06-25T12:00:00")).start().await.unwrap();
    history(&sandbox, "add", &json!({"content": "x", "clid": 1, "datum": "2024-01-15 10:00"})).await;
    sandbox.set_now(time("2024-12-01T12:00:00"));
    assert_eq!(sandbox.record(1).unwrap().datum, Some(time("2024-01-15T10:00:00")));
}

#[tokio::test]
async fn a_clock_at_the_end_of_time_does_no_harm() {
    let sandbox = with_shift().await;
    for end in [NaiveDateTime::MIN, NaiveDateTime::MAX] {
        sandbox.set_now(end);
        sandbox.add_record(Record { datum: Some(end), iduser: 2, ..record() });
        assert!(history_as(&sandbox, SELLER, "info", &json!({"cid": 1})).await.starts_with("{\"data\":"));
        assert!(!history_as(&sandbox, SELLER, "list", &json!({})).await.is_empty());
    }
}
