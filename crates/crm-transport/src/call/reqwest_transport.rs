//! The default transport.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};

use super::proxy_variables;
use super::transport::{BODY_LIMIT, BoxFuture, Transport};
use crate::error::{Error, TransportError, innermost};

/// Sends requests with reqwest.
///
/// It follows no redirects, retries nothing by itself and logs no bytes, whatever the reqwest builder sets. It supports
/// https if a feature provides TLS: `rustls` (on by default) or `native-tls`. With both, it uses rustls.
///
/// Build one yourself for a proxy, a private CA or another connect timeout. [`reqwest`](crate::reqwest) is the version
/// of reqwest that it uses:
///
/// ```no_run
/// use std::time::Duration;
///
/// use crm_transport::{ReqwestTransport, reqwest};
///
/// # #[cfg(any(feature = "rustls", feature = "native-tls"))]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let proxy = reqwest::Proxy::https("http://proxy.example.ru:3128")?;
/// let transport = ReqwestTransport::builder()
///     .connect_timeout(Duration::from_secs(3))
///     .add_ca_certificates(&std::fs::read("our-ca.pem")?)
///     .reqwest(|client| client.proxy(proxy))
///     .build()?;
/// // … .transport(transport).build()?
/// # Ok(())
/// # }
/// # #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
/// # fn main() {}
/// ```
///
/// Certificates are always verified. With the feature `rustls`, TLS settings on the reqwest builder have no effect. Use
/// those of [`ReqwestTransportBuilder`]. With `native-tls` alone, they have an effect.
///
/// The feature `rustls` turns on the feature `rustls-no-provider` of reqwest, so that aws-lc is not compiled. A program that
/// also builds reqwest clients of its own needs a TLS feature of reqwest for them, such as `rustls`. Otherwise
/// `reqwest::Client::new()` panics with the same advice.
#[derive(Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    body_limit: usize,
}

impl ReqwestTransport {
    /// Creates a builder with the defaults that a client uses.
    pub fn builder() -> ReqwestTransportBuilder {
        let builder = ReqwestTransportBuilder {
            client: reqwest::Client::builder(),
            body_limit: BODY_LIMIT,
            uses_proxy_variables: true,
            #[cfg(any(feature = "rustls", feature = "native-tls"))]
            ca_certificates: Vec::new(),
            #[cfg(any(feature = "rustls", feature = "native-tls"))]
            trusts_system: true,
            #[cfg(feature = "rustls")]
            client_certificate: Vec::new(),
        };
        builder.connect_timeout(Duration::from_secs(10)).pool_idle_timeout(POOL_IDLE)
    }
}

/// Less than Apache's `KeepAliveTimeout`, which is 5 seconds by default.
const POOL_IDLE: Duration = Duration::from_secs(3);

/// A year, so that no sum of times overflows.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// Builds a [`ReqwestTransport`].
#[must_use]
pub struct ReqwestTransportBuilder {
    client: reqwest::ClientBuilder,
    body_limit: usize,
    uses_proxy_variables: bool,
    /// PEM.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    ca_certificates: Vec<u8>,
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    trusts_system: bool,
    /// PEM, with the private key.
    #[cfg(feature = "rustls")]
    client_certificate: Vec<u8>,
}

impl ReqwestTransportBuilder {
    /// Sets how long connecting may take, within the time of the attempt (default: 10 seconds, at most a year).
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.reqwest(|client| client.connect_timeout(timeout.min(LONGEST)))
    }

    /// Sets how long an idle connection is kept (default: 3 seconds, at most a year; zero keeps none).
    ///
    /// It must be shorter than the server keeps it: Apache 5 seconds by default, nginx 75. Otherwise a call may be sent
    /// on a connection that the server is closing. A read is then retried, but the delivery of a write is
    /// [`Unknown`](crate::Delivery::Unknown).
    pub fn pool_idle_timeout(self, timeout: Duration) -> Self {
        self.reqwest(|client| match timeout {
            Duration::ZERO => client.pool_max_idle_per_host(0),
            timeout => client.pool_max_idle_per_host(usize::MAX).pool_idle_timeout(timeout.min(LONGEST)),
        })
    }

    /// Also trusts these CA certificates: a PEM text with one or several certificates. For a private CA.
    ///
    /// With [`without_system_certificates`](Self::without_system_certificates) it trusts no others. Text that is not PEM, or
    /// holds no certificate, is an error of [`build`](Self::build).
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub fn add_ca_certificates(mut self, pem: &[u8]) -> Self {
        self.ca_certificates.extend_from_slice(pem);
        self.ca_certificates.push(b'\n');
        self
    }

    /// Identifies this program to the server by a certificate: a PEM text with the certificates and the private key.
    ///
    /// A text that cannot be used is an error of [`build`](Self::build). With `native-tls` alone, set it in
    /// [`reqwest`](Self::reqwest).
    #[cfg(feature = "rustls")]
    pub fn client_certificate(mut self, pem: &[u8]) -> Self {
        self.client_certificate = pem.to_vec();
        self
    }

    /// Does not load the CA certificates of the system: for a server whose CA was added, or for plain http on a machine
    /// without a CA store. Without [`add_ca_certificates`](Self::add_ca_certificates) every https call fails.
    ///
    /// A client with the default transport does so automatically if its address is http.
    pub fn without_system_certificates(self) -> Self {
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        return Self { trusts_system: false, ..self };
        #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
        self
    }

    /// Connects to the server directly, whatever `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY` are set to.
    ///
    /// By default they are used, and so is `NO_PROXY`. An invalid proxy address is an error of [`build`](Self::build).
    /// Over https, a proxy sees only the host. Over plain http, it also sees the keys.
    pub fn no_proxy(mut self) -> Self {
        self.uses_proxy_variables = false;
        self.reqwest(reqwest::ClientBuilder::no_proxy)
    }

    /// Sets the largest response, in bytes after decompression (default: 64 MiB). Reading stops there.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Changes any other setting of the reqwest client: proxy, pool, addresses of names.
    ///
    /// With `tls_info(true)`, a response of [`Transport::send`] has reqwest's `TlsInfo` among its extensions.
    pub fn reqwest(mut self, change: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Self {
        self.client = change(self.client);
        self
    }

    /// Builds the transport.
    ///
    /// # Errors
    /// The client cannot be built, for example because a certificate or a proxy is invalid, or because this machine has no CA
    /// certificates.
    pub fn build(self) -> Result<ReqwestTransport, Error> {
        if self.uses_proxy_variables {
            proxy_variables::check(|name| std::env::var_os(name))?;
        }
        let client = self.client;
        // Last, because another crate in the program may have chosen another backend for reqwest.
        #[cfg(feature = "rustls")]
        let client = {
            let mut tls =
                super::tls::tls_config(&self.ca_certificates, self.trusts_system, &self.client_certificate)
                    .map_err(|why| cannot_be_built(&why))?;
            tls.alpn_protocols = vec![b"http/1.1".to_vec()];
            client.tls_backend_preconfigured(tls)
        };
        #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
        let client = {
            let own = reqwest::Certificate::from_pem_bundle(&self.ca_certificates)
                .map_err(|error| cannot_be_built(&innermost(&error)))?;
            let client = client.tls_backend_native();
            if self.trusts_system { client.tls_certs_merge(own) } else { client.tls_certs_only(own) }
        };
        let client = client
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // It would log every byte, including the keys.
            .connection_verbose(false);
        let client = client.build().map_err(|error| cannot_be_built(&innermost(&error)))?;
        Ok(ReqwestTransport { client, body_limit: self.body_limit })
    }
}

fn cannot_be_built(why: &str) -> Error {
    let error = Error::invalid_setting("transport", format!("cannot be built: {why}"));
    if why.contains("CA certificates") {
        error.hint(
            "install the CA certificates of the system (the package ca-certificates), or name a file of them in \
             SSL_CERT_FILE; plain http needs none: call without_system_certificates()",
        )
    } else {
        error
    }
}

impl fmt::Debug for ReqwestTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the client: it shows its default headers and the password of a proxy.
        f.debug_struct("ReqwestTransportBuilder")
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the client: it shows its default headers.
        f.debug_struct("ReqwestTransport").field("body_limit", &self.body_limit).finish_non_exhaustive()
    }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(|e| {
                TransportError::connect(format!("the request cannot be sent: {}", innermost(&e))).because(e)
            })?;
            let host = host_and_port(request.url());
            let mut received = self.client.execute(request).await.map_err(|e| before_response(e, &host))?;
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = received.status();
            *response.headers_mut() = std::mem::take(received.headers_mut());
            *response.extensions_mut() = std::mem::take(received.extensions_mut());
            let expected =
                received.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
            let mut only = Bytes::new();
            let mut body = BytesMut::new();
            while let Some(chunk) = received.chunk().await.map_err(|e| within_response(e, &host))? {
                if only.len() + body.len() + chunk.len() > self.body_limit {
                    return Err(TransportError::body_too_large(self.body_limit));
                }
                if only.is_empty() && body.is_empty() {
                    only = chunk; // usually the whole body, so it is not copied
                    continue;
                }
                if body.is_empty() {
                    // The announced length is believed up to a mebibyte.
                    body.reserve(expected.min(1 << 20).max(only.len() + chunk.len()));
                    body.extend_from_slice(&std::mem::take(&mut only));
                }
                body.extend_from_slice(&chunk);
            }
            *response.body_mut() = if body.is_empty() { only } else { body.freeze() };
            Ok(response)
        })
    }
}

/// Returns `crm.example.ru:443`, for messages.
fn host_and_port(url: &reqwest::Url) -> String {
    let port = url.port_or_known_default().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}{port}", url.host_str().unwrap_or_default())
}

fn before_response(error: reqwest::Error, host: &str) -> TransportError {
    let error = error.without_url();
    let why = innermost(&error);
    if error.is_connect() {
        let hint =
            if why.contains("UnknownIssuer") || why.contains("self-signed") || why.contains("self signed") {
                " (its CA is not known to this machine: add a private CA with add_ca_certificates)"
            } else {
                ""
            };
        TransportError::connect(format!("no connection to the server {host}: {why}{hint}"))
    } else if error.is_timeout() {
        TransportError::timeout(format!("no response from {host} in time: {why}"))
    } else {
        TransportError::closed(format!("the connection to {host} was lost before a response arrived: {why}"))
    }
    .because(error)
}

fn within_response(error: reqwest::Error, host: &str) -> TransportError {
    let error = error.without_url();
    let why = innermost(&error);
    if error.is_timeout() {
        TransportError::timeout(format!("the response of {host} did not end in time: {why}"))
    } else {
        TransportError::cut_body(format!(
            "the connection to {host} was lost in the middle of the response: {why}"
        ))
    }
    .because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_ca_certificates_is_explained() {
        let error = cannot_be_built("No CA certificates were loaded from the system");
        let text = error.to_string();
        assert!(text.contains("ca-certificates") && text.contains("without_system_certificates()"), "{text}");
    }

    #[tokio::test]
    async fn a_failed_connection_names_the_host_and_the_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        drop(listener);
        let transport = ReqwestTransport::builder().no_proxy().without_system_certificates().build().unwrap();
        let request = Request::get(format!("http://{host}/secret?k=1")).body(Bytes::new()).unwrap();
        let error = transport.send(request).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("no connection to the server {host}: ")), "{error}");
        assert!(!error.contains("secret"), "{error}");
        assert_eq!(host_and_port(&"https://crm.example.ru/x".parse().unwrap()), "crm.example.ru:443");
    }

    #[test]
    fn no_duration_is_too_long_and_none_too_short() {
        for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            let transport = ReqwestTransport::builder().no_proxy().without_system_certificates();
            transport
                .connect_timeout(timeout)
                .pool_idle_timeout(timeout)
                .body_limit(usize::MAX)
                .build()
                .unwrap();
        }
    }
}
