//! Rows of CSV, strictly: what is not a whole row is a row with a problem, and no line is swallowed.
//!
//! A quote that is never closed would make one field of everything behind it. So a field is read ahead up to its end,
//! and believed only if the lines inside of it are not rows of their own. Otherwise the line on which the quote opens is
//! a row with a problem, and reading continues on the next line.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use super::lines::{Line, Lines};
use super::{Cell, Problem, Row};

/// Maximum number of lines of one field.
const LONGEST_FIELD: usize = 50;

/// Maximum number of lines and bytes that are read ahead for the end of a field. The server stores 65,535 bytes.
const LOOKAHEAD_LINES: usize = 1000;
const LOOKAHEAD_BYTES: usize = 256 * 1024;

/// What a row looks like, by the header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Number of columns up to the last one with a name.
    pub(crate) width: usize,
    /// The column that holds dates.
    pub(crate) date_column: Option<usize>,
    /// A row may have more fields than names.
    pub(crate) is_open: bool,
}

/// Reads rows of CSV.
pub(crate) struct Records<R> {
    lines: Option<Lines<R>>,
    delimiter: char,
    shape: Option<Shape>,
    /// Lines that were read ahead.
    ahead: VecDeque<Line>,
    /// The number of lines that may be inside of the field whose quote opened on that line.
    suspects: (usize, u64),
}

enum End {
    /// The record is whole.
    Whole,
    /// The field goes on behind the lines that were read ahead.
    Open,
    /// The field goes on at the end of the file.
    FileEnds,
    /// There is text behind a closing quote.
    Broken(usize),
}

impl<R: BufRead> Records<R> {
    /// Reads these lines, and then those of the reader.
    pub(crate) fn new(head: Vec<Line>, lines: Option<Lines<R>>, delimiter: char) -> Self {
        Self { lines, delimiter, shape: None, ahead: head.into(), suspects: (0, 0) }
    }

    /// From now on, checks rows against this shape.
    pub(crate) fn set_shape(&mut self, shape: Shape) {
        self.shape = Some(shape);
    }

    /// Returns the next row that is not blank, or `None` at the end.
    pub(crate) fn next_row(&mut self) -> io::Result<Option<Row>> {
        while let Some(line) = self.next_line()? {
            let row = self.row(line)?;
            if !row.is_blank() {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        let line = match self.ahead.pop_front() {
            None => self.lines.as_mut().map_or(Ok(None), Lines::next_line)?,
            line => line,
        };
        // DOS ends a text with Ctrl-Z.
        Ok(line.filter(|line| line.terminated || line.text != "\u{1a}"))
    }

    fn row(&mut self, first: Line) -> io::Result<Row> {
        if self.suspects.0 > 0 {
            self.suspects.0 -= 1;
            let opened = self.suspects.1;
            let blank = first.text.trim().is_empty();
            return Ok(self.alone(first, (!blank).then_some(Problem::InsideOpenQuote { opened })));
        }
        if first.too_long {
            return Ok(self.alone(first, Some(Problem::LongLine)));
        }
        let (line, opened) = (first.number, first.text.clone());
        let mut parser = Parser::new(self.delimiter);
        let mut used = vec![first];
        let mut bytes = 0;
        let end = loop {
            let last = &used[used.len() - 1];
            bytes += last.text.len();
            match parser.line(&last.text) {
                Progress::Whole => break End::Whole,
                Progress::Broken => break End::Broken(parser.cells.len() + 1),
                Progress::Open if used.len() == LOOKAHEAD_LINES || bytes > LOOKAHEAD_BYTES => {
                    break End::Open;
                }
                Progress::Open => match self.next_line()? {
                    Some(next) => used.push(next),
                    None => break End::FileEnds,
                },
            }
        };
        let swallows_rows = used[1..].iter().any(|line| self.is_row(&line.text));
        let unterminated = used.last().is_some_and(|line| !line.terminated);
        if matches!(end, End::Whole) && !swallows_rows {
            let cells: Vec<Cell> = parser.cells.into_iter().map(Cell::from_text).collect();
            let too_long = used.len() > LONGEST_FIELD;
            let problem =
                if too_long { Some(Problem::LongField { lines: used.len() }) } else { self.fault(&cells) };
            return Ok(Row { line, cells, problem, unterminated });
        }
        // Only lines that do not look like rows can be inside of the field after all.
        let uncertain = !swallows_rows && (!matches!(end, End::Open) || self.width() == Some(1));
        if uncertain {
            self.suspects = (used.len() - 1, line);
        }
        let problem = match end {
            End::Broken(field) if used.len() == 1 => Problem::TextAfterQuote { field },
            _ => Problem::OpenQuote,
        };
        let terminated = used[0].terminated;
        for line in used.drain(1..).rev() {
            self.ahead.push_front(line);
        }
        Ok(self.alone(Line { number: line, text: opened, terminated, too_long: false }, Some(problem)))
    }

    /// The row of one line whose quotes mean nothing.
    fn alone(&self, line: Line, problem: Option<Problem>) -> Row {
        let cells = split(&line.text, self.delimiter).map(|cell| Cell::from_text(cell.to_owned())).collect();
        Row { line: line.number, cells, problem, unterminated: !line.terminated }
    }

    fn width(&self) -> Option<usize> {
        self.shape.map(|shape| shape.width)
    }

    fn fault(&self, cells: &[Cell]) -> Option<Problem> {
        let (found, expected) = (cells.len(), self.width()?);
        if cells.iter().all(Cell::is_blank) {
            return None;
        }
        if found < expected {
            return Some(Problem::TooFewFields { found, expected });
        }
        let is_open = self.shape.is_some_and(|shape| shape.is_open);
        let is_wider = !is_open && cells[expected..].iter().any(|cell| !cell.is_blank());
        is_wider.then_some(Problem::TooManyFields { found, expected })
    }

    /// Whether this line is a row of its own: as many fields as the header, and a date where dates are.
    fn is_row(&self, line: &str) -> bool {
        let Some(Shape { width, date_column: Some(date_column), .. }) = self.shape else { return false };
        let mut cells = split(line, self.delimiter);
        let date = cells.clone().nth(date_column);
        width > 1 && cells.by_ref().count() >= width && date.is_some_and(looks_like_date)
    }
}

/// Splits a line at each delimiter, whatever quotes there are.
pub(crate) fn split(line: &str, delimiter: char) -> impl Iterator<Item = &str> + Clone {
    line.split(delimiter)
}

/// Whether a text begins as a date does: three groups of digits with `-`, `.` or `/` between them.
pub(crate) fn looks_like_date(text: &str) -> bool {
    let text = text.trim().trim_matches('"').trim_start();
    let end = text.find(|character: char| !matches!(character, '0'..='9' | '-' | '.' | '/'));
    let groups = text[..end.unwrap_or(text.len())].split(['-', '.', '/']);
    groups.clone().count() == 3 && groups.clone().all(|group| (1..=4).contains(&group.len()))
}

/// Reads the fields of one record.
struct Parser {
    delimiter: char,
    cells: Vec<String>,
    cell: String,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// At the beginning of a field.
    Begin,
    /// In a field without quotes, where a quote is a character like any other.
    Plain,
    /// Behind an opening quote.
    Quoted,
    /// Behind a quote that closes the field, or is the first of two.
    Closed,
}

enum Progress {
    Whole,
    Open,
    Broken,
}

impl Parser {
    fn new(delimiter: char) -> Self {
        Self { delimiter, cells: Vec::new(), cell: String::new(), state: State::Begin }
    }

    fn line(&mut self, line: &str) -> Progress {
        for character in line.chars() {
            self.state = match (self.state, character) {
                (State::Begin, '"') => State::Quoted,
                (State::Quoted, '"') => State::Closed,
                (State::Closed, '"') => {
                    self.cell.push('"');
                    State::Quoted
                }
                (State::Begin | State::Plain | State::Closed, c) if c == self.delimiter => {
                    self.end_cell();
                    State::Begin
                }
                (State::Closed, ' ' | '\u{a0}') => State::Closed,
                (State::Closed, _) => return Progress::Broken,
                (State::Begin | State::Plain, c) => {
                    self.cell.push(c);
                    State::Plain
                }
                (State::Quoted, c) => {
                    self.cell.push(c);
                    State::Quoted
                }
            };
        }
        if self.state == State::Quoted {
            self.cell.push('\n');
            return Progress::Open;
        }
        self.end_cell();
        Progress::Whole
    }

    fn end_cell(&mut self) {
        self.cells.push(std::mem::take(&mut self.cell));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The lines, cells and problems of the rows behind a header of three columns, the first of which has dates.
    fn rows(text: &str) -> Vec<(u64, Vec<String>, Option<Problem>)> {
        of_shape(text, Shape { width: 3, date_column: Some(0), is_open: false })
    }

    fn of_shape(text: &str, shape: Shape) -> Vec<(u64, Vec<String>, Option<Problem>)> {
        let mut records = Records::new(Vec::new(), Some(Lines::new(text.as_bytes())), ';');
        records.set_shape(shape);
        let mut rows = Vec::new();
        while let Some(row) = records.next_row().unwrap() {
            rows.push((row.line, row.cells.iter().map(Cell::to_text).collect(), row.problem));
        }
        rows
    }

    fn texts(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn quotes_delimiters_and_line_breaks_inside_of_a_field_belong_to_it() {
        let text =
            "2025-01-01;\"a;\r\n\"\"b\"\"\";1\r2025-01-02;ООО \"Ромашка\";2\n\n;;\n2025-01-03;\"\" ;\n";
        assert_eq!(
            rows(text),
            [
                (1, texts(&["2025-01-01", "a;\n\"b\"", "1"]), None),
                (3, texts(&["2025-01-02", "ООО \"Ромашка\"", "2"]), None),
                (6, texts(&["2025-01-03", "", ""]), None),
            ]
        );
    }

    #[test]
    fn a_row_with_fewer_or_more_fields_is_kept_with_its_problem() {
        let rows = rows("2025-01-01;a\n2025-01-01;a;1;;\n2025-01-01;a;b;1\n");
        assert_eq!(rows[0].2, Some(Problem::TooFewFields { found: 2, expected: 3 }));
        assert_eq!(rows[1].2, None);
        assert_eq!(rows[2].2, Some(Problem::TooManyFields { found: 4, expected: 3 }));
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_one_row_and_swallows_none() {
        let mut text = String::from("2025-01-01;\"Срочно;1\n");
        for minute in 0..3000 {
            text += &format!("2025-01-02 10:{minute};звонок;2\n");
        }
        let rows = rows(&text);
        assert_eq!(rows.len(), 3001);
        assert_eq!((rows[0].0, &rows[0].2), (1, &Some(Problem::OpenQuote)));
        assert_eq!(rows[0].1, texts(&["2025-01-01", "\"Срочно", "1"]));
        assert!(rows[1..].iter().all(|(.., problem)| problem.is_none()));
    }

    #[test]
    fn a_quote_that_a_later_row_closes_swallows_none_of_the_rows_between() {
        let text = "2025-01-01;\"Срочно;1\n2025-01-02;b;2\n2025-01-03;c\";3\n2025-01-04;\"d\";4\n";
        let rows = rows(text);
        assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(rows[0].2, Some(Problem::OpenQuote));
        assert!(rows[1..].iter().all(|(.., problem)| problem.is_none()), "{rows:?}");
        assert_eq!(rows[2].1[1], "c\"");
    }

    #[test]
    fn a_field_of_more_than_50_lines_is_one_row_with_a_problem() {
        let text = format!("2025-01-01;\"{}конец\";1\n2025-01-02;b;2\n", "строка\n".repeat(50));
        let rows = rows(&text);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].2, Some(Problem::LongField { lines: 51 }));
        assert!(rows[0].1[1].ends_with("строка\nконец"));
        assert_eq!((rows[1].0, &rows[1].2), (52, &None));
        let fifty = format!("2025-01-01;\"{}конец\";1\n", "строка\n".repeat(49));
        assert_eq!(self::rows(&fifty)[0].2, None);
    }

    #[test]
    fn lines_that_may_be_inside_of_an_open_field_are_kept_and_not_taken_for_rows() {
        for shape in [
            Shape { width: 1, date_column: None, is_open: false },
            Shape { width: 2, date_column: None, is_open: false },
        ] {
            let rows = of_shape("\"Письмо: цена;1\nвторая; строка\nтретья\n", shape);
            let problems: Vec<_> = rows.iter().map(|row| row.2.clone().unwrap()).collect();
            let inside = Problem::InsideOpenQuote { opened: 1 };
            assert_eq!(problems, [Problem::OpenQuote, inside.clone(), inside]);
        }
    }

    #[test]
    fn text_behind_a_closing_quote_is_a_problem_of_that_row_alone() {
        let rows = rows("2025-01-01;\"Ромашка\" ООО;1\n2025-01-02;b;2\n");
        assert_eq!(rows[0].2, Some(Problem::TextAfterQuote { field: 2 }));
        assert_eq!(rows[0].1[1], "\"Ромашка\" ООО");
        assert_eq!(rows[1].2, None);
    }

    proptest::proptest! {
        #[test]
        fn every_line_with_a_word_is_in_some_row(lines in proptest::collection::vec("[a;\" ]{0,6}", 0..40)) {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            for shape in [Shape { width: 1, date_column: None, is_open: false }, Shape { width: 3, date_column: Some(0), is_open: false }] {
                let kept: String = of_shape(&text, shape).into_iter().flat_map(|row| row.1).collect();
                proptest::prop_assert_eq!(kept.matches('a').count(), text.matches('a').count());
            }
        }
    }
}
