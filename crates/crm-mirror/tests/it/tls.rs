//! TLS to PostgreSQL.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crm_mirror::Mirror;

use crate::cluster::Cluster;

#[tokio::test]
async fn tls_verifies_the_certificate_of_the_server_and_its_name() {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    // Free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut root = String::new();
    let cluster = Cluster::start_with(|folder| {
        let (certificate, key) = (folder.join("server.crt"), folder.join("server.key"));
        fs::write(&certificate, signed.cert.pem()).unwrap();
        fs::write(&key, signed.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        root = certificate.display().to_string();
        format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c ssl=on -c ssl_cert_file={root} -c ssl_key_file={}",
            key.display()
        )
    });
    let Some(_cluster) = cluster else { return };
    let url = |host: &str| format!("postgres://crm@{host}:{port}/postgres?sslmode=verify-full");
    let mirror = Mirror::open(&format!("{}&sslrootcert={root}", url("localhost"))).await.unwrap();
    assert!(mirror.status(1).await.unwrap().is_empty());
    let of_another_name = format!("{}&sslrootcert={root}", url("127.0.0.1"));
    for (url, fault, advice) in [
        (url("localhost"), "invalid peer certificate: UnknownIssuer", "sslrootcert"),
        (of_another_name, "not valid for name", "connect by a name that the certificate has"),
    ] {
        let text = Mirror::open(&url).await.unwrap_err().to_string();
        assert!(text.contains(fault) && text.contains(advice), "{text}");
    }
}
