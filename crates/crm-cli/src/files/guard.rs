//! Keeps spreadsheet programs from taking a text for a formula.

/// Returns `true` if a spreadsheet program would take the text for a formula.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Puts an apostrophe in front of a text that would be taken for a formula, and of one that looks guarded already.
/// Returns `None` if the text stays as it is.
pub(super) fn guarded(text: &str) -> Option<String> {
    is_formula(text.trim_start_matches('\'')).then(|| format!("'{text}"))
}

/// Takes away what [`guarded`] put in front. Returns `None` if the text stays as it is.
pub(super) fn unguarded(text: &str) -> Option<&str> {
    let unguarded = text.strip_prefix('\'')?;
    is_formula(unguarded.trim_start_matches('\'')).then_some(unguarded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_made_harmless_and_other_texts_stay() {
        for text in ["=1+1", "+7 342", "-5", "@SUM(A1)", "\t=1", "'=1"] {
            assert_eq!(guarded(text), Some(format!("'{text}")));
        }
        for text in ["", "a=b", "'quoted'", "1-2", " =1"] {
            assert_eq!(guarded(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_guarded_is_read_back_unchanged(text in "['=+@a\t-]{0,6}") {
            let written = guarded(&text).unwrap_or_else(|| text.clone());
            let read = unguarded(&written).map_or_else(|| written.clone(), str::to_owned);
            proptest::prop_assert_eq!(read, text);
        }
    }
}
