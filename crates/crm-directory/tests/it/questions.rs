//! A response is checked against its question.

use crm_directory::{
    ClientId, ClientQuery, ClientType, ContactId, ContactQuery, DirectoryClient, Error, ErrorKind, UserId,
    UserKey,
};

use crate::support::{World, answering, at};

fn parameter(error: Error) -> String {
    assert_eq!(error.kind(), ErrorKind::IgnoredParameter, "{error}");
    error.field().unwrap().to_owned()
}

#[tokio::test]
async fn another_record_than_the_asked_one_is_an_error() {
    let client = answering(r#"{"data":{"clid":7,"uid":"A","title":"x","created":"2026-11-25 10:00:00"}}"#);
    assert_eq!(parameter(client.client(ClientId(8)).await.unwrap_err()), "clid");
    assert_eq!(parameter(client.client_by_uid("B").await.unwrap_err()), "uid");
    assert_eq!(client.client_by_uid("a").await.unwrap().id, ClientId(7));
    let user = answering(r#"{"data":{"iduser":7,"login":"a@b.ru","uid":null}}"#);
    assert_eq!(parameter(user.user(UserId(8)).await.unwrap_err()), "iduser");
    assert_eq!(parameter(user.user("c@b.ru").await.unwrap_err()), "user");
    assert_eq!(parameter(user.user(UserKey::Uid("X".to_owned())).await.unwrap_err()), "uid");
    assert_eq!(user.user("A@B.ru ").await.unwrap().id, UserId(7));
    let contact = answering(r#"{"data":{"pid":7,"person":"x"}}"#);
    assert_eq!(parameter(contact.contact(ContactId(8)).await.unwrap_err()), "pid");
}

#[tokio::test]
async fn a_client_with_another_tax_id_is_an_error() {
    let other = answering(r#"{"data":{"clid":7,"bankinfo":{"castInn":"1","castOkpo":"5900000001"}}}"#);
    let error = other.client_by_tax_id("5900000001").await.unwrap_err();
    assert!(error.to_string().contains("another tax id"), "{error}");
    let same = answering(r#"{"data":{"clid":7,"bankinfo":{"castInn":"5900000001"}}}"#);
    assert_eq!(same.client_by_tax_id("5900000001").await.unwrap().tax_id(), Some("5900000001"));
}

const CLIENTS: &str = r#"{"data":[{"clid":7,"type":"client","date_create":"2026-11-25 10:00:00",
    "date_edit":"2026-11-26 10:00:00","user":"a@b.ru","iduser":2,"idcategory":1,"territory":1,"clientpath":1,"tip_cmr":"x"}],
    "params":{"page":1,"pageall":1},"count":1}"#;

async fn ignored(directory: &DirectoryClient, query: ClientQuery) -> String {
    parameter(directory.clients(&query).await.unwrap_err())
}

#[tokio::test]
async fn clients_that_do_not_fit_the_query_are_an_error() {
    let all = answering(CLIENTS);
    let day = |day: &str| at(&format!("2026-11-{day}T00:00:00"));
    let query = ClientQuery::new;
    assert_eq!(ignored(&all, query().user("c@b.ru")).await, "user");
    assert_eq!(ignored(&all, query().user_id(UserId(3))).await, "iduser");
    assert_eq!(ignored(&all, query().created_since(day("26"))).await, "dateStart");
    assert_eq!(ignored(&all, query().created_until(day("25"))).await, "dateEnd");
    assert_eq!(ignored(&all, query().changed_between(day("27"), day("28"))).await, "dateChangeStart");
    assert_eq!(ignored(&all, query().client_type(ClientType::Person)).await, "filter.type");
    assert_eq!(ignored(&all, query().relation("y")).await, "filter.relations");
    assert_eq!(ignored(&all, query().category(2)).await, "filter.idcategory");
    assert_eq!(ignored(&all, query().territory(2)).await, "filter.territory");
    assert_eq!(ignored(&all, query().source(2)).await, "filter.clientpath");
    let fitting =
        query().user("A@b.ru").created_between(at("2026-11-25T10:00:00"), at("2026-11-25T10:00:00"));
    assert_eq!(all.clients(&fitting).await.unwrap().len(), 1);
}

#[tokio::test]
async fn contacts_that_do_not_fit_the_query_are_an_error() {
    let all = answering(
        r#"{"data":[{"pid":7,"clid":1,"user":"a@b.ru","date_create":"2026-11-25 10:00:00"}],"count":1}"#,
    );
    let query = ContactQuery::new;
    for (query, ignored) in [
        (query().client(ClientId(2)), "filter.clid"),
        (query().user("c@b.ru"), "user"),
        (query().created_since(at("2026-11-26T00:00:00")), "dateStart"),
    ] {
        assert_eq!(parameter(all.contacts(&query).await.unwrap_err()), ignored);
    }
    assert_eq!(all.contacts(&query().client(ClientId(1))).await.unwrap().len(), 1);
}

#[tokio::test]
async fn records_without_an_owner_fit_a_login() {
    let nobodys = answering(r#"{"data":[{"clid":4,"user":"","iduser":0}],"params":{"pageall":1},"count":1}"#);
    assert_eq!(nobodys.clients(&ClientQuery::new().user("nosuch")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_contact_that_does_not_exist_is_not_found() {
    let world = World::new();
    let error = world.directory.contact(ContactId(999)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoRecord);
    for error in [
        error,
        world.directory.client(ClientId(999)).await.unwrap_err(),
        world.directory.client_by_uid("nosuch").await.unwrap_err(),
        world.directory.user(UserId(999)).await.unwrap_err(),
        world.directory.user("nobody").await.unwrap_err(),
    ] {
        assert!(error.is_not_found(), "{error}");
    }
    assert_eq!(
        world.directory.contact(ContactId(1)).await.unwrap().name.as_deref(),
        Some("Васильев Дмитрий")
    );
}

#[tokio::test]
async fn counted_contacts_without_any_record_and_an_empty_list_of_users_are_errors() {
    assert!(answering(r#"{"count":5}"#).contacts(&ContactQuery::new()).await.is_err());
    assert!(answering(r#"{"count":5}"#).contacts(&ContactQuery::new().page(1)).await.unwrap().is_empty());
    assert!(answering("[]").users().await.is_err());
}

#[tokio::test]
async fn a_name_with_a_backslash_that_spoils_the_page_is_read() {
    // The server writes `\\u0410` without one of its backslashes.
    let spoilt = answering(
        r#"{"data":[{"clid":7,"title":"C:\А"},{"clid":8,"title":"x"}],"params":{"pageall":1},"count":2}"#,
    );
    let page = spoilt.clients(&ClientQuery::new()).await.unwrap();
    assert_eq!((page.len(), page.total), (2, Some(2)));
    assert_eq!(page.items[1].id, ClientId(8));
}
