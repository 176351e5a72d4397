//! The address of a server, from a URL.

use std::time::Duration;

use crm_transport::Error;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, Socket, tls};

use crate::store::OPEN;
#[cfg(feature = "postgres-tls")]
use crate::store::fault;

/// Where a server is, and how to connect to it.
#[derive(Clone)]
pub(super) struct Address {
    config: Config,
    /// Without user and password, for messages.
    pub(super) location: String,
    #[cfg(feature = "postgres-tls")]
    tls: super::tls::Tls,
}

impl Address {
    /// Reads a URL as libpq does. Of libpq's parameters for TLS it knows `sslmode` and `sslrootcert`.
    pub(super) fn from_url(url: &str) -> Result<Self, Error> {
        let refused = |fault: &str| Error::invalid_request(OPEN, "url", fault);
        let (url, root_file) = without_tls_parameters(url);
        // The text of the error may repeat the URL, and with it the password.
        let parsed = url.parse::<Config>();
        let mut config =
            parsed.map_err(|_| refused("is not a URL of PostgreSQL: postgres://user@host/database"))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("crm-mirror");
        }
        if cfg!(not(feature = "postgres-tls"))
            && (config.get_ssl_mode() == SslMode::Require || root_file.is_some())
        {
            return Err(refused("asks for TLS. Turn on the feature postgres-tls"));
        }
        let location = location(&config);
        #[cfg(feature = "postgres-tls")]
        let tls = super::tls::Tls::new(root_file.as_deref())
            .map_err(|e| fault(OPEN, &location, "cannot be used with TLS", e))?;
        Ok(Self {
            config,
            location,
            #[cfg(feature = "postgres-tls")]
            tls,
        })
    }

    /// Connects. The second result has to be driven.
    pub(super) async fn connect(
        &self,
    ) -> Result<
        (Client, tokio_postgres::Connection<Socket, impl tls::TlsStream + Unpin + use<>>),
        tokio_postgres::Error,
    > {
        #[cfg(feature = "postgres-tls")]
        let tls = self.tls.clone();
        #[cfg(not(feature = "postgres-tls"))]
        let tls = tokio_postgres::NoTls;
        self.config.connect(tls).await
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address").field("location", &self.location).finish_non_exhaustive()
    }
}

/// Takes `sslrootcert` out of a URL, which the driver does not know, and writes libpq's stricter modes as the driver's
/// `require`: certificates are always verified here. Returns the path of the certificates.
fn without_tls_parameters(url: &str) -> (String, Option<String>) {
    let Some((start, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut root_file = None;
    let mut kept = Vec::new();
    for parameter in query.split('&') {
        match parameter.split_once('=') {
            Some(("sslrootcert", path)) => {
                let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
                root_file = Some(decoded.into_owned());
            }
            Some(("sslmode", "verify-full" | "verify-ca")) => kept.push("sslmode=require"),
            _ => kept.push(parameter),
        }
    }
    (format!("{start}?{}", kept.join("&")), root_file)
}

/// Returns the address of the server, without user and password.
fn location(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    format!("postgres://{host}/{}", config.get_dbname().unwrap_or_default())
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn no_message_and_no_debug_repeats_the_password() {
        let address = Address::from_url("postgres://user:secret@host:5432/crm").unwrap();
        assert_eq!(address.location, "postgres://host/crm");
        assert!(!format!("{address:?}").contains("secret"));
        let error = Address::from_url("postgres://user:secret@host:port/crm").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }

    #[test]
    fn parameters_for_tls_are_those_of_libpq() {
        let url = "postgres://host/db?sslmode=verify-full&sslrootcert=/etc/my%20ca.pem&application_name=x";
        let (url, root_file) = without_tls_parameters(url);
        assert_eq!(url, "postgres://host/db?sslmode=require&application_name=x");
        assert_eq!(root_file.as_deref(), Some("/etc/my ca.pem"));
        assert_eq!(without_tls_parameters("postgres://host/db"), ("postgres://host/db".to_owned(), None));
    }
}
