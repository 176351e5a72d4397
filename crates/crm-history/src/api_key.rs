//! The key and the login of a SalesMan account.

use std::fmt;

use crm_transport::Credentials;
use http::HeaderName;
use secrecy::{ExposeSecret, SecretString};

use crate::sql_safety;

/// The API key of an account, and the login of the current user. Sent in the headers `apikey` and `login`.
///
/// `Debug` shows neither. The client checks both when it is built: they must not be empty, contain characters that a
/// header cannot carry, or contain `'` or `\`, which the server would treat as part of its SQL (observed).
#[doc(alias("apikey", "login"))]
#[derive(Clone)]
pub struct ApiKey {
    key: SecretString,
    login: SecretString,
}

impl ApiKey {
    /// Creates it from the key in the settings of the CRM and the login of a user.
    #[must_use]
    pub fn new(key: impl Into<String>, login: impl Into<String>) -> Self {
        Self { key: Credentials::secret(key), login: Credentials::secret(login) }
    }
}

impl From<ApiKey> for Credentials {
    fn from(ApiKey { key, login }: ApiKey) -> Self {
        let mut credentials = Self::new();
        for (name, secret) in [("apikey", key), ("login", login)] {
            if let Some(fault) = sql_safety::fault(secret.expose_secret()) {
                credentials = credentials.with_fault(name, fault);
            }
            credentials = credentials.header(HeaderName::from_static(name), name, secret);
        }
        credentials
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey { .. }")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HistoryClient;
    use bytes::Bytes;
    use crm_transport::{BoxFuture, Transport, TransportError};

    struct NoServer;

    impl Transport for NoServer {
        fn send(
            &self,
            _: http::Request<Bytes>,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
            Box::pin(async move { Err(TransportError::connect("there is no server")) })
        }
    }

    #[test]
    fn a_key_or_login_that_the_server_would_take_for_sql_builds_no_client() {
        let field = |key: &str, login: &str| {
            let client = HistoryClient::builder("https://host").credentials(ApiKey::new(key, login));
            let built = client.transport(NoServer).build();
            let error = built.err()?;
            assert!(error.to_string().contains("has a ' or a \\"), "{error}");
            error.field().map(str::to_owned)
        };
        assert_eq!(field("k'ey", "login").as_deref(), Some("apikey"));
        assert_eq!(field("key", "log\\in").as_deref(), Some("login"));
        assert_eq!(field("key\\", "login'").as_deref(), Some("apikey"));
        assert_eq!(field("key", "login"), None);
    }
}
