//! How the CRMs are reached: through a proxy, and with a private CA.

use clap::Args;
use crm::reqwest::{Certificate, ClientBuilder, NoProxy, Proxy};
use crm::{Error, ReqwestTransport};

use crate::connection::Value;

// How to reach them.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct NetworkFlags {
    #[arg(long)]
    pub(crate) allow_insecure_http: bool,
    #[command(flatten)]
    pub(crate) route: RouteFlags,
}

// The way to them.
#[derive(Args, Clone, Default)]
pub(crate) struct RouteFlags {
    #[arg(long)]
    pub(crate) proxy: Option<String>,
    #[arg(long)]
    pub(crate) ca_file: Option<String>,
}

// Written by hand, because the address of a proxy may hold a password.
impl std::fmt::Debug for RouteFlags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RouteFlags").field("ca_file", &self.ca_file).finish_non_exhaustive()
    }
}

/// How the CRMs are reached.
#[derive(Clone, Default)]
pub(crate) struct Network {
    pub(crate) allows_insecure_http: bool,
    /// The address of the proxy, if one is set for this program alone.
    pub(crate) proxy: Option<Value>,
    /// The file with the certificates of the company.
    pub(crate) ca_file: Option<Value>,
    chosen_proxy: Option<Proxy>,
    certificates: Vec<Certificate>,
}

/// The value of `--proxy` for a direct connection, whatever the environment says.
const DIRECT: &str = "none";
/// Calls to this machine never go through a proxy.
const THIS_MACHINE: &str = "localhost,127.0.0.0/8,::1";

impl Network {
    /// Reads the certificates, and checks the address of the proxy.
    ///
    /// # Errors
    /// A text that says what is wrong with the proxy or with the file.
    pub(crate) fn new(
        allows_insecure_http: bool,
        proxy: Option<Value>,
        ca_file: Option<Value>,
    ) -> Result<Self, NetworkFault> {
        let chosen_proxy = match &proxy {
            Some(proxy) if proxy.text != DIRECT => {
                let address = proxy.text.parse::<crm::http::Uri>().ok();
                let is_http = |uri: &crm::http::Uri| matches!(uri.scheme_str(), Some("http" | "https"));
                let is_address = address.as_ref().is_some_and(is_http);
                let chosen = is_address.then(|| Proxy::all(&proxy.text).ok()).flatten();
                let chosen = chosen.ok_or(NetworkFault::Proxy)?;
                Some(chosen.no_proxy(NoProxy::from_string(THIS_MACHINE)))
            }
            _ => None,
        };
        let certificates = match &ca_file {
            Some(file) => {
                let fault = |error: String| NetworkFault::CaFile(file.text.clone(), error);
                let text = std::fs::read(&file.text).map_err(|error| fault(error.to_string()))?;
                let read = Certificate::from_pem_bundle(&text).map_err(|error| fault(error.to_string()))?;
                if read.is_empty() {
                    return Err(NetworkFault::NoCertificate(file.text.clone()));
                }
                read
            }
            None => Vec::new(),
        };
        Ok(Self { allows_insecure_http, proxy, ca_file, chosen_proxy, certificates })
    }

    /// Puts the settings into a client of reqwest.
    pub(crate) fn set(&self, mut client: ClientBuilder) -> ClientBuilder {
        if !self.certificates.is_empty() {
            client = client.tls_certs_merge(self.certificates.clone());
        }
        match (&self.chosen_proxy, &self.proxy) {
            (Some(proxy), _) => client.proxy(proxy.clone()),
            (None, Some(_)) => client.no_proxy(),
            (None, None) => client,
        }
    }

    /// Returns the transport to this address, or `None` where the default one does.
    ///
    /// # Errors
    /// See `ReqwestTransportBuilder::build`.
    pub(crate) fn transport(&self, url: &str) -> Result<Option<ReqwestTransport>, Error> {
        if self.proxy.is_none() && self.certificates.is_empty() {
            return Ok(None);
        }
        let builder = ReqwestTransport::builder();
        let builder = if self.proxy.is_some() { builder.no_proxy() } else { builder };
        // Plain http needs no certificates, and a small container has none.
        let builder = if is_https(url) { builder } else { builder.without_system_certificates() };
        builder.reqwest(|client| self.set(client)).build().map(Some)
    }
}

/// Returns whether calls to this address are encrypted.
pub(crate) fn is_https(url: &str) -> bool {
    url.trim_start().get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

/// What is wrong with the settings of the network.
pub(crate) enum NetworkFault {
    /// The address of the proxy is none.
    Proxy,
    /// The file with the certificates cannot be read: its path and the error.
    CaFile(String, String),
    /// There is no certificate in the file.
    NoCertificate(String),
}
