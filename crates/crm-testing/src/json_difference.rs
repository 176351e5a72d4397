//! The first difference between two JSON values.

use serde_json::Value;

use crate::message::shortened;

/// How much of the received value the expected one describes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Extent {
    /// All of it.
    Whole,
    /// At least this: an object may have further keys, at every depth. Arrays have the same length.
    AtLeast,
}

/// Describes the first difference with its JSON path. `None` if the values agree.
pub(crate) fn json_difference(expected: &Value, received: &Value, extent: Extent) -> Option<String> {
    difference_at("$", expected, received, extent)
}

fn difference_at(path: &str, expected: &Value, received: &Value, extent: Extent) -> Option<String> {
    match (expected, received) {
        (Value::Object(expected), Value::Object(received)) => {
            let path_of = |key: &str| {
                let mut path = path.to_owned();
                crm_transport::json::push_key(&mut path, key);
                path
            };
            let in_expected = expected.iter().find_map(|(key, value)| match received.get(key) {
                Some(other) => difference_at(&path_of(key), value, other, extent),
                None => Some(format!("{} is missing", path_of(key))),
            });
            let unexpected = || match extent {
                Extent::Whole => received.keys().find(|key| !expected.contains_key(*key)),
                Extent::AtLeast => None,
            };
            in_expected.or_else(|| Some(format!("{} is unexpected", path_of(unexpected()?))))
        }
        (Value::Array(expected), Value::Array(received)) if expected.len() == received.len() => {
            let mut pairs = expected.iter().zip(received).enumerate();
            pairs.find_map(|(i, (expected, received))| {
                difference_at(&format!("{path}[{i}]"), expected, received, extent)
            })
        }
        (Value::Array(expected), Value::Array(received)) => {
            Some(format!("the length of {path} is {}, expected {}", received.len(), expected.len()))
        }
        _ if expected == received => None,
        _ => Some(shortened(format!("{path} is {received}, expected {expected}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_described_with_its_path() {
        let expected = json!({"a": [1, {"b": "x"}], "c": null});
        for (received, difference) in [
            (expected.clone(), None),
            (json!({"c": null, "a": [1, {"b": "y"}]}), Some(r#"$.a[1].b is "y", expected "x""#)),
            (json!({"a": [1, {"b": "x"}]}), Some("$.c is missing")),
            (json!({"a": [1, {"b": "x"}], "c": null, "d d": 1}), Some("$['d d'] is unexpected")),
            (json!({"a": [1], "c": null}), Some("the length of $.a is 1, expected 2")),
            (json!({"a": "1", "c": null}), Some(r#"$.a is "1", expected [1,{"b":"x"}]"#)),
        ] {
            let found = json_difference(&expected, &received, Extent::Whole);
            assert_eq!(found.as_deref(), difference, "{received}");
        }
    }

    #[test]
    fn a_partial_comparison_allows_further_keys_at_every_depth_and_nothing_else() {
        let expected = json!({"a": [{"b": "x"}], "c": {}});
        for (received, difference) in [
            (json!({"a": [{"b": "x", "more": 1}], "c": {"more": 1}, "more": 1}), None),
            (json!({"a": [{"b": "x"}, {}], "c": {}}), Some("the length of $.a is 2, expected 1")),
            (json!({"a": [{"b": "y", "more": 1}], "c": {}}), Some(r#"$.a[0].b is "y", expected "x""#)),
            (json!({"a": [{"more": 1}], "c": {}}), Some("$.a[0].b is missing")),
            (json!({"a": [{"b": "x"}], "c": []}), Some("$.c is [], expected {}")),
        ] {
            let found = json_difference(&expected, &received, Extent::AtLeast);
            assert_eq!(found.as_deref(), difference, "{received}");
        }
    }
}
