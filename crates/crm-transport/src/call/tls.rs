//! TLS by rustls with ring, without a provider for the whole process.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

/// Creates the settings of a client of rustls, for this transport and for the connections of this project to databases. Not
/// for others.
///
/// It trusts the CA certificates in `pem`, and those of the system if `trusts_system`. Certificates are then verified as
/// the system does it. `client` holds the certificates and the private key of a client, or nothing.
pub fn tls_config(pem: &[u8], trusts_system: bool, client: &[u8]) -> Result<ClientConfig, String> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates =
        certificates.map_err(|error| format!("the CA certificates are not valid PEM: {error}"))?;
    if certificates.is_empty() && !pem.is_empty() {
        return Err("the PEM text of the CA certificates holds no certificate".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = if trusts_system {
        let verifier = system_verifier(certificates, provider).map_err(|error| error.to_string())?;
        // "Dangerous" because the verifier is not rustls's own. It checks the chain, the name and the dates all the same.
        config.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
    } else {
        let mut roots = RootCertStore::empty();
        for certificate in certificates {
            roots.add(certificate).map_err(|error| format!("a CA certificate is not valid: {error}"))?;
        }
        config.with_root_certificates(roots)
    };
    let config = if client.is_empty() {
        config.with_no_client_auth()
    } else {
        let wrong = |error| format!("the client certificate is not valid PEM: {error}");
        let chain = CertificateDer::pem_slice_iter(client).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        let key = PrivateKeyDer::from_pem_slice(client).map_err(wrong)?;
        let config = config.with_client_auth_cert(chain, key);
        config.map_err(|error| format!("the client certificate cannot be used: {error}"))?
    };
    Ok(config)
}

/// Returns what to do about a connection to a database that failed because of the server's certificate, or `None` if it failed
/// for another reason.
pub fn certificate_advice(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    use CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext, UnknownIssuer};
    // An `io::Error` does not name the error that it holds among its sources.
    let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match held.and_then(|held| held.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(fault)) => Some(match fault {
            UnknownIssuer => {
                "the CA is not known to this machine: add the file of a private CA to the URL, as sslrootcert"
            }
            NotValidForName | NotValidForNameContext { .. } => "connect by a name that the certificate has",
            Expired | ExpiredContext { .. } => "renew the certificate of the database server",
            _ => "check the certificate of the database server",
        }),
        _ => error.source().and_then(certificate_advice),
    }
}

#[cfg(not(target_os = "android"))]
fn system_verifier(
    own: Vec<CertificateDer<'static>>,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<Verifier, rustls::Error> {
    Verifier::new_with_extra_roots(own, provider)
}

#[cfg(target_os = "android")]
fn system_verifier(
    own: Vec<CertificateDer<'static>>,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<Verifier, rustls::Error> {
    if !own.is_empty() {
        return Err(rustls::Error::General(
            "a private CA in addition to those of Android is not supported".to_owned(),
        ));
    }
    Verifier::new(provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_that_cannot_be_used_are_named() {
        let text = tls_config(b"not a certificate\n", false, b"").unwrap_err();
        assert_eq!(text, "the PEM text of the CA certificates holds no certificate");
        let broken = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        assert!(
            tls_config(broken, false, b"").unwrap_err().starts_with("the CA certificates are not valid PEM")
        );
        assert!(
            tls_config(b"", false, b"no key")
                .unwrap_err()
                .starts_with("the client certificate is not valid PEM")
        );
    }
}
