//! A value of every public type of the directory.

use crm::blocking;
use crm::directory::operations as d;
use crm::directory::{self, ApiKey, ClientQuery, ContactQuery, DirectoryClient};
use crm_model::directory as m;
use crm_sandbox as sandbox;

use crate::search::Texts;
use crate::types::{read, transport_with_secrets};
use crate::{KEY, LOGIN};

pub(crate) async fn show(texts: &mut Texts) {
    model(texts);
    operations(texts);
    texts.debug(&directory::NON_PERSONAL_DATA);
    texts.debug(&directory::phone_numbers_in("+7 (342) 206-72-01").remove(0));
    let builder = DirectoryClient::builder("https://crm.example.test").transport(transport_with_secrets());
    let client = builder.credentials(ApiKey::new(KEY, LOGIN)).build().unwrap();
    texts
        .debug(&client)
        .debug(&client.clone().with_cache(directory::CachePolicy::off()))
        .debug(&directory::CachePolicy::new());
    texts
        .debug(&client.export_clients(ClientQuery::new()))
        .debug(&client.export_contacts(ContactQuery::new()));
    let builder = blocking::directory::DirectoryClient::builder("https://crm.example.test");
    let builder = builder.transport(transport_with_secrets()).credentials(ApiKey::new(KEY, LOGIN));
    let client = builder.build().unwrap();
    texts.debug(&client).debug(&client.export_clients(ClientQuery::new()));
    lookups(texts).await;
}

fn model(texts: &mut Texts) {
    let client: m::Client = read(r#"{"clid":1,"title":"x","type":"person"}"#);
    let contact: m::Contact = read(r#"{"pid":1,"person":"x"}"#);
    let user: m::User = read(r#"{"iduser":1,"login":"x"}"#);
    texts.debug(&client).json(&client).debug(&contact).json(&contact).debug(&user).json(&user);
    let kind = client.client_type.unwrap();
    texts.debug(&kind).display(&kind);
    texts.debug(&m::ClientOrder::Id).display(&m::ClientOrder::Id);
    texts.debug(&m::ContactOrder::Id).display(&m::ContactOrder::Id);
}

fn operations(texts: &mut Texts) {
    texts.debug(&ClientQuery::new()).debug(&ContactQuery::new()).debug(&d::UserKey::from("x"));
    texts.debug(&d::UserList).debug(&d::UserInfo::new("x")).debug(&d::ClientFields).debug(&d::PersonFields);
    texts.debug(&d::ClientList::new(ClientQuery::new())).debug(&d::PersonList::new(ContactQuery::new()));
    texts.debug(&d::ClientInfo::new(m::ClientId(1))).debug(&d::PersonInfo::new(m::ContactId(1)));
}

async fn lookups(texts: &mut Texts) {
    let running = sandbox::Sandbox::start().await.unwrap();
    let builder = DirectoryClient::builder(running.url()).transport(transport_with_secrets());
    let client = builder.credentials(ApiKey::new(sandbox::APIKEY, sandbox::BOSS)).build().unwrap();
    let found = client.find_by_phone("+73422067201").await.unwrap().remove(0);
    texts.debug(&found).debug(&found.field);
    let unknown = directory::UnknownCallers::Hold;
    texts.debug(&unknown).debug(&unknown.decide(crm::history::NewEntry::new("x"), &[found]));
    let shown = format!("{client:?}");
    assert!(!shown.contains("3422067201"), "what was looked for is nobody else's: {shown}");
}
