//! Where a server listens: an address that only this machine reaches.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use crate::arguments::BadValue;
use crate::exit::Failure;
use crate::terminal::Terminal;

/// A loopback address, or the path of a socket of Unix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::commands::outbox) enum Address {
    Loopback(SocketAddr),
    Unix(PathBuf),
}

/// What accepts connections.
pub(in crate::commands::outbox) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixSocket),
}

/// A connection.
pub(super) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

impl Address {
    /// Reads `127.0.0.1:8788`, `[::1]:8788` or `unix:/run/crm.sock`.
    pub(in crate::commands::outbox) fn parse(text: &str) -> Result<Self, BadValue> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| cfg!(unix) && !path.is_empty()) {
            return Ok(Self::Unix(path.into()));
        }
        let address: SocketAddr = text.parse().map_err(|_| BadValue("expected-address"))?;
        // Other machines reach it by a proxy with TLS.
        if address.ip().is_loopback() {
            Ok(Self::Loopback(address))
        } else {
            Err(BadValue("expected-loopback"))
        }
    }

    /// Returns whether the operating system lets only its owner connect.
    pub(super) fn has_owner(&self) -> bool {
        matches!(self, Self::Unix(_))
    }

    pub(in crate::commands::outbox) async fn bind(&self, terminal: &Terminal) -> Result<Listener, Failure> {
        let bound = match self {
            Self::Loopback(address) => TcpListener::bind(address).await.map(Listener::Tcp),
            #[cfg(unix)]
            Self::Unix(path) => UnixSocket::bind(path).await.map(Listener::Unix),
            #[cfg(not(unix))]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        };
        bound.map_err(|error| {
            let values = [("address", self.to_string().into()), ("error", error.to_string().into())];
            Failure::person(terminal.messages.format("outbox-not-listening", &values))
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback(address) => write!(f, "http://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Listener {
    pub(super) async fn accept(&self) -> io::Result<Box<dyn Connection>> {
        Ok(match self {
            Self::Tcp(listener) => Box::new(listener.accept().await?.0),
            #[cfg(unix)]
            Self::Unix(socket) => Box::new(socket.listener.accept().await?.0),
        })
    }

    /// Returns where it listens, with the port that the system chose.
    pub(super) fn address(&self) -> io::Result<Address> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Address::Loopback),
            #[cfg(unix)]
            Self::Unix(socket) => Ok(Address::Unix(socket.path.clone())),
        }
    }
}

/// A socket of Unix with mode 0600, removed at the end.
#[cfg(unix)]
pub(in crate::commands::outbox) struct UnixSocket {
    listener: tokio::net::UnixListener,
    path: PathBuf,
}

#[cfg(unix)]
impl UnixSocket {
    async fn bind(path: &std::path::Path) -> io::Result<Self> {
        use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

        let is_socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
        // An earlier process left it, if nobody answers there.
        if is_socket && tokio::net::UnixStream::connect(path).await.is_err() {
            std::fs::remove_file(path)?;
        }
        let listener = tokio::net::UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path: path.to_owned() })
    }
}

#[cfg(unix)]
impl Drop for UnixSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_no_other_machine_reaches_are_taken() {
        for text in ["127.0.0.1:0", "127.8.0.1:80", "[::1]:8788"] {
            assert!(matches!(Address::parse(text), Ok(Address::Loopback(_))), "{text}");
        }
        for text in ["0.0.0.0:8788", "192.168.0.1:80", "[::]:80", "localhost:80", "8788", "unix:"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
        assert_eq!(Address::parse("unix:/run/crm.sock").ok(), Some(Address::Unix("/run/crm.sock".into())));
    }
}
