//! Compares texts as the server's database does. For your own operations.

/// Returns a text in a form in which two texts are equal if the database treats them as equal: regardless of case, `ё`
/// or spaces at the end. A space at the beginning counts (observed).
#[must_use]
pub fn folded(text: &str) -> String {
    text.trim_end_matches(' ').to_lowercase().replace('ё', "е")
}

/// Like [`folded`], for the title of an activity type. The database stores only its first 50 characters (observed).
pub(crate) fn folded_activity_type(title: &str) -> String {
    folded(&title.chars().take(50).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_yo_and_spaces_at_the_end_do_not_count() {
        assert_eq!(folded("Пётр  "), folded("ПЕТР"));
        for other in [" петр", "петр\t", "пе тр"] {
            assert_ne!(folded(other), folded("петр"), "{other:?}");
        }
    }

    #[test]
    fn only_the_first_fifty_characters_of_a_type_count() {
        let title = "ё".repeat(49);
        assert_eq!(folded_activity_type(&format!("{title} x")), folded_activity_type(&title));
        assert_ne!(folded_activity_type(&format!("{title}x")), folded_activity_type(&title));
    }
}
