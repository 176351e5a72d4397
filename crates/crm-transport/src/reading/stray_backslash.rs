//! Restores JSON that a SalesMan server spoilt by writing letters in place of their codes.
//!
//! The server encodes its answer as JSON and then replaces the codes of the 66 Russian letters by the letters, wherever
//! they are (observed). So a stored text `\u0410`, in JSON `\\u0410`, becomes `\А`, which is not JSON. No other text ends
//! like this: the way back is exact.

/// Returns the text as the server had encoded it, or `None` if there is nothing to restore.
pub(crate) fn restored(text: &str) -> Option<String> {
    let mut restored = String::new();
    let mut kept = 0;
    let mut at = 0;
    // A backslash is outside of strings nowhere in what the server writes, so strings need no attention.
    while let Some(found) = text[at..].find('\\') {
        let escaped = text[at + found + 1..].chars().next()?;
        at += found + 1 + escaped.len_utf8();
        if is_replaced(escaped) {
            restored.push_str(&text[kept..at - escaped.len_utf8()]);
            restored.push_str(&format!("\\u{:04x}", u32::from(escaped)));
            kept = at;
        }
    }
    if kept == 0 {
        return None;
    }
    restored.push_str(&text[kept..]);
    Some(restored)
}

/// Returns `true` for the letters whose codes the server replaces: А to я, Ё and ё.
fn is_replaced(letter: char) -> bool {
    matches!(letter, 'А'..='я' | 'Ё' | 'ё')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the server sends for a text.
    fn sent(text: &str) -> String {
        let mut json = String::new();
        for c in serde_json::to_string(text).unwrap().chars() {
            // PHP writes every letter that is not ASCII as a code.
            if c.is_ascii() { json.push(c) } else { json.push_str(&format!("\\u{:04x}", u32::from(c))) }
        }
        for letter in ('А'..='я').chain(['Ё', 'ё']) {
            json = json.replace(&format!("\\u{:04x}", u32::from(letter)), &letter.to_string());
        }
        json
    }

    fn read(sent: &str) -> String {
        serde_json::from_str(&restored(sent).unwrap_or(sent.to_owned())).unwrap()
    }

    #[test]
    fn a_stored_letter_code_is_read_exactly() {
        for letter in ('А'..='я').chain(['Ё', 'ё']) {
            let code = format!("\\u{:04x}", u32::from(letter));
            for text in [code.clone(), format!("\\{code}"), format!("Тип \"{code}{letter}\\ {code}\n")] {
                let sent = sent(&text);
                assert!(serde_json::from_str::<String>(&sent).is_err(), "{sent} needs nothing");
                assert_eq!(read(&sent), text);
            }
        }
    }

    #[test]
    fn other_json_stays_as_it_is() {
        for body in [r#""\\А \\\\А \u0410 \n""#, r#""\q""#, r#""\é""#, "\"\\", "\"\\\u{0450}\"", "[1]", ""]
        {
            assert_eq!(restored(body), None, "{body}");
        }
    }
}
