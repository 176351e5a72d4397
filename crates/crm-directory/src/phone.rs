//! Telephone numbers as people write them: found in a text, normalised and compared.

/// A number with fewer digits is not a number of the public network.
const SHORTEST: usize = 5;
/// The most digits that an international number has (E.164).
const LONGEST: usize = 15;
/// How many digits at the end identify a number within a country.
const NATIONAL: usize = 10;

/// A telephone number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PhoneNumber {
    /// With the code of the country, if it is complete.
    digits: String,
    /// Whether the country and area codes are known. A number without `+` counts as Russian if it looks like a Russian
    /// one.
    is_complete: bool,
}

/// A telephone number that was found in a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct WrittenPhoneNumber {
    /// Its digits, with the code of the country if it is complete.
    pub digits: String,
    /// Whether the country and area codes are known. A number without `+` counts as Russian if it looks like a Russian
    /// one.
    pub is_complete: bool,
    /// As it was written.
    pub written: String,
}

impl WrittenPhoneNumber {
    /// Returns the last ten digits, which are the same however the code of the country is written.
    #[must_use]
    pub fn tail(&self) -> &str {
        tail_of(&self.digits, NATIONAL)
    }
}

/// Returns the telephone numbers in a text, normalized as [`find_by_phone`](crate::DirectoryClient::find_by_phone)
/// compares them. Extensions are left out.
///
/// ```
/// let numbers = crm_directory::phone_numbers_in("8 (342) 206-72-01, доб. 15; +7 912 345-67-89");
/// assert_eq!(numbers[0].digits, "73422067201");
/// assert_eq!(numbers[1].tail(), "9123456789");
/// ```
#[must_use]
pub fn phone_numbers_in(text: &str) -> Vec<WrittenPhoneNumber> {
    let number = |(number, written): (PhoneNumber, String)| WrittenPhoneNumber {
        digits: number.digits,
        is_complete: number.is_complete,
        written,
    };
    written_in(text).into_iter().map(number).collect()
}

fn tail_of(digits: &str, length: usize) -> &str {
    digits.get(digits.len().saturating_sub(length)..).unwrap_or_default()
}

/// How two numbers agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// They are the same number.
    Exact,
    /// They end alike. One of them lacks a part, or they differ in the code of the country.
    Tail,
}

impl PhoneNumber {
    /// Returns the first number in a text, such as a caller ID.
    pub(crate) fn first_in(text: &str) -> Option<Self> {
        written_in(text).into_iter().next().map(|(number, _)| number)
    }

    /// Returns a pattern that finds the number however it is written: its last ten digits with `%` between them.
    pub(crate) fn pattern(&self) -> String {
        let digits: Vec<&str> = self.tail(NATIONAL).split("").filter(|digit| !digit.is_empty()).collect();
        digits.join("%")
    }

    /// Compares it with another number.
    pub(crate) fn agrees_with(&self, other: &Self) -> Option<Agreement> {
        if self.is_complete && other.is_complete && self.digits == other.digits {
            return Some(Agreement::Exact);
        }
        // The code of the country can only be missing or differ; the rest has to be equal.
        let common = self.digits.len().min(other.digits.len()).min(NATIONAL);
        (common >= SHORTEST && self.tail(common) == other.tail(common)).then_some(Agreement::Tail)
    }

    fn tail(&self, length: usize) -> &str {
        tail_of(&self.digits, length)
    }

    fn complete(digits: impl Into<String>) -> Self {
        Self { digits: digits.into(), is_complete: true }
    }

    /// Normalises the digits of one number. `has_plus` is whether a `+` stands before them.
    fn new(digits: &str, has_plus: bool) -> Option<Self> {
        if !(SHORTEST..=LONGEST + 3).contains(&digits.len()) {
            return None;
        }
        let incomplete = Self { digits: digits.to_owned(), is_complete: false };
        let (first, rest) = digits.split_at(1);
        // No area of Russia or Kazakhstan has a code that begins with 0, 1 or 2.
        let has_area = |national: &str| national.starts_with(|digit: char| ('3'..='9').contains(&digit));
        let is_foreign =
            |digits: &str| (8..=LONGEST).contains(&digits.len()) && !digits.starts_with(['0', '7']);
        Some(match (digits.len(), first) {
            (11, "7") if has_area(rest) => Self::complete(digits),
            // There is no country with the code 89, so this `+` was meant for 8 or 7.
            (11, "8") if (!has_plus && has_area(rest)) || (has_plus && rest.starts_with('9')) => {
                Self::complete(format!("7{rest}"))
            }
            _ if has_plus => {
                if is_foreign(digits) {
                    Self::complete(digits)
                } else {
                    incomplete
                }
            }
            (10, _) if has_area(digits) => Self::complete(format!("7{digits}")),
            // The prefixes of international calls: 00 in most of the world, 8 and 10 in Russia.
            (length, _) if length >= 11 && digits.starts_with("00") && is_foreign(&digits[2..]) => {
                Self::complete(&digits[2..])
            }
            (length, _) if length >= 13 && digits.starts_with("810") && is_foreign(&digits[3..]) => {
                Self::complete(&digits[3..])
            }
            (11, "8") => incomplete,
            (11..=LONGEST, _) if is_foreign(digits) => Self::complete(digits),
            _ if digits.len() <= LONGEST => incomplete,
            _ => return None,
        })
    }
}

/// Returns the numbers in a text, each with the text that it was written as. Extensions are left out.
pub(crate) fn written_in(text: &str) -> Vec<(PhoneNumber, String)> {
    let mut found = Vec::new();
    for piece in pieces(text) {
        let written = |runs: &[Run]| match (runs.first(), runs.last()) {
            (Some(first), Some(last)) => text.get(first.start..last.end).unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        for group in groups(&piece) {
            let has_plus = piece.has_plus && group.as_ptr() == piece.runs.as_ptr();
            if let Some(number) = PhoneNumber::new(&digits(group), has_plus) {
                let plus = if has_plus { "+" } else { "" };
                found.push((number, format!("{plus}{}", written(group))));
            }
        }
    }
    found
}

/// Digits that follow each other.
#[derive(Clone, Debug)]
struct Run {
    digits: String,
    /// Where it begins and ends in the text.
    start: usize,
    end: usize,
    /// Whether a space or a slash stands before it, where another number may begin.
    after_gap: bool,
}

/// A part of a text that holds one number, or several that only spaces or slashes separate.
#[derive(Debug, Default)]
struct Piece {
    has_plus: bool,
    runs: Vec<Run>,
}

/// Splits a text at everything that cannot be inside a number: letters, commas, a `+`.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = vec![Piece::default()];
    let mut signs = text.char_indices().peekable();
    let mut after_gap = false;
    // The next digits are an extension.
    let mut is_extension = false;
    while let Some((start, sign)) = signs.next() {
        let mut end = start + sign.len_utf8();
        if sign.is_ascii_digit() {
            while let Some((at, _)) = signs.next_if(|(_, sign)| sign.is_ascii_digit()) {
                end = at + 1;
            }
            let digits = text.get(start..end).unwrap_or_default().to_owned();
            let is_trunk_zero = digits == "0" && text[..start].ends_with('(') && text[end..].starts_with(')');
            let last = pieces.last_mut();
            match last {
                _ if is_extension && digits.len() <= 6 => {}
                Some(piece) if is_trunk_zero && piece.has_plus => {}
                Some(piece) => piece.runs.push(Run { digits, start, end, after_gap }),
                None => {}
            }
            (after_gap, is_extension) = (false, false);
        } else if sign.is_alphabetic() {
            while let Some((at, letter)) = signs.next_if(|(_, sign)| sign.is_alphabetic()) {
                end = at + letter.len_utf8();
            }
            let word = text.get(start..end).unwrap_or_default().to_lowercase();
            is_extension = ["доб", "вн", "ext", "int"].iter().any(|mark| word.starts_with(mark))
                || word == "x"
                || word == "х";
            pieces.push(Piece::default());
        } else {
            match sign {
                '+' => pieces.push(Piece { has_plus: true, runs: Vec::new() }),
                '#' | '*' => {
                    is_extension = true;
                    pieces.push(Piece::default());
                }
                ',' | ';' | '|' | '\n' | '\r' | ':' | '@' | '<' | '>' | '"' | '=' | '«' | '»' => {
                    is_extension = false;
                    pieces.push(Piece::default());
                }
                '/' | '\\' => after_gap = true,
                sign if sign.is_whitespace() => after_gap = true,
                _ => {}
            }
        }
    }
    pieces.retain(|piece| !piece.runs.is_empty());
    pieces
}

fn digits(runs: &[Run]) -> String {
    runs.iter().map(|run| run.digits.as_str()).collect()
}

/// Splits a piece into numbers. There is more than one only if it is too long for one number.
fn groups(piece: &Piece) -> Vec<&[Run]> {
    let runs = piece.runs.as_slice();
    let length = digits(runs).len();
    let parts = split_at_gaps(runs);
    // Ten digits may be two numbers of five, so they are not taken for a whole one.
    let are_fives = length == 10 && !piece.has_plus && parts.len() == 2 && digits(parts[0]).len() == 5;
    if length <= 11 {
        return if are_fives { parts } else { vec![runs] };
    }
    let is_local = |part: &&[Run]| (SHORTEST..=7).contains(&digits(part).len());
    if parts.len() > 1 && !piece.has_plus && parts.iter().all(is_local) {
        return parts;
    }
    if length <= LONGEST {
        return vec![runs];
    }
    let mut ways = Vec::new();
    split_into_complete(runs, piece.has_plus, &mut Vec::new(), &mut ways);
    match ways.pop() {
        Some(way) if ways.is_empty() => way,
        _ => vec![runs],
    }
}

fn split_at_gaps(runs: &[Run]) -> Vec<&[Run]> {
    let mut parts = Vec::new();
    let mut begin = 0;
    for at in 1..=runs.len() {
        if runs.get(at).is_none_or(|run| run.after_gap) {
            parts.push(&runs[begin..at]);
            begin = at;
        }
    }
    parts
}

/// Finds the ways to split runs into complete numbers; more than one is as good as none.
fn split_into_complete<'a>(
    runs: &'a [Run],
    has_plus: bool,
    begun: &mut Vec<&'a [Run]>,
    ways: &mut Vec<Vec<&'a [Run]>>,
) {
    if runs.is_empty() {
        ways.push(begun.clone());
        return;
    }
    for end in 1..=runs.len() {
        let number = digits(&runs[..end]);
        if number.len() > LONGEST || ways.len() > 1 {
            return;
        }
        let is_gap = runs.get(end).is_none_or(|run| run.after_gap);
        let is_russian = matches!(number.len(), 10 | 11) || has_plus;
        if is_gap
            && is_russian
            && PhoneNumber::new(&number, has_plus).is_some_and(|number| number.is_complete)
        {
            begun.push(&runs[..end]);
            split_into_complete(&runs[end..], false, begun, ways);
            begun.pop();
        }
    }
}

#[cfg(test)]
mod tests;
