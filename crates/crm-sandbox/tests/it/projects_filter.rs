//! `POST /projects/filter`: one test for each parameter.

use crm_sandbox::{FieldValue, Project, Sandbox};
use serde_json::{Value, json};

use crate::support::{filtered, ids, sandbox};

/// The ids of the active projects that fit.
fn expected(sandbox: &Sandbox, fits: impl Fn(&Project) -> bool) -> Vec<u64> {
    let found = sandbox.projects().into_iter().filter(|project| !project.deleted && fits(project));
    found.map(|project| project.id).collect()
}

/// That a filter finds exactly those that fit, and that these are some but not all.
async fn finds(filter: Value, fits: impl Fn(&Project) -> bool) {
    let sandbox = sandbox().await;
    let expected = expected(&sandbox, fits);
    let active = sandbox.projects().iter().filter(|project| !project.deleted).count();
    assert!(
        !expected.is_empty() && expected.len() < active,
        "{filter} chooses nothing: {} found",
        expected.len()
    );
    let mut all = filter;
    all["count"] = json!(1_000);
    assert_eq!(filtered(&sandbox, &all).await, expected, "{all}");
}

async fn having(name: &str, fits: impl Fn(&Project) -> bool) {
    finds(json!({"having": name}), fits).await;
}

async fn built_in(name: &str, wanted: Value, fits: impl Fn(&Project) -> bool) {
    finds(json!({"buildin_data": {name: wanted}}), fits).await;
}

fn overlap(some: &[u64], others: &[u64]) -> bool {
    some.iter().any(|one| others.contains(one))
}

#[tokio::test]
async fn the_example_of_the_vendors_page_finds_the_first_project() {
    let example = json!({
        "count": 100, "offset": 0, "order_by": "id", "reverse": "0", "deleted": "0", "condition": "and",
        "having": "checklists_expired",
        "buildin_data": {
            "created": "2020-01-01;2020-12-31", "sales_funnel_id": [1, 2], "step_id": [1, 2, 3, 4, 5],
            "user_id": [2, 4, 6, 8], "group_id": [1, 2, 3], "price": 100, "currency_id": [1, 2, 3],
            "participants_user_id": [1, 2, 4, 5, 7, 8], "participants_group_id": [1, 2, 4, 5, 7, 8],
            "actions_type_id": [1, 2, 3], "good_id": [10, 11, 12]
        },
        "data": {"client_id": [1, 3], "contract_date": "2020-01-01"}
    });
    assert_eq!(filtered(&sandbox().await, &example).await, [1]);
}

#[tokio::test]
async fn an_empty_filter_finds_every_active_project() {
    let sandbox = sandbox().await;
    assert_eq!(filtered(&sandbox, &json!({"count": 1_000})).await, expected(&sandbox, |_| true));
}

#[tokio::test]
async fn count_offset_order_by_reverse_and_deleted_work_as_in_the_list() {
    let sandbox = sandbox().await;
    let mut all = expected(&sandbox, |_| true);
    all.reverse();
    let page = json!({"count": 3, "offset": "2", "order_by": "id", "reverse": "1", "deleted": "0"});
    assert_eq!(filtered(&sandbox, &page).await, all[2..5]);
    let deleted = filtered(&sandbox, &json!({"deleted": "1", "count": 1_000})).await;
    assert!(!deleted.is_empty() && !overlap(&deleted, &all));
}

#[tokio::test]
async fn condition_and_asks_for_all_and_or_for_one_of_the_conditions() {
    let conditions = |condition: &str| json!({"condition": condition, "having": "goods", "buildin_data": {"user_id": [2]}, "data": {"client_id": [1]}});
    let (goods, user) =
        (|project: &Project| !project.goods.is_empty(), |project: &Project| project.user_id == 2);
    let client = |project: &Project| project.data["client_id"] == FieldValue::Number(1);
    finds(conditions("and"), |project| goods(project) && user(project) && client(project)).await;
    finds(conditions("or"), |project| goods(project) || user(project) || client(project)).await;
}

#[tokio::test]
async fn having_actions() {
    having("actions", |project| !project.actions.is_empty()).await;
}

#[tokio::test]
async fn having_payments() {
    having("payments", |project| !project.payments.is_empty()).await;
}

#[tokio::test]
async fn having_tasks() {
    having("tasks", |project| project.tasks > 0).await;
}

#[tokio::test]
async fn having_goods() {
    having("goods", |project| !project.goods.is_empty()).await;
}

#[tokio::test]
async fn having_no_actions() {
    having("no_actions", |project| project.actions.is_empty()).await;
}

#[tokio::test]
async fn having_no_payments() {
    having("no_payments", |project| project.payments.is_empty()).await;
}

#[tokio::test]
async fn having_no_tasks() {
    having("no_tasks", |project| project.tasks == 0).await;
}

#[tokio::test]
async fn having_no_goods() {
    having("no_goods", |project| project.goods.is_empty()).await;
}

#[tokio::test]
async fn having_checklists_expired_is_an_open_item_after_the_deadline() {
    let today = crate::support::at(25, 0).date();
    having("checklists_expired", |project| {
        let lists = project.checklists.iter();
        lists.into_iter().any(|list| list.deadline < today && list.items.iter().any(|item| !item.done))
    })
    .await;
}

#[tokio::test]
async fn created_is_a_range_of_days_with_both_ends_or_one_day() {
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    built_in("created", json!("2020-01-03;2020-02-15"), |project| {
        (day("2020-01-03")..=day("2020-02-15")).contains(&project.created.date())
    })
    .await;
    built_in("created", json!("2020-01-03"), |project| project.created.date() == day("2020-01-03")).await;
}

#[tokio::test]
async fn sales_funnel_id() {
    built_in("sales_funnel_id", json!([1, 2]), |project| [1, 2].contains(&project.sales_funnel_id)).await;
}

#[tokio::test]
async fn step_id() {
    built_in("step_id", json!([1, 7, 12]), |project| [1, 7, 12].contains(&project.step_id)).await;
}

#[tokio::test]
async fn user_id() {
    built_in("user_id", json!(["2", "4"]), |project| [2, 4].contains(&project.user_id)).await;
}

#[tokio::test]
async fn group_id() {
    built_in("group_id", json!([3]), |project| project.group_id == 3).await;
}

#[tokio::test]
async fn price() {
    built_in("price", json!(100), |project| project.price == 100).await;
}

#[tokio::test]
async fn currency_id() {
    built_in("currency_id", json!([1, 3]), |project| [1, 3].contains(&project.currency_id)).await;
}

#[tokio::test]
async fn participants_user_id() {
    built_in("participants_user_id", json!([1, 2]), |project| {
        overlap(&project.participants_user_id, &[1, 2])
    })
    .await;
}

#[tokio::test]
async fn participants_group_id() {
    built_in("participants_group_id", json!([1, 2]), |project| {
        overlap(&project.participants_group_id, &[1, 2])
    })
    .await;
}

#[tokio::test]
async fn actions_type_id() {
    built_in("actions_type_id", json!([1, 2]), |project| {
        project.actions.iter().any(|action| [1, 2].contains(&action.actions_type_id))
    })
    .await;
}

#[tokio::test]
async fn good_id() {
    built_in("good_id", json!([10, 11]), |project| {
        project.goods.iter().any(|good| [10, 11].contains(&good.id))
    })
    .await;
}

#[tokio::test]
async fn custom_fields_are_compared_with_one_value_or_a_list() {
    let is = |value: &FieldValue, numbers: &[u64]| {
        numbers.iter().any(|number| *value == FieldValue::Number(*number))
    };
    finds(json!({"data": {"client_id": [1, 3]}}), |project| is(&project.data["client_id"], &[1, 3])).await;
    finds(json!({"data": {"client_id": 2}}), |project| is(&project.data["client_id"], &[2])).await;
    let day = |text: &str| FieldValue::Day(text.parse().unwrap());
    finds(json!({"data": {"contract_date": "2020-01-01"}}), |project| {
        project.data["contract_date"] == day("2020-01-01")
    })
    .await;
    let text = "Клиент \"2\" & Ко";
    finds(json!({"data": {"comment": text}}), |project| {
        project.data["comment"] == FieldValue::Text(text.to_owned())
    })
    .await;
}

#[tokio::test]
async fn a_filter_that_is_not_understood_is_named() {
    let sandbox = sandbox().await;
    for (filter, named) in [
        (json!({"having": "money"}), "having: money"),
        (json!({"condition": "xor"}), "condition: xor"),
        (json!({"buildin_data": {"colour": 1}}), "buildin_data: colour"),
        (json!({"buildin_data": {"created": "вчера"}}), "created: вчера"),
    ] {
        let answer = crate::support::filter(&sandbox, &filter.to_string()).await;
        assert_eq!(answer["error"], format!("Wrong parameter: {named}"));
    }
    let answer = crate::support::filter(&sandbox, "{").await;
    assert!(answer["error"].as_str().unwrap().starts_with("Wrong parameter: the body: EOF"), "{answer}");
    assert_eq!(ids(&answer["payload"], "id"), [] as [u64; 0]);
}
