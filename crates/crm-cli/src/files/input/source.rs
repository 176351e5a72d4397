//! A file, a pipe or the standard input as something that can be read twice.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use super::InputError;

/// An input that can be read from its beginning more than once.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    file: Arc<File>,
}

/// Reads a source.
#[derive(Debug)]
pub(crate) struct SourceReader {
    file: Arc<File>,
    position: u64,
}

/// What an input is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Lines of text.
    Text,
    /// XLSX, XLSB, ODS (archives) or XLS.
    Spreadsheet,
}

impl Source {
    /// Opens a path; `-` is the standard input.
    ///
    /// A pipe is copied to an unnamed temporary file first, because its encoding is known only at its end.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Self::from_reader(io::stdin().lock());
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if metadata.is_file() { Ok(Self { file: Arc::new(file) }) } else { Self::from_reader(file) }
    }

    /// Copies everything that can be read to an unnamed temporary file.
    pub(crate) fn from_reader(mut reader: impl Read) -> io::Result<Self> {
        let mut file = tempfile::tempfile()?;
        io::copy(&mut reader, &mut file)?;
        file.flush()?;
        Ok(Self { file: Arc::new(file) })
    }

    /// Returns a reader at the beginning. Each has a position of its own.
    pub(crate) fn reader(&self) -> SourceReader {
        SourceReader { file: Arc::clone(&self.file), position: 0 }
    }

    /// Distinguishes text from spreadsheets, and refuses anything else.
    pub(crate) fn kind(&self) -> Result<Kind, InputError> {
        let mut head = Vec::new();
        self.reader().take(256).read_to_end(&mut head)?;
        let not = |what| Err(InputError::NotATable { what });
        match head.as_slice() {
            [b'P', b'K', 3, 4, ..] | [0xD0, 0xCF, 0x11, 0xE0, ..] => Ok(Kind::Spreadsheet),
            [b'P', b'K', 5, 6, ..] => not("ZIP"),
            [b'%', b'P', b'D', b'F', ..] => not("PDF"),
            [0x1F, 0x8B, ..] => not("gzip"),
            [b'R', b'a', b'r', b'!', ..] => not("RAR"),
            [b'7', b'z', 0xBC, 0xAF, ..] => not("7z"),
            [0x89, b'P', b'N', b'G', ..] | [0xFF, 0xD8, 0xFF, ..] => not("picture"),
            [b'{', b'\\', b'r', b't', b'f', ..] => not("RTF"),
            [b'I', b'D', b';', b'P', ..] => not("SYLK"),
            [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => not("UTF-32"),
            head if head.starts_with(b"MIME-Version:") => not("MHTML"),
            // No text begins so: dBASE, databases, pictures. In UTF-16 one of two bytes is 0 or 4.
            [1..=3 | 5..=8 | 0x0E..=0x1F, next, ..] if !matches!(next, 0 | 4) => not("binary"),
            _ => match head
                .trim_ascii_start()
                .strip_prefix(b"\xEF\xBB\xBF")
                .unwrap_or(&head)
                .trim_ascii_start()
            {
                // Some programs give a page the ending of a spreadsheet.
                [b'<', b'?' | b'!' | b'h' | b'H' | b't' | b'T' | b'm' | b's' | b'S', ..] => not("HTML/XML"),
                [b'{', b'"', ..] | [b'[', b'{', ..] => not("JSON"),
                _ => Ok(Kind::Text),
            },
        }
    }
}

impl Read for SourceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let length = std::os::unix::fs::FileExt::read_at(&*self.file, buffer, self.position)?;
        #[cfg(windows)]
        let length = std::os::windows::fs::FileExt::seek_read(&*self.file, buffer, self.position)?;
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for SourceReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
