//! The keys of an account.

use std::fmt;

use http::{HeaderName, HeaderValue};
use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretString};

use super::operation::push_encoded;
use crate::error::Error;

/// Headers that prove who calls. Sent to the client's own origin (scheme, host, port) and nowhere else; shown by
/// no `Debug`, wiped when dropped.
///
/// Each request carries copies in its headers, marked sensitive. Those are freed and not wiped: neither `http` nor
/// the HTTP client can do that.
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

    /// A secret that is wiped when dropped. The text it is made of is wiped at once; copies that the caller keeps
    /// are the caller's.
    #[must_use]
    pub fn secret(text: impl Into<String>) -> SecretString {
        let mut text = text.into();
        // Not `text.into()`: to shrink a string may move it, and what it leaves behind is not wiped.
        let secret = SecretString::from(text.as_str());
        text.zeroize();
        secret
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
            } else if !secret.bytes().all(fits_header) {
                "has a character that no header can carry"
            } else {
                continue;
            };
            return Err(Error::invalid_setting(field, fault));
        }
        Ok(())
    }

    /// Puts the secrets in, in place of whatever stands under their names.
    pub(crate) fn apply(&self, headers: &mut http::HeaderMap) -> Result<(), Error> {
        for (name, field, secret) in &self.headers {
            let mut value = HeaderValue::from_bytes(secret.expose_secret().as_bytes())
                .map_err(|_| Error::invalid_setting(field, "cannot be carried by a header"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(())
    }

    /// Blots every secret out of a text: as it is, as JSON or a URL spells it, and what is left of it
    /// where the text was cut («…»).
    pub fn scrub(&self, text: &mut String) {
        for (_, _, secret) in &self.headers {
            let secret = secret.expose_secret();
            let json = serde_json::to_string(secret).unwrap_or_default();
            let json = json.trim_matches('"');
            let mut url = String::new();
            push_encoded(&mut url, secret);
            for spelling in [secret, json, &json.replace('/', "\\/"), &url] {
                if !spelling.is_empty() && text.contains(spelling) {
                    *text = text.replace(spelling, BLOT);
                }
            }
            if text.contains('…') {
                for end in (SHORTEST_REST..secret.len()).rev().filter(|end| secret.is_char_boundary(*end)) {
                    *text = text.replace(&format!("{}…", &secret[..end]), &format!("{BLOT}…"));
                }
            }
        }
    }
}

/// What `HeaderValue` takes; it is not asked, for it would keep a copy that nobody wipes.
fn fits_header(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

const BLOT: &str = "[secret]";

/// Fewer bytes of a secret tell nothing, and may be any word.
const SHORTEST_REST: usize = 4;

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.headers.iter().map(|(name, ..)| (name, BLOT))).finish()
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
    fn a_secret_is_blotted_out_in_every_spelling() {
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
    fn what_a_cut_leaves_of_a_secret_is_blotted_out() {
        assert_eq!(scrubbed("0123456789", "«a 012345…»"), "«a [secret]…»");
        assert_eq!(scrubbed("ключ-ключ", "ключ…"), "[secret]…");
        assert_eq!(scrubbed("0123456789", "012…"), "012…");
    }
}
