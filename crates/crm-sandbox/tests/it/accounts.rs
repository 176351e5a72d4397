//! Accounts: keys, users, roles.

use crm_sandbox::{APIKEY, Account, BOSS, Record, Role, SELLER, Sandbox, User};
use serde_json::{Value, json};

use crate::support::{at, client, history_as, listed_as, record};

/// An account with all roles: the boss is the head of the chief, the chief of the lead, the lead of the man.
fn with_roles(role: Role, administrator: bool) -> Account {
    Account::new(APIKEY)
        .with_user(User { role, administrator, ..User::new(1, BOSS) })
        .with_user(User { chief: 1, ..User::new(2, "lead@example.test") })
        .with_user(User { chief: 2, ..User::new(3, "man@example.test") })
        .with_user(User { chief: 3, ..User::new(4, "trainee@example.test") })
        .with_user(User { blocked: true, ..User::new(5, "gone@example.test") })
}

async fn seen_by(role: Role, administrator: bool) -> Vec<u64> {
    let sandbox =
        Sandbox::builder().accounts([with_roles(role, administrator)]).now(at(25, 14)).start().await;
    let sandbox = sandbox.unwrap();
    for iduser in [1, 2, 3, 4, 5, 0] {
        sandbox.add_record(Record { iduser, ..record() });
    }
    let seen = listed_as(&sandbox, BOSS, &json!({"order": "cid", "first": "old"})).await;
    for cid in 1..=6 {
        let answer = history_as(&sandbox, BOSS, "delete", &json!({"cid": cid})).await;
        assert_eq!(answer.contains("Успешно"), seen.contains(&cid), "who sees a record may delete it: {cid}");
    }
    seen
}

#[tokio::test]
async fn heads_support_and_administrators_see_all_users_blocked_ones_too_and_never_the_records_of_nobody() {
    for role in [Role::Head, Role::SalesSupport, Role::HeadWithAccess, Role::Administrator] {
        assert_eq!(seen_by(role, false).await, [1, 2, 3, 4, 5], "{role:?}");
    }
    assert_eq!(seen_by(Role::Manager, true).await, [1, 2, 3, 4, 5], "isadmin");
}

#[tokio::test]
async fn the_head_of_a_division_sees_two_levels_down_and_that_of_a_department_one() {
    assert_eq!(seen_by(Role::HeadOfDivision, false).await, [1, 2, 3]);
    assert_eq!(seen_by(Role::HeadOfDepartment, false).await, [1, 2]);
}

#[tokio::test]
async fn every_other_role_sees_its_own() {
    for role in [Role::Manager, Role::Specialist] {
        assert_eq!(seen_by(role, false).await, [1], "{role:?}");
    }
}

#[tokio::test]
async fn each_account_has_its_own_key_its_users_and_its_records() {
    let other = Account::new("other-key").with_user(User { role: Role::Head, ..User::new(10, BOSS) });
    let sandbox =
        Sandbox::builder().accounts([Account::default(), other]).now(at(25, 14)).start().await.unwrap();
    let call = async |key: &str, action: &str, body: Value| {
        let request = client()
            .post(format!("{}/developer/v3/history/{action}", sandbox.url()))
            .header("Content-Type", "application/json")
            .header("apikey", key)
            .header("login", BOSS)
            .body(body.to_string());
        request.send().await.unwrap().text().await.unwrap()
    };
    for (key, data) in [(APIKEY, 1), ("other-key", 2)] {
        let answer = call(key, "add", json!({"content": key, "clid": 1, "user": BOSS})).await;
        assert_eq!(
            answer,
            format!(r#"{{"result":"Успешно","data":{data}}}"#),
            "ids are counted across accounts"
        );
    }
    assert_eq!(
        sandbox.records().iter().map(|record| (record.account, record.iduser)).collect::<Vec<_>>(),
        [(0, 1), (1, 10)]
    );
    for (key, own, foreign) in [(APIKEY, 1, 2), ("other-key", 2, 1)] {
        let list = call(key, "list", json!({})).await;
        assert!(
            list.contains(&format!("\"cid\":{own},")) && !list.contains(&format!("\"cid\":{foreign},")),
            "{list}"
        );
        assert!(call(key, "info", json!({"cid": foreign})).await.contains("\"403\""));
        assert!(call(key, "delete", json!({"cid": foreign})).await.contains("403"));
        assert!(call(key, "list", json!({"user": SELLER})).await == "[]");
    }
    assert_eq!(sandbox.record_count(), 2);
    for (account, content) in [(0, "первый"), (1, "второй")] {
        sandbox.add_record(Record { account, iduser: 0, content: Some(content.to_owned()), ..record() });
        let key = if account == 0 { APIKEY } else { "other-key" };
        let list = call(key, "list", json!({"user": "nobody@example.test"})).await;
        assert!(
            list.contains(content) && list.matches("\"cid\"").count() == 1,
            "nobody of the own account: {list}"
        );
    }
    assert!(call("third-key", "list", json!({})).await.contains("401"));
}

#[tokio::test]
async fn a_user_without_a_name_cannot_call() {
    let account = Account::new(APIKEY).with_user(User { title: String::new(), ..User::new(1, BOSS) });
    let sandbox = Sandbox::builder().accounts([account]).start().await.unwrap();
    assert!(history_as(&sandbox, BOSS, "fields", &json!({})).await.contains("401"));
}

#[tokio::test]
async fn a_blocked_user_is_answered_like_the_others() {
    let account = Account::new(APIKEY).with_user(User { blocked: true, ..User::new(1, BOSS) });
    let sandbox = Sandbox::builder().accounts([account]).start().await.unwrap();
    assert!(history_as(&sandbox, BOSS, "fields", &json!({})).await.starts_with("{\"data\":"));
}

#[tokio::test]
async fn a_key_that_is_changed_counts_from_then_on_and_reset_brings_the_first_one_back() {
    let sandbox = Sandbox::start().await.unwrap();
    assert!(sandbox.change_account(0, |account| account.apikey = "new-key".to_owned()));
    assert!(!sandbox.change_account(1, |_| ()));
    assert_eq!(sandbox.accounts()[0].apikey, "new-key");
    assert!(history_as(&sandbox, BOSS, "fields", &json!({})).await.contains("401"));
    sandbox.reset();
    assert!(history_as(&sandbox, BOSS, "fields", &json!({})).await.starts_with("{\"data\":"));
}

#[test]
fn an_account_is_read_from_json() {
    let json = json!({
        "apikey": "k", "zone": "Asia/Yekaterinburg", "sql_mode": "strict-no-zero-date",
        "users": [{"id": 7, "login": "a@example.test", "title": "А", "role": "head_of_division", "chief": 3, "tzone": -2},
                  {"id": 8, "login": "b@example.test", "tzone": null}]
    });
    let account: Account = serde_json::from_value(json).unwrap();
    assert_eq!(account.zone, "Asia/Yekaterinburg".parse().unwrap());
    assert_eq!(account.sql_mode, crm_sandbox::SqlMode::StrictNoZeroDate);
    let user = &account.users[0];
    assert_eq!((user.role, user.chief, user.tzone), (Role::HeadOfDivision, 3, Some(-2)));
    assert_eq!((account.users[1].role, account.users[1].tzone), (Role::Manager, None));
}
