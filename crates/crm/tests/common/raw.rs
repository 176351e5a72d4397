//! Servers below HTTP: what they send need not be HTTP at all.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rcgen::CertifiedKey;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, Stream};

/// A server on a free loopback port. It lives as long as the process.
pub(crate) struct Raw {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Raw {
    /// Writes these bytes to whoever has sent a request, and closes the connection.
    pub(crate) fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::writing(move |out| drop(out.write_all(&answer)))
    }

    /// Lets `write` answer each request; the connection is closed after it.
    pub(crate) fn writing(write: impl Fn(&mut dyn Write) + Send + Sync + 'static) -> Self {
        Self::serving(move |mut socket, requests| {
            if let Some(request) = request(&mut socket) {
                requests.lock().unwrap().push(request);
                write(&mut socket);
                let _ = socket.shutdown(std::net::Shutdown::Write);
                // A close with unread bytes is a reset, which could overtake the answer.
                let _ = socket.read(&mut [0; 64]);
            }
        })
    }

    /// The same over TLS, with a certificate of `localhost` that nobody vouches for; gives that certificate as PEM.
    pub(crate) fn answering_tls(answer: impl Into<Vec<u8>>) -> (Self, String) {
        let answer = answer.into();
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = tokio_rustls::rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der());
        // Named, because with all features of the workspace there is another one.
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.unwrap());
        let config = Arc::new(config.unwrap());
        let raw = Self::serving(move |mut socket, requests| {
            let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = Stream::new(&mut tls, &mut socket);
            if let Some(request) = request(&mut stream) {
                requests.lock().unwrap().push(request);
                let _ = stream.write_all(&answer);
                stream.conn.send_close_notify();
                let _ = stream.flush();
                let _ = socket.shutdown(std::net::Shutdown::Write);
                let _ = socket.read(&mut [0; 64]);
            }
        });
        (raw, cert.pem())
    }

    fn serving(serve: impl Fn(TcpStream, &Mutex<Vec<String>>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (serve, seen) = (Arc::new(serve), Arc::clone(&requests));
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (serve, seen) = (Arc::clone(&serve), Arc::clone(&seen));
                std::thread::spawn(move || serve(socket, &seen));
            }
        });
        Self { port, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What was received so far: heads and bodies.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// One request, head and body; nothing where the connection ended before.
fn request(socket: &mut impl Read) -> Option<String> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
        match socket.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(n) => bytes.extend_from_slice(&chunk[..n]),
        }
    }
}
