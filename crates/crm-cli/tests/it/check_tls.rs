//! `crm check` against a server with TLS and a certificate of its own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, Stream};

use crate::program::Folder;

/// A server on a free port that gives every request the same answer. It lives as long as the process.
struct TlsServer {
    port: u16,
    /// The certificate as PEM.
    certificate: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl TlsServer {
    fn start(answer: &'static str) -> Self {
        let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
        // Named, because with all features of the workspace there is another one.
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![signed.cert.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                serve(socket, &config, answer, &seen);
            }
        });
        Self { port, certificate: signed.cert.pem(), requests }
    }
}

fn serve(mut socket: TcpStream, config: &Arc<ServerConfig>, answer: &str, seen: &Mutex<Vec<String>>) {
    let mut tls = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut stream = Stream::new(&mut tls, &mut socket);
    let mut bytes = [0; 4096];
    let Ok(length) = stream.read(&mut bytes) else { return };
    seen.lock().unwrap().push(String::from_utf8_lossy(&bytes[..length]).into_owned());
    let _ = stream.write_all(answer.as_bytes());
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

#[test]
fn the_authority_is_shown_if_it_is_trusted_and_a_wrong_clock_is_a_fault() {
    let server = TlsServer::start(
        "HTTP/1.1 200 OK\r\nDate: Wed, 01 Jan 2200 00:00:00 GMT\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    );
    let folder = Folder::new("check-tls");
    folder.write("ca.pem", &server.certificate);
    let url = format!("https://localhost:{}", server.port);
    let check = ["check", "--history-url", &url, "--apikey", "secret-key", "--login", "me@example.test"];

    let ran = folder.crm(&check).run();
    ran.ended(1, "");
    assert!(ran.out.contains("✗ TLS") && ran.out.contains("ca_file"), "{ran:#?}");
    assert!(server.requests.lock().unwrap().is_empty());

    let ran = folder.crm(&[&check[..], &["--ca-file", "ca.pem"]].concat()).run();
    ran.ended(1, "");
    assert!(ran.out.contains("✓ TLS") && ran.out.contains("rcgen self signed cert"), "{ran:#?}");
    assert!(ran.out.contains("✗ Clock") && ran.out.contains("behind the server"), "{ran:#?}");
    let requests = server.requests.lock().unwrap();
    assert!(requests[0].starts_with("GET / ") && !requests[0].contains("secret-key"), "{requests:?}");
    assert!(requests[1].contains("secret-key"));
}
