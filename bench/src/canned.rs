//! Both CRMs as a transport that answers at once, and counts.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use crm_history::{ApiKey, HistoryClient, Pace};
use crm_projects::{ProjectsClient, TokenPair};
use crm_transport::{BoxFuture, Transport, TransportError};
use http::{Request, Response};

/// A CRM in which nothing changes. Clones share it.
#[derive(Clone, Debug)]
pub struct Canned {
    activities: u64,
    projects: u64,
    counted: Arc<Counted>,
}

/// What was asked of it.
#[derive(Debug, Default)]
pub struct Counted {
    /// Requests for lists of activities.
    pub activities: AtomicU64,
    /// Requests for projects and what belongs to them.
    pub projects: AtomicU64,
    /// Activities that were added. They are in no list.
    pub added: AtomicU64,
}

/// 2024-06-25 11:25:00 UTC.
pub const NOW: u64 = 1_719_314_700;
/// The activities are spread over so many days before.
const DAYS: u64 = 100;
/// So many activities are on a page.
pub const PAGE: u64 = 200;

/// The time of its clock.
#[must_use]
pub fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

impl Canned {
    /// Creates a CRM with so many records.
    #[must_use]
    pub fn new(activities: u64, projects: u64) -> Self {
        Self { activities, projects, counted: Arc::default() }
    }

    /// What was asked so far.
    #[must_use]
    pub fn counted(&self) -> &Counted {
        &self.counted
    }

    /// A client of its activities.
    #[must_use]
    pub fn history(&self) -> HistoryClient {
        history(self.clone())
    }

    /// A client of its projects.
    #[must_use]
    pub fn projects(&self) -> ProjectsClient {
        ProjectsClient::builder("https://crm.test")
            .credentials(TokenPair::new("token", "secret"))
            .transport(self.clone())
            .pace(Pace::new().in_flight(8))
            .build()
            .unwrap()
    }

    fn list(&self, body: &[u8]) -> String {
        self.counted.activities.fetch_add(1, Ordering::Relaxed);
        let asked: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let since = asked["dateStart"].as_str().unwrap_or_default();
        let skip = usize::try_from(asked["offset"].as_u64().unwrap_or(0) * PAGE).unwrap();
        let is_old = asked["first"] == "old";
        let dates: Vec<String> = (0..DAYS).map(date).collect();
        let fits = |id: &u64| dates[(*id % DAYS) as usize].as_str() >= since;
        let in_order = |place: u64| if is_old { place } else { self.activities + 1 - place };
        let page: Vec<u64> = if since <= "1000" {
            let from = skip as u64 + 1;
            (from..=self.activities.min(from + PAGE - 1)).map(in_order).collect()
        } else {
            (1..=self.activities).map(in_order).filter(fits).skip(skip).take(PAGE as usize).collect()
        };
        if page.is_empty() {
            return "[]".to_owned();
        }
        let mut text = String::from("{\"data\":[");
        for id in page {
            let comma = if text.ends_with('[') { "" } else { "," };
            let day = &dates[(id % DAYS) as usize];
            let _ = write!(
                text,
                "{comma}{{\"cid\":{id},\"datum\":\"{day} 10:00:00\",\"content\":\"вх. звонок {id}, 2 мин 15 с\",\
                 \"tip\":\"вх.Звонок\",\"iduser\":2,\"user\":\"seller@example.test\",\"clid\":{},\
                 \"client\":\"КАМКАБЕЛЬ, ОАО\",\"person\":[{{\"pid\":1,\"person\":\"Васильев Дмитрий\"}}],\"did\":1,\
                 \"dogovor\":\"Поставка кабеля\"}}",
                id % 5000 + 1
            );
        }
        text + "]}"
    }

    fn projects_page(&self, query: &str) -> String {
        self.counted.projects.fetch_add(1, Ordering::Relaxed);
        let number = |name: &str| {
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            pair.and_then(|value| value.parse::<u64>().ok())
        };
        let from = number("offset").unwrap_or(0);
        let to = self.projects.min(from + number("count").unwrap_or(100));
        let project = |id: u64| {
            format!(
                "{{\"id\":{id},\"name\":\"Проект {id}\",\"created\":\"2024-01-10 10:30:00\",\"sales_funnel_id\":1,\
                 \"step_id\":5,\"user_id\":2,\"group_id\":3,\"price\":100,\"currency_id\":1,\"deleted\":\"0\",\
                 \"data\":{{\"client_id\":3,\"comment\":\"Клиент\"}}}}"
            )
        };
        let projects: Vec<String> = (from + 1..=to).map(project).collect();
        format!("{{\"payload\":[{}]}}", projects.join(","))
    }

    fn add_list(&self, body: &[u8]) -> String {
        let asked: serde_json::Value = serde_json::from_slice(body).unwrap();
        let count = asked["list"].as_array().unwrap().len() as u64;
        let first = self.activities + 1 + self.counted.added.fetch_add(count, Ordering::Relaxed);
        let results: Vec<String> =
            (first..first + count).map(|id| format!("{{\"result\":\"Успешно\",\"data\":{id}}}")).collect();
        format!("[{}]", results.join(","))
    }

    fn children(&self) -> String {
        self.counted.projects.fetch_add(1, Ordering::Relaxed);
        "{\"payload\":[{\"id\":7,\"name\":\"Договор\",\"date\":\"2024-02-10\",\"amount\":1000,\"type\":\"1\"}]}".to_owned()
    }
}

/// A client of activities over a transport, with 8 calls in flight.
pub fn history(transport: impl Transport) -> HistoryClient {
    HistoryClient::builder("https://crm.test")
        .credentials(ApiKey::new("key", "login"))
        .transport(transport)
        .pace(Pace::new().in_flight(8))
        .build()
        .unwrap()
}

fn date(days: u64) -> String {
    let seconds = i64::try_from(NOW - days * 86_400).unwrap();
    chrono::DateTime::from_timestamp(seconds, 0).unwrap().format("%Y-%m-%d").to_string()
}

impl Transport for Canned {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let path = request.uri().path();
            let text = match path.rsplit('/').next().unwrap_or_default() {
                "tips" => "{\"data\":[{\"title\":\"вх.Звонок\",\"color\":\"#009900\",\"filter\":\"all\"}]}"
                    .to_owned(),
                "list" => self.list(request.body()),
                "add.list" => self.add_list(request.body()),
                "projects" => self.projects_page(request.uri().query().unwrap_or_default()),
                _ => self.children(),
            };
            Ok(Response::new(text.into()))
        })
    }
}
