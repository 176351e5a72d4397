//! Reads JSON objects member by member, into types without [`Deserialize`]: without serde's macros, a program that uses
//! crm-history alone compiles in three quarters of the time.

use std::fmt;

use serde_core::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// A value that collects the members of an [`Object`] in one pass. It begins as its default.
///
/// As with serde's macros, other keys are ignored, and one that occurs twice is an error.
pub trait Members<'de>: Default {
    /// The keys that are read, at most 32.
    const KEYS: &'static [&'static str];
    /// How many of them must be there, counted from the first one.
    const REQUIRED: usize = 0;

    /// Reads the value of one of these keys.
    ///
    /// # Errors
    /// The value does not fit.
    fn read_member<A: MapAccess<'de>>(&mut self, key: &'static str, map: &mut A) -> Result<(), A::Error>;
}

/// Decodes an object into its [`Members`].
#[derive(Debug)]
pub struct Object<M>(pub M);

impl<'de, M: Members<'de>> Deserialize<'de> for Object<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor(M::default())).map(Self)
    }
}

struct MembersVisitor<M>(M);

impl<'de, M: Members<'de>> Visitor<'de> for MembersVisitor<M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<M, A::Error> {
        let mut seen = 0_u32;
        while let Some(index) = map.next_key_seed(KeyOf(M::KEYS))? {
            let Some(index) = index else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let key = M::KEYS[index];
            if seen & (1 << index) != 0 {
                return Err(A::Error::duplicate_field(key));
            }
            seen |= 1 << index;
            self.0.read_member(key, &mut map)?;
        }
        match (0..M::REQUIRED).find(|index| seen & (1 << index) == 0) {
            Some(index) => Err(A::Error::missing_field(M::KEYS[index])),
            None => Ok(self.0),
        }
    }
}

/// Reads a key, or the name of a variant, and returns its index in this list. `None` if it is not in there.
#[derive(Debug)]
pub struct KeyOf(pub &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for KeyOf {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyOf {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|known| *known == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq)]
    struct Point {
        x: u64,
        y: Option<u64>,
    }

    impl<'de> Members<'de> for Point {
        const KEYS: &'static [&'static str] = &["x", "y"];
        const REQUIRED: usize = 1;

        fn read_member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
            match key {
                "x" => self.x = map.next_value()?,
                _ => self.y = map.next_value()?,
            }
            Ok(())
        }
    }

    #[test]
    fn an_object_is_read_as_serdes_macros_read_it() {
        #[derive(Deserialize)]
        #[serde(rename = "Point")]
        struct Derived {
            x: u64,
            y: Option<u64>,
        }
        for json in [
            r#"{"x":1}"#,
            r#"{"y":null,"z":[{}],"x":1}"#,
            r#"{"\u0078":1,"y":2}"#,
            r#"{"y":2}"#,
            "{}",
            r#"{"x":1,"x":1}"#,
            r#"{"x":1,"y":null,"y":null}"#,
            r#"{"x":1,"z":1,"z":2}"#,
            r#"{"x":null}"#,
            r#"{"x":-1}"#,
            r#"{"x":1,"y":"2"}"#,
            r#"{"x":1"#,
        ] {
            let derived = serde_json::from_str::<Derived>(json);
            let derived = derived.map(|Derived { x, y }| Point { x, y }).map_err(|error| error.to_string());
            let read = serde_json::from_str(json).map(|Object(point): Object<Point>| point);
            let read = read.map_err(|error| error.to_string());
            assert_eq!(read, derived, "{json}");
        }
        let error = serde_json::from_str::<Object<Point>>("7").unwrap_err().to_string();
        assert!(error.contains("expected an object"), "{error}");
    }
}
