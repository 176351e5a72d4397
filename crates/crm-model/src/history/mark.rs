//! Marks: a text in square brackets at the end of a content, by which the activity is found again.

/// Returns the mark at the end of a content.
pub(super) fn read(content: &str) -> Option<&str> {
    let (_, mark) = content.strip_suffix(']')?.rsplit_once(" [")?;
    is_valid(mark).then_some(mark)
}

/// Returns the end of a content with this mark.
pub(super) fn ending(mark: &str) -> String {
    format!(" [{mark}]")
}

/// Returns whether the server stores, lists and finds such a mark unchanged (observed).
pub(super) fn is_valid(mark: &str) -> bool {
    !mark.is_empty() && mark.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_from_the_end_of_a_content_only() {
        for mark in ["1700000000.42", "a", "A-1:2.z"] {
            assert_eq!(read(&format!("вх. звонок [1]{}", ending(mark))), Some(mark));
        }
        for content in
            ["", "x", "x [1] ", "x [1].", "x[1]", "[1]", "x []", "x [а]", "x [1 2]", "x [1_2]", "x [1/2]"]
        {
            assert_eq!(read(content), None, "{content:?}");
        }
    }
}
