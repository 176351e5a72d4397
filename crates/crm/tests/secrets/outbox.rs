//! A value of every public type of the outbox.

use std::time::Duration;

use crm::history::{EntryId, HistoryClient, NewEntry, Rejection};
use crm::outbox::{self as o, Outbox, Store as _};

use crate::search::Texts;
use crate::types::transport_with_secrets;
use crate::{KEY, LOGIN, PASSWORD};

pub(crate) async fn show(texts: &mut Texts) {
    let builder = HistoryClient::builder("https://crm.example.test").transport(transport_with_secrets());
    let history = builder.credentials(crm::history::ApiKey::new(KEY, LOGIN)).build().unwrap();
    let store = o::MemoryStore::new();
    let outbox = Outbox::with_store(store.clone());
    texts.debug(&outbox).debug(&outbox.deliver(history.clone()));
    let entry = NewEntry::new("x");
    outbox.put("a", &entry).await.unwrap();
    let conflict = outbox.put("a", &NewEntry::new("y")).await.unwrap_err();
    let o::PutError::Conflict(inner) = &conflict else { panic!("{conflict}") };
    texts.debug(&conflict).display(&conflict).debug(inner).display(inner);
    let new = o::NewActivity::from_entry("a", &entry).unwrap();
    texts.debug(&new).debug(&new.activity).debug(&store);
    statuses(texts, &outbox).await;
    rows(texts, &store).await;

    let prepared = o::Prepared::Hold { delay: Duration::ZERO, reason: "x".to_owned() };
    texts.debug(&prepared);
    let delivery = outbox.deliver(history).start();
    texts.debug(&delivery).debug(&delivery.health()).debug(&delivery.health().role);
    delivery.shutdown(Duration::ZERO).await.unwrap();

    let folder = std::env::temp_dir().join(format!("crm-secrets-outbox-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    texts.debug(&o::SqliteStore::open(folder.join("outbox.db")).await.unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    for url in
        [format!("postgres://u:{PASSWORD}@127.0.0.1:1/x"), format!("postgres://u:{PASSWORD}@/x?{PASSWORD}=1")]
    {
        texts.error("a store that is not reached", &Outbox::open(&url).await.unwrap_err());
    }
}

async fn statuses(texts: &mut Texts, outbox: &Outbox) {
    let unknown = o::UnknownOutcome::new("x", Some(EntryId(1)));
    texts.debug(&unknown);
    for status in [
        o::Status::Queued,
        o::Status::Held("x".to_owned()),
        o::Status::Refused(Rejection::new(None, "x")),
        o::Status::Unknown(unknown),
    ] {
        texts.debug(&status).display(&status).debug(&status.state()).display(&status.state());
    }
    texts.debug(&o::Resolution::Dropped("x".to_owned())).debug(&o::Filter::new());
    texts.debug(&outbox.stats().await.unwrap());
    texts.debug(&outbox.list(&o::Filter::new()).await.unwrap().remove(0));
}

async fn rows(texts: &mut Texts, store: &o::MemoryStore) {
    let sent = o::SentIn { number: 1, floor: 1, floor_is_certain: true };
    texts.debug(&sent).debug(&o::Request { sent, seqs: vec![1] }).debug(&o::Change::Queued);
    texts.debug(&store.get("a").await.unwrap().unwrap());
}
