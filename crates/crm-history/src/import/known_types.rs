//! Asks the CRM for the activity types of the account.

use std::collections::HashSet;

use super::logins::Obstacle;
use crate::HistoryClient;
use crate::collation::folded_activity_type;

/// The activity types of the account. The server is asked once.
pub(super) struct KnownTypes {
    client: HistoryClient,
    /// The titles as the database compares them. `None` until the server returned them.
    titles: Option<HashSet<String>>,
}

impl KnownTypes {
    pub(super) fn new(client: HistoryClient) -> Self {
        Self { client, titles: None }
    }

    /// Returns whether the account has a type with this title.
    pub(super) async fn is_known(&mut self, title: &str) -> Result<bool, Obstacle> {
        let titles = match &mut self.titles {
            Some(titles) => titles,
            unasked => {
                let types = self.client.activity_types().await.map_err(Obstacle::from_own_call)?;
                unasked.insert(types.iter().map(|known| folded_activity_type(&known.title)).collect())
            }
        };
        Ok(titles.contains(&folded_activity_type(title)))
    }
}
