//! The keys of a solOS account.

use std::fmt;

use crm_transport::Credentials;
use http::HeaderName;
use secrecy::SecretString;

/// The token and the secret of an account. Sent as the headers `X-Crypto-Token` and `X-Crypto-Secret`.
///
/// In the vendor's examples the token is 64 hexadecimal characters and the secret 128 (observed). `Debug` shows
/// neither. Both are checked when the client is built: neither may be empty, nor hold what no header can carry.
#[doc(alias = "X-Crypto-Token")]
#[doc(alias = "X-Crypto-Secret")]
#[derive(Clone)]
pub struct TokenPair {
    token: SecretString,
    secret: SecretString,
}

impl TokenPair {
    /// The token and the secret, from the settings of solOS.
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
