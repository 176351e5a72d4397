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
    use std::io;
    use std::path::Path;
    use std::time::Duration;

    use http::{Method, StatusCode};

    use super::*;
    use crate::error::{JsonError, TransportError};
    use crate::operation_info::{Idempotency, OperationInfo};

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

    const ADD: OperationInfo = OperationInfo {
        id: "history.add",
        method: Method::POST,
        path: "/add",
        idempotency: Idempotency::Write,
        accepts_post: true,
    };
    const INFO: OperationInfo =
        OperationInfo { id: "history.info", idempotency: Idempotency::Read, method: Method::GET, ..ADD };

    /// An error of each name, as a user meets it.
    fn examples() -> Vec<Error> {
        let api = |info, code, text: &str, refusal| {
            Error::api(info, Some(code), text, refusal).with_response(StatusCode::OK, None)
        };
        let page = |info, kind, text: &str, status| {
            Error::not_a_response(info, kind, text).with_response(StatusCode::from_u16(status).unwrap(), None)
        };
        let lost = |info, cause| Error::transport(info, cause).with_host("crm.example.ru");
        let wait = Some(Duration::from_secs(7200));
        let full = io::Error::from(io::ErrorKind::StorageFull);
        vec![
            api(
                &ADD,
                500,
                "Unknown or incorrect time zone: 'Europe/Mscow' в строке 1298",
                Refusal::ServerFault,
            ),
            lost(
                &ADD,
                TransportError::closed("the connection to crm.example.ru:443 was closed before the response"),
            ),
            page(
                &INFO,
                ErrorKind::DatabaseUnavailable,
                "the CRM cannot reach its database: «SQLSTATE[HY000] [2002] Connection refused»",
                200,
            ),
            Error::undecodable(&ADD, JsonError::new("$.data", "expected an id")).accepted(),
            page(&INFO, ErrorKind::EmptyBody, "the response is empty", 200),
            page(&ADD, ErrorKind::Gateway, "a gateway responded «502 Bad Gateway»", 502),
            page(&INFO, ErrorKind::Http, "the server responded «Method Not Allowed»", 405),
            Error::ignored_parameter(&INFO, "cid", "the answer holds activity 15, not 7"),
            Error::incomplete("history.export", "the list moved while it was read").hint("export again"),
            Error::invalid_request("history.info", "id", "is 0, and no record has it"),
            Error::invalid_setting("address", "has no scheme: write it as https://crm.example.ru"),
            lost(&ADD, TransportError::connect("no connection to crm.example.ru:443: Connection refused")),
            api(&INFO, 403, "Не найдено в пределах аккаунта указанного пользователя.", Refusal::NotFound),
            page(
                &INFO,
                ErrorKind::PhpError,
                "PHP reported an error: «Fatal error: Allowed memory size exhausted»",
                200,
            ),
            page(&INFO, ErrorKind::Http, "the proxy asks for a login and a password", 407),
            Error::not_a_response(&INFO, ErrorKind::RateLimited, "the server limits the rate of calls")
                .with_response(StatusCode::TOO_MANY_REQUESTS, wait),
            page(&INFO, ErrorKind::Redirect, "the server redirects to https://www.crm.example.ru", 301)
                .hint("set this address"),
            lost(&INFO, TransportError::cut_body("the response of crm.example.ru:443 ended too early")),
            lost(&INFO, TransportError::body_too_large(64 << 20)),
            Error::runtime("the tokio runtime is shutting down", None).hint("run the program again"),
            api(
                &ADD,
                500,
                "Lock wait timeout exceeded; try restarting transaction в строке 1205",
                Refusal::ServerFault,
            ),
            api(&INFO, 410, "Метод не поддерживается", Refusal::Other),
            api(&INFO, 401, "Неизвестный пользователь", Refusal::Auth),
            api(&ADD, 405, "Отсутствуют параметры", Refusal::InvalidRequest),
            api(&ADD, 500, "Data too long for column 'des' at row 1 в строке 1406", Refusal::ServerFault),
            Error::storage(
                "history.import",
                "journal",
                Path::new("calls.journal"),
                "cannot be written",
                Some(full),
            ),
            lost(&INFO, TransportError::timeout("crm.example.ru:443 did not respond within 30 s")),
            Error::undecodable(&INFO, JsonError::new("$.data", "expected an object, found a list")),
        ]
    }

    #[test]
    fn the_documentation_shows_a_true_message_of_each_error() {
        let examples = examples();
        let names: Vec<&str> = examples.iter().map(Error::id).collect();
        assert_eq!(names, Error::IDS);
        let messages: String = examples.iter().map(|error| format!("{error}\n")).collect();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors/messages.txt");
        let shown = std::fs::read_to_string(path).unwrap();
        assert_eq!(
            messages, shown,
            "write these into docs/errors/messages.txt, and run `cargo xtask codegen`"
        );
    }
}
