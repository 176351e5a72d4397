//! Values that the server puts between quotes into its queries as they are.

use crate::account::Caller;
use crate::history::errors;

/// How the database reads a value between quotes, or the PHP error page where a quote or a backslash in it breaks the
/// query. `rest` is the query behind the closing quote.
///
/// A quote that leaves a valid query would change its meaning on the real server; here every quote is an error, except a
/// doubled or escaped one.
pub(super) fn value(written: &str, rest: &str) -> Result<String, String> {
    let query = format!("{written}'{rest}");
    let mut read = String::with_capacity(written.len());
    let mut signs = query.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\\' => read.extend(signs.next().map(|(_, escaped)| escaped)),
            '\'' if signs.next_if(|(_, next)| *next == '\'').is_some() => read.push('\''),
            '\'' if at == written.len() => return Ok(read),
            '\'' => return Err(errors::sql_syntax(query[at + 1..].trim_start())),
            sign => read.push(sign),
        }
    }
    Err(errors::sql_syntax(&format!("'{query}")))
}

/// The end of most queries of the server.
pub(super) fn of_account(caller: &Caller<'_>) -> String {
    format!(" and identity = '{}'", caller.place + 1)
}

/// The id of a login: 0, which is nobody, for an unknown one.
pub(super) fn user_id(login: &str, caller: &Caller<'_>) -> Result<i64, String> {
    let login = value(login, &format!(" AND identity = '{}'", caller.place + 1))?;
    Ok(caller.account.user(&login).map_or(0, |user| user.id))
}

#[cfg(test)]
mod tests {
    use super::value;

    fn near(written: &str) -> String {
        let page = value(written, " and identity = '1'").unwrap_err();
        let (_, near) = page.split_once("to use near '").unwrap();
        near.split_once("' at line 1 in ").unwrap().0.to_owned()
    }

    #[test]
    fn the_database_names_the_place_behind_the_text_that_a_quote_ended() {
        assert_eq!(near("o'brien"), "brien' and identity = '1'");
        assert_eq!(near("1'"), "1'");
        assert_eq!(near(r"1\"), "1'");
    }

    #[test]
    fn a_doubled_quote_and_an_escaped_one_are_part_of_the_text() {
        assert_eq!(value("o''brien", "").unwrap(), "o'brien");
        assert_eq!(value(r"o\'brien", "").unwrap(), "o'brien");
    }
}
