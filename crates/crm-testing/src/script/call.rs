//! A call that a script expects.

use std::fmt;
use std::sync::Arc;

use crm_transport::http::Request;
use crm_transport::{Bytes, operation_of};
use serde_json::Value;

use crate::json_difference::{Extent, json_difference};

/// A call that a [`Script`](super::Script) expects.
///
/// It is named by its operation (`"history.add"`), or by method and path
/// (`"GET /crm/developer/v3/history/list"`). Add the query where it matters (`"GET /projects?count=5"`).
#[derive(Clone)]
#[must_use]
pub struct Call {
    name: String,
    bodies: Vec<(Value, Extent)>,
    checks: Vec<(String, Check)>,
}

type Check = Arc<dyn Fn(&Request<Bytes>) -> bool + Send + Sync>;

/// How a request compares with an expected call.
pub(super) enum Comparison {
    Same,
    AnotherCall,
    /// The expected call, with something wrong in it.
    Differs(String),
}

impl Call {
    /// Expects a call of this operation, or of this method and path.
    pub fn to(name: impl Into<String>) -> Self {
        Self { name: name.into(), bodies: Vec::new(), checks: Vec::new() }
    }

    /// Expects this JSON as the body, all of it and nothing else. The order of keys does not matter.
    pub fn json(mut self, body: Value) -> Self {
        self.bodies.push((body, Extent::Whole));
        self
    }

    /// Expects at least this JSON in the body: these keys with these values, whatever else the body holds.
    ///
    /// The same goes for objects within it. An array has the given length, and each element is compared likewise.
    ///
    /// ```
    /// use crm_testing::Call;
    /// use serde_json::json;
    ///
    /// // Matches {"clid": 1781, "content": "…", "datum": "…"} as well.
    /// let call = Call::to("history.add").json_partial(json!({"clid": 1781}));
    /// ```
    pub fn json_partial(mut self, part: Value) -> Self {
        self.bodies.push((part, Extent::AtLeast));
        self
    }

    /// Expects a request that passes this check. A failure message says that it was not `description`.
    pub fn matching(
        mut self,
        description: impl Into<String>,
        check: impl Fn(&Request<Bytes>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.checks.push((description.into(), Arc::new(check)));
        self
    }

    pub(super) fn compare(&self, request: &Request<Bytes>) -> Comparison {
        if !self.names(request) {
            return Comparison::AnotherCall;
        }
        for (expected, extent) in &self.bodies {
            let Ok(received) = serde_json::from_slice::<Value>(request.body()) else {
                return Comparison::Differs("the body is not JSON".to_owned());
            };
            if let Some(difference) = json_difference(expected, &received, *extent) {
                return Comparison::Differs(difference);
            }
        }
        match self.checks.iter().find(|(_, check)| !check(request)) {
            Some((description, _)) => Comparison::Differs(format!("not {description}")),
            None => Comparison::Same,
        }
    }

    fn names(&self, request: &Request<Bytes>) -> bool {
        let Some((method, target)) = self.name.split_once(' ') else {
            return operation_of(request) == Some(&self.name);
        };
        let uri = request.uri();
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = uri.path();
        request.method() == method && (target == path || target == format!("{path}{query}"))
    }
}

impl From<&str> for Call {
    fn from(name: &str) -> Self {
        Self::to(name)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (body, extent) in &self.bodies {
            f.write_str(if *extent == Extent::AtLeast { " with at least" } else { "" })?;
            write!(f, " {body}")?;
        }
        self.checks.iter().try_for_each(|(description, _)| write!(f, ", {description}"))
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({self})")
    }
}
