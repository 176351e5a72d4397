//! Answers, whole and spoilt.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use flate2::write::GzEncoder;
use flate2::{Compress, Compression, Crc, FlushCompress};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::channel::Sender;
use http_body_util::{Channel, Either, Full};

use crate::faults::{ApiError, FixedAnswer, RetryAfter};
use crate::state::State;
use crate::{Operation, history, projects};

/// A body that is there, or one that comes bit by bit.
pub(crate) type Body = Either<Full<Bytes>, Channel<Bytes>>;

const JSON: &str = "application/json; charset=utf-8";

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

    /// No answer.
    pub(crate) fn empty() -> Answer {
        Answer { status: StatusCode::OK, headers: Vec::new(), body: Vec::new() }
    }

    /// The answer of a fault. `until` is when its rule lets requests through.
    pub(crate) fn from_fixed(
        fixed: &FixedAnswer,
        operation: Operation,
        state: &State,
        until: Option<Duration>,
    ) -> Answer {
        let body = match &fixed.api_error {
            Some(ApiError { text, .. }) if !operation.is_salesman() => projects::error_text(text.clone()),
            Some(ApiError { code, text }) => history::error_text(*code, text.clone()),
            None => fixed.whole_body(),
        };
        let status = StatusCode::from_u16(fixed.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let mut answer = Answer { status, headers: Vec::new(), body: body.into_bytes() };
        for (name, value) in &fixed.headers {
            answer.headers.extend(name.parse().ok().map(|name| (name, value.clone())));
        }
        if let Some(after) = fixed.retry_after {
            answer.headers.push((RETRY_AFTER, retry_after(after, state, until)));
        }
        if fixed.gzip {
            answer.headers.push((CONTENT_ENCODING, "gzip".to_owned()));
            let mut packer = GzEncoder::new(Vec::new(), Compression::best());
            // Writing to memory does not fail.
            let _ = packer.write_all(&answer.body);
            answer.body = packer.finish().unwrap_or_default();
        }
        answer
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The answer as it should be.
    pub(crate) fn response(mut self) -> Response<Bytes> {
        let body = std::mem::take(&mut self.body);
        self.with(body.into())
    }

    /// The same for a socket.
    pub(crate) fn whole(self) -> Response<Body> {
        self.response().map(|body| Either::Left(Full::new(body)))
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

    /// The body and blanks behind it, packed: the head, and the pieces of the body.
    pub(crate) fn gzip_bomb(mut self, mib: u32) -> (Answer, impl Iterator<Item = Vec<u8>> + Send + 'static) {
        self.headers.push((CONTENT_ENCODING, "gzip".to_owned()));
        let body = std::mem::take(&mut self.body);
        let blanks = vec![b' '; MIB];
        let packed_blanks = packed(&blanks);
        let mut checksum = Crc::new();
        checksum.update(&body);
        let mut checksum_of_blanks = Crc::new();
        checksum_of_blanks.update(&blanks);
        let head: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
        let first = [head, &packed(&body)].concat();
        let pieces = std::iter::once(first).chain((0..=mib).map(move |step| {
            if step < mib {
                checksum.combine(&checksum_of_blanks);
                return packed_blanks.clone();
            }
            let last_block: &[u8] = &[3, 0];
            [last_block, &checksum.sum().to_le_bytes(), &checksum.amount().to_le_bytes()].concat()
        }));
        (self, pieces)
    }

    /// The same for a socket.
    pub(crate) fn streamed_gzip_bomb(self, mib: u32) -> Response<Body> {
        let (answer, pieces) = self.gzip_bomb(mib);
        answer.with(streamed(async move |mut sender| {
            for piece in pieces {
                if sender.send_data(piece.into()).await.is_err() {
                    return;
                }
            }
        }))
    }

    /// The bytes of an answer that HTTP libraries refuse to write: another length than the body has, and so many
    /// bytes of it. `None` is a chunked body without its end.
    pub(crate) fn raw(&self, length: Option<usize>, sent: usize) -> Vec<u8> {
        let reason = self.status.canonical_reason().unwrap_or_default();
        let mut raw = format!("HTTP/1.1 {} {reason}\r\n", self.status.as_u16());
        for (name, value) in &self.headers {
            raw.push_str(&format!("{name}: {value}\r\n"));
        }
        let body = &self.body[..sent.min(self.body.len())];
        match length {
            Some(length) => raw.push_str(&format!("content-length: {length}\r\n\r\n")),
            None => raw.push_str(&format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n", body.len())),
        }
        let mut raw = raw.into_bytes();
        raw.extend_from_slice(body);
        raw
    }

    fn with<B>(self, body: B) -> Response<B> {
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

fn retry_after(after: RetryAfter, state: &State, until: Option<Duration>) -> String {
    match after {
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::DateInSeconds(seconds) => {
            let seconds = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
            let date = seconds.and_then(|seconds| state.clock.utc().checked_add_signed(seconds));
            date.unwrap_or(DateTime::<Utc>::MAX_UTC).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
        }
        RetryAfter::Absurd => "99999999999999999999999".to_owned(),
        RetryAfter::Accurate => {
            let rest = until.unwrap_or_default().saturating_sub(state.clock.monotonic());
            (rest.as_secs_f64().ceil() as u64).max(1).to_string()
        }
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
