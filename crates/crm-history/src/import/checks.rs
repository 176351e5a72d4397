//! Checks an activity before it is sent.

use std::fmt;
use std::str::FromStr;

use crm_model::InvalidValue;
use crm_model::history::{AddOutcome, NewEntry, Rejection};

use super::chunk::Item;
use super::logins::Logins;
use crate::operations::add;

/// What an import does with an activity that the server would change before it stores it; see [`NewEntry::losses`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LossPolicy {
    /// Does not send it. The outcome is [`AddOutcome::Rejected`] with the losses as text.
    Reject,
    /// Sends it, and lists the losses in [`ImportOutcome::losses`](super::ImportOutcome::losses).
    #[default]
    Warn,
    /// Sends it, and does not look for losses.
    Allow,
}

impl fmt::Display for LossPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Reject => "reject",
            Self::Warn => "warn",
            Self::Allow => "allow",
        })
    }
}

impl FromStr for LossPolicy {
    type Err = InvalidValue;

    /// Reads one of the words that `Display` writes: `reject`, `warn`, `allow`.
    fn from_str(word: &str) -> Result<Self, InvalidValue> {
        match word {
            "reject" => Ok(Self::Reject),
            "warn" => Ok(Self::Warn),
            "allow" => Ok(Self::Allow),
            _ => Err(InvalidValue::new("LossPolicy", "one of reject, warn, allow")),
        }
    }
}

/// The checks of an import.
pub(super) struct Checks {
    pub(super) losses: LossPolicy,
    /// `None` if logins are not checked.
    pub(super) logins: Option<Logins>,
}

impl Checks {
    /// Checks an activity. If it must not be sent, the item has an outcome already.
    pub(super) async fn check(&mut self, index: u64, entry: NewEntry) -> Item {
        let losses = match self.losses {
            LossPolicy::Allow => Vec::new(),
            LossPolicy::Warn | LossPolicy::Reject => entry.losses(),
        };
        let mut unknown_user = false;
        let mut refusal = None;
        if let Some((field, fault)) = add::fault(&entry) {
            refusal = Some(format!("{field} {fault}"));
        } else if self.losses == LossPolicy::Reject && !losses.is_empty() {
            let losses: Vec<String> = losses.iter().map(ToString::to_string).collect();
            refusal = Some(losses.join("; "));
        } else if let (Some(logins), Some(login)) = (&mut self.logins, &entry.user) {
            unknown_user = logins.is_unknown(login).await;
            if unknown_user && self.losses == LossPolicy::Reject {
                refusal = Some("user is not known to the CRM".to_owned());
            }
        }
        let outcome = refusal.map(|text| AddOutcome::Rejected(Rejection::new(None, text)));
        Item { index, entry, losses, unknown_user, outcome }
    }
}
