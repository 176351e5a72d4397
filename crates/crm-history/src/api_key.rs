//! The keys of a SalesMan account.

use std::fmt;

use crm_transport::Credentials;
use http::HeaderName;
use secrecy::SecretString;

/// The API key of an account, and the login of the user who calls. Sent as the headers `apikey` and `login`.
///
/// `Debug` shows neither. Both are checked when the client is built: neither may be empty, nor hold what no header
/// can carry.
#[doc(alias("apikey", "login"))]
#[derive(Clone)]
pub struct ApiKey {
    key: SecretString,
    login: SecretString,
}

impl ApiKey {
    /// The key, from the settings of the CRM, and the login of a user of it.
    #[must_use]
    pub fn new(key: impl Into<String>, login: impl Into<String>) -> Self {
        Self { key: Credentials::secret(key), login: Credentials::secret(login) }
    }
}

impl From<ApiKey> for Credentials {
    fn from(ApiKey { key, login }: ApiKey) -> Self {
        Self::new().header(HeaderName::from_static("apikey"), "apikey", key).header(
            HeaderName::from_static("login"),
            "login",
            login,
        )
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey { .. }")
    }
}
