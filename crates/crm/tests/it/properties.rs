//! What holds of every answer and of every request, whatever is in it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::common::{fixtures, history, projects};
use chrono::{Days, NaiveDate, NaiveDateTime};
use crm::history::operations as h;
use crm::history::{ApiKey, ClientId, ContactId, DealId, EntryOrder, EntryQuery, HistoryClient, NewEntry};
use crm::projects::operations as p;
use crm::projects::{
    Condition, Having, PaymentId, PaymentKind, PaymentQuery, ProjectFilter, ProjectId, ProjectQuery,
    StepQuery,
};
use crm::{Bytes, Operation, http};
use crm_sandbox::{Credential, Received, Sandbox};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Every answer we know of: the vendor's, the recorded ones, and those that the projects are assumed to give.
static ANSWERS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let documented = fixtures("salesman/documented").into_iter().map(|(_, file)| file["answer"].clone());
    let recorded = fixtures("salesman/captures")
        .into_iter()
        .filter_map(|(_, file)| serde_json::from_str(file["response"]["body"].as_str()?).ok());
    let project = json!({
        "id": 1, "name": "x", "created": "2020-01-01 10:00:00", "price": "1500.50", "user_id": "2", "step_id": 3,
        "participants_user_id": [1, 2], "data": {"client_id": "1,3", "contract_date": "2020-01-01"},
    });
    let mut answers: Vec<Value> = documented.chain(recorded).filter(|answer| !answer.is_null()).collect();
    answers.iter_mut().for_each(shorten);
    answers.extend([
        json!({"payload": [project], "total": 7}),
        json!({"payload": project}),
        json!({"data": {"projects": {"5": project, "7": {"name": "y"}}}}),
        json!([project, {"id": 2}]),
        json!({"status": "ok", "result": [project], "message": ""}),
    ]);
    answers
});

/// Two records tell as much as two hundred.
fn shorten(value: &mut Value) {
    if let Some(records) = value.get_mut("data").and_then(Value::as_array_mut) {
        records.truncate(2);
    }
}

/// The places of all values in a value, as JSON pointers.
fn places(value: &Value, at: String, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            places(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), out);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| places(value, format!("{at}/{i}"), out));
        }
        _ => {}
    }
    out.push(at);
}

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop_oneof!["0", "-1", "1.5", "0000-00-00 00:00:00", "2024-02-30", "Успешно", "Error", " 7 ", "1,2"]
            .prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 32, 6, |inner| {
        let key =
            prop_oneof![any::<String>(), "id|cid|pid|error|code|text|result|data|payload|message|datum"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_at_any_place_of_any_answer_is_read_or_told(which: prop::sample::Index, place: prop::sample::Index, value in any_json()) {
        let mut answer: Value = which.get(&ANSWERS[..]).clone();
        let mut all = Vec::new();
        places(&answer, String::new(), &mut all);
        let place: &String = place.get(&all);
        *answer.pointer_mut(place).unwrap() = value;
        crate::readers::answer(answer.to_string().as_bytes());
    }

    #[test]
    fn any_json_is_a_record_or_told(value in any_json()) {
        crate::readers::record(value.to_string().as_bytes());
    }

    #[test]
    fn any_text_is_an_answer_or_told(text: String, bytes: Vec<u8>) {
        crate::readers::answer(text.as_bytes());
        crate::readers::answer(&bytes);
        crate::readers::address(text.as_bytes());
        crate::readers::path(&bytes);
    }
}

/// A text as people, and people who mean harm, write it.
fn text() -> impl Strategy<Value = String> {
    let harm = "[a-zа-я]{0,3}(\r\n|\n|\0|&|=|#|\\?|/|\\.\\./|%|\"|'|;|--|,|\u{2028}|\u{feff}|😀|\\\\){1,3}[a-z: ]{0,9}";
    prop_oneof![any::<String>(), harm].prop_filter("empty", |text| !text.trim().is_empty())
}

fn day() -> impl Strategy<Value = NaiveDate> {
    (0u64..3_000_000).prop_map(|days| NaiveDate::from_ymd_opt(1000, 1, 1).unwrap() + Days::new(days))
}

fn time() -> impl Strategy<Value = NaiveDateTime> {
    (day(), 0u32..24, 0u32..60, 0u32..60).prop_map(|(day, h, m, s)| day.and_hms_opt(h, m, s).unwrap())
}

fn id() -> impl Strategy<Value = u64> {
    prop_oneof![1..50u64, 1..=u64::MAX]
}

/// An id as SalesMan's server can hold it.
fn salesman_id() -> impl Strategy<Value = u64> {
    prop_oneof![1..50u64, 1..=i64::MAX.unsigned_abs()]
}

/// A login that the server does not take for SQL.
fn login() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.replace(['\'', '\\'], "/"))
}

fn ids() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(id(), 1..4)
}

fn maybe<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(of)
}

/// An activity, and what must stand in the request of it.
fn entry() -> impl Strategy<Value = (NewEntry, Value)> {
    let texts = (text(), maybe(login()), maybe(text()));
    let id = salesman_id;
    let rest = (maybe(time()), maybe(id()), prop::collection::vec(id(), 0..4), maybe(id()));
    (texts, rest).prop_map(|((content, user, activity), (at, client, contacts, deal))| {
        let mut entry = NewEntry::new(&content);
        (entry.user, entry.activity_type, entry.at) = (user.clone(), activity.clone(), at);
        (entry.client, entry.deal) = (client.map(ClientId), deal.map(DealId));
        entry.contacts = contacts.iter().copied().map(ContactId).collect();
        let mut sent = Map::new();
        sent.insert("content".to_owned(), content.into());
        let joined = contacts.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let all = [
            ("user", user.map(Value::from)),
            ("tip", activity.map(Value::from)),
            ("datum", at.map(|at| at.to_string().into())),
            ("clid", client.map(Value::from)),
            ("pid", (!contacts.is_empty()).then(|| joined.into())),
            ("did", deal.map(Value::from)),
        ];
        sent.extend(all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        (entry, Value::Object(sent))
    })
}

const ORDERS: [(EntryOrder, &str); 8] = [
    (EntryOrder::Id, "cid"),
    (EntryOrder::At, "datum"),
    (EntryOrder::Content, "des"),
    (EntryOrder::ActivityType, "tip"),
    (EntryOrder::User, "iduser"),
    (EntryOrder::Client, "clid"),
    (EntryOrder::Contacts, "pid"),
    (EntryOrder::Deal, "did"),
];

fn entry_query() -> impl Strategy<Value = (EntryQuery, Value)> {
    let texts = (maybe(login()), maybe(text()), maybe(text()));
    let rest =
        (maybe(0..8usize), maybe(any::<bool>()), maybe((day(), 0..90u64)), maybe(salesman_id()), 0..9u64);
    (texts, rest).prop_map(|((user, word, activity), (order, old, days, client, page))| {
        let mut query = EntryQuery::new().page(page);
        let mut sent = Map::new();
        let mut put = |key: &str, value: Value| drop(sent.insert(key.to_owned(), value));
        if page > 0 {
            put("offset", page.into());
        }
        if let Some(user) = user {
            query = query.user(&user);
            put("user", user.into());
        }
        if let Some(word) = word {
            query = query.word(&word);
            put("word", word.into());
        }
        if let Some(activity) = activity {
            query = query.activity_type(&activity);
            put("tip", activity.into());
        }
        if let Some(order) = order {
            query = query.order_by(ORDERS[order].0);
            put("order", ORDERS[order].1.into());
        }
        if let Some(old) = old {
            query = if old { query.oldest_first() } else { query.newest_first() };
            put("first", if old { "old" } else { "new" }.into());
        }
        if let Some((first, days)) = days {
            let last = (first + Days::new(days)).min(NaiveDate::from_ymd_opt(9999, 12, 31).unwrap());
            query = query.between(first, last);
            put("dateStart", first.to_string().into());
            put("dateEnd", last.to_string().into());
        }
        if let Some(client) = client {
            query = query.client(ClientId(client));
            put("clid", client.into());
        }
        (query, Value::Object(sent))
    })
}

fn filter() -> impl Strategy<Value = (ProjectFilter, Value)> {
    let data = prop::collection::btree_map(
        text(),
        prop_oneof![text().prop_map(Value::from), ids().prop_map(Value::from)],
        0..3,
    );
    (data, maybe(ids()), maybe(id()), maybe((day(), 0..90u64)), maybe("[a-zа-я_0-9]{1,9}"), maybe(1..500u64))
        .prop_map(|(data, users, price, days, order, count)| {
            let mut filter = ProjectFilter::new().condition(Condition::Or).having(Having::NoGoods);
            let (mut sent, mut built_in) = (json!({"condition": "or", "having": "no_goods"}), Map::new());
            for (name, value) in &data {
                filter = filter.field(name, value.clone());
                sent["data"][name] = value.clone();
            }
            if let Some(users) = users {
                built_in.insert("user_id".to_owned(), users.clone().into());
                filter = filter.users(users);
            }
            if let Some(price) = price {
                filter = filter.price(price);
                built_in.insert("price".to_owned(), price.into());
            }
            if let Some((first, days)) = days {
                let last = first + Days::new(days);
                filter = filter.created(first, last);
                built_in.insert("created".to_owned(), format!("{first};{last}").into());
            }
            if !built_in.is_empty() {
                sent["buildin_data"] = built_in.into();
            }
            if let Some(order) = order {
                filter = filter.order_by(&order);
                sent["order_by"] = order.into();
            }
            if let Some(count) = count {
                filter = filter.count(count);
                sent["count"] = count.into();
            }
            (filter, sent)
        })
}

/// The sandbox, and clients of it.
struct Server {
    runtime: tokio::runtime::Runtime,
    sandbox: Sandbox,
    history: HistoryClient,
    projects: crm::projects::ProjectsClient,
}

impl Server {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sandbox = runtime.block_on(Sandbox::start()).unwrap();
        let history = history(sandbox.url());
        let history = history.with_credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS)).unwrap();
        let pair = crm::projects::TokenPair::new(crm_sandbox::TOKEN, crm_sandbox::SECRET);
        let projects = projects(sandbox.url()).with_credentials(pair).unwrap();
        Self { runtime, sandbox, history, projects }
    }

    /// What the sandbox has received of a call: exactly one request, with the right keys and the documented path.
    fn taken(&self, info: &crm::OperationInfo) -> Received {
        let mut requests = self.sandbox.requests();
        self.sandbox.clear_requests();
        assert_eq!(requests.len(), 1);
        let request = requests.remove(0);
        assert_eq!((request.method.as_str(), request.path.as_str()), (info.method.as_str(), info.path));
        assert!(request.credentials.iter().all(|(_, found)| *found == Credential::Right), "{request:?}");
        let names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
        for (name, value) in &request.headers {
            let known = ["accept", "accept-encoding", "content-length", "content-type", "host", "user-agent"];
            assert!(known.contains(&name.as_str()), "{names:?}");
            assert!(value.is_ascii() && value.len() < 60, "{name}: {value}");
        }
        request
    }
}

thread_local! {
    static SERVER: Server = Server::start();
}

fn body(request: &Received) -> Value {
    assert!(request.query.is_empty(), "{request:?}");
    serde_json::from_str(&request.body).unwrap()
}

fn query(request: &Received) -> BTreeMap<String, String> {
    assert!(request.body.is_empty(), "{request:?}");
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
    let map: BTreeMap<String, String> = pairs.iter().cloned().collect();
    assert_eq!(map.len(), pairs.len(), "a parameter comes twice: {pairs:?}");
    map
}

/// The parameters that a call of the projects is to have.
fn pairs<const N: usize>(all: [(&str, Option<String>); N]) -> BTreeMap<String, String> {
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_activity_arrives_as_it_was_built((entry, sent) in entry(), (other, sent_too) in entry()) {
        SERVER.with(|server| {
            let _ = server.runtime.block_on(server.history.add(&entry));
            prop_assert_eq!(body(&server.taken(&<h::Add>::INFO)), sent.clone());
            let outcomes = server.runtime.block_on(server.history.add_list(&[entry.clone(), other.clone()]));
            prop_assert_eq!(body(&server.taken(&<h::AddList>::INFO)), json!({"list": [sent, sent_too]}));
            // And is stored as the model says that a server of its kind stores it.
            let outcomes = outcomes.unwrap();
            for (entry, outcome) in [&entry, &other].into_iter().zip(outcomes) {
                if let Some(id) = outcome.id() {
                    let content = server.sandbox.record(id.0).unwrap().content.unwrap_or_default();
                    prop_assert_eq!(content, entry.as_stored().content);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_list_of_activities_is_asked_for_as_it_was_built((asked, sent) in entry_query()) {
        SERVER.with(|server| {
            let _ = server.runtime.block_on(server.history.list(&asked));
            prop_assert_eq!(body(&server.taken(&<h::List>::INFO)), sent);
            Ok(())
        })?;
    }

    #[test]
    fn a_filter_of_projects_arrives_as_it_was_built((filter, sent) in filter()) {
        SERVER.with(|server| {
            let _ = server.runtime.block_on(server.projects.filter(&filter));
            prop_assert_eq!(body(&server.taken(&<p::Filter as Operation>::INFO)), sent);
            Ok(())
        })?;
    }

    #[test]
    fn the_parameters_of_the_projects_arrive_as_they_were_built(
        project in id(), count in 1..500u64, offset: u64, order in "[a-zа-я_0-9]{1,9}", day in day(), steps in ids(), payment in id(),
    ) {
        SERVER.with(|server| {
            let asked = ProjectQuery::new().count(count).offset(offset).order_by(&order).descending().deleted(true);
            let _ = server.runtime.block_on(server.projects.list(&asked));
            let (count, offset) = (Some(count.to_string()), Some(offset.to_string()));
            let one = || Some("1".to_owned());
            let sent = pairs([("count", count), ("offset", offset), ("order_by", Some(order)), ("reverse", one()), ("deleted", one())]);
            prop_assert_eq!(query(&server.taken(&<p::List as Operation>::INFO)), sent);

            let id = ProjectId(project);
            let _ = server.runtime.block_on(server.projects.steps(id, &StepQuery::new().date(day).steps(steps.clone())));
            let joined = steps.iter().map(u64::to_string).collect::<Vec<_>>().join("_");
            let (project, date) = (Some(project.to_string()), Some(day.to_string()));
            let sent = pairs([("id", project.clone()), ("filter_date", date.clone()), ("filter_steps", Some(joined))]);
            prop_assert_eq!(query(&server.taken(&<p::Steps as Operation>::INFO)), sent);

            let asked = PaymentQuery::new().payment(PaymentId(payment)).date(day).kind(PaymentKind::Expense);
            let _ = server.runtime.block_on(server.projects.payments(id, &asked));
            let kind = Some(PaymentKind::Expense.as_str().to_owned());
            let sent = pairs([("id", project), ("filter_id", Some(payment.to_string())), ("filter_date", date), ("filter_type", kind)]);
            prop_assert_eq!(query(&server.taken(&<p::Payments as Operation>::INFO)), sent);
            Ok(())
        })?;
    }

    #[test]
    fn no_text_reaches_a_header_a_path_or_the_order_as_it_is(text in text()) {
        let (history, projects) = (history("https://crm.example.test"), projects("https://crm.example.test"));
        let check = |request: Result<http::Request<Bytes>, crm::Error>, info: &crm::OperationInfo| {
            let Ok(request) = request else { return };
            assert_eq!((request.uri().path(), request.uri().host()), (info.path, Some("crm.example.test")));
            assert!(!request.uri().to_string().contains(|c: char| c.is_control() || c == ' ' || c == '"'));
            for value in request.headers().values() {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                assert!(value.len() < 40 && (text.chars().count() < 4 || !value.contains(&text)), "{value}");
            }
        };
        let entry = NewEntry::new(&text).user(&text).activity_type(&text);
        check(history.prepare(&h::Add::new(entry.clone())), &<h::Add>::INFO);
        let asked = EntryQuery::new().user(&text).word(&text).activity_type(&text);
        check(history.prepare(&h::List::new(asked.clone())), &<h::List>::INFO);
        let asked = ProjectQuery::new().order_by(&text);
        let request = projects.prepare(&p::List::<()>::new(asked.clone()));
        let is_name = text.chars().all(|c| c.is_alphanumeric() || c == '_');
        prop_assert_eq!(request.is_ok(), is_name, "{}", text);
        check(request, &<p::List<()> as Operation>::INFO);
        let filter = ProjectFilter::new().order_by(&text);
        prop_assert_eq!(projects.prepare(&p::Filter::<()>::new(filter.clone())).is_ok(), is_name);
        let filter = ProjectFilter::new().field(&text, text.clone());
        check(projects.prepare(&p::Filter::<()>::new(filter.clone())), &<p::Filter<()> as Operation>::INFO);
        // A name for the client itself: it may not end its header either.
        let named = HistoryClient::builder("https://crm.example.test").transport(
            crm::ReqwestTransport::builder().without_system_certificates().body_limit(1).build().unwrap());
        let named = named.credentials(ApiKey::new("k", "l")).user_agent(&text).build();
        prop_assert_eq!(named.is_ok(), http::HeaderValue::from_str(&text).is_ok());
    }
}
