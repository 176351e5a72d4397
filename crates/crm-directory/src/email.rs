//! Email addresses as people write them: found in a text and compared.

/// Returns the addresses in a text in lower case. A text may contain several addresses, with names next to them.
pub(crate) fn addresses_in(text: &str) -> impl Iterator<Item = String> {
    let between = |sign: char| sign.is_whitespace() || ",;<>()[]\"«»|:".contains(sign);
    text.split(between).filter_map(|part| {
        let part = part.trim_matches(['.', '\'']);
        let (name, host) = part.rsplit_once('@')?;
        (!name.is_empty() && !host.is_empty()).then(|| part.to_lowercase())
    })
}

/// Returns the address as a word to search for. A quote would find nothing (observed), so it is a wildcard.
pub(crate) fn word(address: &str) -> String {
    address.replace(['\'', '`', '\\'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_a_text() {
        let found = |text: &str| addresses_in(text).collect::<Vec<_>>();
        assert_eq!(
            found("Info@Veter.example, sales_1@veter.example"),
            ["info@veter.example", "sales_1@veter.example"]
        );
        assert_eq!(found("Анна <anna@veter.example>;b@c.ru"), ["anna@veter.example", "b@c.ru"]);
        assert_eq!(found("mailto:a@b.ru."), ["a@b.ru"]);
        assert!(found("нет, @b.ru, a@").is_empty());
    }

    #[test]
    fn a_quote_in_an_address_is_a_wildcard() {
        assert_eq!(word("o'brien@example.test"), "o_brien@example.test");
    }
}
