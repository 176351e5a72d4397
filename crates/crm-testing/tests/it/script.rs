//! The scripted transport, without a client above it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crm_testing::{Answer, Call, Script};
use crm_transport::http::Request;
use crm_transport::{Bytes, ErrorKind, Transport};
use serde_json::{Value, json};

fn post(body: &Value) -> Request<Bytes> {
    Request::post("/add").body(body.to_string().into()).unwrap()
}

/// The message with which a script refuses this body.
async fn refusal(call: Call, body: &Value) -> String {
    let script = Script::new().expect(call, Answer::json(json!({})));
    let error = script.transport().send(post(body)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(catch_unwind(AssertUnwindSafe(|| script.finish())).is_err());
    error.to_string()
}

#[tokio::test]
async fn a_partial_body_matches_whatever_else_the_request_holds() {
    let call = || {
        Call::to("POST /add").json_partial(json!({"clid": 7, "person": {"id": 1}, "tags": [{"name": "a"}]}))
    };
    let body = json!({
        "clid": 7,
        "content": "anything",
        "person": {"id": 1, "name": "anybody"},
        "tags": [{"name": "a", "color": "red"}],
    });
    let script = Script::new().expect(call(), Answer::json(json!({})));
    script.transport().send(post(&body)).await.unwrap();
    script.finish();
    let more_tags = json!({"clid": 7, "person": {"id": 1}, "tags": [{"name": "a"}, {"name": "b"}]});
    let message = refusal(call(), &more_tags).await;
    assert!(message.ends_with("(the length of $.tags is 2, expected 1)"), "{message}");
}

#[tokio::test]
async fn a_mismatch_of_a_partial_body_shows_what_was_expected_and_the_difference() {
    let call = Call::to("POST /add").json_partial(json!({"clid": 7}));
    assert_eq!(
        refusal(call, &json!({"clid": 8, "content": "x"})).await,
        "the script expected POST /add with at least {\"clid\":7}, but received \
         POST /add {\"clid\":8,\"content\":\"x\"} ($.clid is 8, expected 7)"
    );
    let call = Call::to("POST /add").json_partial(json!({"clid": 7}));
    let message = refusal(call, &json!("text")).await;
    assert!(message.ends_with(r#"($ is "text", expected {"clid":7})"#), "{message}");
}

#[tokio::test]
async fn all_expectations_about_a_body_have_to_hold() {
    let both = || Call::to("POST /add").json_partial(json!({"a": 1})).json_partial(json!({"b": 2}));
    let script = Script::new().expect(both(), Answer::json(json!({})));
    script.transport().send(post(&json!({"a": 1, "b": 2, "c": 3}))).await.unwrap();
    script.finish();
    let message = refusal(both(), &json!({"b": 2})).await;
    assert!(message.ends_with("($.a is missing)"), "{message}");
}
