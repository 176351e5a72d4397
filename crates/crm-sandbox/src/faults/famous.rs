//! The faults that everybody meets, as constructors of [`Fault`].

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use super::answer_edit::{AnswerEdit, IdForm};
use super::change::{Change, Moment, PageChange};
use super::condition::Condition;
use super::fault::{ApiError, Fault, FixedAnswer, RetryAfter, Store, Transfer};
use super::request_edit::RequestEdit;

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";

/// Connections.
impl Fault {
    /// The response is delayed by this much. The request is carried out at once.
    pub fn latency(delay: Duration) -> Fault {
        Fault::new().named("latency").delay(delay)
    }

    /// The connection is refused; nothing is carried out.
    pub fn connection_refused() -> Fault {
        Fault::new().named("connection_refused").transfer(Transfer::Refuse)
    }

    /// The connection is closed after the head of the request has arrived; nothing is carried out.
    pub fn close_before_reading() -> Fault {
        Fault::new().named("close_before_reading").transfer(Transfer::CloseUnread)
    }

    /// A connection that carried a request before is closed when the next request arrives; nothing is carried out. A
    /// new connection works.
    pub fn keep_alive_closed() -> Fault {
        let fault = Fault::new().named("keep_alive_closed").transfer(Transfer::CloseUnread);
        fault.only_if(Condition::ReusedConnection)
    }

    /// The request is carried out, and the connection is closed without a response.
    pub fn close_after_commit() -> Fault {
        Fault::new().named("close_after_commit").transfer(Transfer::Close)
    }

    /// Half of an `add.list` is stored ([`Store::Half`]), and the connection is closed without a response.
    pub fn commit_half() -> Fault {
        Fault::new().named("commit_half").store(Store::Half).transfer(Transfer::Close)
    }

    /// The request is carried out. The response announces its whole length but ends after this many bytes, or after
    /// half of them for `None`.
    pub fn cut_body(after: Option<usize>) -> Fault {
        Fault::new().named("cut_body").transfer(Transfer::Cut { after, chunked: false })
    }

    /// The request is carried out, and the connection stays open without a response.
    pub fn no_answer() -> Fault {
        Fault::new().named("no_answer").transfer(Transfer::Never)
    }

    /// The request is carried out. Endless interim responses with this status (100 to 199) follow.
    pub fn interim_answers(status: u16) -> Fault {
        Fault::new().named("interim_answers").transfer(Transfer::Interim { status })
    }

    /// The request is carried out; the body never ends.
    pub fn endless_body() -> Fault {
        Fault::new().named("endless_body").transfer(Transfer::Endless)
    }

    /// The request is carried out; the small body decompresses to this many MiB.
    pub fn gzip_bomb(mib: u32) -> Fault {
        Fault::new().named("gzip_bomb").transfer(Transfer::GzipBomb { mib })
    }

    /// The request is carried out; `Content-Length` is wrong by this many bytes.
    pub fn wrong_content_length(by: i64) -> Fault {
        Fault::new().named("wrong_content_length").transfer(Transfer::WrongLength { by })
    }

    /// The request is carried out; the body is sent in pieces of this many bytes with a pause before each.
    pub fn slow_drip(bytes: usize, pause: Duration) -> Fault {
        let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        Fault::new().named("slow_drip").transfer(Transfer::Drip { bytes, millis })
    }
}

/// What stands in front of the server. Nothing is carried out, unless [`Fault::store`] says otherwise.
impl Fault {
    fn in_front(name: &str, page: FixedAnswer) -> Fault {
        Fault::new().named(name).store(Store::Not).answer(page)
    }

    /// An error page of nginx, such as 502 or 504.
    pub fn gateway_page(status: u16) -> Fault {
        Fault::in_front("gateway_page", nginx(status))
    }

    /// An error page of nginx with `Retry-After`.
    pub fn retry_later(status: u16, after: RetryAfter) -> Fault {
        Fault::in_front("retry_later", nginx(status)).retry_after(after)
    }

    /// The page of Varnish, 503 "Backend fetch failed", with or without `Retry-After` in seconds.
    pub fn varnish_503(retry_after: Option<u64>) -> Fault {
        let body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE html>\n<html>\n  <head>\n    \
                    <title>503 Backend fetch failed</title>\n  </head>\n  <body>\n    \
                    <h1>Error 503 Backend fetch failed</h1>\n    <p>Backend fetch failed</p>\n    \
                    <h3>Guru Meditation:</h3>\n    <p>XID: 32770</p>\n    <hr>\n    \
                    <p>Varnish cache server</p>\n  </body>\n</html>\n";
        let page =
            FixedAnswer::new(503).header("server", "Varnish").header("x-varnish", "32770").body(HTML, body);
        let retry_after = retry_after.map(RetryAfter::Seconds);
        Fault::in_front("varnish_503", FixedAnswer { retry_after, ..page })
    }

    /// The page of a web application firewall, 403 or 406.
    pub fn firewall_page(status: u16) -> Fault {
        let title = title(status);
        let body = format!(
            "<head><title>{title}</title></head><body><h1>{title}</h1><p>An appropriate representation of the requested \
             resource could not be found on this server. This error was generated by Mod_Security.</p></body></html>"
        );
        Fault::in_front("firewall_page", FixedAnswer::new(status).header("server", "Apache").body(HTML, body))
    }

    /// A status without a body, such as 500, 408, 407 or 499.
    pub fn bare_status(status: u16) -> Fault {
        Fault::in_front("bare_status", FixedAnswer::new(status))
    }

    /// A page of Cloudflare, 520 to 526.
    pub fn cloudflare_page(status: u16) -> Fault {
        let reason = match status {
            520 => "Web server is returning an unknown error",
            521 => "Web server is down",
            522 => "Connection timed out",
            523 => "Origin is unreachable",
            524 => "A timeout occurred",
            525 => "SSL handshake failed",
            526 => "Invalid SSL certificate",
            _ => "Error",
        };
        let body = format!(
            "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head>\n<title>crm.test | {status}: {reason}</title>\n</head>\n<body>\n\
             <h1>{reason} <span>Error code {status}</span></h1>\n<p>Cloudflare Ray ID: 8f00000000000000</p>\n</body>\n</html>\n"
        );
        let page =
            FixedAnswer::new(status).header("server", "cloudflare").header("cf-ray", "8f00000000000000-DME");
        Fault::in_front("cloudflare_page", page.body(HTML, body))
    }

    /// The JSON error of a gateway: `{"message":"…"}`.
    pub fn gateway_json(status: u16, message: &str) -> Fault {
        let body = serde_json::json!({"message": message}).to_string();
        Fault::in_front("gateway_json", FixedAnswer::new(status).body("application/json", body))
    }

    /// Status 429 from a rate limit. Use it with [`When::OverRate`](crate::When::OverRate).
    pub fn too_many_requests(retry_after: Option<RetryAfter>) -> Fault {
        Fault::rate_limit("too_many_requests", 429, retry_after)
    }

    /// The page of nginx's `limit_req`, with its default status 503. Use it with
    /// [`When::OverRate`](crate::When::OverRate).
    pub fn nginx_503(retry_after: Option<RetryAfter>) -> Fault {
        Fault::rate_limit("nginx_503", 503, retry_after)
    }

    fn rate_limit(name: &str, status: u16, retry_after: Option<RetryAfter>) -> Fault {
        let page = nginx(status);
        Fault::in_front(name, FixedAnswer { retry_after, ..page })
    }

    /// A redirect to another address.
    pub fn redirect(status: u16, to: &str) -> Fault {
        Fault::in_front("redirect", nginx(status).header("location", to))
    }

    /// The body of every request except POST is lost on the way.
    pub fn get_body_dropped() -> Fault {
        let fault = Fault::new().named("get_body_dropped").edit_request(RequestEdit::DropBody);
        fault.only_if(Condition::Not(Box::new(Condition::Method("POST".to_owned()))))
    }
}

/// What the application and its database do.
impl Fault {
    /// Nothing is carried out; an error of the API with HTTP status 200. For solOS the form is assumed.
    pub fn error_in_ok(code: i32, text: &str) -> Fault {
        let api_error = Some(ApiError { code, text: text.to_owned() });
        Fault::in_front("error_in_ok", FixedAnswer { api_error, ..FixedAnswer::new(200).body(JSON, "") })
    }

    /// The database is down: HTTP 200 and plain text. Nothing is carried out. Use it with
    /// [`When::During`](crate::When::During).
    pub fn database_down() -> Fault {
        let text = "Ошибка подключения к БД: Connection refused. Рекомендуем проверить параметры подключения к БД в файле \
                    \"inc/config.php\".";
        Fault::in_front("database_down", FixedAnswer::new(200).body(JSON, text))
    }

    /// The database allows no more connections: HTTP 200 and the HTML of a PHP error. Nothing is carried out.
    pub fn too_many_connections() -> Fault {
        let text = "<br />\n<b>Fatal error</b>:  Uncaught mysqli_sql_exception: User 'salesman' has exceeded the \
                    'max_user_connections' resource (current value: 2) in \
                    /srv/crm/vendor/colshrapnel/safemysql/safemysql.class.php:99\nStack trace:\n#0 {main}\n  thrown in \
                    <b>/srv/crm/vendor/colshrapnel/safemysql/safemysql.class.php</b> on line <b>99</b><br />\n";
        Fault::in_front("too_many_connections", FixedAnswer::new(200).body(JSON, text))
    }

    /// A lock of the database holds the requests. They are carried out when the lock is released ([`Store::Held`]). Use
    /// it with [`Operation::writes`](crate::Operation::writes) and [`When::During`](crate::When::During).
    pub fn write_lock() -> Fault {
        Fault::new().named("write_lock").store(Store::Held)
    }

    /// The HTML of a PHP warning before the response, after it, or both. The request is carried out.
    pub fn php_warning(before: bool, after: bool) -> Fault {
        let warning = "<br />\n<b>Warning</b>:  Undefined array key \"user\" in \
                       <b>/srv/crm/developer/v3/methods/history.php</b> on line <b>306</b><br />\n";
        let part = |wanted: bool| if wanted { warning.to_owned() } else { String::new() };
        let edit = AnswerEdit::Wrap { before: part(before), after: part(after) };
        Fault::new().named("php_warning").edit_answer(edit)
    }

    /// A byte order mark before the response. The request is carried out.
    pub fn byte_order_mark() -> Fault {
        let edit = AnswerEdit::Wrap { before: "\u{feff}".to_owned(), after: String::new() };
        Fault::new().named("byte_order_mark").edit_answer(edit)
    }

    /// These parameters are ignored, such as `order` and `first`, `offset`, `user`, `dateStart` and `dateEnd`.
    pub fn parameters_ignored(names: &[&str]) -> Fault {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Fault::new().named("parameters_ignored").edit_request(RequestEdit::Ignore(names))
    }

    /// The response reports success, but nothing is stored.
    pub fn success_without_storing() -> Fault {
        Fault::new().named("success_without_storing").store(Store::Not)
    }

    /// The stored record differs from the sent one: the parameters in `set` have other values, and those in `append`
    /// have a suffix.
    pub fn changed_record(set: BTreeMap<String, Value>, append: BTreeMap<String, String>) -> Fault {
        Fault::new()
            .named("changed_record")
            .edit_request(RequestEdit::Set(set))
            .edit_request(RequestEdit::Append(append))
    }

    /// Items of an `add.list` that contain `holding` are refused with this error, and the others are stored. An `add`
    /// is its only item.
    pub fn items_refused(holding: &str, code: i32, text: &str) -> Fault {
        let fault = Fault::items_failed(holding, code, text).named("items_refused");
        fault.edit_request(RequestEdit::RemoveItems(holding.to_owned()))
    }

    /// Items of a write that contain `holding` are stored, but the response says that they failed. An `add` is its only
    /// item.
    pub fn items_failed(holding: &str, code: i32, text: &str) -> Fault {
        let edit = AnswerEdit::FailItems { holding: holding.to_owned(), code, text: text.to_owned() };
        Fault::new().named("items_failed").edit_answer(edit)
    }

    /// A success has no ID: `"data":null`, or no key `data` at all if `absent`.
    pub fn without_ids(absent: bool) -> Fault {
        let ids = if absent { IdForm::Absent } else { IdForm::Null };
        Fault::new().named("without_ids").edit_answer(AnswerEdit::Ids(ids))
    }

    /// A success has its ID as a text: `"data":"1"`.
    pub fn ids_as_text() -> Fault {
        Fault::new().named("ids_as_text").edit_answer(AnswerEdit::Ids(IdForm::Text))
    }

    /// From this write on, each new record has the next lower free ID; the first is below `from`.
    pub fn ids_going_down(from: u64) -> Fault {
        Fault::new().named("ids_going_down").change(Change::IdsGoDown { from })
    }

    /// Another user adds records equal to those of this write, this many times.
    pub fn equal_records(count: usize, at: Moment) -> Fault {
        Fault::new().named("equal_records").change(Change::EqualRecords { count, at })
    }
}

/// What lists and single records answer.
impl Fault {
    /// Before any page except the first is returned, records of the first page change.
    pub fn change_between_pages(change: PageChange) -> Fault {
        let fault = Fault::new().named("change_between_pages").change(Change::FirstPage(change));
        fault.only_if(Condition::LaterPage)
    }

    /// A page has this many records, and the next page starts after them.
    pub fn small_pages(records: usize) -> Fault {
        Fault::new()
            .named("small_pages")
            .edit_request(RequestEdit::CountPagesOf(records as u64))
            .edit_answer(AnswerEdit::Shorten(records))
    }

    /// A page is cut to this many of its first records, or to a random number from 1 to this one. The other records are
    /// on no page.
    pub fn short_pages(records: usize, random: bool) -> Fault {
        let edit = if random { AnswerEdit::ShortenRandomly(records) } else { AnswerEdit::Shorten(records) };
        Fault::new().named("short_pages").edit_answer(edit)
    }

    /// The page before the one that was requested.
    pub fn repeated_page() -> Fault {
        Fault::new().named("repeated_page").edit_request(RequestEdit::PreviousPage)
    }

    /// Each record twice, and as many rows as a page has.
    pub fn doubled_records() -> Fault {
        Fault::new().named("doubled_records").edit_answer(AnswerEdit::Double)
    }

    /// A page is empty.
    pub fn empty_page() -> Fault {
        Fault::new().named("empty_page").edit_answer(AnswerEdit::Empty)
    }

    /// A page is `null`: `{"data":null}`, `{"payload":null}`.
    pub fn null_page() -> Fault {
        Fault::new().named("null_page").edit_answer(AnswerEdit::Null)
    }

    /// The record with this ID, whatever ID was requested.
    pub fn another_record(id: u64) -> Fault {
        let ids = ["cid", "id"].map(|name| (name.to_owned(), id.into()));
        Fault::new().named("another_record").edit_request(RequestEdit::Set(BTreeMap::from(ids)))
    }

    /// A list with this many items that are not records, such as `0` or `null`, optionally compressed with gzip.
    pub fn junk_list(items: usize, item: &str, gzip: bool) -> Fault {
        let page = FixedAnswer::new(200).body(JSON, format!("{{\"data\":[{{units}}{item}]}}"));
        let page = FixedAnswer { units: items.saturating_sub(1), unit: format!("{item},"), gzip, ..page };
        Fault::new().named("junk_list").answer(page)
    }
}

fn title(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    format!("{status} {}", reason.unwrap_or("Error"))
}

fn nginx(status: u16) -> FixedAnswer {
    let title = title(status);
    let body = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    FixedAnswer::new(status).header("server", "nginx").body("text/html", body)
}
