//! What PHP makes of a JSON value where a text or a number is expected.

use serde_json::Value;

/// `$value == ''`: absent, null, false or the empty string.
pub(crate) fn is_blank(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    }
}

/// `empty($value)`: blank, zero, or without anything in it.
pub(crate) fn is_empty(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Number(number)) => number.as_f64() == Some(0.0),
        Some(Value::String(text)) => text.is_empty() || text == "0",
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(members)) => members.is_empty(),
        other => is_blank(other),
    }
}

/// `(int)$value`. A JSON number beyond 64 bits is a float, which wraps around; a text ends at the largest number.
pub(crate) fn to_int(value: Option<&Value>) -> i64 {
    match value {
        None | Some(Value::Null) => 0,
        Some(Value::Bool(flag)) => i64::from(*flag),
        Some(Value::Number(number)) => {
            number.as_i64().unwrap_or_else(|| wrapped(number.as_f64().unwrap_or(0.0)))
        }
        // Rust's conversion ends at the largest number, too.
        Some(Value::String(text)) => leading_number(text) as i64,
        Some(Value::Array(items)) => i64::from(!items.is_empty()),
        Some(Value::Object(members)) => i64::from(!members.is_empty()),
    }
}

/// A float as a number of 64 bits: what is beyond them falls away.
fn wrapped(number: f64) -> i64 {
    const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;
    if number.abs() < TWO_TO_64 / 2.0 {
        return number as i64;
    }
    // The remainder is below 2^64, and the cast of the unsigned number keeps its bits.
    number.rem_euclid(TWO_TO_64) as u64 as i64
}

/// `"$value"`: the value inside a text.
pub(crate) fn to_text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => String::new(),
        Some(Value::Bool(true)) => "1".to_owned(),
        Some(Value::Number(number)) => number
            .as_i64()
            .map_or_else(|| float_text(number.as_f64().unwrap_or(0.0)), |number| number.to_string()),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(_) | Value::Object(_)) => "Array".to_owned(),
    }
}

/// A float inside a text: 14 digits at most, a whole number without a point, a very large or small one as `2.0E+27`.
pub(crate) fn float_text(number: f64) -> String {
    const DIGITS: usize = 14;
    let scientific = format!("{number:.*e}", DIGITS - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-5..DIGITS as i32).contains(&exponent) {
        let decimals = usize::try_from(DIGITS as i32 - 1 - exponent).unwrap_or(0);
        let plain = format!("{number:.decimals$}");
        return if plain.contains('.') {
            plain.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            plain
        };
    }
    let mantissa = mantissa.trim_end_matches('0');
    let zero = if mantissa.ends_with('.') { "0" } else { "" };
    format!("{mantissa}{zero}E{exponent:+}")
}

/// The number a text starts with, as PHP and MySQL read it; 0 where it starts with none.
pub(crate) fn leading_number(text: &str) -> f64 {
    numeric_start(text).parse().unwrap_or(0.0)
}

/// The number a text starts with: sign, digits, point, exponent; nothing where it starts with none.
pub(crate) fn numeric_start(text: &str) -> &str {
    let text = text.trim_start();
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(text.starts_with(['-', '+']));
    let whole = digits(sign);
    let mut end = sign + whole;
    if text[end..].starts_with('.') {
        let fraction = digits(end + 1);
        if whole + fraction > 0 {
            end += 1 + fraction;
        }
    }
    if end == sign {
        return "";
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['-', '+']));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    &text[..end]
}

/// `is_numeric($value)`: a number, or a text that is one, with spaces around it.
pub(crate) fn is_numeric(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => {
            let number = numeric_start(text);
            !number.is_empty() && number == text.trim_ascii()
        }
        _ => false,
    }
}

/// The six symbols that `trim` takes away at both ends.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r', '\0', '\u{b}'])
}

/// What the server does to a parameter of a query string, and to the word of a search.
pub(crate) fn cleaned(text: &str) -> String {
    trimmed(text).replace('"', "”").replace("\n\r", "").replace('\'', "&acute;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_zero_is_not_blank_and_an_empty_text_is() {
        assert!(is_blank(None) && is_blank(Some(&json!(""))) && is_blank(Some(&json!(null))));
        assert!(!is_blank(Some(&json!(0))) && !is_blank(Some(&json!("0"))) && !is_blank(Some(&json!([]))));
    }

    #[test]
    fn a_number_inside_a_text_has_at_most_14_digits_and_no_point_where_it_is_whole() {
        for (value, text) in [
            (json!(2), "2"),
            (json!(2.0), "2"),
            (json!(2.5), "2.5"),
            (json!(-0.001), "-0.001"),
            (json!(0.1 + 0.2), "0.3"),
            (json!(1e14), "1.0E+14"),
            (json!(1.5e-7), "1.5E-7"),
            (json!(99_999_999_999_999_999_998_u128 as f64), "1.0E+20"),
            (json!(true), "1"),
            (json!([2]), "Array"),
        ] {
            assert_eq!(to_text(Some(&value)), text, "{value}");
        }
    }

    #[test]
    fn a_number_is_read_from_the_start_of_a_text() {
        for (value, number) in [
            (json!("12abc"), 12),
            (json!(" -3"), -3),
            (json!("+1"), 1),
            (json!("1e2"), 100),
            (json!("1e"), 1),
            (json!(".5"), 0),
            (json!("x1"), 0),
            (json!(7.9), 7),
            (json!([0]), 1),
        ] {
            assert_eq!(to_int(Some(&value)), number, "{value}");
        }
    }

    #[test]
    fn a_number_beyond_64_bits_wraps_around_and_a_text_does_not() {
        let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        for (value, number) in [
            (number("18446744073709551615"), 0),
            (number("36893488147419103232"), 0),
            (number("99999999999999999999"), 7_766_279_631_452_241_920),
            (number("-99999999999999999999"), -7_766_279_631_452_241_920),
            (number("15000000000000000000"), -3_446_744_073_709_551_616),
            (json!("99999999999999999999"), i64::MAX),
        ] {
            assert_eq!(to_int(Some(&value)), number, "{value}");
        }
    }

    #[test]
    fn zero_and_an_empty_array_are_empty_but_not_blank() {
        for value in [json!(0), json!("0"), json!([]), json!({})] {
            assert!(is_empty(Some(&value)) && !is_blank(Some(&value)), "{value}");
        }
        assert!(!is_empty(Some(&json!(1))) && !is_empty(Some(&json!([0]))));
    }
}
