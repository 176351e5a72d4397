//! SalesMan CRM, history v3: the answers of the real server.

mod account;
mod content;
mod list;
mod params;
mod php;
pub(crate) mod records;

use std::borrow::Cow;

use chrono::NaiveDateTime;
use http::{HeaderMap, header};

pub(crate) use self::params::Params;
use self::records::{Record, Records, read_datum, write_datum};
use crate::json::Json;

/// The start of every path of the API.
pub(crate) const PREFIX: &str = "/developer/v3";

/// A request to the API.
pub(crate) struct Call<'r> {
    pub(crate) path: &'r str,
    pub(crate) query: &'r str,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) body: &'r [u8],
}

/// The body of the answer; its HTTP status is 200 whatever happens.
pub(crate) fn answer(records: &mut Records, now: NaiveDateTime, call: &Call<'_>) -> String {
    let (params, credentials) = Params::read(call);
    let Some(user) = credentials.and_then(|(apikey, login)| user_of(&apikey, &login)) else {
        return error(401, "Неизвестный пользователь").to_text();
    };
    let (method, action) = route(call.path, &params);
    if method != "history" {
        return String::new();
    }
    let answer = match action.as_str() {
        "fields" => fields(),
        "tips" => tips(),
        "list" => match list(records, &params, user, now) {
            Ok(answer) => answer,
            Err(column) => return unknown_column(&column),
        },
        "info" => info(records, &params),
        "add" => add(records, &params, user, now),
        "add.list" => add_list(records, &params, user, now),
        "delete" => delete(records, &params, user),
        _ => error(404, "Не понимаю чЁ происходит. Может в следующий раз?"),
    };
    answer.to_text()
}

/// The method and the action: the third and the fourth part of the path, unless the parameters name an action.
pub(crate) fn route(path: &str, params: &Params) -> (String, String) {
    let mut parts = path.trim_matches([' ', '/']).split('/').skip(2);
    let method = parts.next().unwrap_or_default().to_owned();
    let action = parts.next().unwrap_or_default().to_owned();
    let named = params.text("action");
    if named.is_empty() || named == "0" { (method, action) } else { (method, named) }
}

fn user_of(apikey: &str, login: &str) -> Option<i64> {
    let user = account::user_id(login);
    (account::is_apikey(apikey) && user > 0).then_some(user)
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes() == b"application/json")
}

fn error(code: impl Into<Json>, text: &'static str) -> Json {
    Json::object([
        ("result", Json::from("Error")),
        ("error", Json::object([("code", code.into()), ("text", Json::from(text))])),
    ])
}

fn stored(cid: u64) -> Json {
    Json::object([("result", Json::from("Успешно")), ("data", Json::from(cid))])
}

fn data(data: Json) -> Json {
    Json::object([("data", data)])
}

fn fields() -> Json {
    data(Json::Object(
        account::FIELDS.iter().map(|(name, title)| ((*name).into(), Json::from(*title))).collect(),
    ))
}

fn tips() -> Json {
    data(Json::List(
        account::TIPS
            .iter()
            .map(|(title, color, filter)| {
                Json::object([
                    ("title", Json::from(*title)),
                    ("color", Json::from(*color)),
                    ("filter", Json::from(*filter)),
                ])
            })
            .collect(),
    ))
}

fn list(records: &Records, params: &Params, user: i64, now: NaiveDateTime) -> Result<Json, String> {
    let page = list::page(records, params, user, now)?;
    if page.is_empty() {
        // Nothing was ever put into the answer, and PHP writes an empty array as a list.
        return Ok(Json::List(Vec::new()));
    }
    Ok(data(Json::List(
        page.into_iter()
            .map(|record| {
                let contacts: Vec<Json> =
                    record.pid.split(';').filter(|pid| !pid.is_empty()).map(contact).collect();
                let content = content::listed(record.content.as_deref().unwrap_or_default());
                entry(record, Json::from(content), (!contacts.is_empty()).then_some(contacts))
            })
            .collect(),
    )))
}

fn info(records: &Records, params: &Params) -> Json {
    let found = find(records, params);
    match found {
        Some(record) => {
            // The column is read as a number there, so all but the first contact is lost.
            let first = contact(&record.pid);
            data(entry(record, Json::optional(record.content.as_deref()), Some(vec![first])))
        }
        None if !params.is_blank("cid") => {
            error("403", "Не найдено в пределах аккаунта указанного пользователя.")
        }
        None if params.is_blank("id") => error(405, "Отсутствуют параметры - сid записи"),
        None => error(404, "Не найдено"),
    }
}

fn find<'r>(records: &'r Records, params: &Params) -> Option<&'r Record> {
    let cid = php::leading_number(&params.text("cid"));
    if cid < 1.0 || cid.fract() != 0.0 { None } else { records.get(cid as u64) }
}

fn contact(pid: &str) -> Json {
    let pid = php::leading_number(pid) as i64;
    Json::object([("pid", Json::from(pid)), ("person", Json::from(account::contact_name(pid)))])
}

/// A record on the wire. `person` is left out where there is none.
fn entry(record: &Record, content: Json, person: Option<Vec<Json>>) -> Json {
    let mut members = vec![
        ("cid".into(), Json::from(record.cid)),
        ("datum".into(), Json::from(write_datum(record.datum))),
        ("content".into(), content),
        ("tip".into(), Json::optional(record.tip.as_deref())),
        ("iduser".into(), Json::from(record.iduser)),
        ("user".into(), Json::from(account::user_login(record.iduser))),
        ("clid".into(), Json::from(record.clid)),
        ("client".into(), Json::from(account::client_name(record.clid))),
    ];
    if let Some(person) = person {
        members.push(("person".into(), Json::List(person)));
    }
    members.push(("did".into(), Json::from(record.did)));
    members.push(("dogovor".into(), Json::from(account::deal_title(record.did))));
    Json::Object(members)
}

fn add(records: &mut Records, params: &Params, user: i64, now: NaiveDateTime) -> Json {
    let belongs = ["clid", "pid", "did"].iter().any(|name| !params.is_blank(name));
    if !belongs || params.is_blank("content") {
        return error(405, "Отсутствуют параметры");
    }
    let tip = params.text_or("tip", "Событие");
    stored(records.add(new_record(params, owner(params, user), Some(tip), now)))
}

/// An item that fails keeps the `data` of the one before it, and every item after it keeps its `error`: the real
/// server uses one answer for all of them and never clears it.
fn add_list(records: &mut Records, params: &Params, user: i64, now: NaiveDateTime) -> Json {
    let owner_of_all = owner(params, user);
    let mut answers = Vec::new();
    let mut answer = Vec::new();
    for item in params.items("list") {
        if item.is_blank("content") {
            put(&mut answer, "result", "Error".into());
            put(
                &mut answer,
                "error",
                Json::object([("code", 405.into()), ("text", "Отсутствуют параметры - Заголовок".into())]),
            );
        } else {
            let tip = (!item.is_null("tip")).then(|| item.text("tip"));
            let cid = records.add(new_record(&item, owner(&item, owner_of_all), tip, now));
            put(&mut answer, "result", "Успешно".into());
            put(&mut answer, "data", Json::from(cid));
        }
        answers.push(Json::Object(answer.clone()));
    }
    Json::List(answers)
}

fn put(answer: &mut Vec<(Cow<'static, str>, Json)>, name: &'static str, value: Json) {
    match answer.iter_mut().find(|(key, _)| key == name) {
        Some(member) => member.1 = value,
        None => answer.push((name.into(), value)),
    }
}

fn owner(params: &Params, default: i64) -> i64 {
    if params.is_blank("user") { default } else { account::user_id(&params.text("user")) }
}

fn new_record(params: &Params, iduser: i64, tip: Option<String>, now: NaiveDateTime) -> Record {
    let pid: Vec<String> = params
        .text("pid")
        .split([',', ';'])
        .map(|one| one.trim().to_owned())
        .filter(|one| !one.is_empty())
        .collect();
    Record {
        cid: 0,
        datum: if params.is_blank("datum") { Some(now) } else { read_datum(&params.text("datum")) },
        content: content::stored(&params.text("content")),
        tip: tip.map(|tip| content::stored_tip(&tip)),
        iduser,
        clid: params.int("clid"),
        pid: pid.join(";"),
        did: params.int("did"),
    }
}

fn delete(records: &mut Records, params: &Params, user: i64) -> Json {
    let deletable = find(records, params).filter(|record| account::people_of(user).contains(&record.iduser));
    match deletable.map(|record| record.cid) {
        Some(cid) => {
            records.remove(cid);
            Json::object([("result", "Успешно".into())])
        }
        None if params.is_blank("cid") => error(405, "Отсутствуют параметры - cid записи"),
        None => error(403, "Запись не найдена."),
    }
}

/// What PHP prints when the database refuses the query: HTML, with the content type of JSON.
fn unknown_column(column: &str) -> String {
    let class = "/srv/crm/vendor/colshrapnel/safemysql/safemysql.class.php";
    format!(
        "<br />\n<b>Fatal error</b>:  Uncaught mysqli_sql_exception: Unknown column '{column}' in 'ORDER BY' in \
         {class}:466\nStack trace:\n\
         #0 {class}(466): mysqli_query(Object(mysqli), 'SELECT * FROM a...')\n\
         #1 {class}(140): SafeMySQL-&gt;rawQuery('SELECT * FROM a...')\n\
         #2 /srv/crm/developer/v3/methods/history.php(250): SafeMySQL-&gt;query('SELECT * FROM a...')\n\
         #3 /srv/crm/developer/v3/index.php(171): include_once('/srv/crm/sales...')\n\
         #4 /srv/crm/router.php(3): require('/srv/crm/sales...')\n\
         #5 {{main}}\n  thrown in <b>{class}</b> on line <b>466</b><br />\n"
    )
}
