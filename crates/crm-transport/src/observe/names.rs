//! Words for spans and labels: few, and nothing that a server or a user wrote.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind};

/// How a call or an attempt ended that was dropped.
pub(super) const CANCELLED: &str = "cancelled";

/// What went wrong: the kind of the error, or the HTTP status where that is all there is to say.
pub(super) fn error_type(error: &Error) -> Cow<'static, str> {
    Cow::Borrowed(match error.kind() {
        ErrorKind::InvalidRequest => "invalid_request",
        ErrorKind::Connect => "connect",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Closed => "closed",
        ErrorKind::CutBody => "cut_body",
        ErrorKind::BodyTooLarge => "body_too_large",
        ErrorKind::Redirect => "redirect",
        ErrorKind::Http => match error.http_status() {
            Some(status) => return Cow::Owned(status.to_string()),
            None => "http",
        },
        ErrorKind::Gateway => "gateway",
        ErrorKind::Api => "api",
        ErrorKind::PhpError => "php_error",
        ErrorKind::EmptyBody => "empty_body",
        ErrorKind::Undecodable => "undecodable",
        ErrorKind::NoRecord => "no_record",
        ErrorKind::Incomplete => "incomplete",
        ErrorKind::Storage => "storage",
        ErrorKind::Runtime => "runtime",
    })
}
