//! The keys of an account.

use std::fmt;

use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::Error;

/// Headers that prove who calls. Sent to the client's own origin (scheme, host, port) and nowhere else; shown by
/// no `Debug`, wiped when dropped.
///
/// The clients make them from their own types (`ApiKey`, `TokenPair`); make them yourself for a service that this
/// project does not cover.
#[derive(Clone, Default)]
pub struct Credentials {
    headers: Vec<(HeaderName, &'static str, SecretString)>,
}

impl Credentials {
    /// No headers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a header, in place of one of that name. `field` names the secret for the user in an error, such as `apikey`.
    #[must_use]
    pub fn header(mut self, name: HeaderName, field: &'static str, secret: SecretString) -> Self {
        self.headers.retain(|(other, ..)| *other != name);
        self.headers.push((name, field, secret));
        self
    }

    /// Whether every secret can be sent as it is.
    pub(crate) fn check(&self) -> Result<(), Error> {
        for (_, field, secret) in &self.headers {
            let secret = secret.expose_secret();
            let fault = if secret.is_empty() {
                "is empty"
            } else if secret.trim() != secret {
                "has a blank or a line break at an end (read from a file?); no header can carry it"
            } else if HeaderValue::from_bytes(secret.as_bytes()).is_err() {
                "has a character that no header can carry"
            } else {
                continue;
            };
            return Err(Error::invalid_configuration(field, fault));
        }
        Ok(())
    }

    /// Puts the secrets in, in place of whatever stands under their names.
    pub(crate) fn apply(&self, headers: &mut http::HeaderMap) -> Result<(), Error> {
        for (name, field, secret) in &self.headers {
            let mut value = HeaderValue::from_bytes(secret.expose_secret().as_bytes())
                .map_err(|_| Error::invalid_configuration(field, "cannot be carried by a header"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(())
    }

    /// The text with every secret in it blotted out.
    pub(crate) fn scrub(&self, text: &mut String) {
        for (_, _, secret) in &self.headers {
            let secret = secret.expose_secret();
            if !secret.is_empty() && text.contains(secret) {
                *text = text.replace(secret, "[secret]");
            }
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.headers.iter().map(|(name, ..)| (name, "[secret]"))).finish()
    }
}
