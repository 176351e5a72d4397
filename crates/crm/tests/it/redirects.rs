//! The keys go to the server they are for, and to no other: redirects, certificates, proxies and a caller's headers,
//! over real sockets.

use crate::common::every;
use crate::common::raw::Raw;
use crm::history::{ApiKey, HistoryClient};
use crm::projects::{ProjectsClient, TokenPair};
use crm::{
    Bytes, ClientBuilder, Error, ErrorKind, Operation, OperationInfo, ReqwestTransport,
    ReqwestTransportBuilder, RetryPolicy, http, reqwest,
};
use crm_sandbox::{Fault, Sandbox};

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];
const KEYS: [&str; 4] = ["redirect-apikey", "redirect-login", "redirect-token", "redirect-secret"];

/// A server that must never be asked anything.
struct Other(std::net::TcpListener);

impl Other {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// Nobody has even connected.
    fn was_left_alone(&self) -> bool {
        self.0.accept().is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock)
    }
}

fn clients(address: &str, http: fn() -> reqwest::ClientBuilder) -> (HistoryClient, ProjectsClient) {
    let transport = || {
        let transport = ReqwestTransport::builder().without_system_certificates();
        transport.reqwest(|_| http()).body_limit(1 << 20).build().unwrap()
    };
    let history = HistoryClient::builder(address).credentials(ApiKey::new(KEYS[0], KEYS[1]));
    let projects = ProjectsClient::builder(address).credentials(TokenPair::new(KEYS[2], KEYS[3]));
    (
        history.transport(transport()).retry(RetryPolicy::none()).build().unwrap(),
        projects.transport(transport()).retry(RetryPolicy::none()).build().unwrap(),
    )
}

fn plain() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy()
}

/// As somebody may set it up who thinks of a browser.
fn willing() -> reqwest::ClientBuilder {
    plain().redirect(reqwest::redirect::Policy::limited(10)).referer(true)
}

#[tokio::test]
async fn no_redirect_of_any_kind_is_followed_and_no_other_server_is_asked() {
    let other = Other::start();
    let server = Sandbox::start().await.unwrap();
    let own = server.url().strip_prefix("http://").unwrap().to_owned();
    let port = other.port();
    let places = [
        (format!("http://127.0.0.1:{port}/x"), Some(format!("http://127.0.0.1:{port}"))),
        (format!("http://localhost:{port}/x"), Some(format!("http://localhost:{port}"))),
        (format!("https://127.0.0.1:{port}/x"), Some(format!("https://127.0.0.1:{port}"))),
        (format!("//127.0.0.1:{port}/x"), Some(format!("//127.0.0.1:{port}"))),
        (format!("http://user:pw@127.0.0.1:{port}/?q=1"), Some(format!("http://127.0.0.1:{port}"))),
        ("/another/path".to_owned(), None),
        ("another/path?a=//b".to_owned(), None),
        (format!("http://{own}/same/server"), Some(format!("http://{own}"))),
        ("http://[::1".to_owned(), None),
        ("http://".to_owned(), None),
        (format!(":///127.0.0.1:{port}"), None),
        (String::new(), None),
    ];
    for http in [plain, willing] {
        let (history, projects) = clients(server.url(), http);
        for status in STATUSES {
            for (to, told) in &places {
                server.clear_faults();
                server.add_fault(Fault::redirect(status, to).everywhere().always());
                for id in every::IDS {
                    server.clear_requests();
                    let error = every::call(id, &history, &projects).await.unwrap_err();
                    let case = format!("{status} {to:?} {id}: {error}");
                    assert_eq!(
                        (error.kind(), error.http_status()),
                        (ErrorKind::Redirect, Some(status)),
                        "{case}"
                    );
                    assert_eq!(server.requests().len(), 1, "{case}");
                    assert!(!error.to_string().contains("pw"), "{case}");
                    if let Some(told) = told {
                        assert!(error.to_string().contains(told.as_str()), "{case}");
                    }
                }
            }
        }
    }
    assert!(other.was_left_alone());
}

#[tokio::test]
async fn a_redirect_from_https_to_http_is_not_followed() {
    let other = Other::start();
    for status in STATUSES {
        let port = other.port();
        let answer =
            format!("HTTP/1.1 {status} x\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\n\r\n");
        let (server, authority) = Raw::answering_tls(answer);
        let policy = reqwest::redirect::Policy::limited(10);
        let transport = trusting(&authority).reqwest(|client| client.redirect(policy)).build().unwrap();
        let client = HistoryClient::builder(format!("https://localhost:{}", server.port))
            .credentials(ApiKey::new(KEYS[0], KEYS[1]))
            .transport(transport)
            .retry(RetryPolicy::none())
            .build()
            .unwrap();
        let error = client.fields().await.unwrap_err();
        assert_eq!((error.kind(), error.http_status()), (ErrorKind::Redirect, Some(status)), "{error}");
        assert!(server.requests()[0].contains(KEYS[0]), "the right server gets the key");
    }
    assert!(other.was_left_alone());
}

fn trusting(authority: &str) -> ReqwestTransportBuilder {
    let transport = ReqwestTransport::builder().no_proxy().body_limit(1 << 20);
    transport.add_ca_certificates(authority.as_bytes()).without_system_certificates()
}

/// The default transport, but past any proxy of the environment.
fn direct() -> ReqwestTransport {
    ReqwestTransport::builder().no_proxy().build().unwrap()
}

fn with_keys(builder: ClientBuilder<HistoryClient>) -> HistoryClient {
    builder.credentials(ApiKey::new(KEYS[0], KEYS[1])).retry(RetryPolicy::none()).build().unwrap()
}

#[tokio::test]
async fn a_private_authority_is_trusted_where_it_was_added_and_nowhere_else() {
    let (server, authority) =
        Raw::answering_tls("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"data\":{}}");
    let address = format!("https://localhost:{}", server.port);
    let transport = trusting(&authority).build().unwrap();
    with_keys(HistoryClient::builder(&address).transport(transport)).fields().await.unwrap();
    assert_eq!(server.requests().len(), 1);

    let error = with_keys(HistoryClient::builder(&address).transport(direct())).fields().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert!(error.to_string().to_lowercase().contains("certificate"), "{error}");
    assert_eq!(server.requests().len(), 1, "it was sent to a server that nobody vouches for");
}

/// A call whose author tries to bring credentials of their own.
struct Forged;

impl Operation for Forged {
    type Output = ();
    const INFO: OperationInfo = OperationInfo {
        id: "test.forged",
        method: http::Method::GET,
        path: "/developer/v3/history/fields",
        idempotency: crm::Idempotency::Read,
        accepts_post: true,
    };

    fn request(&self) -> Result<http::Request<Bytes>, Error> {
        let mut request = Self::INFO.request(&[], Bytes::new())?;
        for (name, value) in [("apikey", "forged-1"), ("ApiKey", "forged-2"), ("LOGIN", "forged-3")] {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().append(name, http::HeaderValue::from_static(value));
        }
        Ok(request)
    }

    fn read(&self, response: &http::Response<Bytes>) -> Result<(), Error> {
        crm::answer::json(&Self::INFO, response).map(drop)
    }
}

#[tokio::test]
async fn a_callers_own_headers_neither_replace_nor_double_a_credential() {
    let server = Raw::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    let mut defaults = http::HeaderMap::new();
    defaults.append("apikey", http::HeaderValue::from_static("forged-4"));
    defaults.append("login", http::HeaderValue::from_static("forged-5"));
    let transport = ReqwestTransport::builder()
        .without_system_certificates()
        .reqwest(|_| plain().default_headers(defaults))
        .body_limit(1 << 20)
        .build()
        .unwrap();
    let client = with_keys(HistoryClient::builder(server.url()).transport(transport));
    client.run(&Forged).await.unwrap();
    let head = server.requests().remove(0).to_lowercase();
    assert!(!head.contains("forged"), "{head}");
    for (name, value) in [("apikey", KEYS[0]), ("login", KEYS[1])] {
        let lines: Vec<&str> = head.lines().filter(|line| line.starts_with(&format!("{name}:"))).collect();
        assert_eq!(lines, [format!("{name}: {value}")]);
    }
}

#[test]
fn each_credential_is_marked_sensitive() {
    let (history, projects) = clients("https://crm.example.test", plain);
    let query = crm::projects::ProjectQuery::new();
    let requests = [
        history.prepare(&crm::history::operations::Fields).unwrap(),
        projects.prepare(&crm::projects::operations::List::<()>::new(query.clone())).unwrap(),
    ];
    for (request, names) in requests.iter().zip([["apikey", "login"], ["x-crypto-token", "x-crypto-secret"]])
    {
        for name in names {
            assert!(request.headers()[name].is_sensitive(), "{name}");
        }
    }
}

/// The environment of a process is set for a child of this test: `PROXY_TEST` tells it what to do.
mod proxies {
    use super::*;

    /// Runs `the_child` with this task and proxy; gives what it printed.
    fn child(task: &str, target: &str, proxy: &Raw) -> String {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "redirects::proxies::the_child", "--ignored", "--nocapture"]);
        child
            .env("PROXY_TEST", task)
            .env("PROXY_TARGET", target)
            .env_remove("NO_PROXY")
            .env_remove("no_proxy");
        for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            child.env(name, proxy.url());
        }
        let output = child.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[test]
    #[ignore = "started by the tests of this module, with an environment"]
    fn the_child() {
        let address = std::env::var("PROXY_TARGET").unwrap();
        let builder = HistoryClient::builder(address).timeout(std::time::Duration::from_secs(10));
        let builder = if std::env::var("PROXY_TEST").unwrap() == "direct" {
            builder.transport(super::direct())
        } else {
            builder
        };
        let client = with_keys(builder);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        println!("{:?}", runtime.block_on(client.fields()));
    }

    fn proxy() -> Raw {
        Raw::answering("HTTP/1.1 502 no\r\ncontent-length: 0\r\n\r\n")
    }

    #[test]
    fn a_proxy_of_the_environment_is_used_for_https_and_sees_no_key() {
        let proxy = proxy();
        child("proxied", "https://crm.example.test", &proxy);
        let requests = proxy.requests();
        assert!(requests[0].starts_with("CONNECT crm.example.test:443 "), "{requests:?}");
        assert!(KEYS.iter().all(|key| !requests[0].contains(key)), "{requests:?}");
    }

    #[test]
    fn a_proxy_of_the_environment_can_be_turned_off() {
        let proxy = proxy();
        // A port at which nobody listens: whom the client tries to reach is what matters.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let told = child("direct", &format!("https://localhost:{port}"), &proxy);
        assert!(told.contains("Connect"), "{told}");
        assert!(proxy.requests().is_empty(), "{:?}", proxy.requests());
    }

    #[test]
    fn plain_http_to_this_machine_goes_through_no_proxy() {
        let proxy = proxy();
        let server = Raw::answering("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"data\":{}}");
        let told = child("proxied", &server.url(), &proxy);
        assert!(told.contains("Ok({})"), "{told}");
        assert!(proxy.requests().is_empty(), "{:?}", proxy.requests());
    }
}
