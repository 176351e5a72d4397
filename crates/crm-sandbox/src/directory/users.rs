//! `user/list` and `user/info`: every caller sees every user. The email address of a user is the login.

use super::{Answer, data, sql};
use crate::account::{Caller, User};
use crate::history::errors::error;
use crate::history::{Params, collation, php};
use crate::json::Json;

pub(super) fn list(caller: &Caller<'_>) -> Json {
    let users = caller.account.users.iter().map(|user| {
        Json::object([
            ("iduser", user.id.into()),
            ("uid", Json::optional(user.uid.as_deref())),
            ("oid", department(user)),
            ("title", user.title.as_str().into()),
            ("login", user.login.as_str().into()),
            ("email", user.login.as_str().into()),
            ("active", active(user)),
        ])
    });
    data(Json::List(users.collect()))
}

/// A user by `uid`, `user` (the login) or `iduser`: the first of them that is given.
pub(super) fn info(params: &Params, caller: &Caller<'_>) -> Answer {
    let name = match () {
        () if !params.is_blank("uid") => "uid",
        () if !params.is_blank("user") => "user",
        () if params.int("iduser") > 0 => "iduser",
        () => return Ok(error(405, "Отсутствуют параметры")),
    };
    let wanted = sql::value(&params.text(name), &sql::of_account(caller))?;
    let found = match name {
        "uid" => {
            let is_uid = |uid: &str| collation::equal(uid, &wanted);
            caller.account.users.iter().find(|user| user.uid.as_deref().is_some_and(is_uid))
        }
        "user" => caller.account.user(&wanted),
        _ => {
            let id = php::leading_number(&wanted);
            caller.account.users.iter().find(|user| user.id as f64 == id)
        }
    };
    let Some(user) = found else {
        let unknown = [("code", "404".into()), ("text", "Пользователь не найден".into())];
        return Ok(Json::object([("error", Json::object(unknown))]));
    };
    Ok(data(Json::object([
        ("iduser", user.id.into()),
        ("uid", Json::optional(user.uid.as_deref())),
        ("oid", department(user)),
        ("title", user.title.as_str().into()),
        ("login", user.login.as_str().into()),
        ("active", active(user)),
        ("tip", user.role.title().into()),
        ("user_post", Json::optional(user.post.as_deref())),
        ("email", user.login.as_str().into()),
        ("phone", user.phone.as_str().into()),
        ("phone_in", user.extension.as_str().into()),
        ("mob", user.mobile.as_str().into()),
    ])))
}

/// The department; `false` without one.
fn department(user: &User) -> Json {
    user.department.as_deref().map_or(Json::Bool(false), Json::from)
}

fn active(user: &User) -> Json {
    if user.blocked { "no" } else { "yes" }.into()
}
