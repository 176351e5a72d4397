//! Records that come and go by themselves.

use crm_sandbox::{BOSS, Record, Sandbox, ServerEvent};
use serde_json::json;

use crate::support::{history, history_text, listed, record, sandbox};

fn cids(sandbox: &Sandbox) -> Vec<u64> {
    sandbox.with_records(|records| records.map(|record| record.cid).collect())
}

#[tokio::test]
async fn the_server_writes_records_of_its_own_which_are_listed_like_the_others() {
    let sandbox = sandbox().await;
    let about = Record { iduser: 1, clid: 2, ..Record::default() };
    assert_eq!(sandbox.add_server_record(ServerEvent::ClientAdded, about.clone()), 1);
    assert_eq!(sandbox.add_server_record(ServerEvent::FieldsChanged, about.clone()), 2);
    for event in [ServerEvent::OwnerChanged, ServerEvent::DealAdded, ServerEvent::LeadAdded] {
        sandbox.add_server_record(event, about.clone());
    }
    let list = history(&sandbox, "list", &json!({"order": "cid", "first": "old"})).await;
    let tips: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|one| one["tip"].as_str().unwrap()).collect();
    assert_eq!(tips, ["СобытиеCRM", "ЛогCRM", "СобытиеCRM", "СобытиеCRM", "СобытиеCRM"]);
    assert_eq!(list["data"][0]["content"], "Добавлен клиент");
    assert_eq!((&list["data"][0]["user"], &list["data"][0]["clid"]), (&json!(BOSS), &json!(2)));
    assert_eq!(list["data"][0]["datum"], "2024-06-25 14:25:00", "now");
    let info = history(&sandbox, "info", &json!({"cid": 2})).await;
    assert!(info["data"]["content"].as_str().unwrap().contains("<b>"), "with its tags: {info}");
}

#[tokio::test]
async fn a_delete_of_a_client_deletes_its_history() {
    let sandbox = sandbox().await;
    for clid in [1, 2, 1, 0] {
        sandbox.add_record(Record { clid, did: 1, pid: "1".to_owned(), ..record() });
    }
    assert_eq!(sandbox.delete_client(1), 2);
    assert_eq!(cids(&sandbox), [2, 4]);
    assert_eq!(sandbox.delete_client(1), 0);
    assert_eq!(sandbox.delete_client(0), 0, "no client has no history");
    assert_eq!(
        history(&sandbox, "add", &json!({"content": "x", "clid": 1})).await["data"],
        5,
        "its id is not used again"
    );
    assert_eq!(history(&sandbox, "info", &json!({"cid": 5})).await["data"]["client"], "--не найден--");
    sandbox.reset();
    sandbox.add_record(record());
    assert!(history_text(&sandbox, "info", &json!({"cid": 1})).await.contains("КАМКАБЕЛЬ"));
}

#[tokio::test]
async fn a_delete_of_a_deal_deletes_its_history() {
    let sandbox = sandbox().await;
    for did in [1, 0, 1] {
        sandbox.add_record(Record { did, ..record() });
    }
    assert_eq!(sandbox.delete_deal(1), 2);
    assert_eq!(cids(&sandbox), [2]);
}

#[tokio::test]
async fn a_delete_of_a_contact_takes_it_out_of_its_records_and_deletes_those_that_have_nothing_else() {
    let sandbox = sandbox().await;
    for (clid, did, pid) in [(1, 0, "1"), (0, 0, "1"), (0, 0, "2;1"), (0, 1, "1"), (0, 0, "11;2"), (0, 0, "")]
    {
        sandbox.add_record(Record { clid, did, pid: pid.to_owned(), ..record() });
    }
    assert_eq!(sandbox.delete_contact(1), 4, "both kinds are counted");
    assert_eq!(cids(&sandbox), [1, 3, 4, 5, 6]);
    let pids: Vec<String> = sandbox.records().into_iter().map(|record| record.pid).collect();
    assert_eq!(pids, ["", "2", "", "11;2", ""]);
    assert_eq!(listed(&sandbox, &json!({"pid": 1})).await, [] as [u64; 0]);
}
