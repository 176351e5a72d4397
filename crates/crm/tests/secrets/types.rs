//! A value of every public type, made of secrets wherever one can go in.

use std::borrow::Cow;

use crm::history::{self, ApiKey, EntryQuery, HistoryClient, NewEntry, operations as h};
use crm::json::{JsonError, Place, RawRecord, RecordList};
use crm::projects::{self, ProjectsClient, TokenPair, operations as p};
use crm::{Credentials, ReqwestTransport, http, reqwest};
use crm_sandbox as sandbox;
use serde::de::DeserializeOwned;

use crate::search::Texts;
use crate::{KEY, LOGIN, OTHER, PASSWORD, SECRET, TOKEN};

pub(crate) fn read<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

/// Shows them all. Whoever adds a type adds it here: the test names those that are missing.
pub(crate) async fn show(texts: &mut Texts) {
    clients(texts);
    transport(texts);
    model(texts);
    operations(texts);
    import(texts).await;
    export(texts).await;
    testing(texts).await;
    the_sandbox(texts).await;
    crate::directory::show(texts).await;
    crate::mirror::show(texts).await;
    crate::outbox::show(texts).await;
}

pub(crate) fn transport_with_secrets() -> ReqwestTransport {
    transport_builder_with_secrets().build().unwrap()
}

fn transport_builder_with_secrets() -> crm::ReqwestTransportBuilder {
    let mut headers = http::HeaderMap::new();
    headers.insert("authorization", http::HeaderValue::from_str(OTHER).unwrap());
    let proxy = reqwest::Proxy::https("http://127.0.0.1:1").unwrap().basic_auth("user", PASSWORD);
    let client = reqwest::Client::builder().default_headers(headers).proxy(proxy);
    let transport = ReqwestTransport::builder().without_system_certificates();
    transport.reqwest(|_| client.connection_verbose(true)).body_limit(1 << 20)
}

fn clients(texts: &mut Texts) {
    let (api_key, pair) = (ApiKey::new(KEY, LOGIN), TokenPair::new(TOKEN, SECRET));
    texts.debug(&api_key).debug(&pair);
    let own =
        Credentials::new().header(http::HeaderName::from_static("own"), "own", Credentials::secret(OTHER));
    texts.debug(&own).debug(&Credentials::secret(OTHER));
    texts.debug(&Credentials::from(api_key.clone())).debug(&Credentials::from(pair.clone()));
    // An address is checked only when the client is built: until then there may be anything in it.
    let address = format!("https://user:{PASSWORD}@crm.example.test/{PASSWORD}");
    texts.debug(&HistoryClient::builder(&address).credentials(api_key.clone()));
    texts.error(
        "address",
        &HistoryClient::builder(&address).credentials(api_key.clone()).build().unwrap_err(),
    );
    let builder = ProjectsClient::builder("https://crm.example.test").transport(transport_with_secrets());
    let projects = builder.credentials(pair.clone()).build().unwrap();
    let builder = HistoryClient::builder("https://crm.example.test").transport(transport_with_secrets());
    let history = builder.credentials(api_key).build().unwrap();
    let other = history.with_credentials(ApiKey::new(OTHER, LOGIN)).unwrap();
    texts.debug(&history).debug(&other).debug(&projects).debug(&projects.with_credentials(pair).unwrap());
    texts.debug(&history.prepare(&h::Fields).unwrap());
    let query = projects::ProjectQuery::new();
    texts.debug(&projects.prepare(&p::List::<()>::new(query.clone())).unwrap());
    texts.debug(&history.entries(EntryQuery::new())).debug(&history.stats());
    without_async(texts);
    for bad in [format!(" {KEY}"), format!("{KEY}\n"), format!("{KEY}\0")] {
        let builder = HistoryClient::builder("https://crm.example.test").transport(transport_with_secrets());
        texts.error(
            "a key no header can carry",
            &builder.credentials(ApiKey::new(&bad, LOGIN)).build().unwrap_err(),
        );
        texts.error("another one", &history.with_credentials(ApiKey::new(KEY, &bad)).unwrap_err());
    }
}

fn without_async(texts: &mut Texts) {
    use crm::blocking::{self, history::HistoryClient, projects::ProjectsClient};
    let builder = HistoryClient::builder("https://crm.example.test").transport(transport_with_secrets());
    let history = builder.credentials(ApiKey::new(KEY, LOGIN)).build().unwrap();
    let builder = ProjectsClient::builder("https://crm.example.test").transport(transport_with_secrets());
    let projects = builder.credentials(TokenPair::new(TOKEN, SECRET)).build().unwrap();
    texts.debug(&history).debug(&projects).debug(&blocking::Runtime::new());
    texts.debug(&history.entries(EntryQuery::new())).debug(&history.export(EntryQuery::new()));
    texts.debug(&history.import([NewEntry::new("x")]));
}

fn transport(texts: &mut Texts) {
    use crm::{Delivery, ErrorKind, Idempotency, OperationInfo, ReadMethod, Refusal, RetryPolicy};
    const INFO: OperationInfo = <h::Fields as crm::Operation>::INFO;
    let with_key = |request: http::Request<http_body_util::Full<crm::Bytes>>| async move {
        Ok::<_, std::convert::Infallible>(http::Response::new(request.into_body()))
    };
    texts.debug(&crm_transport::TowerTransport::new(tower::service_fn(with_key), 1));
    texts
        .debug(&transport_with_secrets())
        .debug(&transport_builder_with_secrets())
        .debug(&INFO)
        .debug(&RetryPolicy::new());
    texts.debug(&history::Pace::new()).debug(&crm_transport::Position::default());
    texts.debug(&Idempotency::Read).debug(&ReadMethod::Get).display(&ReadMethod::Get).debug(&Refusal::Auth);
    texts.debug(&ErrorKind::Api).debug(&Delivery::Unknown).display(&Delivery::Unknown).debug(&crm::Async);
    let lock = crm_transport::durable::PathLock::take(&std::env::temp_dir().join("crm-secrets-lock"));
    texts.debug(&lock.unwrap().unwrap()).debug(&crm_transport::durable::IdentityHash::new());
    let error = JsonError::new("$", "expected");
    texts.debug(&error).display(&error);
    texts.debug(&RawRecord { place: Place::Index(0), json: Cow::Borrowed("1") }).debug(&Place::Index(0));
    texts
        .debug(&RecordList(vec![1]))
        .debug(&crm_transport::json::KeyOf(&["id"]))
        .debug(&crm_transport::json::Object(1));
    texts.debug(&crm_transport::Parameters::new().with("apikey", KEY));
    let error = crm::TransportError::connect("no connection");
    texts.debug(&error).display(&error);
    let pipeline = <Kept as crm_transport::Client>::over;
    let kept =
        crm::ClientBuilder::<Kept>::new("https://crm.example.test").transport(transport_with_secrets());
    let kept = kept.credentials(Credentials::new().header(
        http::HeaderName::from_static("own"),
        "own",
        Credentials::secret(OTHER),
    ));
    let Kept(kept) = kept.build().unwrap();
    texts.debug(&kept).debug(&kept.credentials().clone());
    drop(pipeline(kept));
}

/// A client that is nothing but its pipeline.
struct Kept(crm::Pipeline);

impl crm_transport::Client for Kept {
    type Credentials = Credentials;

    fn over(pipeline: crm::Pipeline) -> Self {
        Self(pipeline)
    }
}

fn model(texts: &mut Texts) {
    use crm_model::history::{
        ActivityFilter, ActivityType, AddOutcome, ClientId, Contact, ContactId, DealId, Entry, EntryId,
        EntryOrder, ErrorCode, Rejection, UserId,
    };
    use crm_model::projects as m;
    fn id<T: std::fmt::Debug + std::fmt::Display + serde::Serialize>(texts: &mut Texts, id: T) {
        texts.debug(&id).display(&id).json(&id);
    }
    id(texts, EntryId(1));
    id(texts, ClientId(1));
    id(texts, ContactId(1));
    id(texts, DealId(1));
    id(texts, UserId(1));
    id(texts, m::ProjectId(1));
    id(texts, m::StepId(1));
    id(texts, m::SalesFunnelId(1));
    id(texts, m::UserId(1));
    id(texts, m::GroupId(1));
    id(texts, m::CurrencyId(1));
    id(texts, m::ActionId(1));
    id(texts, m::ActionTypeId(1));
    id(texts, m::ChecklistId(1));
    id(texts, m::GoodId(1));
    id(texts, m::PaymentId(1));
    let entry: Entry = read(r#"{"cid":1,"content":"x","person":[{"pid":2,"person":"y"}]}"#);
    texts.debug(&entry).json(&entry);
    let contact: Contact = entry.contacts[0].clone();
    texts.debug(&contact).json(&contact);
    let kind: ActivityType = read(r##"{"title":"x","filter":"all"}"##);
    texts.debug(&kind).json(&kind).debug(&ActivityFilter::All).display(&ActivityFilter::All);
    texts.debug(&EntryOrder::Id).display(&EntryOrder::Id);
    texts.debug(&ErrorCode::NotFound).display(&ErrorCode::NotFound);
    let error = KEY.parse::<EntryId>().unwrap_err();
    texts.debug(&error).display(&error);
    let new = NewEntry::new("«x»");
    texts.debug(&new).json(&new).debug(&new.as_stored());
    let loss = new.losses().remove(0);
    texts.debug(&loss).display(&loss).debug(&loss.kind);
    let rejection = Rejection::new(Some(405), "x");
    texts.debug(&rejection).display(&rejection);
    let outcome = AddOutcome::Rejected(rejection);
    texts.debug(&outcome).display(&outcome).debug(&crm_model::OneLine(KEY)).display(&crm_model::OneLine("x"));
    let unreadable = crm::Unreadable::new("$", "x", KEY);
    texts.debug(&unreadable).display(&unreadable).debug(&crm::Page::new(vec![1]));
    let project: m::Project = read(r#"{"id":1,"price":"x"}"#);
    texts.debug(&project).json(&project).debug(&project.fields).json(&project.fields);
    let error = project.fields.as_u64("price").unwrap_err();
    texts.debug(&error).display(&error);
    let step: m::Step = read(r#"{"id":1}"#);
    texts.debug(&step).json(&step);
    texts.debug(&m::Condition::And).display(&m::Condition::And);
    texts.debug(&m::Having::Payments).display(&m::Having::Payments);
    texts.debug(&m::PaymentKind::Income).display(&m::PaymentKind::Income);
}

fn operations(texts: &mut Texts) {
    let (entry, query) = (NewEntry::new("x"), EntryQuery::new());
    texts
        .debug(&h::Fields)
        .debug(&h::ActivityTypes)
        .debug(&h::Info::new(history::EntryId(1)))
        .debug(&h::List::new(query.clone()));
    texts
        .debug(&h::Add::new(entry.clone()))
        .debug(&h::AddList::new(vec![entry.clone()]))
        .debug(&h::Delete::new(history::EntryId(1)))
        .debug(&query);
    let project = projects::ProjectId(1);
    let (list, filter) = (projects::ProjectQuery::new(), projects::ProjectFilter::new());
    let (steps, actions) = (projects::StepQuery::new(), projects::ActionQuery::new());
    let payments = projects::PaymentQuery::new();
    texts.debug(&list).debug(&filter).debug(&steps).debug(&actions).debug(&payments);
    texts.debug(&p::List::<()>::new(list.clone())).debug(&p::Filter::<()>::new(filter.clone()));
    texts.debug(&p::Info::<()>::new(project)).debug(&p::Steps::<()>::new(project, steps.clone()));
    texts
        .debug(&p::Actions::<()>::new(project, actions.clone()))
        .debug(&p::ActionInfo::<()>::new(projects::ActionId(1)));
    texts.debug(&p::Checklists::<()>::new(project)).debug(&p::Goods::<()>::new(project));
    texts.debug(&p::Payments::<()>::new(project, payments.clone()));
}

async fn import(texts: &mut Texts) {
    let builder = HistoryClient::builder("http://127.0.0.1:1").transport(transport_with_secrets());
    let builder = builder.retry(crm::RetryPolicy::none());
    let client = builder.credentials(ApiKey::new(KEY, LOGIN)).build().unwrap();
    texts
        .debug(&client.import([NewEntry::new("x")]).journal("journal"))
        .debug(&history::LossPolicy::Warn)
        .display(&history::LossPolicy::Warn);
    let import = client.import([NewEntry::new("x")]).patience(std::time::Duration::from_millis(1));
    let mut outcomes = import.outcomes();
    let imported = outcomes.next().await.unwrap().unwrap();
    let mut report = history::ImportReport::default();
    texts.debug(&outcomes).debug(&imported);
    report.add(imported);
    texts.debug(&report).display(&report).debug(&report.totals).debug(&report.not_stored[0]);
    let (not_sent, unknown) = (history::NotSentReason::Cancelled, history::UnknownReason::Unreadable);
    texts.debug(&not_sent).display(&not_sent).debug(&unknown).display(&unknown);
    texts.debug(&history::OutcomeReason::NotSent(not_sent)).debug(&history::Zone::new(chrono::Utc));
}

async fn export(texts: &mut Texts) {
    let running = sandbox::Sandbox::builder().records(1).start().await.unwrap();
    let builder = HistoryClient::builder(running.url()).transport(transport_with_secrets());
    let client = builder.credentials(ApiKey::new(sandbox::APIKEY, sandbox::BOSS)).build().unwrap();
    let told = std::sync::Arc::new(std::sync::Mutex::new(None));
    let tell = std::sync::Arc::clone(&told);
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let checkpoint = folder.join(format!("secrets-checkpoint-{}", std::process::id()));
    texts.debug(&EntryQuery::new().with_texts(history::Texts::Changed));
    // What is searched for is the caller's own, but the checkpoint must not keep it.
    let query = EntryQuery::new().user(sandbox::SELLER).word(OTHER);
    let builder = client.export(query.with_texts(history::Texts::Changed)).checkpoint(&checkpoint);
    let builder = builder.on_progress(move |progress| *tell.lock().unwrap() = Some(*progress));
    texts.debug(&builder);
    let mut all = builder.start().await.unwrap();
    while all.next().await.is_some() {}
    texts.debug(&all).debug(all.figures()).display(all.figures()).json(all.figures());
    let verdict = all.finish().await;
    texts.debug(&verdict).display(&verdict).debug(&history::Texts::Changed).display(&history::Texts::Changed);
    texts.debug(&told.lock().unwrap().unwrap());
    if let Ok(text) = std::fs::read_to_string(&checkpoint) {
        texts.text("checkpoint", &text);
    }
    let _ = std::fs::remove_file(&checkpoint);
    let selection = projects::ProjectSelection::from(projects::ProjectQuery::new());
    texts.debug(&selection);
}

async fn testing(texts: &mut Texts) {
    use crm::testing::{Answer, Call, Recorder, Replay, Scramble, Script};
    let script = Script::new().expect(Call::to("history.add"), Answer::timeout());
    texts
        .debug(&script)
        .debug(&Call::to("history.add"))
        .display(&Call::to("history.add"))
        .debug(&Answer::raw("x"))
        .debug(&Scramble::contents().keep_non_personal(history::NON_PERSONAL_DATA))
        .debug(&history::NON_PERSONAL_DATA);
    let client = HistoryClient::builder("https://crm.example.test").transport(script.transport());
    let client = client.credentials(ApiKey::new(KEY, LOGIN)).build().unwrap();
    let mut entry = NewEntry::new(KEY);
    entry.user = Some(LOGIN.to_owned());
    texts.error("a call that is not in the script", &client.delete(history::EntryId(1)).await.unwrap_err());
    let story = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| script.finish())).unwrap_err();
    texts.text("the story of a script", *story.downcast::<String>().unwrap());

    let file = std::env::temp_dir().join(format!("crm-secrets-types-{}", std::process::id()));
    let _ = std::fs::remove_file(&file);
    texts.debug(&Recorder::new(Script::new().transport(), &file, Scramble::nothing()).unwrap());
    let replay = Replay::open(&file).unwrap();
    texts.debug(&replay);
    let client = HistoryClient::builder("https://crm.example.test").transport(replay);
    let client = client.credentials(ApiKey::new(KEY, LOGIN)).build().unwrap();
    texts.error("a call that is not in the recording", &client.add(&entry).await.unwrap_err());
    std::fs::remove_file(&file).unwrap();
}

fn the_sandboxs_accounts(texts: &mut Texts) {
    let builder = sandbox::Sandbox::builder();
    let unknown = builder.shift("nobody@example.test", 1).unwrap_err();
    texts.debug(&unknown).display(&unknown);
    let inside = sandbox::Sandbox::builder().clients(1).contacts(1);
    let inside = inside.in_process(sandbox::VirtualClock::new("2024-06-25T11:25:00Z".parse().unwrap()));
    let account = &inside.accounts()[0];
    texts.debug(account).debug(&sandbox::Account::new(KEY)).debug(&account.users[0]);
    texts.debug(&account.zone).debug(&account.sql_mode).debug(&account.users[0].role);
    texts.debug(&inside.clients()[0]).debug(&inside.contacts()[0]);
    let guides = sandbox::Guides::default();
    texts
        .debug(&guides)
        .debug(&guides.categories[0])
        .debug(&guides.relations[0])
        .debug(&guides.territories[0]);
    let text = String::new;
    let signer = sandbox::Signer {
        id: 1,
        mcid: 1,
        title: text(),
        status: text(),
        signature: text(),
        osnovanie: text(),
        stamp: text(),
    };
    texts.debug(&guides.sources[0]).debug(&signer);
    texts
        .debug(&sandbox::ServerEvent::DealAdded)
        .json(&sandbox::ServerEvent::DealAdded)
        .debug(&sandbox::Generated::Client);
}

async fn the_sandbox(texts: &mut Texts) {
    let running = sandbox::Sandbox::builder().records(1);
    texts.debug(&running);
    let running = running.start().await.unwrap();
    let client = HistoryClient::builder(running.url()).transport(transport_with_secrets());
    let client = client.credentials(ApiKey::new(KEY, LOGIN)).build().unwrap();
    texts.error("wrong keys", &client.fields().await.unwrap_err());
    let received = running.requests().remove(0);
    texts.debug(&received).json(&received).debug(&received.credentials[0].1).json(&received.credentials[0].1);
    texts.debug(&running).debug(&running.records()[0]);
    let operation = received.operation.unwrap();
    texts.debug(&operation).display(&operation).json(&operation);
    let rule = sandbox::Fault::byte_order_mark().everywhere();
    texts.debug(&rule).json(&rule).debug(rule.fault()).json(rule.fault());
    texts.debug(&sandbox::When::Once).json(&sandbox::When::Once);
    let error = sandbox::ApiError { code: 1, text: "x".to_owned() };
    let mut fixed = sandbox::FixedAnswer::new(200);
    fixed.api_error = Some(error.clone());
    texts.debug(&error).json(&error).debug(&fixed).json(&fixed);
    texts.debug(&sandbox::Store::Now).json(&sandbox::Store::Now);
    texts.debug(&sandbox::Transfer::Whole).json(&sandbox::Transfer::Whole);
    texts
        .debug(&sandbox::Condition::LaterPage)
        .json(&sandbox::Condition::LaterPage)
        .debug(&sandbox::RequestEdit::DropBody)
        .json(&sandbox::RequestEdit::DropBody);
    texts
        .debug(&sandbox::AnswerEdit::Empty)
        .json(&sandbox::AnswerEdit::Empty)
        .debug(&sandbox::IdForm::Null)
        .json(&sandbox::IdForm::Null)
        .debug(&sandbox::Moment::Before)
        .json(&sandbox::Moment::Before);
    let change = sandbox::PageChange::default();
    texts.debug(&change).json(&change);
    let change = sandbox::Change::FirstPage(change);
    texts.debug(&change).json(&change);
    let clock = sandbox::VirtualClock::new("2024-06-25T11:25:00Z".parse().unwrap());
    let inside = sandbox::Sandbox::builder().in_process(clock.clone());
    let request =
        http::Request::post("http://sandbox.test/developer/v3/history/fields").header("apikey", KEY);
    let exchange = inside.receive(request.body(Default::default()).unwrap());
    texts
        .debug(&clock)
        .debug(&inside)
        .debug(&exchange)
        .debug(&sandbox::Failure::Closed)
        .display(&sandbox::Failure::Closed);
    texts.debug(&sandbox::RetryAfter::Absurd).json(&sandbox::RetryAfter::Absurd);
    texts.debug(&sandbox::Revision::default()).debug(&sandbox::ProjectsShape::default());
    the_sandboxs_accounts(texts);
    let all = running.projects();
    texts.debug(&all[0]).debug(all[0].data.values().next().unwrap());
    texts.debug(all.iter().find_map(|project| project.steps.first()).unwrap());
    texts.debug(all.iter().find_map(|project| project.actions.first()).unwrap());
    texts.debug(all.iter().find_map(|project| project.goods.first()).unwrap());
    texts.debug(all.iter().find_map(|project| project.payments.first()).unwrap());
    let checklist = all.iter().find_map(|project| project.checklists.first()).unwrap();
    texts.debug(checklist).debug(&checklist.items[0]);
}
