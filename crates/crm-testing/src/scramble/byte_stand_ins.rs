//! Characters that replace bytes that are not UTF-8.
//!
//! They are from the area for private use, so that a text in windows-1251 can be edited as a string. They count as
//! letters, because in windows-1251 most of these bytes are letters.

const FIRST: u32 = 0xf700;

/// Returns the character that replaces a byte from 0x80 on.
pub(crate) fn stand_in(byte: u8) -> char {
    char::from_u32(FIRST + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Returns the byte that a character replaces.
pub(crate) fn byte_of(c: char) -> Option<u8> {
    let byte = u32::from(c).checked_sub(FIRST)?;
    u8::try_from(byte).ok().filter(|byte| *byte >= 0x80)
}

/// The first of the eight stand-ins whose bytes never occur in UTF-8: 0xf8 to 0xff. Scrambled bytes are made of them.
pub(super) const NEVER_UTF8: u32 = FIRST + 0xf8;
