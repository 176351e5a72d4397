//! An error as one line of text.

use std::fmt::{self, Write as _};

use super::{Cause, Delivery, Error, ErrorKind};

/// How many characters of the API's own words a message shows.
const SHOWN: usize = 500;

/// Writes a space in place of each control character, so that the words of a server neither break a line of a log nor
/// command a terminal.
struct OneLine<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (i, part) in text.split(char::is_control).enumerate() {
            self.0.write_str(if i == 0 { "" } else { " " })?;
            self.0.write_str(part)?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{JsonError, Refusal};
    use crate::operation_info::{Idempotency, OperationInfo};

    const INFO: OperationInfo = OperationInfo {
        id: "test.call",
        method: http::Method::GET,
        path: "/x",
        idempotency: Idempotency::Read,
        accepts_post: false,
    };

    #[test]
    fn the_words_of_a_server_break_no_line_and_command_no_terminal() {
        let api = Error::api(&INFO, Some(405), "нет\r\nполя\u{1b}[2J\u{85}", Refusal::Other);
        assert_eq!(api.to_string(), "test.call: the server refused the call: 405 «нет  поля [2J »");
        let undecodable = Error::undecodable(&INFO, JsonError::new("$\n", "expected\ta list"));
        for error in [api, undecodable, Error::invalid_request("x", "a\nb", "is\0wrong").hint("look\nthere")]
        {
            let texts = format!("{error}{error:?}");
            assert!(!texts.contains(char::is_control), "{texts:?}");
        }
    }
}
