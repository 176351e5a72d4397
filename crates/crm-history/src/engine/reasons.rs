//! Why an activity was not sent, or may be stored or not.

use std::fmt;
use std::time::Duration;

use crm_model::history::EntryId;

/// Why an activity was not sent. It is certainly not stored, and another run can send it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotSentReason {
    /// The import was cancelled.
    Cancelled,
    /// The import was a [dry run](crate::Import::dry_run), and the activity would have been sent.
    DryRun,
    /// The server, or a proxy, refused the credentials. The text is the error.
    KeyRefused(String),
    /// A setting of the account keeps the server from writing. A person must fix it. The text is the error.
    AccountSetting(String),
    /// The server stored nothing for this time, which exceeds the patience of the import. The text is the last failure.
    ServerDown {
        /// How long the server has stored nothing.
        since: Duration,
        /// The last failure.
        last: String,
    },
    /// The server asked to wait for this time, which exceeds the patience of the import.
    RateLimited {
        /// How long it asked to wait.
        retry_after: Duration,
    },
    /// The server refused the whole request. The text is the error.
    Refused(String),
    /// The journal or the database of this program failed. The text is the error.
    Storage(String),
    /// The server did not respond when this activity was sent alone, several times. Others were stored meanwhile.
    NoAnswer(String),
    /// The activity has an instant, and the client does not know the time zone of the account. Set it with
    /// [`HistoryClient::with_zone`](crate::HistoryClient::with_zone).
    ZoneMissing,
    /// The [journal](crate::Import::journal) does not know the activity, and the input lacks activities that were sent
    /// earlier. It may be an edited version of one of them. It would be stored twice.
    PerhapsChanged {
        /// The number of activities that were sent earlier and are missing from the input.
        missing: u64,
        /// The number of activities of the input that the journal knows. With 0 it may be the journal of another input.
        known: u64,
    },
}

/// Why an activity may be stored or not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownReason {
    /// The import ended before it could be settled.
    Ended(NotSentReason),
    /// The server returned the same response both times when it was sent alone, and no list shows it. No other activity
    /// was left to prove that the server stores others, so the server may still store it. The text is the response.
    /// Another run with more activities settles it.
    RefusedWithoutWitness(String),
    /// The lists of the server do not match the request, so they prove nothing. The text says how.
    ListNotBelievable(&'static str),
    /// The list of this owner shows no record that is known to exist, so a missing record proves nothing.
    ListShowsNothing,
    /// An equal record was found, but the activity has no time. Another user may have written the record.
    EqualWithoutTime(EntryId),
    /// An equal record was found, but no list had shown the earlier records. It may be an older one.
    PerhapsOlder(EntryId),
    /// A record was found that is equal except for the time, and the clock shift of this login is not known.
    TimeUnclear(EntryId),
    /// A record was found that resembles the activity and is not equal to it.
    Similar(EntryId),
    /// The server holds a record that cannot be decoded, and it may be this activity.
    Unreadable,
    /// The lists of the server kept changing, so no two reads agreed.
    Unsteady,
    /// This import did not send it, because it is not known whether a record has its mark. The text says why. See
    /// [`adopt_marked`](crate::Import::adopt_marked).
    MarkNotSearchable(&'static str),
}

impl fmt::Display for NotSentReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the import was cancelled"),
            Self::DryRun => f.write_str("this was a dry run"),
            Self::KeyRefused(error) => write!(f, "the credentials were refused: {error}"),
            Self::AccountSetting(error) => {
                write!(f, "a setting of the account keeps the server from writing, fix it first: {error}")
            }
            Self::ServerDown { since, last } => {
                write!(f, "the server has stored nothing for {} s: {last}", since.as_secs())
            }
            Self::RateLimited { retry_after } => {
                write!(f, "the server asks to come back in {} s", retry_after.as_secs())
            }
            Self::Refused(error) => write!(f, "the server refused the request: {error}"),
            Self::Storage(error) => f.write_str(error),
            Self::NoAnswer(error) => {
                write!(f, "the server gave no usable answer to it, although it stored others: {error}")
            }
            Self::ZoneMissing => f.write_str(
                "it has an instant, and the time zone of the account is not known: set it with HistoryClient::with_zone \
                 (--time-zone)",
            ),
            Self::PerhapsChanged { missing, known: 0 } => write!(
                f,
                "the journal knows no activity of this input, and {missing} that were sent earlier are missing: if no \
                 activity of this input was ever sent, use another journal"
            ),
            Self::PerhapsChanged { missing, .. } => write!(
                f,
                "it may be one of {missing} activities that were sent earlier and are missing from the input: if it was \
                 changed since, correct the record in the CRM; if it is new, import it as an input of its own"
            ),
        }
    }
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::MarkNotSearchable(why) = self {
            return write!(f, "it was not sent, because a record may already have its mark: {why}");
        }
        f.write_str("the call got no usable response, and ")?;
        match self {
            Self::Ended(reason) => write!(f, "the import ended before it was settled: {reason}"),
            Self::RefusedWithoutWitness(answer) => write!(
                f,
                "no other activity was left to show that the server refuses this one alone: it was sent twice and answered with: {answer}"
            ),
            Self::ListNotBelievable(why) => write!(f, "the list of the server proves nothing: {why}"),
            Self::ListShowsNothing => {
                f.write_str("the list of its owner shows no record that is known to be there")
            }
            Self::EqualWithoutTime(id) => write!(
                f,
                "record {id} is equal to the activity, which has no time: somebody else may have written it"
            ),
            Self::PerhapsOlder(id) => {
                write!(
                    f,
                    "record {id} is equal to the activity, but may be an older one that no list had shown before"
                )
            }
            Self::TimeUnclear(id) => {
                write!(
                    f,
                    "record {id} is equal except for its time, and the clock of this login may be shifted"
                )
            }
            Self::Similar(id) => {
                write!(f, "record {id} resembles the activity without being equal to it")
            }
            Self::Unreadable => f.write_str("the server lists a record that cannot be decoded"),
            Self::Unsteady | Self::MarkNotSearchable(_) => f.write_str("no two readings of the list agreed"),
        }
    }
}
