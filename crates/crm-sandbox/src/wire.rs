//! The bytes of a connection. They are listened to for one reason: hyper tells header names in lower case, and the
//! real server knows `apikey` and `Apikey` but not `APIKEY`.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection that remembers what it read since it was last asked.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    heard: Heard,
}

/// What was read since the last call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// Heads are far shorter; what comes after is a body, which nobody asks for.
    const LIMIT: usize = 64 * 1024;

    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, bytes: &[u8]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = Heard::LIMIT.saturating_sub(heard.len());
        heard.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// The names of the headers of a request as they were sent.
pub(crate) fn header_names(head: &[u8]) -> Vec<String> {
    head.split(|byte| *byte == b'\n')
        .skip(1)
        .map(|line| String::from_utf8_lossy(line))
        .map_while(|line| line.split_once(':').map(|(name, _)| name.to_owned()))
        .collect()
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> (Wire, Heard) {
        let heard = Heard::default();
        (Wire { stream, heard: heard.clone() }, heard)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.heard.push(&buf.filled()[before..]);
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_headers_keep_their_case_and_the_body_is_none() {
        let names = header_names(b"GET / HTTP/1.1\r\nHost: x\r\nAPIKEY: k\r\n\r\n{\"a\":1}\n\"b\":2");
        assert_eq!(names, ["Host", "APIKEY"]);
    }
}
