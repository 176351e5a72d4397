//! What a script expects.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use serde_json::Value;

use super::difference::difference;

/// A call that a [`Script`](super::Script) expects. Made of a text: an operation (`"history.add"`), or method and
/// path (`"GET /crm/developer/v3/history/list"`), with a query where that matters (`"GET /projects?count=5"`).
#[derive(Clone)]
#[must_use]
pub struct Call {
    what: String,
    json: Option<Value>,
    checks: Vec<(String, Check)>,
}

type Check = Arc<dyn Fn(&Request<Bytes>) -> bool + Send + Sync>;

/// Whether a request is the call that was expected.
pub(super) enum Fit {
    Fits,
    AnotherCall,
    /// The call, and what is wrong with it.
    Differs(String),
}

impl Call {
    /// A call of this operation, or of this method and path.
    pub fn to(what: impl Into<String>) -> Self {
        Self { what: what.into(), json: None, checks: Vec::new() }
    }

    /// Its body is this JSON: all of it and nothing else, in whatever order of keys.
    pub fn json(mut self, body: Value) -> Self {
        self.json = Some(body);
        self
    }

    /// It fulfils this; `what` says in the failure what it should have been.
    pub fn matching(
        mut self,
        what: impl Into<String>,
        check: impl Fn(&Request<Bytes>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.checks.push((what.into(), Arc::new(check)));
        self
    }

    pub(super) fn fit(&self, request: &Request<Bytes>) -> Fit {
        if !self.is_of(request) {
            return Fit::AnotherCall;
        }
        if let Some(expected) = &self.json {
            let Ok(came) = serde_json::from_slice::<Value>(request.body()) else {
                return Fit::Differs("its body is no JSON".to_owned());
            };
            if let Some(difference) = difference(expected, &came) {
                return Fit::Differs(difference);
            }
        }
        match self.checks.iter().find(|(_, check)| !check(request)) {
            Some((what, _)) => Fit::Differs(format!("it is not {what}")),
            None => Fit::Fits,
        }
    }

    fn is_of(&self, request: &Request<Bytes>) -> bool {
        let Some((method, target)) = self.what.split_once(' ') else {
            return super::operation(request) == Some(&self.what);
        };
        let uri = request.uri();
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = uri.path();
        request.method() == method && (target == path || target == format!("{path}{query}"))
    }
}

impl From<&str> for Call {
    fn from(what: &str) -> Self {
        Self::to(what)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(json) = &self.json {
            write!(f, " {json}")?;
        }
        self.checks.iter().try_for_each(|(what, _)| write!(f, ", {what}"))
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({self})")
    }
}
