//! An error as one line of text.

use std::fmt::{self, Write as _};
use std::time::Duration;

use crm_model::OneLine;

use super::{CHECK_CREDENTIALS, Cause, Delivery, Error, ErrorKind, Refusal};

/// How many characters of the API's own words a message shows.
const SHOWN: usize = 500;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut message = String::new();
        self.write_message(&mut message)?;
        // The one place where texts of servers become a message.
        write!(f, "{}", OneLine(&message))
    }
}

impl Error {
    fn write_message(&self, f: &mut String) -> fmt::Result {
        let inner = &*self.0;
        if let Some(operation) = inner.operation {
            write!(f, "{operation}: ")?;
        }
        match &inner.field {
            Some(field) => write!(f, "{field} {}", inner.message)?,
            None => f.write_str(&inner.message)?,
        }
        if let Some(api) = &inner.api {
            let (text, cut) = match api.text.char_indices().nth(SHOWN) {
                Some((end, _)) => (&api.text[..end], "…"),
                None => (api.text.as_str(), ""),
            };
            match api.code {
                Some(code) => write!(f, ": {code} «{text}{cut}»")?,
                None => write!(f, ": «{text}{cut}»")?,
            }
        }
        if let Some(path) = &inner.json_path {
            write!(f, " at {path}")?;
        }
        if let Some(status) = inner.status {
            write!(f, " (HTTP {})", status.as_u16())?;
        }
        if self.is_write() {
            f.write_str(self.certainty())?;
        }
        if let Some(advice) = self.advice() {
            write!(f, "; {advice}")?;
        }
        if let Some(wait) = inner.retry_after.filter(|wait| !wait.is_zero() && self.is_retryable()) {
            write!(f, "; come back in {}", in_words(wait))?;
        }
        if inner.attempts > 1 {
            write!(f, "; {} attempts in {:.1} s", inner.attempts, inner.elapsed.as_secs_f32())?;
        }
        // The name by which the documentation explains the error.
        write!(f, " [{}]", self.id())
    }

    /// Returns what is certain about a write.
    fn certainty(&self) -> &'static str {
        match self.delivery() {
            Delivery::NotSent => "; nothing was sent",
            Delivery::Unknown => "; it is not known whether the server did it: look before sending it again",
            Delivery::Delivered if self.is_done() => "; the server accepted it: do not send it again",
            Delivery::Delivered if self.0.kind == ErrorKind::Api => "", // its message says so
            Delivery::Delivered => "; it was refused, and nothing was done",
        }
    }

    /// Returns what to do, for errors that carry no hint of their own.
    pub(super) fn default_advice(&self) -> Option<&'static str> {
        if self.is_done() {
            return None;
        }
        let refusal = self.0.api.as_ref().map(|api| api.refusal);
        let unknown_write = self.is_write() && self.delivery() == Delivery::Unknown;
        Some(match self.0.kind {
            ErrorKind::Api => match refusal? {
                Refusal::Value => "change the value: the database of the CRM cannot store it",
                Refusal::AccountSettings => {
                    "this is a fault of the account's settings, which a person must fix in the CRM"
                }
                Refusal::ServerFault => "check the log of the server",
                Refusal::NotFound => {
                    "check the id and the address, and whether this login may see the record"
                }
                Refusal::InvalidRequest => "check the parameters of the call",
                Refusal::Other => "check the parameters of the call, and the settings of the CRM",
                Refusal::Auth => CHECK_CREDENTIALS,
            },
            ErrorKind::PhpError => "check the log of the server",
            ErrorKind::EmptyBody => "check the address and its path",
            ErrorKind::BodyTooLarge => "ask for less, or raise the limit of the client",
            ErrorKind::NoRecord => "check the id, and whether this login may see the record",
            ErrorKind::IgnoredParameter => {
                "do not use this answer: something between this program and the server drops or caches parts of requests"
            }
            // The path of a database is its URL without the password.
            ErrorKind::Storage if self.0.message.contains(" postgres://") => {
                "check the database, its address and the permissions of its user"
            }
            ErrorKind::Storage if self.0.cause.is_some() => {
                "check the path, its permissions and the free space"
            }
            _ if unknown_write || self.0.retry_after.is_some() => return None,
            ErrorKind::Connect => "check the address and the network, or try again later",
            ErrorKind::RateLimited => "try again later, or at a lower pace",
            ErrorKind::Timeout | ErrorKind::Closed | ErrorKind::CutBody | ErrorKind::DatabaseUnavailable => {
                "try again later"
            }
            ErrorKind::Http | ErrorKind::Gateway if self.is_retryable() => "try again later",
            ErrorKind::Http | ErrorKind::Gateway => {
                "check the address, and what is between this program and the server"
            }
            ErrorKind::Undecodable => {
                "check the address; a client built with keep_body_excerpts() shows how the response begins"
            }
            _ => return None,
        })
    }
}

/// Returns a wait as `45 s`, `20 min` or `2 h 5 min`, rounded up.
fn in_words(wait: Duration) -> String {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    if seconds < 120 {
        return format!("{seconds} s");
    }
    match seconds.div_ceil(60) {
        minutes @ 0..120 => format!("{minutes} min"),
        minutes @ 120..2880 => format!("{} h {} min", minutes / 60, minutes % 60),
        minutes => format!("{} days", minutes / 1440),
    }
}

/// The line of `Display`, because a program that returns an error from `main`, or unwraps it, prints this. `{:#?}` shows the
/// fields.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        let message = self.to_string();
        let cause: Option<&dyn fmt::Debug> = match &self.0.cause {
            Some(Cause::Json(cause)) => Some(cause),
            Some(Cause::Transport(cause)) => Some(cause),
            Some(Cause::Other(cause)) => Some(cause),
            None => None,
        };
        f.debug_struct("Error")
            .field("id", &self.id())
            .field("delivery", &self.delivery())
            .field("message", &message)
            .field("source", &cause)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{JsonError, Refusal};
    use crate::operation_info::TEST_CALL as INFO;

    #[test]
    fn the_error_of_a_read_ends_with_what_to_do() {
        use ErrorKind::*;
        for refusal in [
            Refusal::Auth,
            Refusal::NotFound,
            Refusal::InvalidRequest,
            Refusal::Value,
            Refusal::AccountSettings,
            Refusal::ServerFault,
            Refusal::Other,
        ] {
            let text = Error::api(&INFO, Some(7), "нет", refusal).to_string();
            assert!(text.starts_with("test.call: ") && text.contains("«нет»; "), "{text}");
        }
        for kind in [
            Connect,
            Timeout,
            Closed,
            CutBody,
            BodyTooLarge,
            Http,
            RateLimited,
            Gateway,
            DatabaseUnavailable,
            PhpError,
            EmptyBody,
            Undecodable,
        ] {
            let text = Error::not_a_response(&INFO, kind, "fault").to_string();
            assert!(text.starts_with("test.call: fault; "), "{kind:?}: {text}");
        }
        let cause = std::io::Error::other("disk full");
        for text in [
            Error::no_record(&INFO).to_string(),
            Error::ignored_parameter(&INFO, "dateEnd", "fault").to_string(),
            Error::storage("x", "journal", std::path::Path::new("/j"), "cannot be written", Some(cause))
                .to_string(),
        ] {
            assert!(text.contains("; "), "{text}");
        }
    }

    #[test]
    fn the_words_of_a_server_break_no_line_and_command_no_terminal() {
        let api = Error::api(&INFO, Some(405), "нет\r\nполя\u{1b}[2J\u{85}", Refusal::Other);
        assert_eq!(
            api.to_string(),
            "test.call: the server refused the call: 405 «нет\\r\\nполя\\u{1b}[2J\\u{85}»; check the parameters of the call, \
             and the settings of the CRM [server-refused]"
        );
        let undecodable = Error::undecodable(&INFO, JsonError::new("$\n", "expected\ta list"));
        for error in [api, undecodable, Error::invalid_request("x", "a\nb", "is\0wrong").hint("look\nthere")]
        {
            let texts = format!("{error}{error:?}");
            assert!(!texts.contains(char::is_control), "{texts:?}");
        }
    }
}
