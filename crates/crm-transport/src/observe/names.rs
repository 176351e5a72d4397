//! The words for spans and labels: a fixed set, never words of a server or a user.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind};

/// The outcome of a call or an attempt that was dropped.
pub(super) const CANCELLED: &str = "cancelled";

/// Returns the stable name of the error, or the HTTP status if that is all there is.
pub(super) fn error_type(error: &Error) -> Cow<'static, str> {
    match (error.kind(), error.http_status()) {
        (ErrorKind::Http | ErrorKind::RateLimited, Some(status)) => Cow::Owned(status.to_string()),
        _ => Cow::Borrowed(error.id()),
    }
}
