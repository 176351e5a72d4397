//! Finds logins that the CRM does not know.

use std::collections::HashMap;

use crate::HistoryClient;

/// The logins of an import. The server is asked once for each.
pub(super) struct Logins {
    client: HistoryClient,
    unknown: HashMap<String, bool>,
}

impl Logins {
    pub(super) fn new(client: HistoryClient) -> Self {
        Self { client, unknown: HashMap::new() }
    }

    /// Returns `true` if the CRM does not know this login: it refuses a call in the name of one (observed).
    pub(super) async fn is_unknown(&mut self, login: &str) -> bool {
        if let Some(&unknown) = self.unknown.get(login) {
            return unknown;
        }
        let unknown = match self.client.with_login(login) {
            Ok(client) => client.fields().await.is_err_and(|error| error.is_auth()),
            Err(_) => true, // no header can carry it
        };
        self.unknown.insert(login.to_owned(), unknown);
        unknown
    }
}
