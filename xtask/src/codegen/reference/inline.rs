//! One line of Markdown as HTML that can be broken into short pieces.

use super::language::Language;
use hypher::{Lang, hyphenate};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// Where a browser may break a line beside its spaces.
#[derive(Clone, Copy)]
pub(super) enum Breaks {
    /// In long code, for a line over the whole width.
    Wide,
    /// In code and in long words, for a narrow column.
    Narrow(Language),
}

/// Code that is longer is broken in a line over the whole width of a phone.
const LONG_CODE: usize = 28;

/// A piece of code that is longer is broken in a narrow column: three of them on a phone hold about as much.
const LONG_PIECE: usize = 8;

/// A word that is longer is hyphenated, into parts that are not.
const LONG_WORD: usize = 8;

/// Returns a line of Markdown as HTML. It knows code, emphasis and links.
pub(super) fn html(markdown: &str, breaks: Breaks) -> String {
    let mut html = String::new();
    for event in Parser::new(markdown.trim_end()) {
        match event {
            Event::Text(text) => html += &escaped(&words(&text, breaks)),
            Event::Code(code) => {
                let is_short = matches!(breaks, Breaks::Wide) && code.chars().count() <= LONG_CODE;
                html += &if is_short {
                    format!("<code>{}</code>", escaped(&code))
                } else {
                    narrow_code_html(&code)
                };
            }
            Event::Start(Tag::Emphasis) => html += "<em>",
            Event::End(TagEnd::Emphasis) => html += "</em>",
            Event::Start(Tag::Strong) => html += "<strong>",
            Event::End(TagEnd::Strong) => html += "</strong>",
            Event::SoftBreak => html.push(' '),
            Event::InlineHtml(tag) => html += &tag,
            _ => {}
        }
    }
    html
}

/// Returns a line of Markdown as HTML for a narrow column.
pub(crate) fn narrow_html(markdown: &str, language: Language) -> String {
    html(markdown, Breaks::Narrow(language))
}

/// Returns code as HTML that can be broken between its words and before its arguments: `<code>step_<wbr>id</code>`.
pub(crate) fn code_html(code: &str) -> String {
    broken(words_of(code).into_iter()).replace("(..)", "<wbr>(..)")
}

/// Returns code as HTML that can be broken between its words, and within long ones.
fn narrow_code_html(code: &str) -> String {
    broken(words_of(code).iter().flat_map(|word| equal_parts(word)))
}

fn broken(pieces: impl Iterator<Item = String>) -> String {
    let pieces: Vec<String> = pieces.map(|piece| escaped(&piece)).collect();
    format!("<code>{}</code>", pieces.join("<wbr>"))
}

/// Splits code after punctuation and before a capital letter.
fn words_of(code: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut last = ' ';
    for letter in code.chars() {
        let is_new_word = last.is_lowercase() && letter.is_uppercase();
        let is_after_mark =
            "_./-:;,@".contains(last) && (letter.is_alphanumeric() || "\"[{".contains(letter));
        if (is_new_word || is_after_mark) && words.last().is_some_and(|word| word.len() > 1) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter);
        }
        last = letter;
    }
    words
}

fn equal_parts(word: &str) -> Vec<String> {
    if word.split(' ').all(|part| part.chars().count() <= LONG_PIECE) {
        return vec![word.to_owned()];
    }
    let letters: Vec<char> = word.chars().collect();
    let size = letters.len().div_ceil(letters.len().div_ceil(LONG_PIECE));
    letters.chunks(size).map(|part| part.iter().collect()).collect()
}

/// Puts soft hyphens into long words.
fn words(text: &str, breaks: Breaks) -> String {
    let Breaks::Narrow(language) = breaks else { return text.to_owned() };
    let language = match language {
        Language::En => Lang::English,
        Language::Ru => Lang::Russian,
    };
    let mut out = String::new();
    for part in text.split_inclusive(|letter: char| !letter.is_alphabetic()) {
        let word = part.trim_end_matches(|letter: char| !letter.is_alphabetic());
        let is_long = word.chars().count() > LONG_WORD;
        let mut length = 0;
        for syllable in hyphenate(word, language) {
            let letters = syllable.chars().count();
            if is_long && length > 0 && length + letters > LONG_WORD {
                out.push('\u{ad}');
                length = 0;
            }
            length += letters;
            out += syllable;
        }
        out += &part[word.len()..];
    }
    out
}

/// Escapes the characters of HTML, and shows a soft hyphen to those who read the source.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\u{ad}', "&shy;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_markdown_becomes_html() {
        let line = "**Minimum:** `a<b` & *more*";
        assert_eq!(
            html(line, Breaks::Wide),
            "<strong>Minimum:</strong> <code>a&lt;b</code> &amp; <em>more</em>"
        );
    }

    #[test]
    fn a_name_can_be_broken_between_its_words_and_a_long_one_within() {
        let cases = [
            ("offset", "offset"),
            ("step_id", "step_<wbr>id"),
            ("dateStart", "date<wbr>Start"),
            ("participants_user_id", "partici<wbr>pants_<wbr>user_<wbr>id"),
            ("seller@example.test", "seller@<wbr>example.<wbr>test"),
            ("ErrorCode::NotFound", "Error<wbr>Code::<wbr>Not<wbr>Found"),
            ("0000-00-00 00:00:00", "0000-<wbr>00-<wbr>00 00:<wbr>00:<wbr>00"),
        ];
        for (name, wanted) in cases {
            assert_eq!(narrow_code_html(name), format!("<code>{wanted}</code>"));
        }
        assert_eq!(code_html(".participant_users(..)"), "<code>.participant_<wbr>users<wbr>(..)</code>");
        assert_eq!(html("`dateStart`", Breaks::Wide), "<code>dateStart</code>");
    }

    #[test]
    fn a_long_word_is_hyphenated_in_a_narrow_column_and_nowhere_else() {
        let russian = html("имя, документировано", Breaks::Narrow(Language::Ru));
        assert_eq!(russian, "имя, докумен&shy;тировано");
        assert_eq!(html("documented", Breaks::Narrow(Language::En)), "docu&shy;mented");
        assert_eq!(html("documented", Breaks::Wide), "documented");
    }
}
