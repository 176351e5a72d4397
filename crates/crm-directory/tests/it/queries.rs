//! What is sent, and what is refused before it is sent.

use crm_directory::operations::{ClientInfo, ClientList, PersonInfo, PersonList, UserInfo, UserList};
use crm_directory::transport::Operation;
use crm_directory::{
    ClientId, ClientOrder, ClientQuery, ClientType, ContactId, ContactOrder, ContactQuery, UserId, UserKey,
};
use serde_json::{Value, json};

use crate::support::{World, at, recordings};

fn body(operation: &impl Operation) -> Value {
    let request = operation.request().unwrap();
    assert_eq!(request.method(), "POST");
    assert_eq!(request.headers()["content-type"], "application/json");
    serde_json::from_slice(request.body()).unwrap()
}

fn clients(query: ClientQuery) -> Value {
    body(&ClientList::new(query))
}

fn contacts(query: ContactQuery) -> Value {
    body(&PersonList::new(query))
}

#[test]
fn the_requests_are_those_of_the_recordings() {
    let recorded = recordings();
    let asked = |name: &str| -> Value {
        let (_, recording) = recorded.iter().find(|(recorded, _)| recorded == name).unwrap();
        serde_json::from_str(recording["request"]["body"].as_str().unwrap_or("{}")).unwrap()
    };
    let c = ClientQuery::new;
    let day = |time: &str| at(&format!("2026-11-25T{time}"));
    for (name, query) in [
        ("client-list", c()),
        ("client-list-page-3", c().page(3).fields(["title"])),
        ("client-list-fields", c().fields(["title", "phone", "mail_url", "iduser"])),
        ("client-list-by-login", c().user("seller@example.test").fields(["iduser"])),
        ("client-list-by-user-id", c().user_id(UserId(2)).fields(["iduser"])),
        ("client-list-phone-digits", c().word("3422067201").fields(["title", "phone"])),
        (
            "client-list-created-day-with-times",
            c().created_between(day("00:00:00"), day("23:59:59")).fields(["date_create"]),
        ),
        ("client-list-relations-filter", c().relation("Постоянный клиент").fields(["title"])),
        ("client-list-type-person", c().client_type(ClientType::Person).fields(["type"])),
        ("client-list-trash", c().only_in_trash().fields(["title"])),
        ("client-list-source-by-id", c().source(4).fields(["clientpath"])),
        ("client-list-category-by-id", c().category(2).fields(["idcategory"])),
    ] {
        assert_eq!(clients(query), asked(name), "{name}");
    }
    let p = ContactQuery::new;
    for (name, query) in [
        ("person-list", p()),
        (
            "person-list-oldest-first",
            p().order_by(ContactOrder::Id).oldest_first().fields(["person", "tel", "mob", "mail", "clid"]),
        ),
        ("person-list-of-client", p().client(ClientId(1)).fields(["person", "clid"])),
        ("person-list-email", p().word("sidorova@example.test").fields(["person", "mail"])),
        ("person-list-mobile-filter-run-of-digits", p().mobile("3456789").fields(["person", "mob"])),
        ("person-list-socials", p().client(ClientId(3)).fields(["person"]).with_socials()),
    ] {
        assert_eq!(contacts(query), asked(name), "{name}");
    }
    assert_eq!(body(&UserInfo::new(UserId(1))), asked("user-info-by-id"));
    assert_eq!(body(&UserInfo::new("seller@example.test")), asked("user-info-by-login"));
    assert_eq!(body(&UserInfo::new(UserKey::Uid("MGR-3".to_owned()))), asked("user-info-by-uid"));
    assert_eq!(body(&UserList), json!({}));
    assert_eq!(body(&ClientInfo::new(ClientId(1))), json!({"clid": 1, "bankinfo": true}));
    assert_eq!(body(&PersonInfo::new(ContactId(1))), json!({"pid": 1, "socinfo": true}));
}

#[test]
fn a_range_of_times_includes_its_ends() {
    let (since, until) = (at("2026-11-25T10:00:00"), at("2026-11-25T11:00:00"));
    let sent = clients(ClientQuery::new().created_since(since));
    assert_eq!((&sent["dateStart"], &sent["dateEnd"]), (&json!("2026-11-25 09:59:59"), &Value::Null));
    let sent = clients(ClientQuery::new().created_until(until));
    assert_eq!((&sent["dateStart"], &sent["dateEnd"]), (&Value::Null, &json!("2026-11-25 11:00:01")));
    let sent = clients(ClientQuery::new().changed_between(since, until));
    assert_eq!(sent["dateChangeStart"], "2026-11-25 10:00:00");
    assert_eq!(sent["dateChangeEnd"], "2026-11-25 11:00:00");
}

#[test]
fn what_the_server_would_take_for_something_else_is_refused() {
    let client = |query: ClientQuery| {
        ClientList::new(query).request().err().and_then(|e| e.field().map(str::to_owned))
    };
    let contact = |query: ContactQuery| {
        PersonList::new(query).request().err().and_then(|e| e.field().map(str::to_owned))
    };
    let (c, p) = (ClientQuery::new, ContactQuery::new);
    let (late, early) = (at("2026-11-26T00:00:00"), at("2026-11-25T00:00:00"));
    for (query, field) in [
        (c().user("o'hara"), "user"),
        (c().user(" "), "user"),
        (c().user_id(UserId(0)), "user_id"),
        (c().word(""), "word"),
        (c().relation("a\\"), "relation"),
        (c().category(u64::MAX), "category"),
        (c().source(0), "source"),
        (c().fields(["title, 1"]), "fields"),
        (c().created_between(late, early), "created_between"),
        (c().changed_between(late, early), "changed_between"),
        (c().client_type(ClientType::Other("x'".to_owned())), "client_type"),
    ] {
        assert_eq!(client(query).as_deref(), Some(field));
    }
    for (query, field) in [
        (p().client(ClientId(0)), "client"),
        (p().mobile("1' OR '1"), "mobile"),
        (p().word(" "), "word"),
        (p().user("a\\"), "user"),
    ] {
        assert_eq!(contact(query).as_deref(), Some(field));
    }
    let field = |error: Option<crm_directory::Error>| error.and_then(|e| e.field().map(str::to_owned));
    assert_eq!(field(UserInfo::new("").request().err()).as_deref(), Some("login"));
    assert_eq!(field(ClientInfo::with_tax_id("1'").request().err()).as_deref(), Some("tax_id"));
    assert_eq!(field(ClientInfo::new(ClientId(0)).request().err()).as_deref(), Some("id"));
    assert_eq!(field(PersonInfo::new(ContactId(0)).request().err()).as_deref(), Some("id"));
    assert!(client(c().word("o'hara").order_by(ClientOrder::Name)).is_none(), "a word is safe");
}

#[tokio::test]
async fn fields_have_their_titles_and_those_of_a_group_its_name() {
    let world = World::new();
    assert_eq!(world.directory.client_fields().await.unwrap()["phone"], "Телефон");
    let titles = world.directory.contact_fields().await.unwrap();
    assert_eq!((titles["mob"].as_str(), titles["social.skype"].as_str()), ("Моб.", "Skype"));
}

#[tokio::test]
async fn the_client_of_the_history_and_this_one_share_their_connections() {
    let history = crm_history::HistoryClient::builder("http://localhost")
        .credentials(crm_directory::ApiKey::new("key", "login"))
        .transport(crate::support::Answers(|_: &str, _: &Value| r#"{"data":[{"iduser":1}]}"#.to_owned()))
        .build()
        .unwrap();
    let directory = crm_directory::DirectoryClient::from(&history);
    assert_eq!(directory.users().await.unwrap().items[0].id, UserId(1));
    assert_eq!(history.stats().calls, 1);
}
