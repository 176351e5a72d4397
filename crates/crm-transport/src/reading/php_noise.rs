//! What PHP writes into a response besides the data: notices, warnings, fatal errors.

/// What a response that does not begin with JSON is.
#[derive(Debug, PartialEq)]
pub(crate) enum Noise<'a> {
    /// Notices and warnings, followed by this text.
    Notices(&'a str),
    /// A PHP error, as one line of text.
    Error(String),
    /// A web page, by its title.
    Page(String),
    /// Something else.
    Other,
}

const LEVELS: [&str; 8] = [
    "Fatal error",
    "Recoverable fatal error",
    "Parse error",
    "Warning",
    "Notice",
    "Deprecated",
    "Strict Standards",
    "Catchable fatal error",
];

/// Tells what precedes or replaces the JSON.
pub(crate) fn tell(body: &str) -> Noise<'_> {
    let mut rest = body;
    while let Some((level, after)) = report(rest) {
        let fatal = level.contains("atal") || level.starts_with("Parse");
        if fatal || after.trim_start().is_empty() {
            return Noise::Error(summary(rest));
        }
        rest = after;
    }
    let begins_json = rest.trim_start().starts_with(['{', '[']);
    if begins_json {
        Noise::Notices(rest.trim_start())
    } else if rest.len() < body.len() {
        Noise::Error(summary(body)) // a message whose end is not in its usual place
    } else if body.trim_start().starts_with('<') {
        Noise::Page(title(body))
    } else {
        Noise::Other
    }
}

/// Returns the server's own words if it cannot use its database now: it does not reach it (observed as plain text in place
/// of an answer), or has too many connections to it (observed as a PHP error). Both pass.
pub(crate) fn database_failure(body: &str) -> Option<String> {
    const UNREACHABLE: &str = "Ошибка подключения к БД";
    const TOO_MANY: [&str; 2] = ["max_user_connections", "Too many connections"];
    let is_failure =
        body.starts_with(UNREACHABLE) || TOO_MANY.iter().any(|words| first_line(body).contains(words));
    is_failure.then(|| summary(body))
}

/// Returns the level of the PHP message at the beginning of a text, and the text after it.
fn report(text: &str) -> Option<(&'static str, &str)> {
    let start = text.trim_start();
    // html_errors: `<br />\n<b>Warning</b>:  … on line <b>7</b><br />\n`
    if let Some(inner) = start.strip_prefix("<br />").map(|s| s.trim_start())
        && let Some(inner) = inner.strip_prefix("<b>")
    {
        let level = LEVELS
            .into_iter()
            .find(|level| inner.strip_prefix(level).is_some_and(|after| after.starts_with("</b>")))?;
        let after = match inner.find("</b><br />") {
            Some(end) => &inner[end + "</b><br />".len()..],
            None => "",
        };
        return Some((level, after));
    }
    // plain: `\nWarning: … in /srv/x.php on line 7\n`
    let inner = start.strip_prefix("PHP ").unwrap_or(start);
    let level = LEVELS
        .into_iter()
        .find(|level| inner.strip_prefix(level).is_some_and(|after| after.starts_with(':')))?;
    let after = match inner.find(" on line ").and_then(|at| Some((at, inner[at..].find('\n')?))) {
        Some((at, end)) => &inner[at + end + 1..],
        None => "",
    };
    Some((level, after))
}

/// Returns the message as one line of at most 240 characters, without tags and without the folders of a file. Text in
/// quotes stays only if it looks like an identifier, because SQL errors quote what users wrote.
fn summary(report: &str) -> String {
    let line = first_line(report);
    let words: Vec<&str> = line
        .split_whitespace()
        .map(|word| if word.starts_with('/') { word.rsplit('/').next().unwrap_or(word) } else { word })
        .collect();
    let mut line = String::new();
    for (i, part) in words.join(" ").split('\'').enumerate() {
        let identifier =
            part.len() <= 32 && part.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '.' | ' '));
        line.push_str(if i == 0 { "" } else { "'" });
        line.push_str(if i % 2 == 0 || identifier { part } else { "…" });
    }
    cap(&line, 240)
}

/// Returns the first line with words, without tags.
fn first_line(report: &str) -> String {
    let text = without_tags(report);
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

/// Returns the title of a page, or its first words.
fn title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| {
        let start = at + page[at..].find('>')? + 1;
        let end = start + lower[start..].find("</title")?;
        Some(&page[start..end])
    });
    let text = without_tags(title.unwrap_or(page));
    cap(&text.split_whitespace().collect::<Vec<_>>().join(" "), 80)
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<') {
        text.push_str(part.split_once('>').map_or(part, |(_, after)| after));
    }
    text
}

pub(super) fn cap(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WARNING: &str =
        "<br />\n<b>Warning</b>:  Undefined array key 1 in <b>/srv/crm/x.php</b> on line <b>7</b><br />\n";

    #[test]
    fn notices_before_the_json_are_passed_over() {
        let body = format!("{WARNING}{WARNING}{{\"data\":1}}");
        assert_eq!(tell(&body), Noise::Notices("{\"data\":1}"));
        assert_eq!(tell("\nNotice: x in /a/b.php on line 3\n[1]"), Noise::Notices("[1]"));
    }

    #[test]
    fn a_fatal_error_is_one_line_without_paths() {
        let body = "<br />\n<b>Fatal error</b>:  Uncaught E: Unknown column 'nonexistent' in 'ORDER BY' in \
                    /srv/crm/vendor/a.php:466\nStack trace:\n#0 /srv/x.php(3): f('Иванов')\n";
        assert_eq!(
            tell(body),
            Noise::Error(
                "Fatal error: Uncaught E: Unknown column 'nonexistent' in 'ORDER BY' in a.php:466".into()
            )
        );
    }

    #[test]
    fn a_warning_with_no_json_after_it_is_an_error() {
        assert_eq!(tell(WARNING), Noise::Error("Warning: Undefined array key 1 in x.php on line 7".into()));
    }

    #[test]
    fn a_database_that_is_down_or_has_too_many_connections_is_told_in_the_servers_own_words() {
        let down = "Ошибка подключения к БД: Connection refused. Рекомендуем проверить.";
        assert_eq!(database_failure(down).as_deref(), Some(down));
        let many = "<br />\n<b>Fatal error</b>:  Uncaught mysqli_sql_exception: User 'salesman' has exceeded the \
                    'max_user_connections' resource (current value: 1) in /srv/crm/a.php:7\nStack trace:\n";
        let words = database_failure(many).unwrap();
        assert!(words.contains("'max_user_connections' resource") && !words.contains("/srv"), "{words}");
        assert_eq!(database_failure(WARNING), None);
        assert_eq!(database_failure("<br />\n<b>Fatal error</b>:  x\nlater: Too many connections"), None);
    }

    #[test]
    fn what_somebody_wrote_is_left_out_of_a_report() {
        let body =
            "<br />\n<b>Fatal error</b>:  syntax error near 'звонок от Иванова +7 900' in <b>/a.php</b>";
        assert_eq!(tell(body), Noise::Error("Fatal error: syntax error near '…' in a.php".into()));
    }

    #[test]
    fn a_foreign_page_is_told_by_its_title() {
        let body = "<html><head><TITLE>502 Bad Gateway</TITLE></head><body>nginx</body></html>";
        assert_eq!(tell(body), Noise::Page("502 Bad Gateway".into()));
        assert_eq!(tell("<p>Введите код из SMS</p>"), Noise::Page("Введите код из SMS".into()));
    }

    #[test]
    fn other_text_is_neither() {
        assert_eq!(tell("OK"), Noise::Other);
    }
}
