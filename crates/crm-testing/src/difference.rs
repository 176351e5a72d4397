//! Where two JSON values part.

use serde_json::Value;

use super::capped;

/// The first difference, with its path.
pub(super) fn difference(expected: &Value, came: &Value) -> Option<String> {
    find("$", expected, came)
}

fn find(path: &str, expected: &Value, came: &Value) -> Option<String> {
    match (expected, came) {
        (expected, came) if expected == came => None,
        (Value::Object(expected), Value::Object(came)) => {
            let at = |key: &str| {
                let mut path = path.to_owned();
                crate::json::push_key(&mut path, key);
                path
            };
            let expected_too = expected.iter().find_map(|(key, value)| match came.get(key) {
                Some(other) => find(&at(key), value, other),
                None => Some(format!("{} is missing", at(key))),
            });
            let nothing_more = || came.keys().find(|key| !expected.contains_key(*key));
            expected_too.or_else(|| Some(format!("{} is too much", at(nothing_more()?))))
        }
        (Value::Array(expected), Value::Array(came)) if expected.len() == came.len() => {
            let pairs = expected.iter().zip(came).enumerate();
            pairs.into_iter().find_map(|(i, (expected, came))| find(&format!("{path}[{i}]"), expected, came))
        }
        (Value::Array(expected), Value::Array(came)) => {
            Some(format!("{path} has {} elements and not {}", came.len(), expected.len()))
        }
        _ => Some(capped(format!("{path} is {came} and not {expected}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_told_with_its_path() {
        let expected = json!({"a": [1, {"b": "x"}], "c": null});
        for (came, told) in [
            (expected.clone(), None),
            (json!({"c": null, "a": [1, {"b": "y"}]}), Some(r#"$.a[1].b is "y" and not "x""#)),
            (json!({"a": [1, {"b": "x"}]}), Some("$.c is missing")),
            (json!({"a": [1, {"b": "x"}], "c": null, "d d": 1}), Some("$['d d'] is too much")),
            (json!({"a": [1], "c": null}), Some("$.a has 1 elements and not 2")),
            (json!({"a": "1", "c": null}), Some(r#"$.a is "1" and not [1,{"b":"x"}]"#)),
        ] {
            assert_eq!(difference(&expected, &came).as_deref(), told, "{came}");
        }
    }
}
