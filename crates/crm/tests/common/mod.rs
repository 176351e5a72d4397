//! The fixtures, and clients that send nothing.
#![allow(dead_code, clippy::unwrap_used, reason = "test support; no test file uses all of it")]

pub(crate) mod every;
pub(crate) mod raw;
pub(crate) mod sources;

use std::path::PathBuf;

use crm::history::{ApiKey, HistoryClient, ReadMethod};
use crm::projects::{ProjectsClient, TokenPair};
use crm::{Bytes, ReqwestTransport, RetryPolicy, http};
use serde_json::Value;

pub(crate) fn fixtures(folder: &str) -> Vec<(String, Value)> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(path).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let read = |file: PathBuf| {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
    };
    files.into_iter().map(read).collect()
}

pub(crate) fn fixture(folder: &str, name: &str) -> Value {
    let found = fixtures(folder).into_iter().find(|(file, _)| file == name);
    found.unwrap_or_else(|| panic!("no fixture {folder}/{name}")).1
}

pub(crate) fn answer(body: impl Into<Bytes>) -> http::Response<Bytes> {
    http::Response::new(body.into())
}

pub(crate) fn history(address: &str) -> HistoryClient {
    let credentials = ApiKey::new("test-apikey", "test-login");
    HistoryClient::builder(address)
        .credentials(credentials)
        .transport(transport())
        .retry(RetryPolicy::none())
        .read_method(ReadMethod::Get)
        .build()
        .unwrap()
}

pub(crate) fn projects(address: &str) -> ProjectsClient {
    let credentials = TokenPair::new("test-token", "test-secret");
    ProjectsClient::builder(address)
        .credentials(credentials)
        .transport(transport())
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

/// The clients repeat nothing, and send reads as documented: a test wants the first answer. The default transport without the system's certificates: reading them takes longer than most tests.
pub(crate) fn transport() -> ReqwestTransport {
    ReqwestTransport::builder().no_proxy().without_system_certificates().build().unwrap()
}
