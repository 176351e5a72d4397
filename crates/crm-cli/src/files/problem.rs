//! Why a row cannot be imported.

use super::message::Message;

/// Why a row cannot be imported. A row can have several problems.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A quote opens a field on this line and is never closed, or the lines behind it are rows of their own.
    OpenQuote,
    /// The line is inside of a field whose quote is not closed, and it is not certain that it is a row of its own.
    InsideOpenQuote {
        /// The line on which the quote opens.
        opened: u64,
    },
    /// A field spans more than 50 lines.
    LongField {
        /// The number of lines.
        lines: usize,
    },
    /// There are characters between a closing quote and the next delimiter. Quotes inside of a field must be doubled.
    TextAfterQuote {
        /// The number of the field, counted from 1.
        field: usize,
    },
    /// The line has more than 1 MiB.
    LongLine,
    /// The row has fewer fields than the header.
    TooFewFields {
        /// The fields of the row.
        found: usize,
        /// The fields of the header.
        expected: usize,
    },
    /// The row has more fields than the header, or a value in a column without a name.
    TooManyFields {
        /// The fields of the row.
        found: usize,
        /// The fields of the header.
        expected: usize,
    },
    /// The last line has no line end and is not a whole row. It may be still being written.
    HalfWritten,
    /// Some bytes are not characters of the file's encoding.
    Undecodable {
        /// The column.
        column: String,
    },
    /// The text of the activity is missing.
    NoContent,
    /// The cell holds an error of a formula.
    ErrorCell {
        /// The column.
        column: String,
        /// The error, such as `#N/A`.
        value: String,
    },
    /// The date cannot be used.
    Date {
        /// The column.
        column: String,
        /// The value as it is in the file.
        value: String,
        /// Why.
        fault: DateFault,
    },
    /// The ID cannot be used.
    Id {
        /// The column.
        column: String,
        /// The value as it is in the file.
        value: String,
        /// Why.
        fault: IdFault,
    },
    /// The value is not a login, because it has spaces.
    Login {
        /// The column.
        column: String,
        /// The value as it is in the file.
        value: String,
    },
    /// No client is certain to have the telephone number.
    Client {
        /// The column.
        column: String,
        /// The number as it is in the file.
        value: String,
        /// Why.
        fault: ClientFault,
    },
    /// The mark has characters that are not allowed, or would be lost.
    Mark {
        /// The column.
        column: String,
        /// The value as it is in the file.
        value: String,
        /// Why, in English.
        fault: &'static str,
    },
}

/// Why a date cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DateFault {
    /// It has no known form.
    Unreadable,
    /// It is missing, although other rows have one. It would become the time of the import.
    Missing,
    /// It is a zero date, such as `0000-00-00`.
    Zero,
    /// There is no such day or time, such as 31 June or 24:00.
    NoSuchTime,
    /// It could be day and month or month and day, such as `03/04/2025`. A date format decides.
    Ambiguous,
    /// The server stores only times from 1970 to 2038.
    OutOfRange,
    /// It is a time without a date.
    TimeOnly,
    /// It has an offset from UTC, or is a Unix time, and the time zone of the account is not known.
    ZoneNeeded,
    /// It looks like Unix seconds, which are read only if they were requested.
    LooksUnix,
    /// It looks like the day number of a spreadsheet, which is read in a text file only if it was requested.
    LooksSerial,
    /// The date has a time of its own, and the column of times has another one.
    TwoTimes,
}

/// Why an ID cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdFault {
    /// It is not a number.
    NotANumber,
    /// It is a phone number: a `+`, brackets, or 10 and more digits.
    Phone,
    /// It is rounded, such as `1,78E+03`: the digits that follow are lost.
    Rounded,
    /// It has a fraction, or a comma that may separate thousands or a fraction.
    NotWhole,
    /// It begins with 0, as codes of other systems do.
    LeadingZero,
    /// It is negative.
    Negative,
    /// It is 0 in a list of contacts.
    Zero,
}

/// Why no client is taken for a telephone number.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientFault {
    /// There is no number.
    NoNumber,
    /// Nobody has the number.
    Nobody,
    /// Several clients have the number.
    Several,
    /// Only the end of a client's number agrees.
    NotExact,
    /// The CRM returned a record that cannot be decoded and could be the client. It holds the text for people.
    Undecodable(String),
}

impl Problem {
    /// Returns the text for people.
    #[must_use]
    pub fn message(&self) -> Message {
        let valued = |id, column: &String, value: &String| {
            Message::new(id).with("column", column).with("value", value)
        };
        match self {
            Self::OpenQuote => Message::new("row-open-quote"),
            Self::InsideOpenQuote { opened } => Message::new("row-inside-open-quote").with("line", opened),
            Self::LongField { lines } => Message::new("row-long-field").with("lines", lines),
            Self::TextAfterQuote { field } => Message::new("row-text-after-quote").with("field", field),
            Self::LongLine => Message::new("row-long-line"),
            Self::TooFewFields { found, expected } => {
                Message::new("row-too-few-fields").with("found", found).with("expected", expected)
            }
            Self::TooManyFields { found, expected } => {
                Message::new("row-too-many-fields").with("found", found).with("expected", expected)
            }
            Self::HalfWritten => Message::new("row-half-written"),
            Self::Undecodable { column } => Message::new("row-undecodable").with("column", column),
            Self::NoContent => Message::new("row-no-content"),
            Self::ErrorCell { column, value } => valued("row-error-cell", column, value),
            Self::Date { column, value, fault } => valued(fault.id(), column, value),
            Self::Id { column, value, fault } => valued(fault.id(), column, value),
            Self::Login { column, value } => valued("row-login", column, value),
            Self::Client { column, value, fault } => match fault {
                ClientFault::NoNumber => Message::new("row-client-no-number").with("column", column),
                ClientFault::Nobody => valued("row-client-nobody", column, value),
                ClientFault::Several => valued("row-client-several", column, value),
                ClientFault::NotExact => valued("row-client-not-exact", column, value),
                ClientFault::Undecodable(error) => {
                    valued("row-client-undecodable", column, value).with("error", error)
                }
            },
            Self::Mark { column, value, fault } => valued("row-mark", column, value).with("fault", fault),
        }
    }
}

impl DateFault {
    fn id(self) -> &'static str {
        match self {
            Self::Unreadable => "row-date-unreadable",
            Self::Missing => "row-date-missing",
            Self::Zero => "row-date-zero",
            Self::NoSuchTime => "row-date-no-such-time",
            Self::Ambiguous => "row-date-ambiguous",
            Self::OutOfRange => "row-date-out-of-range",
            Self::TimeOnly => "row-date-time-only",
            Self::ZoneNeeded => "row-date-zone-needed",
            Self::LooksUnix => "row-date-looks-unix",
            Self::LooksSerial => "row-date-looks-serial",
            Self::TwoTimes => "row-date-two-times",
        }
    }
}

impl IdFault {
    fn id(self) -> &'static str {
        match self {
            Self::NotANumber => "row-id-not-a-number",
            Self::Phone => "row-id-phone",
            Self::Rounded => "row-id-rounded",
            Self::NotWhole => "row-id-not-whole",
            Self::LeadingZero => "row-id-leading-zero",
            Self::Negative => "row-id-negative",
            Self::Zero => "row-id-zero",
        }
    }
}
