//! The hook that sees each activity before it is sent.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crm_history::{ClientId, NewEntry};

/// What to do with an activity before it is sent.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Prepared {
    /// It is sent like this.
    Send(NewEntry),
    /// It waits, and is then prepared again. Its status is [`Held`](crate::Status::Held).
    Hold {
        /// How long it waits.
        delay: Duration,
        /// The reason, for a person.
        reason: String,
    },
    /// It is refused, for this reason.
    Refuse(String),
}

type Hook = dyn Fn(NewEntry) -> Pin<Box<dyn Future<Output = Prepared> + Send>> + Send + Sync;

/// How activities are prepared.
#[derive(Clone, Default)]
pub(super) struct Prepare {
    pub(super) hook: Option<Arc<Hook>>,
    pub(super) fallback_client: Option<ClientId>,
}

impl Prepare {
    pub(super) async fn run(&self, entry: NewEntry) -> Prepared {
        let prepared = match &self.hook {
            Some(hook) => hook(entry).await,
            None => Prepared::Send(entry),
        };
        match (prepared, self.fallback_client) {
            (Prepared::Send(mut entry), Some(client)) => {
                if entry.client.is_none() && entry.contacts.is_empty() && entry.deal.is_none() {
                    entry.client = Some(client);
                }
                Prepared::Send(entry)
            }
            (prepared, _) => prepared,
        }
    }
}

impl fmt::Debug for Prepare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepare").field("fallback_client", &self.fallback_client).finish_non_exhaustive()
    }
}
