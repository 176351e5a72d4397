//! Logs an activity through a tunnel of one's own: a `Transport` over a plain socket, no HTTP client.

use crm_history::transport::{BoxFuture, Bytes, Transport, TransportError, http};
use crm_history::{ApiKey, ClientId, HistoryClient, NewEntry};
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// HTTP/1.1, one connection for each call, to wherever the tunnel ends.
struct Tunnel {
    to: SocketAddr,
}

impl Transport for Tunnel {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let to = self.to;
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || exchange(to, &request)).await;
            done.map_err(|error| TransportError::closed("the call was stopped").because(error))?
        })
    }
}

fn exchange(to: SocketAddr, request: &http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
    let mut stream = TcpStream::connect(to)
        .map_err(|error| TransportError::connect(format!("{to} cannot be reached")).because(error))?;
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let host = request.uri().host().unwrap_or_default();
    let mut text =
        format!("{} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n", request.method()).into_bytes();
    text.extend(format!("content-length: {}\r\n", request.body().len()).as_bytes());
    for (name, value) in request.headers() {
        text.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    text.extend([b"\r\n", request.body().as_ref()].concat());
    // From here on nobody knows whether the server has seen it: that is what `closed` says.
    let lost = |error| TransportError::closed("the connection was lost").because(error);
    stream.write_all(&text).map_err(lost)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(lost)?;
    parse(&answer).ok_or_else(|| TransportError::cut_body("the answer is cut or no HTTP"))
}

fn parse(answer: &[u8]) -> Option<http::Response<Bytes>> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut response = http::Response::builder().status(head.split(' ').nth(1)?);
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(": ")?;
        response = response.header(name, value);
    }
    let length: usize = response.headers_ref()?.get("content-length")?.to_str().ok()?.parse().ok()?;
    let body = &answer[end + 4..];
    (body.len() == length).then(|| response.body(Bytes::copy_from_slice(body)).ok())?
}

fn main() -> Result<(), Box<dyn Error>> {
    // Without `#[tokio::main]`, no procedural macro is compiled. The client needs timers.
    tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(log_an_activity())
}

async fn log_an_activity() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let to = listener.local_addr()?;
    let far_end = thread::spawn(move || far_end(&listener));

    let builder = || {
        HistoryClient::builder("https://crm.example.test")
            .credentials(ApiKey::new("a-key", "seller@example.test"))
    };
    match builder().build() {
        Err(error) if error.field() == Some("transport") => println!("without a transport: {error}"),
        Err(error) => return Err(error.into()),
        Ok(_) => return Err("there is a client, and nothing that could send its requests".into()),
    }
    let history = builder().transport(Tunnel { to }).build()?;
    let id = history
        .add(&NewEntry::new("Входящий звонок").activity_type("вх.Звонок").client(ClientId(1781)))
        .await?;
    println!("logged as {id}");

    let request = far_end.join().map_err(|_| "the far end failed")??;
    println!("the far end got {} bytes", request.len());
    let expected = ["POST /developer/v3/history/add HTTP/1.1", "apikey: a-key", "login: seller@example.test"];
    let missing = expected.iter().find(|text| !request.contains(*text));
    match missing {
        None if id.0 == 777 => Ok(()),
        None => Err(format!("the far end stored 777, and the client says {id}").into()),
        Some(text) => Err(format!("`{text}` did not arrive").into()),
    }
}

/// Takes one request and answers that it is stored.
fn far_end(listener: &TcpListener) -> std::io::Result<String> {
    let (mut stream, _) = listener.accept()?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") && reader.read_line(&mut request)? > 0 {}
    let length = request.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body)?;
    let answer = r#"{"result":"Успешно","data":777}"#;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
        answer.len()
    )?;
    Ok(request + &String::from_utf8_lossy(&body))
}
