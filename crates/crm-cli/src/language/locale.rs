//! Which language to use.

use std::ffi::OsString;

use clap::ValueEnum;

use super::Language;

/// Returns the language of `--lang`, else that of the locale, else English.
///
/// The arguments are searched before clap reads them, because clap's own help and errors need the language.
pub(crate) fn chosen_language(arguments: &[OsString], variable: impl Fn(&str) -> Option<String>) -> Language {
    let words: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let words = &words[..words.iter().position(|word| word == "--").unwrap_or(words.len())];
    let given = words.iter().enumerate().find_map(|(place, word)| match word.strip_prefix("--lang") {
        Some("") => words.get(place + 1).map(|next| next.to_string()),
        Some(rest) => rest.strip_prefix('=').map(str::to_owned),
        None => None,
    });
    given.and_then(|given| Language::from_str(&given, false).ok()).unwrap_or_else(|| {
        // POSIX: the first of these that is set and not empty.
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()));
        from_locale(&locale.unwrap_or_default())
    })
}

fn from_locale(locale: &str) -> Language {
    let language = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
    if language.eq_ignore_ascii_case("ru") { Language::Russian } else { Language::English }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(arguments: &[&str], variables: &[(&str, &str)]) -> Language {
        let arguments: Vec<OsString> = arguments.iter().map(Into::into).collect();
        chosen_language(&arguments, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_option_wins_over_the_locale() {
        let russian = [("LANG", "ru_RU.UTF-8")];
        assert_eq!(chosen(&["crm", "--lang", "en", "tour"], &russian), Language::English);
        assert_eq!(chosen(&["crm", "tour", "--lang=ru"], &[]), Language::Russian);
        assert_eq!(chosen(&["crm", "import", "--", "--lang=ru"], &[]), Language::English);
    }

    #[test]
    fn the_first_variable_that_is_not_empty_decides() {
        let of = |variables: &[(&str, &str)]| chosen(&["crm"], variables);
        assert_eq!(of(&[("LANG", "ru_RU.UTF-8")]), Language::Russian);
        assert_eq!(of(&[("LC_ALL", ""), ("LC_MESSAGES", "ru"), ("LANG", "de_DE")]), Language::Russian);
        assert_eq!(of(&[("LC_ALL", "C"), ("LANG", "ru_RU.UTF-8")]), Language::English);
        assert_eq!(of(&[]), Language::English);
    }
}
