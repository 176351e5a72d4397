//! Words that are others, and look alike.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// What a word is replaced by: one with as many letters and bytes, of the same alphabets, capitals where it has them.
pub(super) enum Ink {
    /// Another word, always the same for the same word. By a key that is random and kept nowhere: who holds the file
    /// cannot try names until one fits.
    Keyed(RandomState),
    /// The same for all words of one shape, so that a word and what it was replaced by are equal.
    Shape,
}

impl Ink {
    pub(super) fn keyed() -> Self {
        Self::Keyed(RandomState::new())
    }

    pub(super) fn is_shape(&self) -> bool {
        matches!(self, Self::Shape)
    }

    pub(super) fn rewrite(&self, word: &str) -> String {
        // Whatever its capitals, it is one name.
        let mut state = match self {
            Self::Keyed(key) => Some(key.hash_one(word.to_lowercase())),
            Self::Shape => None,
        };
        let letters = word.chars().enumerate().map(|(i, letter)| {
            let number = state.as_mut().map(|state| {
                *state =
                    state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *state >> 33
            });
            other(letter, i == 0, number)
        });
        letters.collect()
    }
}

/// Another letter of the alphabet, and the first one without a number.
fn other(letter: char, first_of_word: bool, number: Option<u64>) -> char {
    let (first, count) = alphabet(letter, first_of_word);
    let own = u32::from(letter).wrapping_sub(first) % count;
    // Never the same one.
    let step = number.map(|number| 1 + u32::try_from(number % u64::from(count.max(2) - 1)).unwrap_or(0));
    let place = step.map_or(0, |step| (own + step) % count);
    char::from_u32(first + place).unwrap_or(letter)
}

/// The first and the number of the letters that may stand for this one: of one script and as many bytes.
fn alphabet(letter: char, first_of_word: bool) -> (u32, u32) {
    let of = |first: char, count: u32| (u32::from(first), count);
    let upper = letter.is_uppercase();
    match letter {
        // No number begins to begin with zero, and none ceases to.
        '0' if first_of_word => of('0', 1),
        '0'..='9' if first_of_word => of('1', 9),
        '0'..='9' => of('0', 10),
        'a'..='z' => of('a', 26),
        'A'..='Z' => of('A', 26),
        '\u{400}'..='\u{4ff}' => of(if upper { 'А' } else { 'а' }, 32),
        _ if is_stand_in(letter) => (STAND_IN + 0xf8, 8),
        _ => match letter.len_utf8() {
            1 => (u32::from(letter), 1),
            2 => of(if upper { 'À' } else { 'à' }, 23),
            3 => of('\u{4e00}', 0x5000),
            _ => of('\u{20000}', 0xa000),
        },
    }
}

/// A letter or a digit, in the widest sense.
pub(super) fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || is_stand_in(c)
}

/// Bytes that are no UTF-8 travel as characters for private use. They are taken for letters, for in windows-1251 they
/// are, and become bytes that can never be UTF-8.
const STAND_IN: u32 = 0xf700;

pub(super) fn stand_in(byte: u8) -> char {
    char::from_u32(STAND_IN + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

pub(super) fn is_stand_in(c: char) -> bool {
    stood_for(c).is_some()
}

/// The byte that a character stands in for.
pub(super) fn stood_for(c: char) -> Option<u8> {
    let byte = u32::from(c).checked_sub(STAND_IN)?;
    u8::try_from(byte).ok().filter(|byte| *byte >= 0x80)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_word_becomes_another_of_the_same_kind_and_always_the_same() {
        let ink = Ink::keyed();
        let other = ink.rewrite("Иванов");
        assert_eq!(ink.rewrite("Иванов"), other);
        assert_eq!(ink.rewrite("ИВАНОВ"), other.to_uppercase());
        assert_ne!(Ink::keyed().rewrite("Иванов"), other, "another recording, other words");
        assert!(other.chars().all(|c| ('А'..='я').contains(&c)), "{other}");
        for word in ["a", "7", "Я", "79161234567", "ß", "漢", "𝔞"] {
            assert_ne!(ink.rewrite(word), word);
        }
        assert_eq!(ink.rewrite("0"), "0");
    }

    proptest! {
        #[test]
        fn length_capitals_and_shape_stay(word in "[0-9a-zA-ZёЁа-яА-Яїéß漢𝔞]{1,12}") {
            let other = Ink::keyed().rewrite(&word);
            prop_assert_eq!(other.len(), word.len());
            prop_assert_eq!(Ink::Shape.rewrite(&other), Ink::Shape.rewrite(&word));
            for (a, b) in word.chars().zip(other.chars()) {
                prop_assert_eq!(a.is_ascii_digit(), b.is_ascii_digit());
                prop_assert_eq!(a.is_ascii_alphabetic(), b.is_ascii_alphabetic());
                prop_assert!(b.is_alphanumeric());
            }
            prop_assert!(other != word || word.starts_with('0'), "{}", word);
        }
    }
}
