//! Clients of the sandbox.

use crm_history::{ApiKey, HistoryClient, Pace};
use crm_projects::{ProjectsClient, TokenPair};

/// SalesMan's, with so many calls in flight.
#[must_use]
pub fn history(url: &str, in_flight: usize) -> HistoryClient {
    let credentials = ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS);
    let pace = Pace::new().in_flight(in_flight);
    HistoryClient::builder(url).credentials(credentials).pace(pace).build().unwrap()
}

/// solOS's.
#[must_use]
pub fn projects(url: &str) -> ProjectsClient {
    let credentials = TokenPair::new(crm_sandbox::TOKEN, crm_sandbox::SECRET);
    ProjectsClient::builder(url).credentials(credentials).build().unwrap()
}

/// A runtime like that of a service, and like the one that `#[tokio::main]` makes.
#[must_use]
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}
