//! A sandbox in process, in virtual time. Nothing here sleeps.

use std::time::Duration;

use bytes::Bytes;
use crm_sandbox::{
    APIKEY, BOSS, Builder, Clock as _, Exchange, Failure, Rule, SECRET, Sandbox, TOKEN, VirtualClock,
};
use http::{Request, Response};
use serde_json::{Value, json};

pub(crate) type Outcome = Result<Response<Bytes>, Failure>;

/// A sandbox where it is 2024-06-25 14:25, and its clock.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: VirtualClock,
}

impl World {
    pub(crate) fn new() -> World {
        World::with(Sandbox::builder())
    }

    pub(crate) fn with(builder: Builder) -> World {
        let clock = VirtualClock::new("2024-06-25T11:25:00Z".parse().unwrap());
        World { sandbox: builder.in_process(clock.clone()), clock }
    }

    /// A sandbox with rules as they are written in JSON.
    pub(crate) fn with_rules(rules: &Value) -> World {
        let world = World::new();
        world.put(rules);
        world
    }

    pub(crate) fn with_rule(rule: Rule) -> World {
        let world = World::new();
        world.sandbox.add_fault(rule);
        world
    }

    /// Sets the rules, over the same path as a program in another language.
    pub(crate) fn put(&self, rules: &Value) {
        let answer = self.control("PUT", "/faults", rules);
        assert!(answer.is_array(), "{answer}");
    }

    /// The answer to a request to the sandbox itself.
    pub(crate) fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = Request::builder().method(method).uri(format!("http://localhost/_sandbox{path}"));
        let request = request.body(Bytes::from(body.to_string())).unwrap();
        let answer = self.end(self.sandbox.receive(request)).unwrap();
        serde_json::from_slice(answer.body()).unwrap()
    }

    pub(crate) fn begin(&self, action: &str, body: &Value) -> Exchange {
        self.begin_as(BOSS, "POST", action, body)
    }

    /// A call by anybody. An action that starts with a slash is of another method than `history`, such as `/client/list`.
    pub(crate) fn begin_as(&self, login: &str, method: &str, action: &str, body: &Value) -> Exchange {
        let action = action.strip_prefix('/').map_or_else(|| format!("history/{action}"), str::to_owned);
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/developer/v3/{action}", self.sandbox.url()))
            .header("content-type", "application/json")
            .header("apikey", APIKEY)
            .header("login", login)
            .body(Bytes::from(body.to_string()));
        self.sandbox.receive(request.unwrap())
    }

    /// Lets the time pass that an exchange takes.
    pub(crate) fn end(&self, mut exchange: Exchange) -> Outcome {
        loop {
            match (exchange.outcome(), exchange.ready_at()) {
                (Some(outcome), _) => return outcome,
                (None, Some(at)) if at > self.clock.monotonic() => self.clock.advance_to(at),
                (None, Some(_)) => panic!("it is ready and has no outcome"),
                (None, None) => panic!("the answer never comes"),
            }
        }
    }

    pub(crate) fn call(&self, action: &str, body: &Value) -> Outcome {
        self.end(self.begin(action, body))
    }

    /// The answer to a call of the head, which must be JSON.
    pub(crate) fn json(&self, action: &str, body: &Value) -> Value {
        let answer = self.call(action, body).unwrap();
        serde_json::from_slice(answer.body()).unwrap_or_else(|_| panic!("{}", text(&answer)))
    }

    pub(crate) fn text(&self, action: &str, body: &Value) -> String {
        text(&self.call(action, body).unwrap())
    }

    /// An `add` of an activity with this content.
    pub(crate) fn add(&self, content: &str) -> Outcome {
        self.call("add", &json!({"content": content, "clid": 1}))
    }

    /// An `add.list` of activities with these contents.
    pub(crate) fn add_list(&self, contents: &[&str]) -> Outcome {
        self.call("add.list", &list(contents))
    }

    /// The answer to a GET of the projects API, or to a POST where there is a body.
    pub(crate) fn projects(&self, path: &str, body: Option<&Value>) -> Value {
        let request = Request::builder()
            .method(if body.is_some() { "POST" } else { "GET" })
            .uri(format!("{}/backend/public{path}", self.sandbox.url()))
            .header("x-crypto-token", TOKEN)
            .header("x-crypto-secret", SECRET)
            .body(Bytes::from(body.map_or_else(String::new, Value::to_string)));
        let answer = self.end(self.sandbox.receive(request.unwrap())).unwrap();
        serde_json::from_slice(answer.body()).unwrap_or_else(|_| panic!("{}", text(&answer)))
    }

    /// The ids of a page of the history, oldest first.
    pub(crate) fn page(&self, offset: u64) -> Vec<u64> {
        self.listed(&json!({"order": "cid", "first": "old", "offset": offset}))
    }

    /// The ids that a list returns.
    pub(crate) fn listed(&self, query: &Value) -> Vec<u64> {
        crate::support::ids(&self.json("list", query)["data"], "cid")
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The contents of all stored records, in the order of their ids.
    pub(crate) fn contents(&self) -> Vec<String> {
        self.sandbox.records().into_iter().map(|record| record.content.unwrap_or_default()).collect()
    }

    /// Stores so many records of the head, today.
    pub(crate) fn fill(&self, count: usize) {
        for _ in 0..count {
            self.sandbox.add_record(crate::support::record());
        }
    }
}

pub(crate) fn list(contents: &[&str]) -> Value {
    json!({"list": contents.iter().map(|content| json!({"content": content, "clid": 1})).collect::<Vec<_>>()})
}

pub(crate) fn text(answer: &Response<Bytes>) -> String {
    String::from_utf8_lossy(answer.body()).into_owned()
}

pub(crate) fn header<'a>(answer: &'a Response<Bytes>, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// What an `add` stores and answers.
pub(crate) const STORED: &str = r#"{"result":"Успешно","data":1}"#;
