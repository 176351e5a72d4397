//! The lines of a text, whatever ends them.

use std::io::{self, BufRead};

/// Maximum length of a line in bytes. What follows is dropped, and the line says so.
const LONGEST: usize = 1024 * 1024;

/// One line, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Counted from 1.
    pub(crate) number: u64,
    pub(crate) text: String,
    /// It ends with LF, CR LF or CR. Only the last line of a file may not.
    pub(crate) terminated: bool,
    /// Its end was dropped.
    pub(crate) too_long: bool,
}

/// Reads the lines of a text in UTF-8.
pub(crate) struct Lines<R> {
    input: R,
    read: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, read: 0 }
    }

    /// Returns the next line, or `None` at the end.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let (mut terminated, mut too_long) = (false, false);
        while !terminated {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &buffer[..end.unwrap_or(buffer.len())];
            let room = LONGEST - bytes.len();
            too_long |= part.len() > room;
            bytes.extend_from_slice(&part[..part.len().min(room)]);
            let carriage_return = end.is_some_and(|end| buffer[end] == b'\r');
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            terminated = end.is_some();
            if carriage_return && self.input.fill_buf()?.first() == Some(&b'\n') {
                self.input.consume(1);
            }
        }
        if bytes.is_empty() && !terminated {
            return Ok(None);
        }
        self.read += 1;
        // Only a line that is too long can end in the middle of a character.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Some(Line { number: self.read, text, terminated, too_long }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::BufReader;

    use super::*;

    fn lines(text: &str, capacity: usize) -> Vec<(u64, String, bool)> {
        let mut lines = Lines::new(BufReader::with_capacity(capacity, text.as_bytes()));
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            all.push((line.number, line.text, line.terminated));
        }
        all
    }

    #[test]
    fn all_three_line_ends_are_known_wherever_the_buffer_ends() {
        for capacity in 1..9 {
            let all = lines("a\r\nb\rc\n\nd", capacity);
            let texts: Vec<&str> = all.iter().map(|(_, text, _)| text.as_str()).collect();
            assert_eq!(texts, ["a", "b", "c", "", "d"]);
            assert_eq!(all.iter().map(|(number, ..)| *number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
            assert_eq!(all.iter().map(|(.., end)| *end).collect::<Vec<_>>(), [true, true, true, true, false]);
        }
    }

    #[test]
    fn a_line_without_an_end_takes_no_more_memory_than_the_longest() {
        let text = "я".repeat(LONGEST);
        let mut lines = Lines::new(text.as_bytes());
        let line = lines.next_line().unwrap().unwrap();
        assert!(line.too_long && line.text.len() <= LONGEST + 3);
        assert!(lines.next_line().unwrap().is_none());
    }
}
