//! An error as one line of text.

use std::fmt::{self, Write as _};

use super::{Cause, Delivery, Error, ErrorKind};

/// How many characters of the API's own words a message shows.
const SHOWN: usize = 500;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
            let refused = matches!(inner.kind, ErrorKind::Api | ErrorKind::Http | ErrorKind::InvalidRequest);
            match inner.delivery {
                Delivery::NotSent => f.write_str("; nothing was sent")?,
                Delivery::Unknown => {
                    f.write_str("; it is not known whether the server did it: look before sending it again")?;
                }
                Delivery::Delivered if refused => {}
                Delivery::Delivered => f.write_str("; the server accepted it: do not send it again")?,
            }
        }
        if let Some(hint) = &inner.hint {
            write!(f, "; {hint}")?;
        }
        if inner.attempts > 1 {
            write!(f, "; {} attempts in {:.1} s", inner.attempts, inner.elapsed.as_secs_f32())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut message = String::new();
        write!(message, "{self}")?;
        let cause: Option<&dyn fmt::Debug> = match &self.0.cause {
            Some(Cause::Json(cause)) => Some(cause),
            Some(Cause::Transport(cause)) => Some(cause),
            Some(Cause::Other(cause)) => Some(cause),
            None => None,
        };
        f.debug_struct("Error")
            .field("id", &self.id())
            .field("delivery", &self.0.delivery)
            .field("message", &message)
            .field("source", &cause)
            .finish()
    }
}
