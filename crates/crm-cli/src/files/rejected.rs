//! The file of rows that are not stored, in a form that can be fixed and imported again.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::cell::Cell;
use super::guard;
use super::header::{Header, PassedOver, Use};
use super::replaced_file::ReplacedFile;

/// Writes the rows that were refused: their line, the reason, and their values as they are in the input, under the
/// input's own names. So it is imported with the same options as the input.
///
/// The file is UTF-8 with a byte order mark, which spreadsheet programs need. A value that they would take for a formula
/// gets an apostrophe in front, which an import takes away again. The file takes its place in [`finish`](Self::finish).
#[derive(Debug)]
pub struct Rejected {
    path: PathBuf,
    file: BufWriter<ReplacedFile>,
    delimiter: char,
    /// The columns of the input that are kept, by their position.
    kept: Vec<usize>,
    width: usize,
    rows: u64,
}

/// What became of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RejectedFile {
    /// The number of rows in it. Without a row there is no file.
    pub rows: u64,
    /// Where an older file of the same name was moved. It may hold rows that a person is fixing.
    pub older: Option<PathBuf>,
}

impl Rejected {
    /// Starts the file. `headings` are the names of its first two columns: `["line", "reason"]` or
    /// `["Строка", "Причина"]`.
    ///
    /// # Errors
    /// The file cannot be created. Call it before the import, so that it fails then.
    pub fn create(path: &Path, header: &Header, delimiter: char, headings: [&str; 2]) -> io::Result<Self> {
        let of_input = |index: &usize| header.columns[*index].used != Use::PassedOver(PassedOver::Rejected);
        // The preset's own column is made of the others.
        let is_real = |index: &usize| !header.columns[*index].name.starts_with('(');
        let kept: Vec<usize> = (0..header.columns.len()).filter(of_input).filter(is_real).collect();
        let names = kept.iter().map(|&index| header.columns[index].name.as_str());
        let mut rejected = Self {
            path: path.to_owned(),
            file: BufWriter::new(ReplacedFile::create(path)?),
            delimiter,
            width: header.columns.len(),
            kept: kept.clone(),
            rows: 0,
        };
        rejected.file.write_all("\u{feff}".as_bytes())?;
        rejected.line(headings.into_iter().chain(names).map(str::to_owned))?;
        Ok(rejected)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&mut self, line: u64, cells: &[Cell], reason: &str) -> io::Result<()> {
        self.rows += 1;
        let value = |index: usize| cells.get(index).map(Cell::to_text).unwrap_or_default();
        let mut values = vec![line.to_string(), reason.replace(['\r', '\n'], " ")];
        values.extend(self.kept.iter().map(|&index| value(index)));
        // Values without a column stay behind the others.
        values.extend((self.width..cells.len()).map(value));
        while values.len() > self.kept.len() + 2 && values.last().is_some_and(|value| value.trim().is_empty())
        {
            values.pop();
        }
        self.line(values)
    }

    fn line(&mut self, values: impl IntoIterator<Item = String>) -> io::Result<()> {
        let delimiter = self.delimiter;
        let values = values.into_iter().map(|value| quoted(&value, delimiter, true)).collect::<Vec<_>>();
        writeln!(self.file, "{}", values.join(&delimiter.to_string()))
    }

    /// Returns the number of rows so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Puts the file into its place. An older file with other rows is kept under another name. Without a row there is no
    /// file.
    ///
    /// # Errors
    /// The file cannot be written or renamed.
    pub fn finish(self) -> io::Result<RejectedFile> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        if self.rows == 0 {
            drop(file);
            return Ok(RejectedFile { rows: 0, older: keep(&self.path)? });
        }
        file.flush()?;
        let older = match file.written() {
            Some(new) if !is_same(new, &self.path)? => keep(&self.path)?,
            _ => None,
        };
        file.commit()?;
        Ok(RejectedFile { rows: self.rows, older })
    }
}

/// A value of CSV (RFC 4180), quoted if it must be.
pub(super) fn quoted(value: &str, delimiter: char, is_guarded: bool) -> String {
    let guarded = if is_guarded { guard::guarded(value) } else { None };
    let value = guarded.as_deref().unwrap_or(value);
    let must_be = value.contains(['"', '\n', '\r', delimiter]) || value.starts_with([' ', '\u{feff}']);
    if must_be { format!("\"{}\"", value.replace('"', "\"\"")) } else { value.to_owned() }
}

/// Moves a file to the first free name: `calls.rejected.1.csv`.
fn keep(path: &Path) -> io::Result<Option<PathBuf>> {
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    for number in 1_u32.. {
        let free = path.with_extension(format!("{number}{ending}"));
        if fs::symlink_metadata(&free).is_err() {
            fs::rename(path, &free)?;
            return Ok(Some(free));
        }
    }
    Ok(None)
}

fn is_same(first: &Path, second: &Path) -> io::Result<bool> {
    let second = match File::open(second) {
        Ok(second) => second,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let first = File::open(first)?;
    if first.metadata()?.len() != second.metadata()?.len() {
        return Ok(false);
    }
    let (mut first, mut second) = (BufReader::new(first).bytes(), BufReader::new(second).bytes());
    loop {
        match (first.next().transpose()?, second.next().transpose()?) {
            (None, None) => return Ok(true),
            (a, b) if a != b => return Ok(false),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::files::table::{Table, TableOptions};

    fn texts(cells: &[&str]) -> Vec<Cell> {
        cells.iter().map(|cell| Cell::from_text((*cell).to_owned())).collect()
    }

    fn header(text: &str) -> Header {
        Table::from_reader(text.as_bytes(), &TableOptions::default()).unwrap().header().clone()
    }

    #[test]
    fn refused_rows_are_read_back_unchanged_whatever_is_in_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.rejected.csv");
        let header = header("Дата;Комментарий;Телефон;Клиент\n");
        let rows = [
            texts(&["вчера", "=1+1", "+7 342", "1"]),
            texts(&["2025-03-03", "a;\"b\"\nc", "-", "@x"]),
            texts(&["2025-03-03", "'=quoted", " x", "'y"]),
        ];
        let mut rejected = Rejected::create(&path, &header, ';', ["Строка", "Причина"]).unwrap();
        for (line, row) in (5..).zip(&rows) {
            rejected.add(line, row, "дата\nне читается").unwrap();
        }
        assert_eq!(rejected.finish().unwrap(), RejectedFile { rows: 3, older: None });
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("\u{feff}Строка;Причина;Дата;Комментарий;Телефон;Клиент\n5;дата не читается;вчера;'=1+1;'+7 342;1\n"), "{text}");
        let table = Table::open(&path, &TableOptions::default()).unwrap();
        assert_eq!(table.header().passed_over().count(), 1);
        let read: Vec<Vec<Cell>> = table.map(|row| row.unwrap().cells[2..].to_vec()).collect();
        assert_eq!(read, rows);
    }

    #[test]
    fn an_older_file_with_other_rows_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.rejected.csv");
        let header = header("content;clid\n");
        let write = |reasons: &[&str]| {
            let mut rejected = Rejected::create(&path, &header, ';', ["line", "reason"]).unwrap();
            reasons.iter().for_each(|reason| rejected.add(2, &texts(&["a", "b"]), reason).unwrap());
            rejected.finish().unwrap().older.map(|older| older.file_name().unwrap().to_owned())
        };
        assert_eq!(write(&["one"]), None);
        assert_eq!(write(&["one"]), None);
        assert_eq!(write(&["two"]), Some("calls.rejected.1.csv".into()));
        assert_eq!(write(&[]), Some("calls.rejected.2.csv".into()));
        assert!(!path.exists());
        assert_eq!(write(&[]), None);
    }

    #[test]
    fn the_file_that_is_being_fixed_is_not_touched_before_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejected.csv");
        fs::write(&path, "fixed by hand").unwrap();
        let rejected = Rejected::create(&path, &header("content\n"), ';', ["line", "reason"]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "fixed by hand");
        drop(rejected);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
