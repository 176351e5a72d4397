//! Looks at the connection to a server: without a key, so that no other server ever gets one.

use std::time::Duration;

use chrono::{DateTime, Utc};
use crm::http::{Request, StatusCode, header};
use crm::reqwest::{Url, tls::TlsInfo};
use crm::{Bytes, Transport, TransportError};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use super::findings::Findings;
use crate::connection::{Source, Sources};
use crate::exit::{Exit, Failure};
use crate::language::Messages;
use crate::network::{Network, is_https, is_this_machine};

const TIMEOUT: Duration = Duration::from_secs(15);
/// A larger difference of the clocks is a fault. `Date` has whole seconds, and the response takes a while.
const CLOCK: Duration = Duration::from_secs(60);
/// A certificate that ends sooner is a fault.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// Checks address, proxy, TLS and clock. Returns whether the server can be reached.
pub(super) async fn check(
    url: &str,
    sources: &Sources,
    network: &Network,
    findings: &mut Findings<'_>,
) -> Result<bool, Failure> {
    let from = in_words(sources, findings.messages());
    findings.good("check-row-sources", "check-sources", &[("sources", from.into())])?;
    let proxy = proxy(url, network);
    let transport = match network.builder(url).reqwest(|client| client.tls_info(true)).build() {
        Ok(transport) => transport,
        Err(error) => {
            findings.failed("check-row-address", &error)?;
            return Ok(false);
        }
    };
    // A name with letters that are not Latin is sent in another form.
    let request = Url::parse(url.trim()).map(|url| Request::get(url.as_str()).body(Bytes::new()));
    let Ok(Ok(request)) = request else {
        let values = [("error", url.into())];
        findings.bad("check-row-address", Exit::Usage, "check-bad-address", &values)?;
        return Ok(false);
    };
    let sent = Utc::now();
    let response = match tokio::time::timeout(TIMEOUT, transport.send(request)).await {
        Ok(Ok(response)) => response,
        failed => {
            let (is_tls, why) = match failed {
                Ok(Err(error)) => {
                    let why = innermost(&error);
                    (is_about_tls(&why), findings.messages().cause(&why))
                }
                _ => (false, findings.messages().text("check-timeout")),
            };
            let values = [("error", why.as_str().into())];
            if is_tls {
                findings.good("check-row-address", "check-reached", &[])?;
                findings.bad("check-row-tls", Exit::Person, "check-tls-failed", &values)?;
            } else if let Some(proxy) = proxy {
                let values = [("error", why.as_str().into()), ("proxy", proxy.into())];
                findings.bad("check-row-proxy", Exit::Again, "check-proxy-failed", &values)?;
            } else {
                findings.bad("check-row-address", Exit::Again, "check-not-reached", &values)?;
            }
            return Ok(false);
        }
    };
    findings.good("check-row-address", "check-reached", &[])?;
    let is_refused = response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED;
    match proxy {
        Some(proxy) if is_refused => {
            findings.bad(
                "check-row-proxy",
                Exit::Person,
                "check-proxy-password",
                &[("proxy", proxy.into())],
            )?;
            return Ok(false);
        }
        Some(proxy) => findings.good("check-row-proxy", "check-proxy", &[("proxy", proxy.into())])?,
        None => findings.good("check-row-proxy", "check-no-proxy", &[])?,
    }
    tls(url, network, response.extensions().get::<TlsInfo>(), findings)?;
    let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
    // Half of the way lies behind it.
    let now = sent + (Utc::now() - sent) / 2;
    clock(date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()).map(Into::into), now, findings)?;
    Ok(true)
}

/// Returns where the values come from. Values with the same source are named together.
fn in_words(sources: &Sources, messages: &Messages) -> String {
    let mut grouped: Vec<(&Source, Vec<String>)> = Vec::new();
    for (name, source) in sources {
        let name = messages.text(name);
        match grouped.iter_mut().find(|(known, _)| *known == source) {
            Some((_, names)) => names.push(name),
            None => grouped.push((source, vec![name])),
        }
    }
    let words =
        grouped.iter().map(|(source, names)| format!("{}: {}", source.in_words(messages), names.join(", ")));
    words.collect::<Vec<_>>().join("; ")
}

/// Returns the proxy that a call to this address goes through, without its password.
fn proxy(url: &str, network: &Network) -> Option<String> {
    let of_environment = || {
        let names = if is_https(url) {
            ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        } else {
            ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
        };
        names.into_iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    };
    let proxy = match &network.proxy {
        _ if is_this_machine(url) => None,
        Some(proxy) if proxy.text == "none" => None,
        Some(proxy) => Some(proxy.text.clone()),
        None => of_environment(),
    };
    proxy.map(|address| match address.split_once('@') {
        Some((_, host)) => host.to_owned(),
        None => address,
    })
}

fn tls(
    url: &str,
    network: &Network,
    info: Option<&TlsInfo>,
    findings: &mut Findings<'_>,
) -> Result<(), Failure> {
    if !is_https(url) {
        return findings.unknown("check-row-tls", "check-no-tls", &[]);
    }
    let der = info.and_then(TlsInfo::peer_certificate);
    let Some((_, certificate)) = der.and_then(|der| X509Certificate::from_der(der).ok()) else {
        return findings.unknown("check-row-tls", "check-tls-unknown", &[]);
    };
    let end = DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0).unwrap_or_default();
    let file = network.ca_file.as_ref().map(|file| file.text.clone());
    let values = [
        ("authority", name(certificate.issuer()).into()),
        ("day", end.format("%Y-%m-%d").to_string().into()),
        ("file", file.clone().unwrap_or_default().into()),
    ];
    if end - Utc::now() < chrono::TimeDelta::from_std(SOON).unwrap_or_default() {
        return findings.bad("check-row-tls", Exit::Person, "check-tls-ends", &values);
    }
    findings.good("check-row-tls", if file.is_some() { "check-tls-with-file" } else { "check-tls" }, &values)
}

/// Returns the common name and the organization.
fn name(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().next().and_then(|part| part.as_str().ok());
    let organization = name.iter_organization().next().and_then(|part| part.as_str().ok());
    let parts: Vec<&str> = [common, organization].into_iter().flatten().collect();
    crate::language::one_line(&parts.join(", "))
}

fn clock(
    date: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    findings: &mut Findings<'_>,
) -> Result<(), Failure> {
    let Some(date) = date else { return findings.unknown("check-row-clock", "check-no-date", &[]) };
    let ahead = (now - date).num_seconds();
    let values = [("seconds", ahead.unsigned_abs().into())];
    match ahead {
        _ if ahead.unsigned_abs() <= CLOCK.as_secs() => findings.good("check-row-clock", "check-clock", &[]),
        1.. => findings.bad("check-row-clock", Exit::Person, "check-clock-ahead", &values),
        _ => findings.bad("check-row-clock", Exit::Person, "check-clock-behind", &values),
    }
}

/// Returns the words of the cause that knows most.
fn innermost(error: &TransportError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    crate::language::one_line(&cause.to_string())
}

fn is_about_tls(why: &str) -> bool {
    [
        "certificate",
        "Certificate",
        "UnknownIssuer",
        "InvalidContentType",
        "HandshakeFailure",
        "ProtocolVersion",
    ]
    .iter()
    .any(|word| why.contains(word))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::arguments::GlobalArguments;
    use crate::language::Language;
    use crate::terminal::Terminal;

    #[test]
    fn a_clock_that_is_off_by_more_than_a_minute_is_a_fault() {
        let terminal = Terminal::new(Messages::new(Language::English), &GlobalArguments::default());
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        for (seconds, expected) in
            [(0, Exit::Done), (60, Exit::Done), (61, Exit::Person), (-61, Exit::Person)]
        {
            let mut findings = Findings::new(&terminal);
            clock(Some(now - chrono::TimeDelta::seconds(seconds)), now, &mut findings).unwrap();
            assert_eq!(findings.end().unwrap(), expected, "{seconds}");
        }
    }
}
