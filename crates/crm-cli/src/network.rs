//! How the CRMs are reached: through a proxy, and with a private CA.

use clap::Args;
use crm::reqwest::{NoProxy, Proxy};
use crm::{Error, ReqwestTransport, ReqwestTransportBuilder};

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
    /// The text of that file.
    certificates: Vec<u8>,
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
                let text = std::fs::read(&file.text);
                let text =
                    text.map_err(|error| NetworkFault::CaFile(file.text.clone(), error.to_string()))?;
                if !String::from_utf8_lossy(&text).contains("-----BEGIN CERTIFICATE-----") {
                    return Err(NetworkFault::NoCertificate(file.text.clone()));
                }
                text
            }
            None => Vec::new(),
        };
        Ok(Self { allows_insecure_http, proxy, ca_file, chosen_proxy, certificates })
    }

    /// Returns the transport to this address, or `None` where the default one does.
    ///
    /// # Errors
    /// See `ReqwestTransportBuilder::build`.
    pub(crate) fn transport(&self, url: &str) -> Result<Option<ReqwestTransport>, Error> {
        if self.proxy.is_none() && self.certificates.is_empty() {
            return Ok(None);
        }
        self.builder(url).build().map(Some)
    }

    /// Returns the settings of a transport to this address.
    pub(crate) fn builder(&self, url: &str) -> ReqwestTransportBuilder {
        let builder = ReqwestTransport::builder();
        let builder = match (&self.chosen_proxy, &self.proxy) {
            (Some(proxy), _) => builder.no_proxy().reqwest(|client| client.proxy(proxy.clone())),
            (None, Some(_)) => builder.no_proxy(),
            (None, None) if !is_https(url) && is_this_machine(url) => builder.no_proxy(),
            (None, None) => builder,
        };
        // Plain http needs no certificates, and a small container has none.
        match is_https(url) {
            true if self.certificates.is_empty() => builder,
            true => builder.add_ca_certificates(&self.certificates),
            false => builder.without_system_certificates(),
        }
    }
}

/// Returns whether the host is this machine, so that no proxy is used.
pub(crate) fn is_this_machine(url: &str) -> bool {
    let host = url.parse::<crm::http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    host.is_some_and(|host| matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]"))
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
