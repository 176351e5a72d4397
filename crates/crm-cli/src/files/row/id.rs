//! IDs as spreadsheets write them. What is not exact is refused, because it would be another record's ID.

use serde_json::Value;

use crate::files::cell::Cell;
use crate::files::problem::IdFault;

/// Numbers with this many digits are phone numbers. The server's IDs end at 2147483647, and no table comes near that.
const PHONE_DIGITS: usize = 10;

/// Reads an ID; `None` where there is none. 0 means none, as in the server's own answers.
pub(super) fn id(cell: &Cell) -> Result<Option<u64>, IdFault> {
    match cell {
        Cell::Empty => Ok(None),
        Cell::Text(text) => id_of_text(text),
        Cell::Number(number) if *number < 0.0 => Err(IdFault::Negative),
        Cell::Number(number) if number.fract() != 0.0 => Err(IdFault::NotWhole),
        Cell::Number(_) => id_of_text(&cell.to_text()),
        Cell::Date(_) | Cell::Duration(_) | Cell::Bool(_) | Cell::Error(_) => Err(IdFault::NotANumber),
    }
}

/// Reads the IDs of contacts: separated by `,`, `;`, spaces or line breaks, or as JSON as the export writes them.
pub(super) fn ids(cell: &Cell) -> Result<Vec<u64>, IdFault> {
    let text = match cell {
        Cell::Text(text) => text,
        cell => return id(cell).map(|id| id.into_iter().collect()),
    };
    if text.trim_start().starts_with('[') {
        return ids_of_json(text).ok_or(IdFault::NotANumber);
    }
    if is_phone(text) {
        return Err(IdFault::Phone);
    }
    let parts = text.split([',', ';', '\n', ' ', '\u{a0}']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| id_of_text(part)?.ok_or(IdFault::Zero)).collect()
}

/// `[{"pid":1,"person":"…"}]`, where a number may be a text.
fn ids_of_json(text: &str) -> Option<Vec<u64>> {
    let Ok(Value::Array(contacts)) = serde_json::from_str(text) else { return None };
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let ids = contacts.iter().map(|contact| number(contact.get("pid")?));
    // Contact 0 is how the server writes that there is none.
    ids.collect::<Option<Vec<_>>>().map(|ids| ids.into_iter().filter(|id| *id != 0).collect())
}

fn id_of_text(text: &str) -> Result<Option<u64>, IdFault> {
    let text = text.trim().trim_start_matches('\'');
    let digits = without_groups(text);
    if digits.is_empty() {
        return Ok(None);
    }
    if is_phone(text) {
        return Err(IdFault::Phone);
    }
    if let Some(positive) = digits.strip_prefix('-')
        && positive.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(IdFault::Negative);
    }
    let digits = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => whole_of_exponent(mantissa, exponent)?,
        None => whole(&digits)?,
    };
    if digits.len() >= PHONE_DIGITS {
        return Err(IdFault::Phone);
    }
    match digits.parse() {
        Ok(0) => Ok(None),
        Ok(_) if digits.starts_with('0') => Err(IdFault::LeadingZero),
        Ok(id) => Ok(Some(id)),
        Err(_) => Err(IdFault::NotANumber),
    }
}

/// Drops spaces that separate groups of three digits, and no others.
fn without_groups(text: &str) -> String {
    let is_space = |c: char| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}');
    let (whole, rest) = text.split_at(text.find(['.', ',']).unwrap_or(text.len()));
    let mut groups = whole.split(is_space);
    let first = groups.next().unwrap_or_default();
    let grouped = !first.is_empty() && first.len() <= 3 && groups.all(|group| group.len() == 3);
    if grouped { whole.replace(is_space, "") + rest } else { text.to_owned() }
}

/// The digits of a number whose fraction, if there is one, is nothing but zeros.
fn whole(text: &str) -> Result<String, IdFault> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    if whole.is_empty() || ![whole, fraction].iter().all(|part| is_digits(part)) {
        return Err(IdFault::NotANumber);
    }
    // Three digits behind a comma may be thousands.
    if fraction.bytes().any(|digit| digit != b'0') || (fraction == "000" && text != whole) {
        return Err(IdFault::NotWhole);
    }
    Ok(whole.to_owned())
}

/// The digits of `1,781E+03`. They are exact only if the digits before the `E` reach the ones.
fn whole_of_exponent(mantissa: &str, exponent: &str) -> Result<String, IdFault> {
    let (whole_part, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let exponent: usize = exponent.trim_start_matches('+').parse().map_err(|_| IdFault::NotANumber)?;
    if !is_digits(whole_part) || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(IdFault::NotANumber);
    }
    let Some(behind) = fraction.get(exponent..) else { return Err(IdFault::Rounded) };
    if behind.bytes().any(|digit| digit != b'0') {
        return Err(IdFault::NotWhole);
    }
    Ok(format!("{whole_part}{}", &fraction[..exponent]))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `+7 (342) 206-72-01`, `206-72-01`.
fn is_phone(text: &str) -> bool {
    let of_phone = |c: char| c.is_ascii_digit() || matches!(c, '+' | '(' | ')' | '-' | ' ' | '\u{a0}');
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let inside = text.trim().trim_start_matches('-');
    digits >= 5 && text.chars().all(of_phone) && inside.contains(['+', '(', ')', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Option<u64>, IdFault> {
        id(&Cell::from_text(text.to_owned()))
    }

    #[test]
    fn ids_that_are_exact_are_read_however_they_are_written() {
        for text in [
            "1781",
            " 1781 ",
            "1 781",
            "1\u{a0}781",
            "1\u{202f}781",
            "1781.0",
            "1781,00",
            "1,781E+03",
            "1.7810e3",
            "'1781",
            "1781E0",
        ] {
            assert_eq!(of(text), Ok(Some(1781)), "{text}");
        }
        assert_eq!(id(&Cell::Number(1781.0)), Ok(Some(1781)));
        for text in ["", " ", "0", "0.0"] {
            assert_eq!(of(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn ids_that_are_not_exact_and_phone_numbers_are_refused() {
        for (text, fault) in [
            ("1,78E+03", IdFault::Rounded),
            ("7,916E+10", IdFault::Rounded),
            ("1,7815E+03", IdFault::NotWhole),
            ("1,781", IdFault::NotWhole),
            ("2,000", IdFault::NotWhole),
            ("1781.5", IdFault::NotWhole),
            ("79160000042", IdFault::Phone),
            ("89160000043", IdFault::Phone),
            ("2125551234", IdFault::Phone),
            ("+7 (342) 206-72-01", IdFault::Phone),
            ("206-72-01", IdFault::Phone),
            ("99999999999999999999999", IdFault::Phone),
            ("-5", IdFault::Negative),
            ("0042", IdFault::LeadingZero),
            ("12 34", IdFault::NotANumber),
            ("1781a", IdFault::NotANumber),
            ("ООО Ромашка", IdFault::NotANumber),
            ("1.2.3", IdFault::NotANumber),
            ("1e", IdFault::NotANumber),
            ("e3", IdFault::NotANumber),
            ("1E-3", IdFault::NotANumber),
            ("1E99999999999999999999", IdFault::NotANumber),
        ] {
            assert_eq!(of(text), Err(fault), "{text}");
        }
        assert_eq!(id(&Cell::Number(79_160_000_042.0)), Err(IdFault::Phone));
        assert_eq!(id(&Cell::Number(1781.5)), Err(IdFault::NotWhole));
        assert_eq!(id(&Cell::Number(f64::NAN)), Err(IdFault::NotWhole));
    }

    #[test]
    fn contacts_are_a_list_of_ids_or_the_json_of_the_export() {
        let of = |text: &str| ids(&Cell::from_text(text.to_owned()));
        for text in ["2475,2723", " 2475; 2723;", "2475\n2723"] {
            assert_eq!(of(text), Ok(vec![2475, 2723]), "{text}");
        }
        assert_eq!(of(r#"[{"pid":1,"person":"Васильев"},{"pid":"2","person":null}]"#), Ok(vec![1, 2]));
        assert_eq!(of(r#"[{"pid":0,"person":""}]"#), Ok(vec![]));
        assert_eq!(of("Иванов"), Err(IdFault::NotANumber));
        assert_eq!(of("[1"), Err(IdFault::NotANumber));
        assert_eq!(of("1,0"), Err(IdFault::Zero));
        assert_eq!(of("+7 342 2067201"), Err(IdFault::Phone));
        assert_eq!(ids(&Cell::Number(2475.2723)), Err(IdFault::NotWhole));
    }
}
