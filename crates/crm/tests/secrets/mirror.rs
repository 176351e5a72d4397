//! A value of every public type of the mirror.

use std::sync::Arc;
use std::time::SystemTime;

use crm::directory::DirectoryClient;
use crm::history::{ApiKey, HistoryClient};
use crm::mirror::{self as m, Mirror, Sync, Table, singer, store};
use crm::projects::{ProjectsClient, TokenPair};

use crate::search::Texts;
use crate::types::transport_with_secrets;
use crate::{KEY, LOGIN, PASSWORD, SECRET, TOKEN};

pub(crate) async fn show(texts: &mut Texts) {
    let builder = HistoryClient::builder("https://crm.example.test").transport(transport_with_secrets());
    // The copy names the login it was made with, so that is not a secret here.
    let history = builder.credentials(ApiKey::new(KEY, "boss@example.test")).build().unwrap();
    let builder = ProjectsClient::builder("https://acme.example.test").transport(transport_with_secrets());
    let projects = builder.credentials(TokenPair::new(TOKEN, SECRET)).build().unwrap();
    let folder = std::env::temp_dir().join(format!("crm-secrets-mirror-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let sqlite = m::SqliteStore::open(folder.join("crm.db")).await.unwrap();
    texts.debug(&sqlite).debug(&m::MemoryStore::new());
    let mirror = Mirror::with_store(sqlite);
    let sync = Sync::new().history(&history).projects(&projects).directory(&DirectoryClient::from(&history));
    texts.debug(&mirror).debug(&sync);
    let report = mirror.run(sync).await.unwrap();
    texts.debug(&report).display(&report).debug(&report.outcome).display(&report.outcome);
    texts.debug(&report.tables[0]).display(&report.tables[0]).debug(&report.mode).display(&report.mode);
    texts.debug(&mirror.status(1).await.unwrap()[0]);
    for (name, value) in mirror.store().settings().await.unwrap() {
        texts.text(name, value);
    }
    let tap = singer::Tap::new(&mirror);
    let catalog = tap.discover().await.unwrap();
    texts.debug(&tap).debug(&catalog).json(&catalog).debug(&catalog.streams[0]).json(&catalog.streams[0]);
    texts.debug(&catalog.streams[0].metadata[0]).json(&catalog.streams[0].metadata[0]);
    let (state, bookmark) = (singer::State::default(), singer::Bookmark::default());
    texts.debug(&state).json(&state).debug(&bookmark).json(&bookmark).debug(&singer::TapReport::default());
    values(texts);

    let other = Sync::new().history(
        &HistoryClient::builder("https://crm.example.test")
            .credentials(ApiKey::new(KEY, LOGIN))
            .transport(transport_with_secrets())
            .build()
            .unwrap(),
    );
    texts.debug(&other);
    std::fs::remove_dir_all(&folder).unwrap();
    for url in
        [format!("postgres://u:{PASSWORD}@127.0.0.1:1/x"), format!("postgres://u:{PASSWORD}@/x?{PASSWORD}=1")]
    {
        texts.error("a store that is not reached", &Mirror::open(&url).await.unwrap_err());
    }
}

fn values(texts: &mut Texts) {
    let (key, table) = (m::Key::new(1), Table::Clients);
    let too_many = m::TooManyMissing { table, missing: 1, rows: 1 };
    texts.debug(&key).debug(&table).display(&table).debug(&too_many);
    let kind = m::ColumnKind::Text;
    let shape = m::Shape { table, columns: vec![("name".to_owned(), kind)] };
    texts.debug(&kind).display(&kind).debug(&shape);
    let phone = m::Phone {
        number: "1".to_owned(),
        tail: "1".to_owned(),
        written: "1".to_owned(),
        field: "phone",
        client_id: Some(1),
        contact_id: None,
    };
    let row = m::Row {
        key,
        values: vec![m::Value::Null],
        raw: "{}".to_owned(),
        fingerprint: 1,
        detail: None,
        phones: Vec::new(),
    };
    texts.debug(&phone).debug(&row).debug(&row.values[0]);
    let change = m::Change {
        seq: 1,
        run: 1,
        seen_at: SystemTime::UNIX_EPOCH,
        table,
        key,
        kind: m::ChangeKind::Insert,
        before: None,
        after: Some("{}".to_owned()),
    };
    texts.debug(&change).debug(&change.kind).debug(&m::ChangeFilter::new());
    let record = m::Record { key, raw: "{}".to_owned(), deleted_at: None, out_of_view_at: None };
    let range = store::Range { table, after: key, up_to: key, since: None, ids: Vec::new(), limit: 1 };
    let missing = store::Missing { key, run: 1, since: None };
    let batch = store::Batch::new(1, 1, &Arc::new(shape));
    let end = store::RunEnd {
        run: 1,
        ended_at: 1,
        mode: "quick",
        verdict: "complete",
        figures: "{}".to_owned(),
        error: None,
        shift_hours: None,
        settings: Vec::new(),
        keep_since: 1,
    };
    let head = store::Head { key, fingerprint: 1, detail: None, is_out_of_view: false };
    texts.debug(&record).debug(&range).debug(&missing).debug(&batch).debug(&end).debug(&head);
    texts.debug(&store::Removal::Delete).debug(&store::Applied::default());
    texts.debug(&store::ChildrenRead { project_id: 1, at: None });
}
