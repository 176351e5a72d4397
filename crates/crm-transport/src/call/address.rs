//! The address of a CRM.

use http::Uri;
use http::uri::{Authority, InvalidUri, Parts, PathAndQuery, Scheme};

use crate::error::Error;

/// Scheme, host, port and the path below which the API lies, without a slash at its end.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    scheme: Scheme,
    authority: Authority,
    prefix: String,
}

impl Address {
    /// Parses an address as a person writes it. No error repeats it, because it may contain a password.
    pub(crate) fn parse(text: &str, insecure: bool) -> Result<Self, Error> {
        let refused = |fault: &str| Err(Error::invalid_setting("address", fault));
        let text = text.trim();
        let Some((scheme, rest)) = text.split_once("://") else {
            return refused("has no scheme: write it as https://crm.example.ru");
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Scheme::HTTPS,
            "http" => Scheme::HTTP,
            _ => return refused("has a scheme other than https and http"),
        };
        if rest.contains('#') {
            return refused("has a fragment (#…): leave it out");
        }
        if rest.contains('?') {
            return refused("has a query (?…): leave it out");
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return refused("has a user or a password in it: give the credentials to the builder instead");
        }
        let authority = ascii_host(authority);
        let Ok(authority) = authority.parse::<Authority>() else {
            return refused(if authority.is_empty() {
                "has no host: write it as https://crm.example.ru"
            } else if !authority.is_ascii() {
                "has a host with letters that are not Latin: write it in its xn--… form"
            } else {
                "has no valid host and port"
            });
        };
        if authority.host().is_empty() {
            return refused("has no host: write it as https://crm.example.ru");
        }
        if authority.as_str().len() > authority.host().len() && authority.port_u16().is_none() {
            return refused("has no valid port");
        }
        let prefix = path.trim_end_matches('/').to_owned();
        if !prefix.is_empty() && prefix.parse::<PathAndQuery>().is_err() {
            return refused("has a path that no URL can carry: percent-encode it");
        }
        if scheme == Scheme::HTTP && !insecure && !is_loopback(authority.host()) {
            return refused(
                "is plain http, which sends the keys in the open: write https://, or call allow_insecure_http()",
            );
        }
        Ok(Self { scheme, authority, prefix })
    }

    /// Returns the full URI of a request: a path below this address, or a URI of the same origin.
    pub(crate) fn join(&self, operation: &'static str, target: &Uri) -> Result<Uri, Error> {
        let refused = |fault: &str| Error::invalid_request(operation, "path", fault);
        if target.authority().is_some() {
            return if self.is_origin_of(target) {
                Ok(target.clone())
            } else {
                Err(refused("points to another server than the client's address"))
            };
        }
        let path = target.path_and_query().filter(|path| path.as_str().starts_with('/'));
        let path = path.ok_or_else(|| refused("does not begin with \"/\""))?;
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(match &*self.prefix {
            "" => path.clone(),
            prefix => {
                format!("{prefix}{path}").try_into().map_err(|e: InvalidUri| refused(&e.to_string()))?
            }
        });
        Uri::from_parts(parts).map_err(|e| refused(&e.to_string()))
    }

    /// Returns `true` if requests are not encrypted and do not leave this machine.
    #[cfg(feature = "reqwest")]
    pub(crate) fn is_plain_loopback(&self) -> bool {
        !self.is_https() && is_loopback(self.host())
    }

    /// Returns `true` if the connection is encrypted.
    #[cfg(feature = "reqwest")]
    pub(crate) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Returns the host name or IP address as written.
    pub(crate) fn host(&self) -> &str {
        self.authority.host()
    }

    /// Returns the port, or the default port of the scheme.
    pub(crate) fn port(&self) -> u16 {
        port(&self.scheme, &self.authority)
    }

    fn is_origin_of(&self, uri: &Uri) -> bool {
        match (uri.scheme(), uri.authority()) {
            (Some(scheme), Some(authority)) => {
                *scheme == self.scheme
                    && authority.host().eq_ignore_ascii_case(self.host())
                    && port(scheme, authority) == self.port()
                    && !authority.as_str().contains('@')
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

fn port(scheme: &Scheme, authority: &Authority) -> u16 {
    authority.port_u16().unwrap_or(if *scheme == Scheme::HTTPS { 443 } else { 80 })
}

fn is_loopback(host: &str) -> bool {
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    ip.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |ip| ip.is_loopback())
}

/// `срм.рф` as `xn--l1adp.xn--p1ai`, where a URL library is at hand.
#[cfg(feature = "reqwest")]
fn ascii_host(authority: &str) -> String {
    if authority.is_ascii() {
        return authority.to_owned();
    }
    let url = reqwest::Url::parse(&format!("ws://{authority}")).ok();
    match url.as_ref().and_then(|url| Some((url.host_str()?, url.port()))) {
        Some((host, Some(port))) => format!("{host}:{port}"),
        Some((host, None)) => host.to_owned(),
        None => authority.to_owned(),
    }
}

#[cfg(not(feature = "reqwest"))]
fn ascii_host(authority: &str) -> String {
    authority.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(address: &str) -> String {
        let target = "/backend/x?a=1".parse().unwrap();
        Address::parse(address, false).unwrap().join("x", &target).unwrap().to_string()
    }

    fn fault(address: &str) -> String {
        Address::parse(address, false).unwrap_err().to_string()
    }

    #[test]
    fn an_address_with_a_path_works_with_and_without_a_slash_at_its_end() {
        for address in ["https://host/crm", "https://host/crm/", " https://host/crm// "] {
            assert_eq!(joined(address), "https://host/crm/backend/x?a=1");
        }
        assert_eq!(joined("https://host"), "https://host/backend/x?a=1");
        assert_eq!(joined("HTTPS://host:8443/"), "https://host:8443/backend/x?a=1");
    }

    #[test]
    fn a_faulty_address_is_refused_with_its_fault() {
        for (address, word) in [
            ("", "no scheme"),
            ("crm.example.ru", "no scheme"),
            ("ftp://crm.example.ru", "scheme other"),
            ("https://", "no host"),
            ("https:///crm", "no host"),
            ("https://:443", "no host"),
            ("https://host?x=1", "query"),
            ("https://host/#top", "fragment"),
            ("https://user:pw@host", "a user or a password"),
            ("https://host:99999", "port"),
            ("https://ho st", "host"),
            ("https://host/a b", "path"),
            ("http://crm.example.ru", "plain http"),
            ("http://127.0.0.1.example.ru", "plain http"),
            ("http://localhost.example.ru", "plain http"),
        ] {
            let fault = fault(address);
            assert!(fault.starts_with("address") && fault.contains(word), "{address}: {fault}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        assert!(!fault("https://user:hunter2@host").contains("hunter2"));
    }

    #[test]
    fn plain_http_is_for_loopback_unless_allowed() {
        for address in ["http://127.0.0.1:8080", "http://[::1]:80", "http://localhost", "http://127.9.9.9"] {
            assert!(Address::parse(address, false).is_ok(), "{address}");
        }
        assert!(Address::parse("http://crm.example.ru", true).is_ok());
    }

    #[test]
    fn a_request_for_another_origin_is_refused() {
        let address = Address::parse("https://host", false).unwrap();
        for target in ["https://other/x", "http://host/x", "https://host:444/x", "https://u@host/x"] {
            assert!(address.join("x", &target.parse().unwrap()).is_err(), "{target}");
        }
        assert!(address.join("x", &"https://HOST:443/x".parse().unwrap()).is_ok());
        assert!(address.join("x", &"*".parse().unwrap()).is_err());
    }

    #[cfg(feature = "reqwest")]
    #[test]
    fn a_cyrillic_host_is_written_as_dns_knows_it() {
        assert_eq!(joined("https://пример.рф/crm"), "https://xn--e1afmkfd.xn--p1ai/crm/backend/x?a=1");
        assert_eq!(joined("https://пример.рф:8443"), "https://xn--e1afmkfd.xn--p1ai:8443/backend/x?a=1");
    }
}
