//! The key and the login of a SalesMan account.

use std::fmt;

use crm_transport::Credentials;
use http::HeaderName;
use secrecy::SecretString;

/// The API key of an account, and the login of the current user. Sent in the headers `apikey` and `login`.
///
/// `Debug` shows neither. The client checks both when it is built: they must not be empty or contain characters that a
/// header cannot carry.
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
