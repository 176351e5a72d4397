//! What a recording makes unreadable, and how.

mod byte_stand_ins;
mod json_text;
mod known_words;
mod replacement_words;
mod rules;
mod text_scrambler;

pub(crate) use byte_stand_ins::{byte_of, stand_in};
pub(crate) use replacement_words::WordReplacer;
pub(crate) use rules::ScrambleRules;
pub(crate) use text_scrambler::TextScrambler;

use crm_transport::NonPersonalData;

/// What a [`Recorder`](crate::Recorder) makes unreadable. Keys are never written, whatever this says.
///
/// [`contents`](Self::contents) replaces the letters of every text in requests and responses by as many other letters
/// of the same alphabet, and digits by digits. Within a recording, the same word always becomes the same other word, so
/// equal texts stay equal. The key for this is random and is not stored. To keep bugs visible, these stay:
///
/// - the JSON as it was written: types, order and names of fields, escapes, spaces, PHP output around it;
/// - numbers of at most six digits, quoted or not. Longer ones may be phone numbers;
/// - dates and times, HTML tags (`<br />`) and entities (`&quot;`);
/// - the fields `id`, `ids`, `…_id`, `…_ids`, `code`, `count`, `offset`, `limit` and `page`;
/// - everything that the API's client declares: see [`keep_non_personal`](Self::keep_non_personal).
///
/// Field names of ASCII letters, digits, `_`, `-` and `.` stay, and other names are scrambled like texts. Paths stay: no
/// documented call has personal data in its path.
///
/// Scrambled data is hard to guess, but not impossible. A person who knows some of the records may recognize them by
/// their dates, IDs and lengths.
///
/// ```
/// use crm_testing::Scramble;
/// use crm_transport::NonPersonalData;
///
/// // A client crate publishes this for its API: crm_history::NON_PERSONAL_DATA, crm_projects::NON_PERSONAL_DATA.
/// const WAREHOUSE: NonPersonalData =
///     NonPersonalData { fields: &["unit"], numbers: &[], operations: &["warehouse.units"] };
///
/// let scramble = Scramble::contents().keep_non_personal(WAREHOUSE).keep("currency").hide("discount");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Scramble(pub(crate) ScrambleRules);

impl Scramble {
    /// Scrambles nothing. Only the keys are omitted.
    pub fn nothing() -> Self {
        Self(ScrambleRules::default())
    }

    /// Scrambles every text that may be personal.
    pub fn contents() -> Self {
        Self(ScrambleRules { contents: true, ..ScrambleRules::default() })
    }

    /// Keeps the fields and values that an API's client declares as not personal. Call it once for each API.
    ///
    /// Without it, the API's own values are scrambled, too, and a client may fail to decode the replayed responses.
    pub fn keep_non_personal(mut self, data: NonPersonalData) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        self.0.keep.extend(owned(data.fields));
        self.0.keep_numbers.extend(owned(data.numbers));
        self.0.keep_responses.extend(owned(data.operations));
        self
    }

    /// Keeps the values of this field everywhere. `error.text` keeps `text` only within `error`.
    pub fn keep(mut self, field: impl Into<String>) -> Self {
        self.0.keep.push(field.into());
        self
    }

    /// Scrambles the values of this field and everything within them, everywhere. Short numbers and dates are
    /// scrambled as well, so a date is no longer a date. This overrides everything that is kept.
    pub fn hide(mut self, field: impl Into<String>) -> Self {
        self.0.hide.push(field.into());
        self
    }
}
