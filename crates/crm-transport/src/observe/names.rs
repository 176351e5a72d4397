//! The words for spans and labels: a fixed set, never words of a server or a user.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind};

/// The outcome of a call or an attempt that was dropped.
pub(super) const CANCELLED: &str = "cancelled";

/// Returns the kind of the error, or the HTTP status if that is all there is.
pub(super) fn error_type(error: &Error) -> Cow<'static, str> {
    Cow::Borrowed(match error.kind() {
        ErrorKind::InvalidRequest => "invalid_request",
        ErrorKind::Connect => "connect",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Closed => "closed",
        ErrorKind::CutBody => "cut_body",
        ErrorKind::BodyTooLarge => "body_too_large",
        ErrorKind::Redirect => "redirect",
        ErrorKind::Http | ErrorKind::RateLimited => match error.http_status() {
            Some(status) => return Cow::Owned(status.to_string()),
            None if error.kind() == ErrorKind::RateLimited => "rate_limited",
            None => "http",
        },
        ErrorKind::Gateway => "gateway",
        ErrorKind::DatabaseUnavailable => "database_unavailable",
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
