//! What happens in the CRM beside the API, as `POST /_sandbox/events` takes it.

use serde::Deserialize;

use crate::history::events::ServerEvent;
use crate::history::records::Record;
use crate::state::State;

/// Something that happens in the CRM. Its JSON is an object with one member.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// A client is deleted, with its records.
    DeleteClient(i64),
    /// A deal is deleted, with its records.
    DeleteDeal(i64),
    /// A contact is deleted, and removed from its records.
    DeleteContact(i64),
    /// The server writes a record by itself.
    ServerRecord(About),
}

/// What a record of the server is about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    event: ServerEvent,
    /// Who made the change; the first user of the first account by default.
    iduser: Option<i64>,
    #[serde(default)]
    clid: i64,
    #[serde(default)]
    did: i64,
    /// The contacts, joined by `;`.
    #[serde(default)]
    pid: String,
}

impl Event {
    /// Lets it happen. Returns how many records were deleted or changed, or the ID of the new one.
    ///
    /// # Errors
    /// When no account has this user.
    pub(crate) fn happen(self, state: &mut State) -> Result<u64, String> {
        state.settle();
        let records = match self {
            Event::DeleteClient(clid) => state.history.delete_client(clid),
            Event::DeleteDeal(did) => state.history.delete_deal(did),
            Event::DeleteContact(pid) => state.history.delete_contact(pid),
            Event::ServerRecord(About { event, iduser, clid, did, pid }) => {
                let mut users = state
                    .accounts
                    .iter()
                    .enumerate()
                    .flat_map(|(place, account)| account.users.iter().map(move |user| (place, user.id)));
                let owner = users.find(|(_, id)| iduser.is_none_or(|wanted| wanted == *id));
                let (account, iduser) = owner.ok_or("no account has this user")?;
                let about = Record { iduser, clid, did, pid, account, ..Record::default() };
                return Ok(state.add_server_record(event, about));
            }
        };
        Ok(records as u64)
    }
}
