//! The secrets that travel in requests, and their removal from texts.

use crm_transport::http::Request;
use crm_transport::http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use crm_transport::{Bytes, Credentials};
use secrecy::{ExposeSecret, SecretString};

/// Every secret seen so far.
#[derive(Default)]
pub(crate) struct RequestSecrets(Vec<(SecretString, Credentials)>);

impl RequestSecrets {
    /// Creates a set with the secrets of one request.
    pub(crate) fn from_request(request: &Request<Bytes>) -> Self {
        let mut secrets = Self::default();
        secrets.learn(request);
        secrets
    }

    /// Adds the secrets of a request: the headers that are marked sensitive. The pipeline marks every credential.
    pub(crate) fn learn(&mut self, request: &Request<Bytes>) {
        for (name, value) in request.headers() {
            let is_secret =
                value.is_sensitive() || [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name);
            let Ok(text) = std::str::from_utf8(value.as_bytes()) else { continue };
            let is_known = || self.0.iter().any(|(secret, _)| secret.expose_secret() == text);
            // A shorter one may be any word, and removing it would damage records.
            if is_secret && text.len() >= SHORTEST && !is_known() {
                let secret = || Credentials::secret(text);
                self.0.push((secret(), Credentials::new().header(name.clone(), "secret", secret())));
            }
        }
        // Longest first, because one secret may be the beginning of another.
        self.0.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.expose_secret().len()));
    }

    /// Replaces every secret by `[secret]`, as [`Credentials::scrub`] does.
    pub(crate) fn scrub(&self, mut text: String) -> String {
        self.0.iter().for_each(|(_, credentials)| credentials.scrub(&mut text));
        text
    }
}

const SHORTEST: usize = 4;
