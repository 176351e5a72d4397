//! Answers requests: `POST /activities`, `GET /activities/KEY`, `/healthz` and `/metrics`.

use std::borrow::Cow;
use std::sync::OnceLock;

use crm::history::NewEntry;
use crm::http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use crm::http::{HeaderValue, Method, Request, Response, StatusCode};
use crm::outbox::{Health, PutError, Role};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::intake::{Intake, NotTaken};
use super::server::LONGEST_READ;
use crate::commands::outbox::activity;
use crate::commands::outbox::shown::Shown;

type Answer = Response<Full<Bytes>>;

/// What a server offers.
pub(in crate::commands::outbox) struct Service {
    intake: Option<Intake>,
    health: Option<watch::Receiver<Health>>,
    metrics: PrometheusHandle,
}

impl Service {
    /// Offers the health of a delivery and the metrics.
    pub(in crate::commands::outbox) fn observing(health: watch::Receiver<Health>) -> Self {
        Self { intake: None, health: Some(health), metrics: metrics() }
    }

    /// Takes activities, too.
    pub(super) fn taking(intake: Intake, health: Option<watch::Receiver<Health>>) -> Self {
        Self { intake: Some(intake), health, metrics: metrics() }
    }

    /// Answers a request.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let allowed = match (&self.intake, path.as_str()) {
            (_, "/healthz" | "/metrics") => Method::GET,
            (Some(_), "/activities") => Method::POST,
            (Some(_), path) if path.strip_prefix("/activities/").is_some_and(|key| !key.is_empty()) => {
                Method::GET
            }
            _ => return refusal(StatusCode::NOT_FOUND, "not-found", "there is nothing at this path"),
        };
        if method != allowed {
            let text = format!("use {allowed}");
            let mut answer = refusal(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", &text);
            if let Ok(allowed) = HeaderValue::from_str(allowed.as_str()) {
                answer.headers_mut().insert(ALLOW, allowed);
            }
            return answer;
        }
        match (path.as_str(), &self.intake) {
            ("/metrics", _) => self.metrics(),
            ("/activities", Some(intake)) => put(intake, request).await,
            (path, Some(intake)) if path != "/healthz" => status(intake, path, request).await,
            _ => self.health().await,
        }
    }

    fn metrics(&self) -> Answer {
        self.metrics.run_upkeep();
        let mut answer = Response::new(Full::from(self.metrics.render()));
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        answer.headers_mut().insert(CONTENT_TYPE, kind);
        answer
    }

    /// A server that takes activities is ready if it reaches its store. Otherwise the delivery must be ready.
    async fn health(&self) -> Answer {
        let health = self.health.as_ref().map(|health| health.borrow().clone());
        let is_ready = match &self.intake {
            Some(intake) => intake.outbox.status("healthz").await.is_ok(),
            None => health.as_ref().is_some_and(Health::is_ready),
        };
        let delivery = health.map(|health| {
            let role = match health.role {
                Role::Starting => "starting",
                Role::Standby => "standby",
                Role::Sender => "sender",
                _ => "ended",
            };
            json!({ "ready": health.is_ready(), "role": role, "problem": health.problem })
        });
        let code = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        json_answer(code, &json!({ "ready": is_ready, "delivery": delivery }))
    }
}

/// Puts the activity of a request.
async fn put(intake: &Intake, request: Request<Incoming>) -> Answer {
    if let Some(refused) = refused(intake, &request) {
        return refused;
    }
    let key = request
        .headers()
        .get("idempotency-key")
        .map(|key| std::str::from_utf8(key.as_bytes()).map(str::to_owned));
    let Some(Ok(key)) = key else {
        let text = "the header Idempotency-Key is missing. Send the ID of the call, for example";
        return refusal(StatusCode::BAD_REQUEST, "invalid-request", text);
    };
    let entry = match entry(intake, request).await {
        Ok(entry) => entry,
        Err(answer) => return answer,
    };
    match intake.put(&key, &entry).await {
        Ok(status) => {
            let code = if status.is_final() { StatusCode::OK } else { StatusCode::ACCEPTED };
            let shown = Shown::new(&key, &status).with_warnings(&entry, intake.has_fallback_client);
            json_answer(code, &json!(shown))
        }
        Err(NotTaken::Full) => later(refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "queue-full",
            "the queue is full. Send it again later with the same key",
        )),
        Err(NotTaken::Put(PutError::Conflict(conflict))) => {
            let error = json!({ "id": "conflict", "text": conflict.to_string(), "fields": conflict.fields });
            json_answer(StatusCode::CONFLICT, &json!({ "error": error }))
        }
        Err(NotTaken::Put(error)) => match error {
            PutError::Failed(error) if error.is_invalid_request() => {
                refusal(StatusCode::BAD_REQUEST, "invalid-request", &error.to_string())
            }
            error => later(refusal(StatusCode::SERVICE_UNAVAILABLE, "storage", &error.to_string())),
        },
    }
}

/// Returns the status of the key in the path.
async fn status(intake: &Intake, path: &str, request: Request<Incoming>) -> Answer {
    if let Some(refused) = refused(intake, &request) {
        return refused;
    }
    let encoded = path.trim_start_matches("/activities/");
    let Ok(key) = percent_decode_str(encoded).decode_utf8() else {
        return refusal(StatusCode::BAD_REQUEST, "invalid-request", "the key in the path is not UTF-8");
    };
    match intake.outbox.status(&key).await {
        Ok(Some(status)) => json_answer(StatusCode::OK, &json!(Shown::new(&key, &status))),
        Ok(None) => refusal(StatusCode::NOT_FOUND, "not-found", "the key is not known"),
        Err(error) => later(refusal(StatusCode::SERVICE_UNAVAILABLE, "storage", &error.to_string())),
    }
}

/// Returns the answer to a request without the token.
fn refused(intake: &Intake, request: &Request<Incoming>) -> Option<Answer> {
    if intake.admits(request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes)) {
        return None;
    }
    let text = "send the token: Authorization: Bearer TOKEN";
    let mut answer = refusal(StatusCode::UNAUTHORIZED, "unauthorized", text);
    answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    Some(answer)
}

/// Reads the body as JSON, or as the fields of a form.
async fn entry(intake: &Intake, request: Request<Incoming>) -> Result<NewEntry, Answer> {
    let bad = |text: &str| refusal(StatusCode::BAD_REQUEST, "invalid-request", text);
    let kind = request.headers().get(CONTENT_TYPE).map_or(Cow::Borrowed("application/json"), |kind| {
        String::from_utf8_lossy(kind.as_bytes()).to_ascii_lowercase().into()
    });
    let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
    let body = Limited::new(request.into_body(), intake.most_bytes).collect();
    let body = match tokio::time::timeout(LONGEST_READ, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let text = format!("the body is longer than {} bytes", intake.most_bytes);
            return Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, "too-large", &text));
        }
        Ok(Err(error)) => return Err(bad(&error.to_string())),
        Err(_) => {
            return Err(refusal(StatusCode::REQUEST_TIMEOUT, "timeout", "the body did not come in time"));
        }
    };
    let entry = match kind.as_str() {
        "application/json" => activity::from_json(&body),
        "application/x-www-form-urlencoded" => form(&body).and_then(activity::from_object),
        _ => {
            let text = "send application/json or application/x-www-form-urlencoded";
            return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-type", text));
        }
    };
    entry.map_err(|why| bad(&why))
}

fn form(body: &[u8]) -> Result<Map<String, Value>, String> {
    let mut fields = Map::new();
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let name = decoded(halves.next().unwrap_or_default())?;
        let value = decoded(halves.next().unwrap_or_default())?;
        // Otherwise the server would get only one of them.
        if fields.insert(name.clone(), Value::String(value)).is_some() {
            return Err(format!("the field {name:?} is there twice"));
        }
    }
    Ok(fields)
}

fn decoded(text: &[u8]) -> Result<String, String> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded = percent_encoding::percent_decode(&spaced).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| "the form is not UTF-8".to_owned())
}

fn refusal(code: StatusCode, id: &str, text: &str) -> Answer {
    json_answer(code, &json!({ "error": { "id": id, "text": text } }))
}

fn json_answer(code: StatusCode, body: &Value) -> Answer {
    let mut answer = Response::new(Full::from(body.to_string()));
    *answer.status_mut() = code;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn later(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    answer
}

/// Returns the metrics of this process. What happens before the first call is not counted.
pub(in crate::commands::outbox) fn metrics() -> PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS
        .get_or_init(|| {
            let recorder = PrometheusBuilder::new().build_recorder();
            let handle = recorder.handle();
            // It fails where another recorder is installed. Then this one stays empty.
            let _ = metrics::set_global_recorder(recorder);
            handle
        })
        .clone()
}
