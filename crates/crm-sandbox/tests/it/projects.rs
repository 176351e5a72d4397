//! The projects API but for its filter: one test for each parameter.

use crm_sandbox::{ProjectsShape, SECRET, Sandbox, TOKEN};
use serde_json::{Value, json};

use crate::support::{client, ids, projects, sandbox};

async fn listed(sandbox: &Sandbox, query: &str) -> Vec<u64> {
    ids(&projects(sandbox, &format!("/projects?{query}")).await["payload"], "id")
}

/// The project with the most of something, so that filters have a choice.
fn richest(sandbox: &Sandbox, size: impl Fn(&crm_sandbox::Project) -> usize) -> crm_sandbox::Project {
    sandbox.projects().into_iter().max_by_key(size).unwrap()
}

#[tokio::test]
async fn count_is_the_size_of_a_page_and_offset_its_start() {
    let sandbox = sandbox().await;
    let all = listed(&sandbox, "count=1000").await;
    assert!(all.len() > 50);
    assert_eq!(listed(&sandbox, "count=3").await, all[..3]);
    assert_eq!(listed(&sandbox, "count=3&offset=2").await, all[2..5]);
    assert_eq!(listed(&sandbox, "offset=1000").await, [] as [u64; 0]);
}

#[tokio::test]
async fn order_by_names_the_field_and_reverse_the_direction() {
    let sandbox = sandbox().await;
    for field in
        ["id", "name", "created", "sales_funnel_id", "step_id", "user_id", "group_id", "price", "currency_id"]
    {
        let values = async |reverse: &str| {
            let query = format!("/projects?count=1000&order_by={field}&reverse={reverse}");
            let answer = projects(&sandbox, &query).await;
            let records = answer["payload"].as_array().unwrap().clone();
            records.iter().map(|record| record[field].clone()).collect::<Vec<Value>>()
        };
        let (up, mut down) = (values("0").await, values("1").await);
        let ordered = up.is_sorted_by(|one, other| match (one.as_u64(), other.as_u64()) {
            (Some(one), Some(other)) => one <= other,
            _ => one.as_str() <= other.as_str(),
        });
        assert!(ordered, "{field}: {up:?}");
        down.reverse();
        assert_eq!(up, down, "{field}");
    }
}

#[tokio::test]
async fn deleted_chooses_between_active_and_deleted_projects() {
    let sandbox = sandbox().await;
    let of = |deleted: bool| {
        let all = sandbox.projects().into_iter().filter(move |project| project.deleted == deleted);
        all.map(|project| project.id).collect::<Vec<u64>>()
    };
    assert!(!of(true).is_empty());
    assert_eq!(listed(&sandbox, "count=1000&deleted=1").await, of(true));
    assert_eq!(listed(&sandbox, "count=1000&deleted=0").await, of(false));
    assert_eq!(listed(&sandbox, "count=1000").await, of(false));
}

#[tokio::test]
async fn info_id_is_one_project_with_all_its_custom_fields() {
    let answer = projects(&sandbox().await, "/projects/info?id=1").await;
    assert_eq!(answer["payload"]["id"], 1);
    assert_eq!(answer["payload"]["data"]["client_id"], 3);
    assert_eq!(answer["payload"]["data"]["contract_date"], "2020-01-01");
}

#[tokio::test]
async fn an_unknown_id_is_404_and_a_missing_one_400() {
    let sandbox = sandbox().await;
    for resource in ["info", "steps", "actions", "actions/info", "checklists", "goods", "payments"] {
        for (query, status) in [("?id=99999", 404), ("", 400), ("?id=x", 400)] {
            let url = format!("{}/backend/public/projects/{resource}{query}", sandbox.url());
            let request = client().get(url).header("X-Crypto-Token", TOKEN).header("X-Crypto-Secret", SECRET);
            assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{resource}{query}");
        }
    }
}

#[tokio::test]
async fn steps_id_are_the_steps_of_the_project() {
    let sandbox = sandbox().await;
    let answer = projects(&sandbox, "/projects/steps?id=1").await;
    assert_eq!(ids(&answer["payload"], "id"), [1, 2, 3, 4, 5]);
    assert_eq!(ids(&answer["payload"], "project_id"), [1; 5]);
}

#[tokio::test]
async fn steps_filter_date_is_the_day_of_a_step() {
    let sandbox = sandbox().await;
    let answer = projects(&sandbox, "/projects/steps?id=1&filter_date=2020-01-03").await;
    assert_eq!(ids(&answer["payload"], "id"), [2]);
}

#[tokio::test]
async fn steps_filter_steps_are_ids_joined_by_underscores() {
    let sandbox = sandbox().await;
    let answer = projects(&sandbox, "/projects/steps?id=1&filter_steps=2_4_77").await;
    assert_eq!(ids(&answer["payload"], "id"), [2, 4]);
}

#[tokio::test]
async fn actions_id_are_the_actions_of_the_project_in_pages() {
    let sandbox = sandbox().await;
    let project = richest(&sandbox, |project| project.actions.len());
    let all: Vec<u64> = project.actions.iter().map(|action| action.id).collect();
    let of = async |query: &str| {
        let path = format!("/projects/actions?id={}{query}", project.id);
        ids(&projects(&sandbox, &path).await["payload"], "id")
    };
    assert_eq!(of("").await, all);
    assert_eq!(of("&count=2").await, all[..2]);
    assert_eq!(of("&count=2&offset=1").await, all[1..3]);
}

#[tokio::test]
async fn actions_filter_id_is_the_id_of_an_action() {
    let sandbox = sandbox().await;
    let answer = projects(&sandbox, "/projects/actions?id=1&filter_id=2").await;
    assert_eq!(ids(&answer["payload"], "id"), [2]);
}

#[tokio::test]
async fn actions_filter_date_is_the_day_of_an_action() {
    let sandbox = sandbox().await;
    let answer = projects(&sandbox, "/projects/actions?id=1&filter_date=2020-01-01").await;
    assert_eq!(ids(&answer["payload"], "id"), [1, 2]);
}

#[tokio::test]
async fn actions_filter_actions_are_ids_of_types_joined_by_underscores() {
    let sandbox = sandbox().await;
    let answer = projects(&sandbox, "/projects/actions?id=1&filter_actions=1_3").await;
    assert_eq!(ids(&answer["payload"], "actions_type_id"), [1, 3]);
}

#[tokio::test]
async fn action_info_id_is_one_action_of_any_project() {
    let sandbox = sandbox().await;
    let project = sandbox.projects().into_iter().rfind(|project| !project.actions.is_empty()).unwrap();
    let action = &project.actions[0];
    let answer = projects(&sandbox, &format!("/projects/actions/info?id={}", action.id)).await;
    assert_eq!(answer["payload"]["id"], action.id);
    assert_eq!(answer["payload"]["project_id"], project.id);
}

#[tokio::test]
async fn checklists_id_are_the_checklists_of_the_project_with_their_items() {
    let answer = projects(&sandbox().await, "/projects/checklists?id=1").await;
    assert_eq!(ids(&answer["payload"], "id"), [1, 2]);
    assert_eq!(answer["payload"][0]["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn goods_id_are_the_goods_of_the_project() {
    let answer = projects(&sandbox().await, "/projects/goods?id=1").await;
    assert_eq!(ids(&answer["payload"], "id"), [10, 11]);
}

#[tokio::test]
async fn payments_id_are_the_payments_of_the_project_in_pages() {
    let sandbox = sandbox().await;
    for (query, expected) in [
        ("", vec![1, 2, 3, 4]),
        ("&count=2", vec![1, 2]),
        ("&count=2&offset=3", vec![4]),
        ("&count=0", vec![]),
    ] {
        let answer = projects(&sandbox, &format!("/projects/payments?id=1{query}")).await;
        assert_eq!(ids(&answer["payload"], "id"), expected, "{query}");
    }
}

#[tokio::test]
async fn payments_filter_id_is_the_id_of_a_payment() {
    let answer = projects(&sandbox().await, "/projects/payments?id=1&filter_id=3").await;
    assert_eq!(ids(&answer["payload"], "id"), [3]);
}

#[tokio::test]
async fn payments_filter_date_is_the_day_of_a_payment() {
    let answer = projects(&sandbox().await, "/projects/payments?id=1&filter_date=2020-01-08").await;
    assert_eq!(ids(&answer["payload"], "id"), [3, 4]);
}

#[tokio::test]
async fn payments_filter_type_is_0_for_what_went_out_and_1_for_what_came_in() {
    let sandbox = sandbox().await;
    for (kind, expected) in [("0", vec![2]), ("1", vec![1, 3, 4])] {
        let answer = projects(&sandbox, &format!("/projects/payments?id=1&filter_type={kind}")).await;
        assert_eq!(ids(&answer["payload"], "id"), expected);
    }
}

#[tokio::test]
async fn a_parameter_that_is_not_understood_is_named_with_400() {
    let sandbox = sandbox().await;
    for (path, named) in [
        ("/projects?count=many", "count: many"),
        ("/projects?reverse=yes", "reverse: yes"),
        ("/projects?order_by=colour", "order_by: colour"),
        ("/projects/steps?id=1&filter_date=25.06.2024", "filter_date: 25.06.2024"),
        ("/projects/steps?id=1&filter_steps=1,2", "filter_steps: 1,2"),
        ("/projects/payments?id=1&filter_type=2", "filter_type: 2"),
    ] {
        let answer = projects(&sandbox, path).await;
        assert_eq!(answer["error"], format!("Wrong parameter: {named}"));
    }
}

#[tokio::test]
async fn wrong_or_missing_headers_get_401() {
    let sandbox = sandbox().await;
    for headers in [
        vec![],
        vec![("X-Crypto-Token", TOKEN)],
        vec![("X-Crypto-Secret", SECRET)],
        vec![("X-Crypto-Token", TOKEN), ("X-Crypto-Secret", "wrong")],
        vec![("X-Crypto-Token", "wrong"), ("X-Crypto-Secret", SECRET)],
    ] {
        let mut request = client().get(format!("{}/backend/public/projects", sandbox.url()));
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        assert_eq!(request.send().await.unwrap().status().as_u16(), 401, "{headers:?}");
    }
}

#[tokio::test]
async fn the_shape_is_a_setting() {
    for (shape, list, one, nothing) in [
        (ProjectsShape::Bare, "/0/id", "/id", json!([])),
        (ProjectsShape::Payload, "/payload/0/id", "/payload/id", json!({"payload": []})),
        (ProjectsShape::Data, "/data/0/id", "/data/id", json!({"data": []})),
        (ProjectsShape::Keyed, "/payload/1/id", "/payload/1/id", json!({"payload": []})),
    ] {
        let sandbox = Sandbox::builder().projects_shape(shape).start().await.unwrap();
        assert_eq!(projects(&sandbox, "/projects").await.pointer(list), Some(&json!(1)), "{shape:?}");
        assert_eq!(
            projects(&sandbox, "/projects/info?id=1").await.pointer(one),
            Some(&json!(1)),
            "{shape:?}"
        );
        assert_eq!(projects(&sandbox, "/projects?offset=999").await, nothing, "{shape:?}");
    }
}

#[tokio::test]
async fn numbers_are_numbers_or_strings_and_flags_always_strings() {
    let sandbox = sandbox().await;
    let project = &projects(&sandbox, "/projects/info?id=1").await["payload"];
    assert_eq!((&project["id"], &project["participants_user_id"]), (&json!(1), &json!([2, 7])));
    assert_eq!(project["deleted"], "0");
    let sandbox = Sandbox::builder().projects_numbers_as_strings().start().await.unwrap();
    let project = &projects(&sandbox, "/projects/info?id=1").await["payload"];
    assert_eq!((&project["id"], &project["participants_user_id"]), (&json!("1"), &json!(["2", "7"])));
    assert_eq!(project["deleted"], "0");
}

#[tokio::test]
async fn a_total_is_a_setting() {
    let sandbox = Sandbox::builder().projects_total().start().await.unwrap();
    let active = sandbox.projects().iter().filter(|project| !project.deleted).count();
    assert_eq!(projects(&sandbox, "/projects?count=2").await["total"], active);
}
