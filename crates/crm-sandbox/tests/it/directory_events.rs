//! What happens to clients and contacts, and what becomes of the history with it.

use crm_sandbox::{Client, Contact, Record, Sandbox, ServerRecord};
use serde_json::json;

use crate::support::{at, directory, history, record, sandbox};

#[tokio::test]
async fn deleting_a_client_deletes_all_its_records() {
    let sandbox = sandbox().await;
    let kept = sandbox.add_record(Record { clid: 2, ..record() });
    let gone = sandbox.add_record(Record { clid: 1, did: 1, pid: "1".to_owned(), ..record() });
    assert_eq!(sandbox.delete_client(1).unwrap().title, "КАМКАБЕЛЬ, ОАО");
    assert!(sandbox.record(gone).is_none());
    assert!(sandbox.record(kept).is_some());
    assert!(sandbox.delete_client(1).is_none());
    let list = directory(&sandbox, "client/list", &json!({"order": "clid", "fields": "clid"})).await;
    assert_eq!(list["data"], json!([{"clid": 2}]));
}

#[tokio::test]
async fn deleting_a_contact_takes_it_out_of_its_records_and_deletes_those_that_have_nothing_else() {
    let sandbox = sandbox().await;
    let with = |clid: i64, did: i64, pid: &str| {
        sandbox.add_record(Record { clid, did, pid: pid.to_owned(), ..record() })
    };
    let (of_client, of_deal) = (with(1, 0, "1;2"), with(0, 1, "1"));
    let (of_another, alone, other) = (with(0, 0, "2;1"), with(0, 0, "1"), with(0, 0, "11"));
    assert_eq!(sandbox.delete_contact(1).unwrap().person, "Васильев Дмитрий");
    let pid = |cid: u64| sandbox.record(cid).map(|record| record.pid);
    assert_eq!(pid(of_client).as_deref(), Some("2"));
    assert_eq!(pid(of_deal).as_deref(), Some(""));
    assert_eq!(pid(of_another).as_deref(), Some("2"));
    assert_eq!(pid(alone), None);
    assert_eq!(pid(other).as_deref(), Some("11"));
}

#[tokio::test]
async fn the_history_shows_the_names_of_the_directory() {
    let sandbox = sandbox().await;
    let clid = sandbox.add_client(Client::new("Новый, ООО", 1, at(25, 14)));
    let pid = sandbox.add_contact(Contact::new("Новиков", clid, 1, at(25, 14)));
    let cid = sandbox.add_record(Record { clid, pid: pid.to_string(), ..record() });
    let shown = async || {
        let info = history(&sandbox, "info", &json!({"cid": cid})).await;
        (info["data"]["client"].clone(), info["data"]["person"][0]["person"].clone())
    };
    assert_eq!(shown().await, (json!("Новый, ООО"), json!("Новиков")));
    sandbox.change_client(clid, |client| client.title = "Другой, ООО".to_owned());
    sandbox.change_contact(pid, |contact| contact.person = "Другов".to_owned());
    assert_eq!(shown().await, (json!("Другой, ООО"), json!("Другов")));
}

#[tokio::test]
async fn a_deleted_client_is_not_found_in_what_pointed_to_it() {
    let sandbox = sandbox().await;
    sandbox.delete_client(1);
    let contact = directory(&sandbox, "person/info", &json!({"pid": 1, "fields": "clid"})).await;
    assert_eq!(contact["data"], json!({"clid": 1, "client": "--не найден--"}));
}

#[tokio::test]
async fn the_server_writes_records_of_its_own_on_demand() {
    let sandbox = sandbox().await;
    sandbox.add_server_record(ServerRecord::Event, 1, 2, "Добавлен клиент");
    sandbox.add_server_record(ServerRecord::Log, 2, 2, "<b>Телефон</b>: 8(495)123-45-67");
    let list = history(&sandbox, "list", &json!({"order": "cid", "first": "old"})).await;
    let seen = |place: usize| {
        let record = &list["data"][place];
        (record["tip"].clone(), record["iduser"].clone(), record["clid"].clone(), record["datum"].clone())
    };
    assert_eq!(seen(0), (json!("СобытиеCRM"), json!(1), json!(2), json!("2024-06-25 14:25:00")));
    assert_eq!(seen(1), (json!("ЛогCRM"), json!(2), json!(2), json!("2024-06-25 14:25:00")));
}

#[tokio::test]
async fn ids_of_deleted_clients_do_not_come_again_and_a_reset_brings_the_clients_back() {
    let sandbox = Sandbox::builder().clients(3).contacts(3).start().await.unwrap();
    sandbox.delete_client(5);
    sandbox.delete_contact(5);
    assert_eq!(sandbox.add_client(Client::new("Новый", 1, at(25, 14))), 6);
    assert_eq!(sandbox.add_contact(Contact::new("Новый", 6, 1, at(25, 14))), 6);
    sandbox.reset();
    assert_eq!((sandbox.clients().len(), sandbox.contacts().len()), (5, 5));
    assert!(sandbox.client(5).is_some() && sandbox.client(6).is_none());
}
