//! What happens to clients and contacts, and what becomes of the history with it.

use crm_sandbox::{Client, Contact, Record, Sandbox};
use serde_json::json;

use crate::support::{at, directory, history, record, sandbox};

#[tokio::test]
async fn deleting_a_client_deletes_all_its_records() {
    let sandbox = sandbox().await;
    let kept = sandbox.add_record(Record { clid: 2, ..record() });
    let gone = sandbox.add_record(Record { clid: 1, did: 1, pid: "1".to_owned(), ..record() });
    assert_eq!(sandbox.delete_client(1), 1);
    assert!(sandbox.record(gone).is_none());
    assert!(sandbox.record(kept).is_some());
    assert!(sandbox.client(1).is_none());
    assert_eq!(sandbox.delete_client(1), 0);
    let list = directory(&sandbox, "client/list", &json!({"order": "clid", "fields": "clid"})).await;
    assert_eq!(list["data"], json!([{"clid": 2}]));
}

#[tokio::test]
async fn deleting_a_contact_takes_it_out_of_the_directory_and_of_its_records() {
    let sandbox = sandbox().await;
    let cid = sandbox.add_record(Record { pid: "1;2".to_owned(), ..record() });
    assert_eq!(sandbox.delete_contact(1), 1);
    assert_eq!(sandbox.record(cid).unwrap().pid, "2");
    assert!(sandbox.contact(1).is_none());
    let info = directory(&sandbox, "person/info", &json!({"pid": 1, "fields": "pid"})).await;
    assert_eq!(info["data"], json!({"pid": null}));
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
async fn times_move_with_the_clock_of_the_account_as_those_of_records_do() {
    let zone = "Europe/Berlin".parse().unwrap();
    let sandbox = Sandbox::builder().zone(zone).now(at(25, 14)).start().await.unwrap();
    let mut client = Client::new("Летний", 1, at(25, 10));
    client.date_edit = Some(at(25, 11));
    let clid = sandbox.add_client(client);
    let pid = sandbox.add_contact(Contact::new("Летний", clid, 1, at(25, 10)));
    sandbox.set_now("2024-12-25T14:25:00".parse().unwrap());
    let info = directory(&sandbox, "client/info", &json!({"clid": clid})).await;
    assert_eq!(info["data"]["created"], "2024-06-25 09:25:00");
    assert_eq!(info["data"]["edited"], "2024-06-25 10:25:00");
    let info = directory(&sandbox, "person/info", &json!({"pid": pid})).await;
    assert_eq!(info["data"]["date_create"], "2024-06-25 09:25:00");
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
