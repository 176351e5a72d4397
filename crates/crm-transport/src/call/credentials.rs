//! The keys of an account.

use std::fmt;

use crm_model::Page;
use http::{HeaderName, HeaderValue};
use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretString};

use super::operation::push_encoded;
use crate::error::Error;

/// Headers with the keys of an account.
///
/// They are sent to the client's own origin (scheme, host, port) and nowhere else. `Debug` never shows them, and they
/// are wiped from memory when dropped. The copies in the headers of a request are marked sensitive; they are freed but
/// not wiped, because neither `http` nor the HTTP client supports that.
///
/// The clients create them from their own types (`ApiKey`, `TokenPair`). Create them yourself for a service that this
/// project does not cover.
#[derive(Clone, Default)]
pub struct Credentials {
    headers: Vec<(HeaderName, &'static str, SecretString)>,
    /// The field that the server could not take, and why.
    fault: Option<(&'static str, &'static str)>,
}

impl Credentials {
    /// Creates credentials without headers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a secret that is wiped when dropped. The given text is wiped at once; copies that the caller keeps are
    /// not.
    #[must_use]
    pub fn secret(text: impl Into<String>) -> SecretString {
        let mut text = text.into();
        // Not `text.into()`: shrinking a string may move it, and the old place would not be wiped.
        let secret = SecretString::from(text.as_str());
        text.zeroize();
        secret
    }

    /// Sets a header. `field` names the secret in an error, such as `apikey`.
    #[must_use]
    pub fn header(mut self, name: HeaderName, field: &'static str, secret: SecretString) -> Self {
        self.headers.retain(|(other, ..)| *other != name);
        self.headers.push((name, field, secret));
        self
    }

    /// Marks a secret that a header can carry but this server cannot process. Building a client with these credentials
    /// fails, and the error names the field and the fault, as in `login` "has a '".
    ///
    /// Do not quote the secret in the fault. Only the first fault is kept.
    #[must_use]
    pub fn with_fault(mut self, field: &'static str, fault: &'static str) -> Self {
        self.fault.get_or_insert((field, fault));
        self
    }

    /// Returns whether the secret in this header is this text, without regard to case and to spaces at the end.
    ///
    /// So a client can find out whether a record belongs to the login of its requests.
    #[must_use]
    pub fn matches(&self, header: &str, text: &str) -> bool {
        fn letters(text: &str) -> impl Iterator<Item = char> {
            text.trim_end().chars().flat_map(char::to_lowercase)
        }
        let mut secrets = self.headers.iter().filter(|(name, ..)| name == header);
        secrets.any(|(_, _, secret)| letters(secret.expose_secret()).eq(letters(text)))
    }

    /// Checks that every secret can be sent as it is.
    pub(crate) fn check(&self) -> Result<(), Error> {
        for (_, field, secret) in &self.headers {
            let secret = secret.expose_secret();
            let fault = if secret.is_empty() {
                "is empty"
            } else if secret.trim() != secret {
                "begins or ends with a space or a line break (read from a file?), which no header can carry: remove it"
            } else if !secret.bytes().all(fits_header) {
                "has a character that no header can carry: check that it was copied whole"
            } else {
                continue;
            };
            return Err(Error::invalid_setting(field, fault));
        }
        match self.fault {
            Some((field, fault)) => Err(Error::invalid_setting(field, fault)),
            None => Ok(()),
        }
    }

    /// Sets the headers, and replaces what has their names.
    pub(crate) fn apply(&self, headers: &mut http::HeaderMap) -> Result<(), Error> {
        for (name, field, secret) in &self.headers {
            let mut value = HeaderValue::from_bytes(secret.expose_secret().as_bytes())
                .map_err(|_| Error::invalid_setting(field, "cannot be carried by a header"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(())
    }

    /// Removes every secret from the path and the reason of the unreadable records of a page, which hold names that the
    /// server wrote. The records themselves stay as received.
    pub fn scrub_unreadable<T>(&self, page: &mut Page<T>) {
        for record in &mut page.unreadable {
            self.scrub(&mut record.path);
            self.scrub(&mut record.reason);
        }
    }

    /// Removes every secret from a text: unchanged, encoded as in JSON or a URL, or shortened (`…`).
    ///
    /// A secret with fewer than 4 bytes stays. Removing it would make every text unreadable, and such a secret protects
    /// nothing.
    pub fn scrub(&self, text: &mut String) {
        for (_, _, secret) in &self.headers {
            let secret = secret.expose_secret();
            if secret.len() < SHORTEST {
                continue;
            }
            let json = serde_json::to_string(secret).unwrap_or_default();
            let json = json.trim_matches('"');
            let mut url = String::new();
            push_encoded(&mut url, secret);
            for spelling in [secret, json, &json.replace('/', "\\/"), &url] {
                if text.contains(spelling) {
                    *text = text.replace(spelling, REDACTED);
                }
            }
            if text.contains('…') {
                for end in (SHORTEST..secret.len()).rev().filter(|end| secret.is_char_boundary(*end)) {
                    *text = text.replace(&format!("{}…", &secret[..end]), &format!("{REDACTED}…"));
                }
            }
        }
    }
}

/// The bytes that `HeaderValue` accepts. `HeaderValue` itself is not asked, because it would keep a copy that is never
/// wiped.
fn fits_header(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

const REDACTED: &str = "[secret]";

/// Fewer bytes reveal nothing, and may be part of any word.
const SHORTEST: usize = 4;

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.headers.iter().map(|(name, ..)| (name, REDACTED))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubbed(secret: &str, text: &str) -> String {
        let credentials =
            Credentials::new().header(HeaderName::from_static("key"), "key", Credentials::secret(secret));
        let mut text = text.to_owned();
        credentials.scrub(&mut text);
        text
    }

    #[test]
    fn a_secret_of_three_bytes_leaves_the_text_readable() {
        assert_eq!(scrubbed("a", "a record cannot be decoded"), "a record cannot be decoded");
        assert_eq!(scrubbed("abcd", "key abcd"), "key [secret]");
    }

    #[test]
    fn a_login_is_recognized_without_regard_to_case_and_spaces_at_the_end() {
        let login = Credentials::secret("Boss@example.test");
        let credentials = Credentials::new().header(HeaderName::from_static("login"), "user", login);
        assert!(credentials.matches("login", "boss@Example.test "));
        assert!(!credentials.matches("login", "boss@example.tes"));
        assert!(!credentials.matches("user", "boss@example.test"), "the name of the header counts");
    }

    #[test]
    fn a_secret_is_removed_in_every_spelling() {
        let secret = "k/e\"y+1";
        for spelling in ["k/e\"y+1", "k/e\\\"y+1", "k\\/e\\\"y+1", "k%2Fe%22y%2B1"] {
            assert_eq!(scrubbed(secret, &format!("a {spelling} b")), "a [secret] b", "{spelling}");
        }
    }

    #[test]
    fn a_header_takes_the_same_bytes_as_the_check() {
        for byte in 0..=u8::MAX {
            assert_eq!(fits_header(byte), HeaderValue::from_bytes(&[byte]).is_ok(), "{byte}");
        }
    }

    #[test]
    fn the_rest_of_a_shortened_secret_is_removed() {
        assert_eq!(scrubbed("0123456789", "«a 012345…»"), "«a [secret]…»");
        assert_eq!(scrubbed("ключ-ключ", "ключ…"), "[secret]…");
        assert_eq!(scrubbed("0123456789", "012…"), "012…");
    }
}
