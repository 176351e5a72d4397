//! The token and the secret of a solOS account.

use std::fmt;

use crm_transport::Credentials;
use http::HeaderName;
use secrecy::SecretString;

/// The token and the secret of an account. Sent in the headers `X-Crypto-Token` and `X-Crypto-Secret`.
///
/// The token has 64 hexadecimal characters and the secret 128, as in the vendor's examples of API v1 (*assumed*). `Debug`
/// shows neither.
/// The client checks both when it is built: they must not be empty or contain characters that a header cannot carry.
#[doc(alias = "X-Crypto-Token")]
#[doc(alias = "X-Crypto-Secret")]
#[derive(Clone)]
pub struct TokenPair {
    token: SecretString,
    secret: SecretString,
}

impl TokenPair {
    /// Creates it from the token and the secret in the settings of solOS.
    #[must_use]
    pub fn new(token: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { token: Credentials::secret(token), secret: Credentials::secret(secret) }
    }
}

impl From<TokenPair> for Credentials {
    fn from(TokenPair { token, secret }: TokenPair) -> Self {
        Self::new().header(HeaderName::from_static("x-crypto-token"), "token", token).header(
            HeaderName::from_static("x-crypto-secret"),
            "secret",
            secret,
        )
    }
}

impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenPair { .. }")
    }
}
