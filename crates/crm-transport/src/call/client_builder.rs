//! Builds a client from an address, credentials and settings.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::address::Address;
use super::credentials::Credentials;
use super::operation::ReadMethod;
use super::pipeline::{Pipeline, Shared};
use super::reads::Reads;
use super::transport::{BODY_LIMIT, Transport};
use crate::error::Error;
use crate::observe::Observer;
use crate::policy::{Limiter, Pace, Retries, RetryPolicy};

/// A client over a [`Pipeline`], which [`ClientBuilder`] builds.
pub trait Client: Sized {
    /// The account's keys, such as an `ApiKey`.
    type Credentials: Into<Credentials>;

    /// Creates the client over this pipeline.
    fn over(pipeline: Pipeline) -> Self;
}

/// Builds a client from an address, credentials and settings.
///
/// ```
/// use std::time::Duration;
///
/// use crm_transport::{Client, ClientBuilder, Error, Pace, RetryPolicy};
///
/// fn for_the_night<C: Client>(address: &str, keys: C::Credentials) -> Result<C, Error> {
///     ClientBuilder::new(address)
///         .credentials(keys)
///         .timeout(Duration::from_secs(60))
///         .deadline(Duration::from_secs(600))
///         .retry(RetryPolicy::new().max_attempts(6))
///         .pace(Pace::new().per_second(2.0))
///         .user_agent("nightly-report/1.0")
///         .build()
/// }
/// ```
#[must_use]
pub struct ClientBuilder<C> {
    address: String,
    credentials: Option<Credentials>,
    transport: Option<Box<dyn Transport>>,
    insecure: bool,
    read_method: ReadMethod,
    timeout: Duration,
    deadline: Option<Duration>,
    retry: RetryPolicy,
    pace: Pace,
    body_limit: usize,
    keep_excerpts: bool,
    user_agent: String,
    client: PhantomData<fn() -> C>,
}

impl<C: Client> ClientBuilder<C> {
    /// Creates a builder for the CRM at this address: scheme, host, port if needed, and the path if the CRM is not
    /// installed at the root, as in `https://host/crm`.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            credentials: None,
            transport: None,
            insecure: false,
            read_method: ReadMethod::default(),
            timeout: Duration::from_secs(30),
            deadline: None,
            retry: RetryPolicy::new(),
            pace: Pace::new(),
            body_limit: BODY_LIMIT,
            keep_excerpts: false,
            user_agent: concat!("crm/", env!("CARGO_PKG_VERSION")).to_owned(),
            client: PhantomData,
        }
    }

    /// Sets the keys of the account. Required.
    pub fn credentials(mut self, credentials: C::Credentials) -> Self {
        self.credentials = Some(credentials.into());
        self
    }

    /// Sets another transport than reqwest with its defaults: a [`ReqwestTransport`](crate::ReqwestTransport) with
    /// settings, another HTTP client, a test double.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Box::new(transport));
        self
    }

    /// Allows plain http to a host that is not a loopback address. Anyone on the network path can then read the keys.
    pub fn allow_insecure_http(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// Sets how reads with a body are sent (default: [`ReadMethod::Auto`]).
    pub fn read_method(mut self, method: ReadMethod) -> Self {
        self.read_method = method;
        self
    }

    /// Sets how long one attempt may take, from connecting to the last byte of the response (default: 30 seconds, at most a
    /// year). Zero is refused.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long a call may take in total: waiting for a permit, all attempts, and the waits between them (default:
    /// 2 minutes, or the [`timeout`](Self::timeout) of one attempt if that is longer).
    ///
    /// No attempt starts after it. A call that never got a permit is a timeout without delivery
    /// ([`Delivery::NotSent`](crate::Delivery::NotSent)). Otherwise the call returns the error of the last attempt.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets when a failed call is retried; see [`RetryPolicy`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the maximum number of concurrent calls and of calls per second; see [`Pace`].
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Sets the largest response, in bytes after decompression (default: 64 MiB).
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Lets errors keep the beginning of a response that cannot be decoded, for [`Error::body_excerpt`].
    ///
    /// By default they keep nothing, because a response may hold names and phone numbers. Messages never show it.
    pub fn keep_body_excerpts(mut self) -> Self {
        self.keep_excerpts = true;
        self
    }

    /// Sets the `User-Agent` header (default: `crm/` and the version).
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }

    /// Builds the client. Nothing is sent yet.
    ///
    /// # Errors
    /// The address, a credential or a setting is missing or invalid. The error names it.
    pub fn build(self) -> Result<C, Error> {
        let address = Address::parse(&self.address, self.insecure)?;
        let credentials = self
            .credentials
            .ok_or_else(|| Error::invalid_setting("credentials", "are missing: call credentials(…)"))?;
        let user_agent = HeaderValue::from_str(&self.user_agent)
            .map_err(|_| Error::invalid_setting("user_agent", "has a character that no header can carry"))?;
        if self.timeout.is_zero() {
            return Err(Error::invalid_setting("timeout", "is zero, so no call can finish in time"));
        }
        self.retry.check()?;
        self.pace.check()?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => default_transport(&address, self.body_limit)?,
        };
        let host = format!("{}:{}", address.host(), address.port());
        let observer = Arc::new(Observer::new(address.host(), address.port()));
        let shared = Shared {
            address,
            host,
            transport,
            reads: Reads::new(self.read_method),
            timeout: self.timeout.min(LONGEST_DEADLINE),
            deadline: self.deadline.unwrap_or(DEADLINE.max(self.timeout)).min(LONGEST_DEADLINE),
            retries: Retries::new(self.retry),
            limiter: Limiter::new(&self.pace, Arc::clone(&observer)),
            observer,
            body_limit: self.body_limit,
            keep_excerpts: self.keep_excerpts,
            user_agent,
        };
        Pipeline::new(shared, credentials).map(C::over)
    }
}

const DEADLINE: Duration = Duration::from_secs(120);
/// A year, so that no sum of times overflows.
const LONGEST_DEADLINE: Duration = Duration::from_secs(365 * 86_400);

impl<C> std::fmt::Debug for ClientBuilder<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the address: until it is checked it may contain a password.
        f.debug_struct("ClientBuilder").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}

#[cfg(feature = "reqwest")]
fn default_transport(address: &Address, body_limit: usize) -> Result<Box<dyn Transport>, Error> {
    check_tls(address, cfg!(any(feature = "rustls", feature = "native-tls")))?;
    let transport = super::ReqwestTransport::builder().body_limit(body_limit);
    // Plain http is allowed because it does not leave this machine. Through a proxy it would.
    let transport = if address.is_plain_loopback() { transport.no_proxy() } else { transport };
    let transport = if address.is_https() { transport } else { transport.without_system_certificates() };
    Ok(Box::new(transport.build()?))
}

#[cfg(feature = "reqwest")]
fn check_tls(address: &Address, has_tls: bool) -> Result<(), Error> {
    if address.is_https() && !has_tls {
        let fault = "is https, and there is no TLS: turn on the feature \"rustls\" or \"native-tls\"";
        return Err(Error::invalid_setting("address", fault));
    }
    Ok(())
}

#[cfg(not(feature = "reqwest"))]
fn default_transport(_: &Address, _: usize) -> Result<Box<dyn Transport>, Error> {
    let fault = "is missing: call transport(…), or turn on the feature \"reqwest\"";
    Err(Error::invalid_setting("transport", fault))
}

#[cfg(all(test, feature = "reqwest"))]
mod tests {
    use super::*;

    #[test]
    fn https_without_tls_is_refused_with_the_features_to_turn_on() {
        let fault = |address, has_tls| {
            let address = Address::parse(address, false).unwrap();
            check_tls(&address, has_tls).err().map(|error| error.to_string())
        };
        let expected = "address is https, and there is no TLS: turn on the feature \"rustls\" or \"native-tls\" [invalid-setting]";
        assert_eq!(fault("https://crm.example.ru", false).as_deref(), Some(expected));
        assert_eq!(fault("https://crm.example.ru", true), None);
        assert_eq!(fault("http://127.0.0.1:1", false), None);
    }
}
