//! People's files: CSV and spreadsheets in, activities out; and the files that the program writes.
//!
//! This module does not depend on a terminal, on arguments or on a server. Everything that a person must read is a value, and
//! [`Message`] turns it into a key of the catalogue with its values.
//!
//! ```text
//! path → Source → Encoding → Lines → Records ─┐
//!              └→ Workbook ───────────────────┴→ Table (Header, Mapping) → TableRow: NewEntry or Problems
//!                                                                              └→ Rejected
//! Entry → Output (JSON Lines, CSV, XLSX) → ReplacedFile
//! ```
//!
//! A row that cannot be read still takes a position in an import, so that the journal fits after the row was fixed. See
//! [`TableRow::entry_or_placeholder`].

#[cfg(test)]
mod cases;
mod cell;
mod distinct;
mod found_clients;
mod guard;
mod header;
mod input;
mod mapping;
mod message;
mod output;
mod problem;
mod rejected;
mod replaced_file;
mod row;
mod table;

pub use cell::Cell;
pub use distinct::{Role, SameFile, check_distinct};
pub use found_clients::{FoundClient, FoundClients, RowContent};
pub use header::{Column, Header, HeaderError, PassedOver, Use};
pub use input::{EncodingSource, InputError};
pub use mapping::{Field, Mapping, MappingError, Preset, Target};
pub use message::Message;
pub(crate) use message::shown;
pub use output::{Format, Headings, Output, OutputColumn, OutputKind, Written, history_columns};
pub use problem::{ClientFault, DateFault, IdFault, Problem};
pub use rejected::{Rejected, RejectedFile};
pub use replaced_file::ReplacedFile;
pub use row::DateFormat;
pub use table::{Table, TableError, TableInfo, TableOptions, TableRow};
