//! A request, and what the two APIs make of it.

use std::fmt;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use crate::answer::Answer;
use crate::faults::Content;
use crate::received::{Credentials, Received, harmless_body, harmless_headers, harmless_query, short_fault};
use crate::state::State;
use crate::{Fault, Operation, control, history, projects};

/// A request as it arrived.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    /// The names of the headers as they were sent.
    names: Vec<String>,
    pub(crate) body: Bytes,
    /// Whether its connection carried a request before.
    pub(crate) reused: bool,
}

impl fmt::Debug for Request {
    /// Without the headers, the query and the body, which may hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Request {
    pub(crate) fn new(head: &Parts, names: Vec<String>, body: Bytes, reused: bool) -> Request {
        Request {
            method: head.method.clone(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers.clone(),
            names,
            body,
            reused,
        }
    }

    /// The same request when its body is there.
    pub(crate) fn with_body(self, body: Bytes) -> Request {
        Request { body, ..self }
    }

    pub(crate) fn is_for_the_sandbox(&self) -> bool {
        self.path.starts_with(control::PREFIX)
    }

    pub(crate) fn content(&self) -> Content {
        Content { query: self.query.clone(), body: self.body.to_vec() }
    }

    pub(crate) fn with_content(self, content: Content) -> Request {
        Request { query: content.query, body: content.body.into(), ..self }
    }

    fn history(&self) -> history::Call<'_> {
        history::Call {
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            header_names: &self.names,
            body: &self.body,
        }
    }

    fn projects(&self) -> projects::Call<'_> {
        projects::Call {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        }
    }

    /// The operation, and what the credentials are.
    pub(crate) fn describe(&self, state: &State) -> (Option<Operation>, Credentials) {
        if self.path.starts_with(history::PREFIX) {
            let params = history::Params::read(&self.history(), state.settings.revision);
            let (method, action) = params.route(&self.path);
            let credentials = history::credentials_seen(&state.accounts, &params);
            (Operation::of_action(&method, &action), credentials)
        } else {
            (Operation::of_path(&self.path), projects::credentials_seen(&self.projects()))
        }
    }

    /// Does what the request asks for, and answers.
    pub(crate) fn carry_out(&self, state: &mut State) -> Answer {
        let (now, moment) = (state.now(), state.moment());
        if self.path.starts_with(history::PREFIX) {
            let text = state.history.answer(&state.accounts, moment, &self.history());
            Answer::json(StatusCode::OK, text).for_any_origin()
        } else if self.path.starts_with(projects::PREFIX) {
            let form = state.settings.form;
            let (status, text) = projects::answer(&state.projects, form, now.date(), &self.projects());
            Answer::json(status, text)
        } else {
            let text = format!(
                "{{\"error\":\"nothing at {}: SalesMan is under {}/history/, solOS under {}/projects, the sandbox itself \
                 under {}/\"}}",
                self.path,
                history::PREFIX,
                projects::PREFIX,
                control::PREFIX
            );
            Answer::json(StatusCode::NOT_FOUND, text)
        }
    }

    /// The IDs of the records on the first page of the list that is requested.
    pub(crate) fn ids_of_first_page(&self, state: &mut State) -> Vec<u64> {
        if self.path.starts_with(history::PREFIX) {
            let moment = state.moment();
            state.history.ids_of_first_page(&state.accounts, moment, &self.history())
        } else {
            projects::ids_of_first_page(&state.projects, state.now().date(), &self.projects())
        }
    }

    pub(crate) fn received(
        &self,
        operation: Option<Operation>,
        credentials: Credentials,
        fault: Option<Fault>,
    ) -> Received {
        Received {
            method: self.method.to_string(),
            path: self.path.clone(),
            query: harmless_query(&self.query),
            operation,
            headers: harmless_headers(&self.headers, &self.names),
            credentials: credentials.map(|(name, seen)| (name.to_owned(), seen)).to_vec(),
            body: harmless_body(&self.body),
            body_length: self.body.len(),
            fault: fault.map(short_fault),
        }
    }
}
