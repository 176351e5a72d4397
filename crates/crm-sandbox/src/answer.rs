//! Answers, whole and spoilt.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use flate2::{Compress, Compression, Crc, FlushCompress};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::channel::Sender;
use http_body_util::{Channel, Either, Full};

use crate::RetryAfter;

/// A body that is there, or one that comes bit by bit.
pub(crate) type Body = Either<Full<Bytes>, Channel<Bytes>>;

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html";

/// An answer that is not on its way yet.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(status: StatusCode, body: impl Into<Vec<u8>>) -> Answer {
        Answer { status, headers: vec![(CONTENT_TYPE, JSON.to_owned())], body: body.into() }
    }

    /// The same, with the other header that SalesMan sends.
    pub(crate) fn for_any_origin(mut self) -> Answer {
        self.headers.push((ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()));
        self
    }

    pub(crate) fn gateway_page(status: StatusCode) -> Answer {
        let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or("Error"));
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
             <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        );
        Answer { status, headers: vec![(CONTENT_TYPE, HTML.to_owned())], body: body.into_bytes() }
    }

    pub(crate) fn retry_later(status: StatusCode, after: RetryAfter) -> Answer {
        let after = match after {
            RetryAfter::Seconds(seconds) => seconds.to_string(),
            RetryAfter::DateInSeconds(seconds) => {
                let seconds = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
                let date = seconds.and_then(|seconds| Utc::now().checked_add_signed(seconds));
                date.unwrap_or(DateTime::<Utc>::MAX_UTC).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
            }
            RetryAfter::Absurd => "99999999999999999999999".to_owned(),
        };
        let mut answer = Answer::gateway_page(status);
        answer.headers.push((RETRY_AFTER, after));
        answer
    }

    pub(crate) fn redirect(status: StatusCode, to: &str) -> Answer {
        let mut answer = Answer::gateway_page(status);
        answer.headers.push((LOCATION, to.to_owned()));
        answer
    }

    pub(crate) fn with_php_warning(mut self, before: bool, after: bool) -> Answer {
        let warning = "<br />\n<b>Warning</b>:  Undefined array key \"user\" in \
                       <b>/srv/crm/developer/v3/methods/history.php</b> on line <b>306</b><br />\n";
        let json = std::mem::take(&mut self.body);
        let part = |wanted: bool| if wanted { warning.as_bytes() } else { b"" };
        self.body = [part(before), &json, part(after)].concat();
        self
    }

    pub(crate) fn with_byte_order_mark(mut self) -> Answer {
        self.body.splice(0..0, *b"\xef\xbb\xbf");
        self
    }

    /// The answer as it should be.
    pub(crate) fn whole(mut self) -> Response<Body> {
        let body = std::mem::take(&mut self.body);
        self.with(Either::Left(Full::from(body)))
    }

    /// The body in pieces with a pause before each.
    pub(crate) fn dripping(mut self, piece: usize, pause: Duration) -> Response<Body> {
        let body = Bytes::from(std::mem::take(&mut self.body));
        self.with(streamed(async move |mut sender| {
            let mut rest = body;
            while !rest.is_empty() {
                tokio::time::sleep(pause).await;
                let next = rest.split_to(piece.clamp(1, rest.len()));
                if sender.send_data(next).await.is_err() {
                    return;
                }
            }
        }))
    }

    /// The body, then blanks without end.
    pub(crate) fn endless(mut self) -> Response<Body> {
        let mut body = std::mem::take(&mut self.body);
        // The last bracket never comes, so a reader cannot stop early.
        body.pop();
        self.with(streamed(async move |mut sender| {
            let mut next = Bytes::from(body);
            while sender.send_data(next).await.is_ok() {
                next = Bytes::from_static(&[b' '; 16 * 1024]);
            }
        }))
    }

    /// The body and blanks behind it, packed.
    pub(crate) fn gzip_bomb(mut self, mib: u32) -> Response<Body> {
        self.headers.push((CONTENT_ENCODING, "gzip".to_owned()));
        let body = std::mem::take(&mut self.body);
        self.with(streamed(async move |mut sender| {
            let blanks = vec![b' '; MIB];
            let packed_blanks = Bytes::from(packed(&blanks));
            let mut checksum = Crc::new();
            checksum.update(&body);
            let mut checksum_of_blanks = Crc::new();
            checksum_of_blanks.update(&blanks);
            let head: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
            let mut next = Bytes::from([head, &packed(&body)].concat());
            for _ in 0..mib {
                if sender.send_data(next).await.is_err() {
                    return;
                }
                next = packed_blanks.clone();
                checksum.combine(&checksum_of_blanks);
            }
            let last_block: &[u8] = &[3, 0];
            let tail = [last_block, &checksum.sum().to_le_bytes(), &checksum.amount().to_le_bytes()].concat();
            if sender.send_data(next).await.is_ok() {
                let _ = sender.send_data(Bytes::from(tail)).await;
            }
        }))
    }

    /// The bytes of an answer that HTTP libraries refuse to write: another length than the body has, and so many
    /// bytes of it.
    pub(crate) fn raw(&self, length: usize, sent: usize) -> Vec<u8> {
        let reason = self.status.canonical_reason().unwrap_or_default();
        let mut raw = format!("HTTP/1.1 {} {reason}\r\n", self.status.as_u16());
        for (name, value) in &self.headers {
            raw.push_str(&format!("{name}: {value}\r\n"));
        }
        raw.push_str(&format!("content-length: {length}\r\n\r\n"));
        let mut raw = raw.into_bytes();
        raw.extend_from_slice(&self.body[..sent.min(self.body.len())]);
        raw
    }

    fn with(self, body: Body) -> Response<Body> {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

const MIB: usize = 1024 * 1024;

fn streamed<F>(send: impl FnOnce(Sender<Bytes>) -> F) -> Body
where
    F: Future<Output = ()> + Send + 'static,
{
    let (sender, body) = Channel::new(1);
    tokio::spawn(send(sender));
    Either::Right(body)
}

/// Deflated, ending at a whole byte and without a look back: such pieces can be put one after another.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(bytes.len() / 8 + 1_024);
    let mut deflate = Compress::new(Compression::best(), false);
    // The buffer is large enough for anything, so one call does.
    let _ = deflate.compress_vec(bytes, &mut packed, FlushCompress::Full);
    packed
}
