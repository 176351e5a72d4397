//! An error as one line of text.

use std::fmt::{self, Write as _};
use std::time::Duration;

use crm_model::OneLine;

use super::{Cause, Delivery, Error, ErrorKind, Refusal};

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
        match (&inner.hint, self.advice()) {
            (Some(hint), _) => write!(f, "; {hint}")?,
            (None, Some(advice)) => write!(f, "; {advice}")?,
            (None, None) => {}
        }
        if let Some(wait) = inner.retry_after.filter(|wait| !wait.is_zero() && self.is_retryable()) {
            write!(f, "; come back in {}", in_words(wait))?;
        }
        if inner.attempts > 1 {
            write!(f, "; {} attempts in {:.1} s", inner.attempts, inner.elapsed.as_secs_f32())?;
        }
        Ok(())
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
    fn advice(&self) -> Option<&'static str> {
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
                _ => return None,
            },
            ErrorKind::PhpError => "check the log of the server",
            ErrorKind::EmptyBody => "check the address and its path",
            ErrorKind::BodyTooLarge => "ask for less, or raise the limit of the client",
            _ if unknown_write || self.0.retry_after.is_some() => return None,
            ErrorKind::Connect => "check the address and the network, or try again later",
            ErrorKind::RateLimited => "try again later, or at a lower pace",
            ErrorKind::Timeout | ErrorKind::Closed | ErrorKind::CutBody | ErrorKind::DatabaseUnavailable => {
                "try again later"
            }
            ErrorKind::Http | ErrorKind::Gateway if self.is_retryable() => "try again later",
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

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
