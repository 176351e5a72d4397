//! Every operation over real HTTP, and everything that a server may answer it.

use crate::common::{every, history, projects};
use crm::history::{EntryId, EntryQuery, NewEntry};
use crm::projects::{ProjectFilter, ProjectQuery};
use crm::{Delivery, Error, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// One operation: how it is called, what a good answer is, and how bad ones look in its place.
struct Case {
    id: &'static str,
    path: &'static str,
    good: &'static str,
    /// An answer that is whole and holds nothing.
    empty: &'static str,
    /// What is read from the empty answer; `None` for an error.
    empty_reads_as: Option<&'static str>,
    /// A record that cannot be read among good ones; only of lists.
    spoilt: Option<&'static str>,
}

const CASES: [Case; 16] = [
    Case {
        id: "history.fields",
        path: "/developer/v3/history/fields",
        good: r#"{"data":{"cid":"Идентификатор записи"}}"#,
        empty: r#"{"data":[]}"#,
        empty_reads_as: Some("{}"),
        spoilt: None,
    },
    Case {
        id: "history.tips",
        path: "/developer/v3/history/tips",
        good: r##"{"data":[{"title":"Факс","color":"#cc00cc","filter":"activ"}]}"##,
        empty: r#"{"data":[]}"#,
        empty_reads_as: Some("[]"),
        spoilt: None,
    },
    Case {
        id: "history.list",
        path: "/developer/v3/history/list",
        good: r#"{"data":[{"cid":1,"content":"а"},{"cid":2}]}"#,
        empty: "[]",
        empty_reads_as: Some("Page { items: [], unreadable: [], total: None }"),
        spoilt: Some(r#"{"data":[{"cid":1,"content":"а"},{"cid":2},{"cid":3,"datum":"вчера"}]}"#),
    },
    Case {
        id: "history.info",
        path: "/developer/v3/history/info",
        good: r#"{"data":{"cid":1,"content":"а"}}"#,
        empty: r#"{"data":[]}"#,
        empty_reads_as: None,
        spoilt: None,
    },
    Case {
        id: "history.add",
        path: "/developer/v3/history/add",
        good: r#"{"result":"Успешно","data":20528}"#,
        empty: "[]",
        empty_reads_as: None,
        spoilt: None,
    },
    Case {
        id: "history.add_list",
        path: "/developer/v3/history/add.list",
        good: r#"[{"result":"Успешно","data":20528}]"#,
        empty: "[]",
        empty_reads_as: None,
        spoilt: None,
    },
    Case {
        id: "history.delete",
        path: "/developer/v3/history/delete",
        good: r#"{"result":"Успешно"}"#,
        empty: "[]",
        empty_reads_as: None,
        spoilt: None,
    },
    solos_list("projects.list", "/backend/public/projects"),
    solos_list("projects.filter", "/backend/public/projects/filter"),
    solos_one("projects.info", "/backend/public/projects/info"),
    solos_list("projects.steps", "/backend/public/projects/steps"),
    solos_list("projects.actions", "/backend/public/projects/actions"),
    solos_one("projects.action_info", "/backend/public/projects/actions/info"),
    solos_list("projects.checklists", "/backend/public/projects/checklists"),
    solos_list("projects.goods", "/backend/public/projects/goods"),
    solos_list("projects.payments", "/backend/public/projects/payments"),
];

const fn solos_list(id: &'static str, path: &'static str) -> Case {
    Case {
        id,
        path,
        good: r#"{"payload":[{"id":1,"name":"а"},{"id":"2"}]}"#,
        empty: r#"{"payload":[]}"#,
        empty_reads_as: Some("Page { items: [], unreadable: [], total: None }"),
        spoilt: Some(r#"{"payload":[{"id":1,"name":"а"},{"id":"2"},{"id":"x"}]}"#),
    }
}

const fn solos_one(id: &'static str, path: &'static str) -> Case {
    Case {
        id,
        path,
        good: r#"{"payload":{"id":1,"name":"а"}}"#,
        empty: r#"{"payload":[]}"#,
        empty_reads_as: None,
        spoilt: None,
    }
}

impl Case {
    fn is_history(&self) -> bool {
        self.id.starts_with("history")
    }

    fn is_write(&self) -> bool {
        every::is_write(self.id)
    }

    /// Calls the server; gives what was read, as `Debug` shows it.
    async fn call(&self, address: &str) -> Result<String, Error> {
        every::call(self.id, &history(address), &projects(address)).await
    }

    /// Calls a server that answers so.
    async fn answered(&self, status: u16, body: impl AsRef<[u8]>) -> Result<String, Error> {
        let server = MockServer::start().await;
        let answer =
            ResponseTemplate::new(status).set_body_raw(body.as_ref(), "application/json; charset=utf-8");
        let mock = Mock::given(path(self.path)).respond_with(answer);
        mock.expect(1).mount(&server).await;
        self.call(&server.uri()).await
    }

    async fn refused(&self, status: u16, body: impl AsRef<[u8]>) -> Error {
        match self.answered(status, body).await {
            Ok(value) => panic!("{}: read as {value}", self.id),
            Err(error) => {
                assert_eq!(error.operation(), Some(self.id));
                assert_eq!(error.http_status(), Some(status), "{error}");
                error
            }
        }
    }

    /// The delivery of a failure after which a write may have happened or not.
    fn unclear(&self, error: &Error) {
        assert_eq!(error.delivery(), Delivery::Unknown, "{error}");
        assert_eq!(error.is_write(), self.is_write(), "{error}");
        assert_eq!(error.to_string().contains("look before sending it again"), self.is_write(), "{error}");
        assert!(!self.is_write() || !error.is_retryable(), "{error}");
    }
}

const FATAL: &str = "<br />\n<b>Fatal error</b>:  Uncaught Exception: x in /srv/crm/a.php:1\nStack trace:\n#0 {main}\n  \
                     thrown in <b>/srv/crm/a.php</b> on line <b>1</b><br />\n";

#[tokio::test]
async fn a_good_answer_is_read_and_the_credentials_were_sent() {
    for case in &CASES {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_raw(case.good, "application/json");
        let verb = match case.id {
            "history.add" | "history.add_list" | "history.delete" | "projects.filter" => "POST",
            _ => "GET",
        };
        let mut mock = Mock::given(method(verb)).and(path(case.path));
        mock = if case.is_history() {
            mock.and(header("apikey", "test-apikey"))
                .and(header("login", "test-login"))
                .and(header("content-type", "application/json"))
        } else {
            mock.and(header("x-crypto-token", "test-token")).and(header("x-crypto-secret", "test-secret"))
        };
        mock.respond_with(answer).expect(1).mount(&server).await;
        case.call(&server.uri()).await.expect(case.id);
    }
}

#[tokio::test]
async fn an_empty_answer_is_nothing_or_not_found() {
    for case in &CASES {
        match (case.answered(200, case.empty).await, case.empty_reads_as) {
            (Ok(value), Some(expected)) => assert_eq!(value, expected, "{}", case.id),
            (Err(error), None) => {
                let lookup = matches!(case.id, "history.info" | "projects.info" | "projects.action_info");
                assert_eq!(error.is_not_found(), lookup, "{error}");
                assert_eq!(error.kind(), if lookup { ErrorKind::NoRecord } else { ErrorKind::Gateway });
            }
            (got, expected) => panic!("{}: {got:?} in place of {expected:?}", case.id),
        }
    }
}

#[tokio::test]
async fn an_error_inside_http_200_is_told_with_its_code_as_number_and_as_string() {
    for case in &CASES {
        for code in ["405", "\"405\""] {
            let body =
                format!(r#"{{"result":"Error","error":{{"code":{code},"text":"Отсутствуют параметры"}}}}"#);
            let error = case.refused(200, body).await;
            assert_eq!(error.kind(), ErrorKind::Api);
            assert_eq!((error.api_code(), error.api_text()), (Some(405), Some("Отсутствуют параметры")));
            assert_eq!(error.delivery(), Delivery::Delivered);
            assert!(error.is_invalid_request() && !error.is_retryable());
            assert!(error.to_string().contains("405 «Отсутствуют параметры»"), "{error}");
        }
    }
}

#[tokio::test]
async fn the_servers_own_failure_inside_http_200_leaves_a_write_unclear() {
    for case in &CASES {
        let error = case.refused(200, r#"{"result":"Error","error":{"code":500,"text":"x"}}"#).await;
        case.unclear(&error);
    }
}

#[tokio::test]
async fn wrong_credentials_are_told() {
    for case in &CASES {
        let error = if case.is_history() {
            let text = r#"{"result":"Error","error":{"code":401,"text":"Неизвестный пользователь"}}"#;
            case.refused(200, text).await
        } else {
            case.refused(401, r#"{"message":"Unauthorized"}"#).await
        };
        assert!(error.is_auth() && !error.is_retryable(), "{error}");
        assert!(error.to_string().contains("check the credentials"), "{error}");
    }
}

#[tokio::test]
async fn a_php_error_with_a_json_content_type_is_told() {
    for case in &CASES {
        let error = case.refused(200, FATAL).await;
        assert_eq!(error.kind(), ErrorKind::PhpError);
        assert!(error.is_undecodable());
        let text = error.to_string();
        assert!(
            text.contains("Fatal error: Uncaught Exception: x in a.php:1") && !text.contains("/srv"),
            "{text}"
        );
        case.unclear(&error);
    }
}

#[tokio::test]
async fn json_followed_by_html_and_json_after_a_mark_or_a_warning_are_read() {
    let warning = "<br />\n<b>Warning</b>:  x in <b>/srv/crm/a.php</b> on line <b>1</b><br />\n";
    for case in &CASES {
        let plain = case.answered(200, case.good).await.unwrap();
        for body in [
            format!("{}{FATAL}", case.good),
            format!("{}\n{warning}", case.good),
            format!("{warning}{}", case.good),
            format!("\u{feff}{}", case.good),
        ] {
            assert_eq!(case.answered(200, body).await.unwrap(), plain, "{}", case.id);
        }
    }
}

#[tokio::test]
async fn an_empty_body_is_told() {
    for case in &CASES {
        let error = case.refused(200, "").await;
        assert_eq!(error.kind(), ErrorKind::EmptyBody);
        case.unclear(&error);
    }
}

#[tokio::test]
async fn json_that_ends_in_the_middle_is_told() {
    for case in &CASES {
        let half = &case.good.as_bytes()[..case.good.len() - 3];
        let error = case.refused(200, half).await;
        assert_eq!(error.kind(), ErrorKind::CutBody, "{error}");
        assert!(error.is_undecodable(), "{error}");
        case.unclear(&error);
    }
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_told() {
    for case in &CASES {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let half = &case.good[..1];
        let server = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            assert!(socket.read(&mut [0; 4096]).await.unwrap() > 0);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{half}", case.good.len());
            socket.write_all(head.as_bytes()).await.unwrap();
        };
        let (error, ()) = tokio::join!(case.call(&address), server);
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CutBody, "{error}");
        assert_eq!(error.delivery(), Delivery::Unknown);
    }
}

#[tokio::test]
async fn an_unreadable_record_hides_no_other() {
    for case in &CASES {
        let Some(spoilt) = case.spoilt else { continue };
        let good = case.answered(200, case.good).await.unwrap();
        let read = case.answered(200, spoilt).await.unwrap();
        let (items, unreadable) = read.split_once("], unreadable: [Unreadable {").unwrap();
        assert!(good.starts_with(items), "{}: {read}", case.id);
        assert!(unreadable.contains("[2].") && !unreadable.contains("вчера"), "{read}");
    }
}

#[tokio::test]
async fn an_unreadable_type_of_activity_is_told_by_its_path() {
    let tips = &CASES[1];
    let error = tips.refused(200, r#"{"data":[{"title":"Факс"},{"title":{"a":1}}]}"#).await;
    assert_eq!(error.json_path(), Some("$.data[1].title"));
}

#[tokio::test]
async fn http_statuses_of_failure_are_told() {
    for case in &CASES {
        for status in [401, 403, 404, 429, 500] {
            let error = case.refused(status, "").await;
            let kind = if status == 429 { ErrorKind::RateLimited } else { ErrorKind::Http };
            assert_eq!(error.kind(), kind, "{error}");
            let reads = !case.is_write() && case.id != "history.delete";
            assert_eq!(error.is_auth(), status == 401 || (status == 403 && reads), "{error}");
            // A page may come from anything on the way.
            assert!(!error.is_not_found(), "{error}");
            assert_eq!(error.is_retryable(), status == 429, "{error}");
            if matches!(status, 403 | 500) {
                case.unclear(&error);
            } else {
                assert_eq!(error.delivery(), Delivery::Delivered, "{error}");
            }
        }
        let error = case.refused(502, "<html><head><title>502 Bad Gateway</title></head></html>").await;
        assert_eq!(error.kind(), ErrorKind::Gateway, "{error}");
        assert_eq!(error.is_retryable(), !case.is_write(), "{error}");
        case.unclear(&error);
    }
}

#[tokio::test]
async fn a_page_of_a_captive_portal_is_told() {
    for case in &CASES {
        let error = case.refused(200, "<html><title>Вход в сеть</title></html>").await;
        assert_eq!(error.kind(), ErrorKind::Gateway);
        assert!(error.to_string().contains("«Вход в сеть»"), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    for case in &CASES {
        let other = MockServer::start().await;
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(302).insert_header("location", other.uri().as_str());
        Mock::given(path(case.path)).respond_with(answer).mount(&server).await;
        let error = case.call(&server.uri()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redirect);
        assert!(error.to_string().contains(&other.uri()), "{error}");
        assert!(other.received_requests().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_was_sent_nothing() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port() // free again at the end of the block
    };
    for case in &CASES {
        let error = case.call(&format!("http://127.0.0.1:{port}")).await.unwrap_err();
        assert!(error.is_connect() && error.is_retryable(), "{error}");
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
}

#[tokio::test]
async fn a_connection_closed_before_the_answer_leaves_a_write_unclear() {
    for case in &CASES {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            assert!(socket.read(&mut [0; 4096]).await.unwrap() > 0);
        };
        let (error, ()) = tokio::join!(case.call(&address), server);
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
        case.unclear(&error);
    }
}

mod add_list {
    use super::*;
    use crm::history::{AddOutcome, Rejection};

    async fn outcomes(sent: usize, body: &str) -> Result<Vec<AddOutcome>, Error> {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_raw(body, "application/json");
        Mock::given(path("/developer/v3/history/add.list")).respond_with(answer).mount(&server).await;
        let entries = vec![NewEntry::new("x"); sent];
        history(&server.uri()).add_list(&entries).await
    }

    fn rejected() -> AddOutcome {
        AddOutcome::Rejected(Rejection::new(Some(405), "Нет"))
    }

    #[tokio::test]
    async fn only_the_result_tells_where_keys_are_left_over() {
        let error = r#""error":{"code":405,"text":"Нет"}"#;
        let body = format!(
            r#"[{{"result":"Успешно","data":7}},{{"result":"Error","data":7,{error}}},{{"result":"Успешно","data":8,{error}}}]"#
        );
        let expected = [AddOutcome::Created(EntryId(7)), rejected(), AddOutcome::Created(EntryId(8))];
        assert_eq!(outcomes(3, &body).await.unwrap(), expected);
    }

    #[tokio::test]
    async fn an_answer_that_does_not_have_one_result_for_each_activity_leaves_all_unknown() {
        for sent in [1, 3] {
            let body = r#"[{"result":"Успешно","data":7},{"result":"Успешно","data":8}]"#;
            let error = outcomes(sent, body).await.unwrap_err();
            assert_eq!((error.kind(), error.delivery()), (ErrorKind::Gateway, Delivery::Unknown));
            assert!(error.to_string().contains(&format!("2 results for {sent} activities")), "{error}");
        }
    }

    #[tokio::test]
    async fn a_stored_activity_whose_id_cannot_be_read_is_stored_and_hides_no_other() {
        let body = r#"[{"result":"Успешно","data":{}},{"result":"Успешно","data":8},{"result":"Успешно"}]"#;
        let outcomes = outcomes(3, body).await.unwrap();
        let expected =
            [AddOutcome::StoredWithoutId, AddOutcome::Created(EntryId(8)), AddOutcome::StoredWithoutId];
        assert_eq!(outcomes, expected);
        assert!(outcomes.iter().all(AddOutcome::is_stored));
    }

    #[tokio::test]
    async fn one_result_in_another_form_makes_the_whole_answer_foreign() {
        for foreign in ["7", "{}", "null", r#"{"result":"?"}"#, r#"{"result":"Error"}"#, r#"{"data":7}"#] {
            let body = format!(r#"[{{"result":"Успешно","data":8}},{foreign}]"#);
            let error = outcomes(2, &body).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.delivery()),
                (ErrorKind::Gateway, Delivery::Unknown),
                "{foreign}"
            );
        }
    }

    #[tokio::test]
    async fn the_servers_own_failure_at_one_is_unknown() {
        let body = r#"[{"result":"Error","error":{"code":"500","text":"x"}},{"result":"Error","error":{"code":405,"text":"Нет"}}]"#;
        let outcomes = outcomes(2, body).await.unwrap();
        assert!(matches!(outcomes[0], AddOutcome::Unknown(_)), "{outcomes:?}");
        assert_eq!(outcomes[1], rejected());
    }

    #[tokio::test]
    async fn a_value_or_a_setting_that_the_database_names_is_a_refusal() {
        let refused = |text: &str| format!(r#"{{"result":"Error","error":{{"code":500,"text":"{text}"}}}}"#);
        let value = "Incorrect string value: 'x' for column 'des' в строке 1366";
        let zone = "Unknown or incorrect time zone: '+-5:00' в строке 1298";
        let body = format!("[{},{}]", refused(value), refused(zone));
        let rejection = |text| Rejection::new(Some(500), text);
        let expected =
            [AddOutcome::Rejected(rejection(value)), AddOutcome::Rejected(rejection(zone).account_setting())];
        assert_eq!(outcomes(2, &body).await.unwrap(), expected);
        assert!(expected[1].to_string().contains("a fault of the account's settings"), "{}", expected[1]);
    }

    #[tokio::test]
    async fn an_error_of_the_whole_call_is_an_error() {
        let error = outcomes(2, r#"{"result":"Error","error":{"code":401,"text":"Нет"}}"#).await.unwrap_err();
        assert!(error.is_auth());
    }
}

#[tokio::test]
async fn an_accepted_add_whose_answer_cannot_be_read_is_delivered_and_says_so() {
    let add = &CASES[4];
    for body in [
        r#"{"result":"Успешно","data":"сто"}"#,
        r#"{"result":"Успешно"}"#,
        r#"{"result":"Успешно","data":0}"#,
    ] {
        let error = add.refused(200, body).await;
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Undecodable, Delivery::Delivered), "{body}");
        assert_eq!(error.json_path(), Some("$.data"));
        assert!(error.to_string().contains("the server accepted it: do not send it again"), "{error}");
    }
    let error = add.refused(200, r#"{"ok":1}"#).await;
    assert_eq!(error.delivery(), Delivery::Unknown);
}

#[tokio::test]
async fn no_secret_and_no_body_is_in_an_error() {
    for case in &CASES {
        let leak = "test-apikey test-login test-token test-secret Иванов";
        for body in [
            format!(r#"{{"error":{{"code":405,"text":"{leak}"}}}}"#).replace("Иванов", ""),
            format!("OK {leak}"),
            format!(r#"{{"data":"{leak}"}}"#),
            format!("<br />\n<b>Fatal error</b>:  near '{leak}' in <b>/a.php</b>"),
        ] {
            let Err(error) = case.answered(200, body).await else { continue };
            assert_eq!(error.body_excerpt(), None, "it is kept only where it is asked for");
            for text in [format!("{error}"), format!("{error:?}"), format!("{error:#?}")] {
                let own = if case.is_history() {
                    ["test-apikey", "test-login"]
                } else {
                    ["test-token", "test-secret"]
                };
                assert!(own.iter().all(|secret| !text.contains(secret)), "{text}");
            }
            assert!(!format!("{error:?}").contains("Иванов"), "{error:?}");
        }
    }
}

mod streams {
    use super::*;
    use wiremock::matchers::{body_partial_json, query_param};

    fn page(ids: std::ops::Range<u64>, key: &str) -> String {
        let records: Vec<String> = ids.map(|id| format!(r#"{{"{key}":{id}}}"#)).collect();
        format!(r#"{{"data":[{}]}}"#, records.join(","))
    }

    #[tokio::test]
    async fn entries_come_page_after_page_until_two_pages_behind_the_last_are_empty_twice() {
        let server = MockServer::start().await;
        let nothing = || "[]".to_owned();
        for (offset, body, calls) in [
            (1, page(200..399, "cid"), 1),
            (2, page(399..440, "cid"), 1),
            (3, nothing(), 2),
            (4, nothing(), 1),
            (19, nothing(), 2),
        ] {
            Mock::given(body_partial_json(
                serde_json::json!({"offset": offset, "order": "cid", "first": "old"}),
            ))
            .respond_with(ResponseTemplate::new(200).set_body_string(body))
            .expect(calls)
            .mount(&server)
            .await;
        }
        let first = ResponseTemplate::new(200).set_body_string(page(1..200, "cid"));
        Mock::given(path("/developer/v3/history/list")).respond_with(first).expect(1).mount(&server).await;
        let mut all = history(&server.uri()).entries(EntryQuery::new());
        let mut ids = Vec::new();
        while let Some(entry) = all.next().await {
            ids.push(entry.unwrap().id.0);
        }
        assert_eq!(ids, (1..440).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn an_unreadable_record_is_an_error_and_the_next_follows() {
        let server = MockServer::start().await;
        let pages = [r#"{"data":[{"cid":1},{"cid":"x"}]}"#, r#"{"data":[{"cid":3},{"cid":4}]}"#, "[]"];
        for body in pages {
            let answer = ResponseTemplate::new(200).set_body_string(body);
            let mock = Mock::given(path("/developer/v3/history/list")).respond_with(answer);
            let times = if body == "[]" { 9 } else { 1 };
            mock.up_to_n_times(times).mount(&server).await;
        }
        let mut all = history(&server.uri()).entries(EntryQuery::new());
        assert_eq!(all.next().await.unwrap().unwrap().id, EntryId(1));
        assert_eq!(all.next().await.unwrap().unwrap_err().json_path(), Some("$.data[1].cid"));
        assert_eq!(all.next().await.unwrap().unwrap().id, EntryId(3));
        assert_eq!(all.next().await.unwrap().unwrap().id, EntryId(4));
        assert!(all.next().await.is_none() && all.next().await.is_none());
    }

    #[tokio::test]
    async fn a_server_that_ignores_the_offset_makes_no_endless_loop_and_no_silent_end() {
        let server = MockServer::start().await;
        let body = ResponseTemplate::new(200).set_body_string(page(1..201, "cid"));
        Mock::given(path("/developer/v3/history/list")).respond_with(body).expect(3).mount(&server).await;
        let mut all = history(&server.uri()).entries(EntryQuery::new());
        for _ in 0..200 {
            all.next().await.unwrap().unwrap();
        }
        let error = all.next().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("ignores the offset"), "{error}");
        assert!(all.next().await.is_none());
    }

    #[tokio::test]
    async fn all_projects_come_where_the_offset_is_ignored_and_one_page_held_them_all() {
        let server = MockServer::start().await;
        let body = ResponseTemplate::new(200).set_body_string(page(1..6, "id"));
        Mock::given(path("/backend/public/projects")).respond_with(body).expect(10).mount(&server).await;
        let mut all = projects(&server.uri()).projects(ProjectQuery::new());
        let mut count = 0;
        while let Some(project) = all.next().await {
            project.unwrap();
            count += 1;
        }
        assert_eq!(count, 5);
    }

    #[tokio::test]
    async fn projects_come_by_offset_from_where_the_query_begins() {
        let server = MockServer::start().await;
        let nothing = || page(0..0, "id");
        for (offset, body, calls) in [
            ("10", page(1..3, "id"), 1),
            ("12", page(3..5, "id"), 1),
            ("14", nothing(), 2),
            ("16", nothing(), 1),
            ("46", nothing(), 2),
        ] {
            Mock::given(query_param("offset", offset))
                .and(query_param("count", "2"))
                .and(query_param("order_by", "id"))
                .respond_with(ResponseTemplate::new(200).set_body_string(body))
                .expect(calls)
                .mount(&server)
                .await;
        }
        let mut all = projects(&server.uri()).projects(ProjectQuery::new().count(2).offset(10));
        let mut ids = Vec::new();
        while let Some(project) = all.next().await {
            ids.push(project.unwrap().id.0);
        }
        assert_eq!(ids, [1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn an_error_of_a_call_ends_the_stream() {
        let server = MockServer::start().await;
        Mock::given(path("/backend/public/projects/filter"))
            .respond_with(ResponseTemplate::new(500))
            .expect(1)
            .mount(&server)
            .await;
        let mut all = projects(&server.uri()).filtered(ProjectFilter::new());
        assert_eq!(all.next().await.unwrap().unwrap_err().http_status(), Some(500));
        assert!(all.next().await.is_none());
    }
}
