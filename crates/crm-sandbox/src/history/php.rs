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

/// `if ($value)`: not false, 0, `""`, `"0"`, null or an empty array.
pub(crate) fn is_true(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => !text.is_empty() && text != "0",
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
    }
}

/// `is_numeric($value)`: a number, or a text that is one, with blanks around it.
pub(crate) fn is_numeric(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => {
            starts_numeric(text) && text.trim_ascii().trim_start_matches('+').parse::<f64>().is_ok()
        }
        _ => false,
    }
}

/// Whether a text starts with a number, so that PHP can count with it.
pub(crate) fn starts_numeric(text: &str) -> bool {
    let unsigned = text.trim_ascii_start().trim_start_matches(['-', '+', '.']);
    unsigned.starts_with(|first: char| first.is_ascii_digit())
}

/// A float inside a text: 14 digits, in the notation with an exponent where it has more before the point.
pub(crate) fn float_text(number: f64) -> String {
    let digits = format!("{number:.13E}");
    let rounded: f64 = digits.parse().unwrap_or(number);
    if rounded.abs() < 1e15 {
        return rounded.to_string();
    }
    let digits = format!("{rounded:E}");
    let (mantissa, exponent) = digits.split_once('E').unwrap_or((&digits, "0"));
    let point = if mantissa.contains('.') { "" } else { ".0" };
    format!("{mantissa}{point}E+{exponent}")
}

/// `(int)$value`: the leading number of a text, 0 where there is none.
pub(crate) fn to_int(value: Option<&Value>) -> i64 {
    match value {
        None | Some(Value::Null) => 0,
        Some(Value::Bool(flag)) => i64::from(*flag),
        Some(Value::Number(number)) => {
            number.as_i64().unwrap_or_else(|| number.as_f64().unwrap_or(0.0) as i64)
        }
        Some(Value::String(text)) => leading_number(text) as i64,
        Some(Value::Array(items)) => i64::from(!items.is_empty()),
        Some(Value::Object(members)) => i64::from(!members.is_empty()),
    }
}

/// `"$value"`: the value inside a text.
pub(crate) fn to_text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => String::new(),
        Some(Value::Bool(true)) => "1".to_owned(),
        // A whole number has no point, whatever its type.
        Some(Value::Number(number)) => number.to_string().trim_end_matches(".0").to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(_) | Value::Object(_)) => "Array".to_owned(),
    }
}

/// The number a text starts with, as PHP and MySQL read it; 0 where it starts with none.
pub(crate) fn leading_number(text: &str) -> f64 {
    let text = text.trim_start();
    let mut end = 0;
    let mut dot = false;
    for (index, symbol) in text.char_indices() {
        match symbol {
            '0'..='9' => end = index + 1,
            '-' | '+' if index == 0 => {}
            '.' if !dot => dot = true,
            _ => break,
        }
    }
    text[..end].parse().unwrap_or(0.0)
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
    fn a_number_inside_a_text_has_no_point_where_it_is_whole() {
        let texts =
            [json!(2), json!(2.0), json!(2.5), json!(true), json!([2])].map(|value| to_text(Some(&value)));
        assert_eq!(texts, ["2", "2", "2.5", "1", "Array"]);
    }

    #[test]
    fn a_number_is_read_from_the_start_of_a_text() {
        for (value, number) in
            [(json!("12abc"), 12), (json!(" -3"), -3), (json!("x1"), 0), (json!(7.9), 7), (json!([0]), 1)]
        {
            assert_eq!(to_int(Some(&value)), number, "{value}");
        }
    }
}
