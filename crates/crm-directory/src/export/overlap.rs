//! The clients that two pages in a row have in common.

use chrono::NaiveDateTime;
use crm_model::Page;
use crm_model::directory::{Client, ClientId};
use crm_transport::Error;

use crate::DirectoryClient;

/// The oldest clients of a page. Because the next page is asked for up to their time, it holds them again.
///
/// The server shows and compares times by the clock of the user. If that is changed between two pages, the next one begins
/// hours too late or too early, and only these clients show it.
#[derive(Default)]
pub(super) struct Overlap(Vec<Seen>);

/// How a client was listed.
struct Seen {
    id: ClientId,
    created: Option<NaiveDateTime>,
    changed: Option<NaiveDateTime>,
}

impl Overlap {
    pub(super) fn new(oldest: &[Client]) -> Self {
        let seen = |client: &Client| Seen { id: client.id, created: client.created, changed: client.changed };
        Self(oldest.iter().map(seen).collect())
    }

    /// Compares the next page. Returns what contradicts that it begins where the page before ended.
    ///
    /// A client that is missing is read alone, because it may have been deleted or changed meanwhile. One such client
    /// decides.
    pub(super) async fn contradiction(
        &self,
        page: &Page<Client>,
        directory: &DirectoryClient,
    ) -> Result<Option<String>, Error> {
        let mut missing = None;
        for seen in &self.0 {
            match page.items.iter().find(|client| client.id == seen.id) {
                Some(client) if client.created != seen.created => return Ok(Some(seen.has_other_time())),
                Some(_) => {}
                None => missing = missing.or(Some(seen)),
            }
        }
        // It may be among those that cannot be decoded.
        let Some(seen) = missing.filter(|_| page.unreadable.is_empty()) else { return Ok(None) };
        match directory.client(seen.id).await {
            Ok(client) if client.created != seen.created => Ok(Some(seen.has_other_time())),
            Ok(client) if client.changed == seen.changed => {
                let fault =
                    "is left out of a page on which it belongs, so others may be missing: export them again";
                Ok(Some(format!("client {} {fault}", seen.id)))
            }
            Ok(_) => Ok(None),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Seen {
    fn has_other_time(&self) -> String {
        let fault = "has another time of creation than a moment before: the clock of the user was changed, and clients \
                     may be missing: export them again";
        format!("client {} {fault}", self.id)
    }
}
