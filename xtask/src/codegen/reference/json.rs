//! JSON on the pages.

use crate::codegen::yaml_node::Value;

/// Returns indented JSON. A list of plain values stays on one line.
pub(super) fn readable(value: &Value) -> Result<String, String> {
    indented(value, "")
}

fn indented(value: &Value, indent: &str) -> Result<String, String> {
    let within = format!("{indent}  ");
    let (open, parts, close) = match value {
        Value::Map(entries) if !entries.is_empty() => {
            let part = |(key, value): &(String, Value)| {
                Ok(format!("{}: {}", Value::Text(key.clone()).json()?, indented(value, &within)?))
            };
            ("{", entries.iter().map(part).collect::<Result<Vec<_>, String>>()?, "}")
        }
        Value::List(items) if items.iter().any(|item| matches!(item, Value::Map(_) | Value::List(_))) => {
            let parts = items.iter().map(|item| indented(item, &within));
            ("[", parts.collect::<Result<_, _>>()?, "]")
        }
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(Value::json).collect::<Result<_, _>>()?;
            return Ok(format!("[{}]", items.join(", ")));
        }
        plain => return plain.json(),
    };
    Ok(format!("{open}\n{within}{}\n{indent}{close}", parts.join(&format!(",\n{within}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_plain_values_stays_on_one_line_and_texts_stay_as_they_are() {
        let value = Value::parse("{a: [1, 2], b: 'x,y', c: [{d: []}]}").unwrap();
        let text =
            "{\n  \"a\": [1, 2],\n  \"b\": \"x,y\",\n  \"c\": [\n    {\n      \"d\": []\n    }\n  ]\n}";
        assert_eq!(readable(&value).unwrap(), text);
    }
}
