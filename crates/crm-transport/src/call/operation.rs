//! One call of an API as two pure functions.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use crm_model::InvalidValue;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, Uri};

use super::credentials::Credentials;
use crate::error::Error;
use crate::operation_info::OperationInfo;

/// One call of an API: how its request is built and how its response is decoded. Both are pure functions without I/O.
///
/// The operations of both APIs implement it, and your own type can: `client.run(&operation)` sends it the same
/// way, with the same credentials and policies.
///
/// ```
/// use crm_transport::{answer, http, Bytes, Error, Idempotency, Operation, OperationInfo};
///
/// /// The clients of SalesMan CRM, a method that this project does not cover.
/// struct ClientFields;
///
/// impl Operation for ClientFields {
///     type Output = std::collections::BTreeMap<String, String>;
///     const INFO: OperationInfo = OperationInfo {
///         id: "client.fields",
///         method: http::Method::GET,
///         path: "/developer/v3/client/fields",
///         idempotency: Idempotency::Read,
///         accepts_post: true,
///     };
///
///     fn request(&self) -> Result<http::Request<Bytes>, Error> {
///         Self::INFO.request(&[], Bytes::new())
///     }
///
///     fn read(&self, response: &http::Response<Bytes>) -> Result<Self::Output, Error> {
///         let json = answer::json(&Self::INFO, response)?;
///         let path = "$";
///         crm_transport::json::decode(json, path).map_err(|e| Error::undecodable(&Self::INFO, e))
///     }
/// }
/// ```
pub trait Operation: Send + Sync {
    /// What a successful response holds.
    type Output: Send;

    /// The operation as data.
    const INFO: OperationInfo;

    /// Builds the request. Its URI is a path below the client's address; the client adds the credentials.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) with the field, for input that the server
    /// could not understand. Nothing is sent then.
    fn request(&self) -> Result<Request<Bytes>, Error>;

    /// Reads the response.
    ///
    /// # Errors
    /// What the response reports as wrong, or why it cannot be decoded.
    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error>;

    /// Returns whether the output shows that the server received the parameters of this call.
    ///
    /// `Some(false)` means that the server also returns it where the parameters are lost on the way, such as an empty list.
    /// With [`ReadMethod::Auto`] such a GET is sent again as POST, and the second output counts. `Some(true)` proves that
    /// parameters arrive, and no later GET is sent again. The default is `None`: the output is returned as it is.
    fn parameters_received(&self, output: &Self::Output) -> Option<bool> {
        let _ = output;
        None
    }

    /// Removes the account's secrets from words of the server that are part of the output, by
    /// [`Credentials::scrub`] and [`Credentials::scrub_unreadable`]. Errors need no such care. The default does nothing.
    fn redact(&self, output: &mut Self::Output, credentials: &Credentials) {
        let _ = (output, credentials);
    }
}

impl OperationInfo {
    /// Creates a request of this operation, with these parameters in the query string and this body.
    ///
    /// A body is JSON and gets `Content-Type: application/json`. So does every call that [may be sent as
    /// POST](Self::accepts_post), because SalesMan reads the credentials only with this header (observed).
    ///
    /// # Errors
    /// The path is not a valid path.
    pub fn request(&self, query: &[(&str, &str)], body: Bytes) -> Result<Request<Bytes>, Error> {
        let target = if query.is_empty() {
            Bytes::from_static(self.path.as_bytes())
        } else {
            with_query(self.path, query).into()
        };
        let uri = Uri::from_maybe_shared(target);
        let mut request = Request::new(body);
        *request.uri_mut() = uri.map_err(|e| Error::invalid_request(self.id, "path", e.to_string()))?;
        *request.method_mut() = self.method.clone();
        if !request.body().is_empty() || self.accepts_post {
            // Exactly this: with `; charset=utf-8` SalesMan does not read the credentials (observed).
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(request)
    }
}

fn with_query(path: &str, query: &[(&str, &str)]) -> String {
    let mut target = path.to_owned();
    for (i, (name, value)) in query.iter().enumerate() {
        target.push(if i == 0 { '?' } else { '&' });
        push_encoded(&mut target, name);
        target.push('=');
        push_encoded(&mut target, value);
    }
    target
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub(crate) fn push_encoded(target: &mut String, text: &str) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            target.push(char::from(byte));
        } else {
            target.extend(['%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// How reads that carry a body are sent.
///
/// Some networks drop the body of a GET. The server then responds to a different request: `list` returns the activities
/// of today. Calls of APIs that do not accept POST, such as solOS, are always GET.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadMethod {
    /// GET as documented, until one may have lost its body: the response does not match the request
    /// ([`Error::is_ignored_parameter`](crate::Error::is_ignored_parameter)), refuses its parameters, or could also be
    /// the response to a call without parameters, such as an empty list. That call is sent again as POST. If POST
    /// succeeds, the client and its clones send every read as POST from then on.
    ///
    /// After a response has shown that the body of a GET arrives, the client continues to use GET.
    #[default]
    Auto,
    /// GET with a JSON body, as SalesMan documents it.
    Get,
    /// POST with the same body. The server returns the same response (observed).
    Post,
}

impl fmt::Display for ReadMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Auto => "auto",
            Self::Get => "get",
            Self::Post => "post",
        })
    }
}

impl FromStr for ReadMethod {
    type Err = InvalidValue;

    /// Reads one of the words that `Display` writes: `auto`, `get`, `post`.
    fn from_str(word: &str) -> Result<Self, InvalidValue> {
        match word {
            "auto" => Ok(Self::Auto),
            "get" => Ok(Self::Get),
            "post" => Ok(Self::Post),
            _ => Err(InvalidValue::new("ReadMethod", "one of auto, get, post")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_text_cannot_leave_its_place_in_a_query() {
        let mut target = String::new();
        push_encoded(&mut target, "a b&c=d#é/?%\r\n");
        assert_eq!(target, "a%20b%26c%3Dd%23%C3%A9%2F%3F%25%0D%0A");
    }
}
