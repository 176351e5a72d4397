//! The delivery table: what is certain about `add` and `add.list` after each answer.

use std::time::Duration;

use crate::common::raw::Raw;
use crate::common::{history, transport};
use crm::history::{AddOutcome, ApiKey, ClientId, HistoryClient, NewEntry, Rejection, RetryPolicy};
use crm::{Delivery, Error};

const PAGE: &str = "<html><title>Blocked</title></html>";
const JSON: &str = r#"{"message":"upstream timed out"}"#;
const VARNISH: &str = "<html><head><title>503 Backend fetch failed</title></head></html>";
const NO_DATABASE: &str = "Ошибка подключения к БД: Connection refused. Рекомендуем проверить параметры.";
const TOO_MANY: &str = "<br />\n<b>Fatal error</b>:  Uncaught mysqli_sql_exception: User 'salesman' has exceeded the \
                        'max_user_connections' resource in /srv/a.php:1\n";
const REFUSING: [u16; 14] = [400, 401, 404, 405, 407, 411, 413, 414, 415, 417, 421, 426, 429, 431];

fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}")
        .into()
}

fn entry() -> NewEntry {
    NewEntry::new("Звонок").client(ClientId(1))
}

/// Adds one activity, alone and in a list. Returns the two failures.
async fn failures(server: &Raw) -> [Error; 2] {
    let client = history(&server.url());
    [client.add(&entry()).await.unwrap_err(), client.add_list(&[entry()]).await.unwrap_err()]
}

async fn after(status: u16, headers: &str, body: &str) -> [Error; 2] {
    failures(&Raw::answering(answer(status, headers, body))).await
}

/// The activity may be stored: no text claims more, and the client does not send it again.
fn assert_unknown(errors: [Error; 2], what: &str) {
    for error in errors {
        assert_eq!(error.delivery(), Delivery::Unknown, "{what}: {error}");
        assert!(!error.is_retryable() && !error.is_done() && !error.is_auth(), "{what}: {error}");
        let text = error.to_string();
        assert!(text.contains("it is not known whether the server did it: look before"), "{what}: {text}");
        let own_words = text.split_once('«').map_or(text.as_str(), |(before, _)| before);
        for claim in ["accepted", "refused", "nothing was"] {
            assert!(!own_words.contains(claim), "{what}: {text}");
        }
    }
}

fn assert_refused(errors: [Error; 2], what: &str) {
    for error in errors {
        assert_eq!(error.delivery(), Delivery::Delivered, "{what}: {error}");
        let text = error.to_string();
        assert!(!error.is_done() && text.contains("refused"), "{what}: {text}");
        assert!(!text.contains("accepted") && !text.contains("not known"), "{what}: {text}");
    }
}

#[tokio::test]
async fn a_call_that_never_left_was_not_sent() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = history(&format!("http://127.0.0.1:{port}"));
    let invalid = NewEntry::new("");
    for error in [
        client.add(&entry()).await.unwrap_err(),
        client.add_list(&[entry()]).await.unwrap_err(),
        client.add(&invalid).await.unwrap_err(),
        client.add_list(&[invalid]).await.unwrap_err(),
    ] {
        assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
    }
}

#[tokio::test]
async fn success_is_done_and_never_sent_again_even_without_a_readable_id() {
    for data in ["", r#","data":null"#, r#","data":0"#, r#","data":"сто""#, r#","data":{}"#] {
        let one = format!(r#"{{"result":"Успешно"{data}}}"#);
        let error = history(&Raw::answering(answer(200, "", &one)).url()).add(&entry()).await.unwrap_err();
        assert_eq!((error.delivery(), error.is_done()), (Delivery::Delivered, true), "{error}");
        assert_eq!(error.id(), "done-unreadable-response");
        assert!(!error.is_retryable() && error.to_string().contains("do not send it again"), "{error}");

        let server = Raw::answering(answer(200, "", &format!("[{one}]")));
        let outcomes = history(&server.url()).add_list(&[entry()]).await.unwrap();
        assert_eq!(outcomes, [AddOutcome::StoredWithoutId]);
    }
}

#[tokio::test]
async fn the_crms_own_refusal_is_a_refusal() {
    for (code, text, id) in [
        ("405", "Отсутствуют параметры", "server-refused-request"),
        ("\"401\"", "Неизвестный пользователь", "server-refused-key"),
        ("418", "x", "server-refused"),
        ("500", "Out of range value for column 'clid' в строке 1264", "server-refused-value"),
        ("500", "Incorrect datetime value: 'x' в строке 1292", "server-refused-value"),
        ("500", "Incorrect string value: 'x' в строке 1366", "server-refused-value"),
        ("500", "Data too long for column 'tip' в строке 1406", "server-refused-value"),
        ("500", "Unknown or incorrect time zone: '+-5:00' в строке 1298", "account-settings"),
    ] {
        let one = format!(r#"{{"result":"Error","error":{{"code":{code},"text":"{text}"}}}}"#);
        let errors = after(200, "", &one).await;
        assert!(errors.iter().all(|error| error.id() == id), "{errors:?}");
        assert_eq!(errors[0].is_account_setting(), id == "account-settings");
        assert_eq!(errors[0].to_string().contains("a person must fix"), id == "account-settings");
        assert_refused(errors, text);

        let server = Raw::answering(answer(200, "", &format!("[{one}]")));
        let outcomes = history(&server.url()).add_list(&[entry()]).await.unwrap();
        let rejection = Rejection::new(code.trim_matches('"').parse().ok(), text);
        let rejection = if id == "account-settings" { rejection.account_setting() } else { rejection };
        assert_eq!(outcomes, [AddOutcome::Rejected(rejection)]);
    }
}

#[tokio::test]
async fn any_other_code_500_is_unknown() {
    let one = r#"{"result":"Error","error":{"code":500,"text":"Unknown column 'last_hist' в строке 1054"}}"#;
    assert_unknown(after(200, "", one).await, "code 500");
    let server = Raw::answering(answer(200, "", &format!("[{one}]")));
    let outcomes = history(&server.url()).add_list(&[entry()]).await.unwrap();
    assert!(matches!(outcomes[..], [AddOutcome::Unknown(_)]), "{outcomes:?}");
}

#[tokio::test]
async fn a_status_that_comes_before_anything_is_done_is_a_refusal() {
    for status in REFUSING {
        for body in ["", PAGE, JSON] {
            assert_refused(after(status, "", body).await, &format!("{status} {body}"));
        }
    }
    for status in [301, 308] {
        assert_refused(after(status, "location: https://other.example.test/\r\n", "").await, "redirect");
    }
}

#[tokio::test]
async fn any_other_status_is_unknown_with_retry_after_or_without() {
    for status in [302, 303, 307, 403, 406, 408, 409, 410, 418, 422, 451, 499, 500, 502, 503, 504, 520, 524] {
        for headers in ["", "retry-after: 1\r\n"] {
            for body in ["", PAGE, JSON, VARNISH] {
                assert_unknown(after(status, headers, body).await, &format!("{status} {headers} {body}"));
            }
        }
    }
    let own = r#"{"result":"Error","error":{"code":401,"text":"x"}}"#;
    for error in after(503, "", own).await {
        assert_eq!(error.delivery(), Delivery::Unknown, "{error}");
        assert!(!error.to_string().contains("refused the call"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_the_crms_own_is_unknown() {
    for body in [
        PAGE,
        JSON,
        NO_DATABASE,
        TOO_MANY,
        "",
        "OK",
        "{}",
        "[]",
        "null",
        "[7]",
        r#"{"data":7}"#,
        r#"{"result":"ok","data":7}"#,
        r#"{"result":"Error"}"#,
        r#"{"result":"Error","error":"x"}"#,
        r#"{"error":{"code":401,"text":"x"}}"#,
        r#"{"result":"Успешно","data":2"#,
        r#"[{"result":"Успешно","data":2}"#,
        "<br />\n<b>Warning</b>:  Undefine",
    ] {
        assert_unknown(after(200, "", body).await, body);
    }
}

#[tokio::test]
async fn a_lost_or_cut_answer_is_unknown() {
    assert_unknown(failures(&Raw::answering("")).await, "closed");
    assert_unknown(failures(&Raw::answering("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n[{")).await, "cut");
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n<br \r\n";
    assert_unknown(failures(&Raw::answering(chunked)).await, "cut chunks");
}

#[tokio::test]
async fn no_answer_in_time_is_unknown() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let client = HistoryClient::builder(address).credentials(ApiKey::new("key", "login"));
    let client = client.transport(transport()).retry(RetryPolicy::none()).timeout(Duration::from_millis(50));
    let client = client.build().unwrap();
    let errors = [client.add(&entry()).await.unwrap_err(), client.add_list(&[entry()]).await.unwrap_err()];
    assert_unknown(errors, "timeout");
}

#[tokio::test]
async fn with_retries_a_gateway_that_asks_to_come_back_gets_a_write_once() {
    for status in [500, 502, 503, 504, 403, 408] {
        let server = Raw::answering(answer(status, "retry-after: 0\r\n", VARNISH));
        let client = HistoryClient::builder(server.url()).credentials(ApiKey::new("key", "login"));
        let client = client.transport(transport()).build().unwrap();
        client.add(&entry()).await.unwrap_err();
        client.add_list(&[entry()]).await.unwrap_err();
        assert_eq!(server.requests().len(), 2, "{status}");
    }
}

#[tokio::test]
async fn a_read_is_tried_again_while_the_database_is_away_and_shows_the_servers_words() {
    for (body, words) in [(NO_DATABASE, "Connection refused"), (TOO_MANY, "'max_user_connections' resource")]
    {
        let server = Raw::answering(answer(200, "", body));
        let client = HistoryClient::builder(server.url()).credentials(ApiKey::new("key", "login"));
        let retry = RetryPolicy::new().max_attempts(3).base(Duration::ZERO);
        let client = client.transport(transport()).retry(retry).build().unwrap();
        let error = client.fields().await.unwrap_err();
        assert_eq!((error.id(), server.requests().len()), ("database-unavailable", 3), "{error}");
        assert!(error.is_retryable() && error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn whatever_a_server_writes_a_message_is_one_line_without_control_characters() {
    let nasty = "a\r\nERROR forged \u{1b}[2J\u{1b}]0;x\u{7}\u{9b}\u{7f}\u{2028}\u{2029}\u{202e}\u{2066}\u{200f}\u{61c}";
    let quoted = serde_json::to_string(nasty).unwrap();
    for body in [
        format!(r#"{{"result":"Error","error":{{"code":405,"text":{quoted}}}}}"#),
        format!(r#"[{{"result":"Error","error":{{"code":405,"text":{quoted}}}}}]"#),
        format!(r#"{{"result":"Error","error":{{"code":{quoted},"text":{quoted}}}}}"#),
        format!(r#"{{"message":{quoted}}}"#),
        format!(r#"{{"result":{quoted}}}"#),
        format!(r#"{{{quoted}:{{"result":1}}}}"#),
        format!("<html><title>{nasty}</title>"),
        format!("<br />\n<b>Fatal error</b>:  {nasty}\n"),
        format!("Ошибка подключения к БД: {nasty}"),
        nasty.to_owned(),
    ] {
        let client = history(&Raw::answering(answer(200, "", &body)).url());
        let mut texts = Vec::new();
        let added = client.add_list(&[entry()]).await;
        if let Ok(outcomes) = &added {
            texts.extend(outcomes.iter().map(ToString::to_string));
        }
        let errors = [added.err(), client.add(&entry()).await.err(), client.fields().await.err()];
        for error in errors.iter().flatten() {
            let mut cause: Option<&dyn std::error::Error> = Some(error);
            while let Some(error) = cause {
                texts.push(error.to_string());
                cause = error.source();
            }
        }
        assert!(!texts.is_empty());
        let is_bad = |c: char| {
            c.is_control()
                || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        for text in texts {
            assert!(!text.contains(is_bad), "{text:?}");
        }
    }
}
