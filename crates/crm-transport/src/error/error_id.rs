//! Stable names of errors, for alerts and for the documentation.

use super::{Error, ErrorKind, Refusal};

impl Error {
    /// Returns a stable name for this error, such as `server-refused-key`, for alerts, metrics and the documentation.
    ///
    /// The names are part of the public API: they change only with a breaking release. [`Error::IDS`] lists them.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self.kind() {
            _ if self.is_done() => "done-unreadable-response",
            _ if self.is_rate_limited() => "rate-limited",
            ErrorKind::InvalidRequest if self.operation().is_none() => "invalid-setting",
            ErrorKind::InvalidRequest => "invalid-request",
            ErrorKind::Connect => "no-connection",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Closed => "connection-lost",
            ErrorKind::CutBody => "response-cut",
            ErrorKind::BodyTooLarge => "response-too-large",
            ErrorKind::Redirect => "redirected",
            ErrorKind::RateLimited => "rate-limited",
            ErrorKind::Gateway => "gateway-page",
            ErrorKind::DatabaseUnavailable => "database-unavailable",
            ErrorKind::PhpError => "php-error",
            ErrorKind::EmptyBody => "empty-response",
            ErrorKind::Undecodable => "undecodable-response",
            ErrorKind::NoRecord => "not-found",
            ErrorKind::IgnoredParameter => "ignored-parameter",
            ErrorKind::Incomplete => "incomplete-export",
            ErrorKind::Storage => "storage",
            ErrorKind::Runtime => "runtime",
            ErrorKind::Http => match self.http_status() {
                Some(401 | 403) if self.is_auth() => "server-refused-key",
                Some(407) => "proxy-refused-credentials",
                Some(404 | 410) => "not-found",
                _ => "http-status",
            },
            ErrorKind::Api => match self.0.api.as_ref().map(|api| api.refusal) {
                Some(Refusal::Auth) => "server-refused-key",
                Some(Refusal::NotFound) => "not-found",
                Some(Refusal::InvalidRequest) => "server-refused-request",
                Some(Refusal::Value) => "server-refused-value",
                Some(Refusal::AccountSettings) => "account-settings",
                Some(Refusal::ServerFault) => "server-failed",
                Some(Refusal::Other) | None => "server-refused",
            },
        }
    }

    /// Every name that [`id`](Self::id) returns, in alphabetical order.
    pub const IDS: &'static [&'static str] = &[
        "account-settings",
        "connection-lost",
        "database-unavailable",
        "done-unreadable-response",
        "empty-response",
        "gateway-page",
        "http-status",
        "ignored-parameter",
        "incomplete-export",
        "invalid-request",
        "invalid-setting",
        "no-connection",
        "not-found",
        "php-error",
        "proxy-refused-credentials",
        "rate-limited",
        "redirected",
        "response-cut",
        "response-too-large",
        "runtime",
        "server-failed",
        "server-refused",
        "server-refused-key",
        "server-refused-request",
        "server-refused-value",
        "storage",
        "timeout",
        "undecodable-response",
    ];
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_in_the_list_once_and_the_list_has_no_other() {
        let source = include_str!("error_id.rs");
        let (code, list) = source.split_once("pub const IDS").unwrap();
        let arms = code.lines().filter_map(|line| line.split_once("=> \"")?.1.split('"').next());
        let arms: BTreeSet<&str> = arms.collect();
        let listed: Vec<&str> = list
            .lines()
            .take_while(|line| !line.contains("];"))
            .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","))
            .collect();
        assert_eq!(listed, Error::IDS);
        assert!(arms.iter().eq(Error::IDS), "{arms:?}");
    }
}
