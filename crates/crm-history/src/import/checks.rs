//! Checks an activity before it is sent.

use std::fmt;
use std::str::FromStr;

use crm_model::InvalidValue;
use crm_model::history::{Loss, NewEntry};

use super::known_types::KnownTypes;
use super::logins::{Logins, Obstacle};
use crate::operations::add;

/// What an import does with an activity that the server would change before it stores it; see [`NewEntry::losses`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LossPolicy {
    /// Does not send it. The outcome is [`AddOutcome::Rejected`](crm_model::history::AddOutcome::Rejected) with the losses as text.
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
    losses: LossPolicy,
    /// `None` if logins are not checked.
    logins: Option<Logins>,
    /// `None` if activity types are not checked.
    types: Option<KnownTypes>,
}

/// What the checks of an activity found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) losses: Vec<Loss>,
    pub(super) unknown_user: bool,
    pub(super) unknown_type: bool,
    /// Why it must not be sent.
    pub(super) refusal: Option<String>,
}

impl Checks {
    pub(super) fn new(losses: LossPolicy, logins: Option<Logins>, types: Option<KnownTypes>) -> Self {
        Self { losses, logins, types }
    }

    /// Checks an activity. After an obstacle nothing is known of it; check it again later.
    pub(super) async fn examine(&mut self, entry: &NewEntry) -> Result<Findings, Obstacle> {
        let mut findings = Findings::default();
        if self.losses != LossPolicy::Allow {
            findings.losses = entry.losses();
        }
        if let Some((field, fault)) = add::fault(entry) {
            findings.refusal = Some(format!("{field} {fault}"));
            return Ok(findings);
        }
        let mut reasons = Vec::new();
        if self.losses == LossPolicy::Reject {
            reasons.extend(findings.losses.iter().map(ToString::to_string));
        }
        // What is refused already is not worth a question.
        if let (true, Some(logins), Some(login)) = (reasons.is_empty(), &mut self.logins, &entry.user) {
            findings.unknown_user = !logins.is_known(login).await?;
        }
        if let (true, Some(types), Some(title)) = (reasons.is_empty(), &mut self.types, &entry.activity_type)
        {
            findings.unknown_type = !types.is_known(title).await?;
        }
        if self.losses == LossPolicy::Reject {
            reasons.extend(findings.unknown_user.then(|| "user is not known to the CRM".to_owned()));
            reasons.extend(
                findings.unknown_type.then(|| "activity_type is not a type of the account".to_owned()),
            );
        }
        findings.refusal = (!reasons.is_empty()).then(|| reasons.join("; "));
        Ok(findings)
    }
}
