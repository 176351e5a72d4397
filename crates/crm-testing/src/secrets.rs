//! The keys that travel in requests, and that nothing may repeat.

use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};

use crate::Credentials;

/// Every secret that was seen so far.
#[derive(Default)]
pub(super) struct Secrets(Vec<(SecretString, Credentials)>);

impl Secrets {
    pub(super) fn of(request: &Request<Bytes>) -> Self {
        let mut secrets = Self::default();
        secrets.learn(request);
        secrets
    }

    /// Adds those of a request: the headers that are marked sensitive, which the pipeline does with every credential.
    pub(super) fn learn(&mut self, request: &Request<Bytes>) {
        for (name, value) in request.headers() {
            let secret = value.is_sensitive() || [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name);
            let Ok(text) = std::str::from_utf8(value.as_bytes()) else { continue };
            let known = || self.0.iter().any(|(secret, _)| secret.expose_secret() == text);
            // What is shorter may be any word, and would take records to pieces.
            if secret && text.len() >= SHORTEST && !known() {
                let secret = || Credentials::secret(text);
                self.0.push((secret(), Credentials::new().header(name.clone(), "secret", secret())));
            }
        }
        // Of two secrets one may be the beginning of the other.
        self.0.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.expose_secret().len()));
    }

    /// Blots them out, as [`Credentials::scrub`] does.
    pub(super) fn scrub(&self, mut text: String) -> String {
        self.0.iter().for_each(|(_, credentials)| credentials.scrub(&mut text));
        text
    }
}

const SHORTEST: usize = 4;
