//! A server in memory, and three calls to make.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crm_transport::http::{Method, Request, Response};
use crm_transport::{
    BoxFuture, Bytes, Client, ClientBuilder, Credentials, Error, Idempotency, Operation, OperationInfo,
    Pipeline, Transport, TransportError, answer,
};
use tokio::time::Instant;

/// What the server does with one request.
#[derive(Clone)]
pub(crate) enum Answer {
    Fails(fn() -> TransportError),
    Says { status: u16, headers: Vec<(&'static str, String)>, body: &'static str },
    Takes(Duration, Box<Answer>),
    Hangs,
}

pub(crate) fn ok() -> Answer {
    status(200, "{}")
}

pub(crate) fn status(status: u16, body: &'static str) -> Answer {
    Answer::Says { status, headers: Vec::new(), body }
}

pub(crate) fn refused() -> TransportError {
    TransportError::connect("no connection to the server: refused")
}

pub(crate) fn no_connection() -> Answer {
    Answer::Fails(refused)
}

pub(crate) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The clock's grain, which a wait may be longer by.
pub(crate) const GRAIN: Duration = Duration::from_millis(2);

impl Answer {
    pub(crate) fn after(self, milliseconds: u64) -> Self {
        Self::Takes(ms(milliseconds), Box::new(self))
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Says { headers, .. } = &mut self {
            headers.push((name, value.into()));
        }
        self
    }

    async fn give(self) -> Result<Response<Bytes>, TransportError> {
        match self {
            Self::Fails(error) => Err(error()),
            Self::Says { status, headers, body } => {
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                Ok(response.body(Bytes::from_static(body.as_bytes())).unwrap())
            }
            Self::Takes(time, answer) => {
                tokio::time::sleep(time).await;
                Box::pin(answer.give()).await
            }
            Self::Hangs => std::future::pending().await,
        }
    }
}

/// Gives its answers in turn, the last one for ever.
pub(crate) struct Server {
    born: Instant,
    answers: Mutex<VecDeque<Answer>>,
    seen: Mutex<Seen>,
}

#[derive(Clone, Default)]
pub(crate) struct Seen {
    /// When each attempt started, since the server was born.
    pub(crate) starts: Vec<Duration>,
    pub(crate) requests: Vec<String>,
    pub(crate) most_at_once: usize,
    at_once: usize,
}

impl Server {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        Arc::new(Self {
            born: Instant::now(),
            answers: Mutex::new(answers.into_iter().collect()),
            seen: Mutex::default(),
        })
    }

    pub(crate) fn now_answers(&self, answers: impl IntoIterator<Item = Answer>) {
        *self.answers.lock().unwrap() = answers.into_iter().collect();
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    /// The times between the starts of the attempts, from this attempt on.
    pub(crate) fn gaps_from(&self, first: usize) -> Vec<Duration> {
        self.seen().starts[first..].windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    pub(crate) fn attempts(&self) -> usize {
        self.seen().starts.len()
    }
}

struct AtOnce<'a>(&'a Server);

impl Drop for AtOnce<'_> {
    fn drop(&mut self) {
        self.0.seen.lock().unwrap().at_once -= 1;
    }
}

impl Transport for Server {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            {
                let mut seen = self.seen.lock().unwrap();
                seen.starts.push(self.born.elapsed());
                seen.requests.push(format!("{request:?}"));
                seen.at_once += 1;
                seen.most_at_once = seen.most_at_once.max(seen.at_once);
            }
            let _at_once = AtOnce(self);
            let answer = {
                let mut answers = self.answers.lock().unwrap();
                if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }
            };
            answer.unwrap().give().await
        })
    }
}

/// The client.
#[derive(Clone, Debug)]
pub(crate) struct Calls(pub(crate) Pipeline);

impl Client for Calls {
    type Credentials = Credentials;

    fn over(pipeline: Pipeline) -> Self {
        Self(pipeline)
    }
}

pub(crate) fn client(server: &Arc<Server>) -> Calls {
    client_with(server, |builder| builder)
}

pub(crate) fn client_with(
    server: &Arc<Server>,
    set: impl FnOnce(ClientBuilder<Calls>) -> ClientBuilder<Calls>,
) -> Calls {
    let builder = ClientBuilder::new("https://crm.example.test").credentials(Credentials::new());
    set(builder.transport(Arc::clone(server))).build().unwrap()
}

impl Calls {
    pub(crate) async fn read(&self) -> Result<(), Error> {
        self.0.run(&Call::<Read>(PhantomData)).await
    }

    pub(crate) async fn other_read(&self) -> Result<(), Error> {
        self.0.run(&Call::<OtherRead>(PhantomData)).await
    }

    pub(crate) async fn delete(&self) -> Result<(), Error> {
        self.0.run(&Call::<Delete>(PhantomData)).await
    }

    pub(crate) async fn add(&self) -> Result<(), Error> {
        self.0.run(&Call::<Add>(PhantomData)).await
    }
}

trait Kind: Send + Sync {
    const ID: &'static str;
    const IDEMPOTENCY: Idempotency;
}

struct Read;
struct OtherRead;
struct Delete;
struct Add;

impl Kind for Read {
    const ID: &'static str = "test.read";
    const IDEMPOTENCY: Idempotency = Idempotency::Read;
}

impl Kind for OtherRead {
    const ID: &'static str = "test.other_read";
    const IDEMPOTENCY: Idempotency = Idempotency::Read;
}

impl Kind for Delete {
    const ID: &'static str = "test.delete";
    const IDEMPOTENCY: Idempotency = Idempotency::Idempotent;
}

impl Kind for Add {
    const ID: &'static str = "test.add";
    const IDEMPOTENCY: Idempotency = Idempotency::Write;
}

struct Call<K>(PhantomData<K>);

impl<K: Kind> Operation for Call<K> {
    type Output = ();

    const INFO: OperationInfo = OperationInfo {
        id: K::ID,
        method: Method::POST,
        path: "/call",
        idempotency: K::IDEMPOTENCY,
        accepts_post: false,
    };

    fn request(&self) -> Result<Request<Bytes>, Error> {
        Self::INFO.request(&[], Bytes::from_static(b"{}"))
    }

    fn read(&self, response: &Response<Bytes>) -> Result<(), Error> {
        let json = answer::json(&Self::INFO, response)?;
        if let Some(error) =
            answer::api_error(&Self::INFO, json, |code| answer::refusal_of_http(code.unwrap_or(0)))
        {
            return Err(error);
        }
        crm_transport::json::decode::<serde_json::Value>(json, "$")
            .map_err(|e| Error::undecodable(&Self::INFO, e))?;
        Ok(())
    }
}
