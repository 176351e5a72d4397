//! Words that replace other words and look like them.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::byte_stand_ins::{NEVER_UTF8, byte_of};

/// Replaces a word by one with as many letters and bytes, of the same alphabets, with capitals in the same places.
pub(crate) enum WordReplacer {
    /// By another word, always the same one for the same word. The key is random and not stored, so that nobody who
    /// holds the file can try names until one fits.
    Random(RandomState),
    /// By the same word for all words of one shape. A word and its replacement have the same shape.
    Shape,
}

impl WordReplacer {
    /// Creates a replacer with a random key.
    pub(crate) fn with_random_key() -> Self {
        Self::Random(RandomState::new())
    }

    pub(super) fn is_shape(&self) -> bool {
        matches!(self, Self::Shape)
    }

    pub(super) fn replace(&self, word: &str) -> String {
        // A name is the same name whatever its capitals.
        let mut state = match self {
            Self::Random(key) => Some(key.hash_one(word.to_lowercase())),
            Self::Shape => None,
        };
        let letters = word.chars().enumerate().map(|(i, letter)| {
            let number = state.as_mut().map(|state| {
                *state =
                    state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *state >> 33
            });
            replacement(letter, i == 0, number)
        });
        letters.collect()
    }
}

/// Returns another letter of the same alphabet. Without a number, its first letter.
fn replacement(letter: char, first_of_word: bool, number: Option<u64>) -> char {
    let (first, count) = alphabet(letter, first_of_word);
    let own = u32::from(letter).wrapping_sub(first) % count;
    // At least one step, so that it is never the same letter.
    let step = number.map(|number| 1 + u32::try_from(number % u64::from(count.max(2) - 1)).unwrap_or(0));
    let place = step.map_or(0, |step| (own + step) % count);
    char::from_u32(first + place).unwrap_or(letter)
}

/// Returns the first and the number of the letters that may replace this one: of the same script and length in bytes.
fn alphabet(letter: char, first_of_word: bool) -> (u32, u32) {
    let from = |first: char, count: u32| (u32::from(first), count);
    let upper = letter.is_uppercase();
    match letter {
        // A number begins with zero afterwards only if it did before.
        '0' if first_of_word => from('0', 1),
        '0'..='9' if first_of_word => from('1', 9),
        '0'..='9' => from('0', 10),
        'a'..='z' => from('a', 26),
        'A'..='Z' => from('A', 26),
        '\u{400}'..='\u{4ff}' => from(if upper { 'А' } else { 'а' }, 32),
        _ if byte_of(letter).is_some() => (NEVER_UTF8, 8),
        _ => match letter.len_utf8() {
            1 => (u32::from(letter), 1),
            2 => from(if upper { 'À' } else { 'à' }, 23),
            3 => from('\u{4e00}', 0x5000),
            _ => from('\u{20000}', 0xa000),
        },
    }
}

/// Whether a character belongs to a word: a letter, a digit, or a byte that is not UTF-8.
pub(super) fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || byte_of(c).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_word_becomes_another_of_the_same_kind_and_always_the_same() {
        let words = WordReplacer::with_random_key();
        let other = words.replace("Иванов");
        assert_eq!(words.replace("Иванов"), other);
        assert_eq!(words.replace("ИВАНОВ"), other.to_uppercase());
        let another_recording = WordReplacer::with_random_key();
        assert_ne!(another_recording.replace("Иванов"), other);
        assert!(other.chars().all(|c| ('А'..='я').contains(&c)), "{other}");
        for word in ["a", "7", "Я", "79161234567", "ß", "漢", "𝔞"] {
            assert_ne!(words.replace(word), word);
        }
        assert_eq!(words.replace("0"), "0");
    }

    proptest! {
        #[test]
        fn length_capitals_and_shape_stay(word in "[0-9a-zA-ZёЁа-яА-Яїéß漢𝔞]{1,12}") {
            let other = WordReplacer::with_random_key().replace(&word);
            prop_assert_eq!(other.len(), word.len());
            prop_assert_eq!(WordReplacer::Shape.replace(&other), WordReplacer::Shape.replace(&word));
            for (a, b) in word.chars().zip(other.chars()) {
                prop_assert_eq!(a.is_ascii_digit(), b.is_ascii_digit());
                prop_assert_eq!(a.is_ascii_alphabetic(), b.is_ascii_alphabetic());
                prop_assert!(b.is_alphanumeric());
            }
            prop_assert!(other != word || word.starts_with('0'), "{}", word);
        }
    }
}
