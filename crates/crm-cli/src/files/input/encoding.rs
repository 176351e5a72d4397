//! Finds the encoding of a text, and decodes it to UTF-8.

use std::io::{self, BufRead, BufReader, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    CoderResult, Encoding, IBM866, KOI8_R, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1251, X_MAC_CYRILLIC,
};

/// How an encoding became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodingSource {
    /// By the byte order mark.
    Mark,
    /// By the bytes of the file.
    Bytes,
    /// It was requested.
    Chosen,
}

/// An encoding, and how it became known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Detected {
    pub(crate) encoding: &'static Encoding,
    pub(crate) source: EncodingSource,
}

/// Maximum number of bytes that the guess of a one-byte encoding looks at.
const SAMPLE: usize = 256 * 1024;

/// Maximum number of bytes that are looked at as one line.
const LONGEST_LINE: u64 = 1024 * 1024;

/// Finds an encoding by its name, such as `windows-1251`, `cp1251`, `utf-16le` or `mac-cyrillic`.
pub(crate) fn named(name: &str) -> Option<Detected> {
    let label = name.trim().to_ascii_lowercase().replace('_', "-");
    let label = match label.as_str() {
        "maccyrillic" | "mac-cyrillic" => "x-mac-cyrillic",
        "win1251" | "win-1251" | "ansi" => "windows-1251",
        "oem" | "dos" | "cp-866" => "cp866",
        "utf16" => "utf-16",
        label => label,
    };
    let encoding = Encoding::for_label(label.as_bytes())?;
    Some(Detected { encoding, source: EncodingSource::Chosen })
}

/// Finds the encoding by a byte order mark.
pub(crate) fn by_mark(input: impl Read) -> io::Result<Option<Detected>> {
    let mut head = Vec::new();
    input.take(4).read_to_end(&mut head)?;
    let encoding = Encoding::for_bom(&head).map(|(encoding, _)| encoding);
    Ok(encoding.map(|encoding| Detected { encoding, source: EncodingSource::Mark }))
}

/// Reads a text to its end and finds its encoding.
///
/// A text is UTF-8 if it has more characters of UTF-8 than bytes that cannot be decoded. So one broken line does not
/// change how all others are read. It is UTF-8 as well if a whole line of it is: lines of another encoding are refused
/// then, and none is read as other words.
pub(crate) fn detect(input: impl Read) -> io::Result<Detected> {
    let mut input = BufReader::with_capacity(64 * 1024, input);
    let head = input.fill_buf()?;
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(Detected { encoding, source: EncodingSource::Mark });
    }
    let guessed = |encoding| Ok(Detected { encoding, source: EncodingSource::Bytes });
    if let Some(encoding) = utf16(head) {
        return guessed(encoding);
    }
    let mut utf8 = Utf8Count::default();
    let (mut sample, mut line, mut has_utf8_line) = (Vec::new(), Vec::new(), false);
    while input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? > 0 {
        utf8.feed(&line);
        if !line.is_ascii() {
            has_utf8_line |= str::from_utf8(&line).is_ok_and(|text| beyond_ascii(text.as_bytes()) >= 3);
            sample.extend(line.iter().take(SAMPLE - sample.len()));
        }
        line.clear();
    }
    if utf8.invalid == 0 || utf8.characters > utf8.invalid || has_utf8_line {
        return guessed(UTF_8);
    }
    if let Some(encoding) = russian(&sample) {
        return guessed(encoding);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&sample, true);
    guessed(detector.guess(Some(b"ru"), Utf8Detection::Deny))
}

/// UTF-16 without a byte order mark: nearly every second byte is that of Latin, Cyrillic or punctuation.
fn utf16(head: &[u8]) -> Option<&'static Encoding> {
    let share = |odd: usize| {
        let high = head.iter().skip(odd).step_by(2);
        let usual = high.clone().filter(|byte| matches!(byte, 0x00 | 0x04 | 0x20 | 0x21)).count();
        let zeros = high.clone().filter(|byte| **byte == 0).count();
        zeros > 0 && usual * 100 >= high.count() * 95
    };
    match (share(1), share(0)) {
        (true, false) => Some(UTF_16LE),
        (false, true) => Some(UTF_16BE),
        _ => None,
    }
}

/// Counts the characters of UTF-8 beyond ASCII, and the bytes that are none.
#[derive(Default)]
struct Utf8Count {
    characters: u64,
    invalid: u64,
    /// The beginning of a character at the end of the bytes before.
    rest: Vec<u8>,
}

impl Utf8Count {
    fn feed(&mut self, bytes: &[u8]) {
        let mut joined = std::mem::take(&mut self.rest);
        joined.extend_from_slice(bytes);
        let mut bytes = joined.as_slice();
        loop {
            let (valid, error) = match str::from_utf8(bytes) {
                Ok(_) => (bytes, None),
                Err(error) => (&bytes[..error.valid_up_to()], Some(error)),
            };
            self.characters += beyond_ascii(valid);
            let Some(error) = error else { return };
            let Some(length) = error.error_len() else {
                // Cut off here. At the end of the file it is a half-written character, and no reason for another
                // encoding.
                self.rest = bytes[error.valid_up_to()..].to_vec();
                return;
            };
            self.invalid += length as u64;
            bytes = &bytes[error.valid_up_to() + length..];
        }
    }
}

/// The number of characters of UTF-8 beyond ASCII.
fn beyond_ascii(valid: &[u8]) -> u64 {
    valid.iter().filter(|byte| **byte >= 0xC0).count() as u64
}

/// The encoding in which these bytes are Russian words, if there is one.
fn russian(sample: &[u8]) -> Option<&'static Encoding> {
    // Where short texts leave a doubt, it is what nearly everybody uses.
    let scored = [(WINDOWS_1251, 1.1), (IBM866, 1.0), (KOI8_R, 1.0), (X_MAC_CYRILLIC, 1.0)].map(
        |(encoding, weight)| {
            (encoding, weight * russian_score(&encoding.decode_without_bom_handling(sample).0))
        },
    );
    let (encoding, score) =
        scored.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    (score >= 0.7).then_some(encoding)
}

/// How much the characters beyond ASCII look like Russian words: at most 1.5 for each.
fn russian_score(text: &str) -> f64 {
    let (mut score, mut count) = (0.0, 0_u32);
    let mut before = ' ';
    for character in text.chars() {
        if !character.is_ascii() {
            count += 1;
            let latin_before = before.is_ascii_alphabetic();
            score += match character {
                _ if latin_before && character.is_alphabetic() => -2.0,
                'А'..='я' | 'ё' | 'Ё' => {
                    let is_usual_case = character.is_lowercase() || !before.is_alphabetic();
                    match (is_usual_case, before.is_uppercase()) {
                        (true, _) => 1.0 + frequency(character),
                        (false, true) => 0.9 + frequency(character),
                        (false, false) => -2.0,
                    }
                }
                '«' | '»' | '№' | '—' | '–' | '…' | '“' | '”' | '\u{a0}' => 1.0,
                'і' | 'ї' | 'є' | 'ґ' | 'І' | 'Ї' | 'Є' => 0.3,
                _ => -2.0,
            };
        }
        before = character;
    }
    if count == 0 { 0.0 } else { score / f64::from(count) }
}

/// What the ten most frequent letters of Russian weigh more than the others.
fn frequency(letter: char) -> f64 {
    let lower = letter.to_lowercase().next();
    if lower.is_some_and(|letter| "оеаинтсрвл".contains(letter)) { 0.5 } else { 0.0 }
}

/// Decodes to UTF-8. Bytes that cannot be decoded become U+FFFD. A byte order mark is dropped.
pub(crate) struct Decoder<R> {
    input: BufReader<R>,
    decoder: encoding_rs::Decoder,
    decoded: Vec<u8>,
    position: usize,
    finished: bool,
}

impl<R: Read> Decoder<R> {
    pub(crate) fn new(input: R, encoding: &'static Encoding) -> Self {
        let input = BufReader::with_capacity(32 * 1024, input);
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { input, decoder, decoded: Vec::new(), position: 0, finished: false }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: Read> BufRead for Decoder<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.position == self.decoded.len() && !self.finished {
            self.position = 0;
            self.decoded.resize(64 * 1024, 0);
            let bytes = self.input.fill_buf()?;
            let last = bytes.is_empty();
            let (result, read, written, _) = self.decoder.decode_to_utf8(bytes, &mut self.decoded, last);
            self.input.consume(read);
            self.decoded.truncate(written);
            self.finished = last && result == CoderResult::InputEmpty;
        }
        Ok(&self.decoded[self.position..])
    }

    fn consume(&mut self, amount: usize) {
        self.position += amount;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const CALLS: &str = "datum;content;clid\n2025-02-11 09:12:40;Клиент просит счёт № 214;1\n";

    fn of(bytes: &[u8]) -> &'static str {
        detect(bytes).unwrap().encoding.name()
    }

    fn decoded(bytes: &[u8], name: &str) -> String {
        let mut text = String::new();
        Decoder::new(bytes, named(name).unwrap().encoding).read_to_string(&mut text).unwrap();
        text
    }

    fn utf16le(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn russian_text_is_recognised_in_each_encoding_that_people_save() {
        let guillemets = "content\nООО «РОМАШКА» ЗВОНИЛИ\n";
        let texts = [CALLS, "Дата;Содержание\n", "content\nСпросил про доставку\n", guillemets];
        for name in ["windows-1251", "ibm866", "koi8-r", "x-mac-cyrillic"] {
            for text in texts {
                let encoding = named(name).unwrap().encoding;
                let has_signs = name == "windows-1251" || name == "x-mac-cyrillic";
                let text = if has_signs { text.to_owned() } else { text.replace(['«', '»', '№'], "") };
                let (bytes, _, lost) = encoding.encode(&text);
                assert!(!lost, "{name} {text}");
                assert_eq!(of(&bytes).to_lowercase(), name, "{text}");
                assert_eq!(decoded(&bytes, name), text);
            }
        }
        // The words of one cell alone.
        for text in ["content\nда\n", "content\nНДС\n", "content\nсчёт\n", "content\nЗВОНОК\n"]
        {
            assert_eq!(of(&WINDOWS_1251.encode(text).0), "windows-1251", "{text}");
        }
    }

    #[test]
    fn utf_16_is_recognised_with_and_without_a_mark() {
        let little = utf16le(CALLS);
        let big: Vec<u8> = CALLS.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!((of(&little), of(&big)), ("UTF-16LE", "UTF-16BE"));
        let marked = [&[0xFF, 0xFE], little.as_slice()].concat();
        let detected = detect(marked.as_slice()).unwrap();
        assert_eq!((detected.encoding.name(), detected.source), ("UTF-16LE", EncodingSource::Mark));
        assert_eq!(decoded(&marked, "utf-16le"), CALLS);
    }

    #[test]
    fn one_broken_byte_or_half_a_character_does_not_turn_utf_8_into_something_else() {
        let mut broken = CALLS.as_bytes().to_vec();
        broken.push(0xE0);
        assert_eq!(of(&broken), "UTF-8");
        broken.extend_from_slice(b";1\n");
        assert_eq!(of(&broken), "UTF-8");
        assert_eq!(of("content\nзвоно\u{43a}".as_bytes().split_last().unwrap().1), "UTF-8");
    }

    #[test]
    fn a_file_of_two_encodings_is_not_read_as_other_words() {
        let (first, second) = ("Первый звонок;1\n", WINDOWS_1251.encode("Второй звонок;1\n").0);
        let mixed = |others: usize| [b"content;clid\n", first.as_bytes(), &second.repeat(others)].concat();
        for others in [1, 3, 100] {
            assert_eq!(of(&mixed(others)), "UTF-8", "{others}");
        }
    }

    #[test]
    fn the_first_russian_letter_after_many_kilobytes_still_counts() {
        let mut bytes = b"content;clid\n".repeat(20_000);
        bytes.extend_from_slice(&WINDOWS_1251.encode("Звонок от клиента\n").0);
        assert_eq!(of(&bytes), "windows-1251");
        assert_eq!(of(&b"content;clid\n".repeat(20_000)), "UTF-8");
    }

    #[test]
    fn a_western_text_is_not_taken_for_russian() {
        let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode("content\nThe café à côté, déjà vu, naïve\n");
        assert_eq!(of(&bytes), "windows-1252");
    }

    #[test]
    fn an_encoding_has_the_names_that_people_use() {
        for name in ["cp1251", "Windows_1251", "win1251", "ansi"] {
            assert_eq!(named(name).unwrap().encoding, WINDOWS_1251);
        }
        assert!(named("klingon").is_none());
    }
}
