//! Removing tags as PHP's `strip_tags` does, which the server uses to clean texts.
//!
//! `strip_tags` does not parse HTML. Everything from a `<` to its `>` is a tag, unless whitespace follows the `<`. A tag
//! that is never closed extends to the end of the text. Checked against PHP 8.2.

/// A text without its tags.
pub(super) struct Stripped {
    pub(super) text: String,
    /// The number of dropped tags and of the characters in them.
    pub(super) tags: usize,
    pub(super) tag_characters: usize,
    /// The number of characters dropped outside tags: NUL, and `>` after a comment inside a tag.
    pub(super) strays: usize,
    /// The byte position of the `<` of a tag that is never closed.
    pub(super) unclosed: Option<usize>,
}

/// Removes the tags.
pub(super) fn strip(text: &str) -> Stripped {
    let bytes = text.as_bytes();
    let mut stripped = Stripped {
        text: String::with_capacity(text.len()),
        tags: 0,
        tag_characters: 0,
        strays: 0,
        unclosed: None,
    };
    let mut tag = Tag::default();
    let mut start = 0; // of the current text or tag
    for (i, &byte) in bytes.iter().enumerate() {
        if stripped.unclosed.is_some() {
            if tag.ends_at(bytes, i) {
                stripped.tags += 1;
                stripped.tag_characters += text[start..=i].chars().count();
                stripped.unclosed = None;
                start = i + 1;
            }
        } else if byte == b'<' && !whitespace_follows(bytes, i) {
            stripped.text += &text[start..i];
            stripped.unclosed = Some(i);
            tag.begin();
            start = i;
        } else if byte == 0 || byte == b'>' && tag.depth > 0 {
            tag.depth -= usize::from(byte == b'>');
            stripped.text += &text[start..i];
            stripped.strays += 1;
            start = i + 1;
        }
    }
    if stripped.unclosed.is_none() {
        stripped.text += &text[start..];
    }
    stripped
}

/// Returns whether whitespace follows the `<` at `i`. Such a `<`, as in `a < b`, does not open a tag.
fn whitespace_follows(bytes: &[u8], i: usize) -> bool {
    matches!(bytes.get(i + 1), Some(b' ' | b'\t'..=b'\r'))
}

/// The state of an open tag. `>` closes it only if `depth` and `quote` are zero. A comment closes at any depth and keeps
/// the depth for the text after it.
#[derive(Default)]
struct Tag {
    kind: Kind,
    depth: usize,
    quote: u8,
    /// `<?xml … ?>`, which `->` does not close.
    xml: bool,
    /// Inside `<? … ?>`: the open brackets, and the last quote or bracket.
    brackets: i64,
    last: u8,
}

#[derive(Default)]
enum Kind {
    /// `<b …>`
    #[default]
    Element,
    /// `<? … ?>`
    Code,
    /// `<! … >`
    Declaration,
    /// `<!-- … -->`
    Comment,
}

impl Tag {
    fn begin(&mut self) {
        (self.kind, self.last, self.quote) = (Kind::Element, b'<', 0);
    }

    /// Reads the byte at `i` inside the tag. Returns true if it closes the tag.
    fn ends_at(&mut self, bytes: &[u8], i: usize) -> bool {
        let byte = bytes[i];
        let before = |n: usize| if n <= i { bytes[i - n] } else { 0 };
        match (&self.kind, byte) {
            (Kind::Comment, b'>') => return self.quote == 0 && before(1) == b'-' && before(2) == b'-',
            (Kind::Comment, _) => {}
            (_, b'>') if self.depth > 0 => self.depth -= 1,
            (_, b'>') if self.quote != 0 => {}
            (Kind::Element, b'>') if self.xml && before(1) == b'-' => {}
            (Kind::Element, b'>') => {
                self.xml = false;
                return true;
            }
            (Kind::Code, b'>') => return self.brackets == 0 && self.last != b'"' && before(1) == b'?',
            (Kind::Declaration, b'>') => return true,

            (Kind::Element, b'<') if self.quote == 0 && !whitespace_follows(bytes, i) => self.depth += 1,
            (Kind::Element, b'"' | b'\'') => self.turn_quote(byte),
            (Kind::Element, b'!') if before(1) == b'<' => (self.kind, self.last) = (Kind::Declaration, b'!'),
            (Kind::Element, b'?') if before(1) == b'<' => (self.kind, self.brackets) = (Kind::Code, 0),

            (Kind::Code, b'(' | b')') if !matches!(self.last, b'"' | b'\'') => {
                self.brackets += if byte == b'(' { 1 } else { -1 };
                self.last = byte;
            }
            (Kind::Code, b'"' | b'\'') if before(1) != b'\\' => {
                self.last = if self.last == byte { 0 } else { byte };
                self.turn_quote(byte);
            }
            // PHP does not recognize it at the very start of a text.
            (Kind::Code, b'l' | b'L') if i > 4 && ends_with(&bytes[..i], b"<?xm") => {
                (self.kind, self.xml) = (Kind::Element, true);
            }

            (Kind::Declaration, b'"' | b'\'') if before(1) != b'\\' => self.turn_quote(byte),
            (Kind::Declaration, b'-') if before(1) == b'-' && before(2) == b'!' => self.kind = Kind::Comment,
            (Kind::Declaration, b'e' | b'E') if ends_with(&bytes[..i], b"doctyp") => {
                self.kind = Kind::Element
            }
            _ => {}
        }
        false
    }

    /// Opens a quote if none is open. Closes it if it is the open one.
    fn turn_quote(&mut self, byte: u8) {
        match self.quote {
            0 => self.quote = byte,
            open if open == byte => self.quote = 0,
            _ => {}
        }
    }
}

fn ends_with(bytes: &[u8], end: &[u8]) -> bool {
    bytes.len() >= end.len() && bytes[bytes.len() - end.len()..].eq_ignore_ascii_case(end)
}
