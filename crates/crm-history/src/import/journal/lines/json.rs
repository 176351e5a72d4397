//! The lines of a journal as JSON. Journals of earlier versions are read, so what is written here must not change.

use std::fmt;

use crm_transport::json::{KeyOf, Members, Object};
use serde_core::de::{Deserialize, Deserializer, EnumAccess, Error, MapAccess, VariantAccess, Visitor};
use serde_core::ser::{Serialize, SerializeMap, Serializer};

use super::{Header, Line, RecordedOutcome, SendLine};

impl Serialize for Header {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(3))?;
        object.serialize_entry("journal", &self.journal)?;
        object.serialize_entry("version", &self.version)?;
        object.serialize_entry("key", &self.key)?;
        object.end()
    }
}

impl<'de> Members<'de> for Header {
    const KEYS: &'static [&'static str] = &["journal", "version", "key"];
    const REQUIRED: usize = 2;

    fn read_member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "journal" => self.journal = map.next_value()?,
            "version" => self.version = map.next_value()?,
            _ => self.key = map.next_value()?,
        }
        Ok(())
    }
}

impl Serialize for SendLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("request", &self.request)?;
        object.serialize_entry("floor", &self.floor)?;
        if self.uncertain {
            object.serialize_entry("uncertain", &true)?;
        }
        object.serialize_entry("rows", &self.rows)?;
        object.end()
    }
}

impl<'de> Members<'de> for SendLine {
    const KEYS: &'static [&'static str] = &["request", "floor", "rows", "uncertain"];
    const REQUIRED: usize = 3;

    fn read_member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "request" => self.request = map.next_value()?,
            "floor" => self.floor = map.next_value()?,
            "rows" => self.rows = map.next_value()?,
            _ => self.uncertain = map.next_value()?,
        }
        Ok(())
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Send(send) => serializer.collect_map([("send", send)]),
            Self::Placed(rows) => serializer.collect_map([("placed", rows)]),
            Self::Done(rows) => serializer.collect_map([("done", rows)]),
        }
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("Line", LINES, LineVisitor)
    }
}

const LINES: &[&str] = &["send", "placed", "done"];

struct LineVisitor;

impl<'de> Visitor<'de> for LineVisitor {
    type Value = Line;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line of a journal")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, line: A) -> Result<Line, A::Error> {
        let (kind, line) = line.variant_seed(KeyOf(LINES))?;
        match kind.map(|kind| LINES[kind]) {
            Some("send") => line.newtype_variant().map(|Object(send)| Line::Send(send)),
            Some("placed") => line.newtype_variant().map(Line::Placed),
            Some(_) => line.newtype_variant().map(Line::Done),
            None => Err(A::Error::custom("an unknown kind of line")),
        }
    }
}

impl Serialize for RecordedOutcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Stored(id) => serializer.collect_map([("stored", id)]),
            Self::StoredTwice(id, copy) => serializer.collect_map([("stored_twice", [id, copy])]),
            Self::StoredWithoutId => serializer.serialize_str("stored_without_id"),
            Self::Refused(code) => serializer.collect_map([("refused", code)]),
            Self::Missing => serializer.serialize_str("missing"),
            Self::EqualWithoutTime(id) => serializer.collect_map([("equal_without_time", id)]),
            Self::PerhapsOlder(id) => serializer.collect_map([("perhaps_older", id)]),
            Self::Similar(id) => serializer.collect_map([("similar", id)]),
        }
    }
}

impl<'de> Deserialize<'de> for RecordedOutcome {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("RecordedOutcome", OUTCOMES, OutcomeVisitor)
    }
}

const OUTCOMES: &[&str] = &[
    "stored",
    "stored_twice",
    "stored_without_id",
    "refused",
    "missing",
    "equal_without_time",
    "perhaps_older",
    "similar",
];

struct OutcomeVisitor;

impl<'de> Visitor<'de> for OutcomeVisitor {
    type Value = RecordedOutcome;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an outcome")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, outcome: A) -> Result<RecordedOutcome, A::Error> {
        let (word, rest) = outcome.variant_seed(KeyOf(OUTCOMES))?;
        match word.map(|word| OUTCOMES[word]) {
            Some("stored") => rest.newtype_variant().map(RecordedOutcome::Stored),
            Some("stored_twice") => {
                rest.newtype_variant().map(|(id, copy)| RecordedOutcome::StoredTwice(id, copy))
            }
            Some("stored_without_id") => rest.unit_variant().map(|()| RecordedOutcome::StoredWithoutId),
            Some("refused") => rest.newtype_variant().map(RecordedOutcome::Refused),
            Some("missing") => rest.unit_variant().map(|()| RecordedOutcome::Missing),
            Some("equal_without_time") => rest.newtype_variant().map(RecordedOutcome::EqualWithoutTime),
            Some("perhaps_older") => rest.newtype_variant().map(RecordedOutcome::PerhapsOlder),
            Some(_) => rest.newtype_variant().map(RecordedOutcome::Similar),
            None => Err(A::Error::custom("an unknown outcome")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads each of these texts, and writes it again as it was.
    fn assert_unchanged<T: for<'de> Deserialize<'de> + Serialize>(texts: &[&str]) {
        for text in texts {
            let value: T = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(serde_json::to_string(&value).unwrap(), *text);
        }
    }

    #[test]
    fn lines_are_written_as_every_earlier_version_wrote_them() {
        let text = r#"{"journal":"crm history import","version":2,"key":"00112233445566778899aabbccddeeff"}"#;
        let Object(header): Object<Header> = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&header).unwrap(), text);
        assert_unchanged::<Line>(&[
            r#"{"send":{"request":1,"floor":7,"rows":[[0,"00000000000000aa"],[1,"ffffffffffffffff"]]}}"#,
            r#"{"send":{"request":2,"floor":0,"uncertain":true,"rows":[]}}"#,
            r#"{"placed":[[1099511627776,3],[1099511627777,null]]}"#,
            concat!(
                r#"{"done":[[0,"00000000000000aa",{"stored":8}],[1,"00000000000000bb",{"stored_twice":[9,10]}],"#,
                r#"[2,"00000000000000cc","stored_without_id"],[3,"00000000000000dd",{"refused":405}],"#,
                r#"[4,"00000000000000ee",{"refused":null}],[5,"00000000000000ff","missing"],"#,
                r#"[6,"0000000000000001",{"equal_without_time":11}],[7,"0000000000000002",{"perhaps_older":12}],"#,
                r#"[8,"0000000000000003",{"similar":13}]]}"#
            ),
        ]);
    }

    #[test]
    fn members_in_another_order_and_unknown_ones_are_read() {
        let Object(header): Object<Header> =
            serde_json::from_str(r#"{"x":[1],"version":1,"journal":"crm history import"}"#).unwrap();
        assert!(header.is_journal() && !header.is_known() && header.key.is_empty());
        let line = r#" {"send":{"rows":[[0,"aa"]],"x":null,"floor":7,"uncertain":false,"request":1}}"#;
        let Line::Send(send) = serde_json::from_str(line).unwrap() else { panic!() };
        assert_eq!((send.request, send.floor, send.uncertain, send.rows.len()), (1, 7, false, 1));
        let line = r#"{"done":[[0,"aa",{"\u0073tored":8}],[1,"bb",{"missing":null}]]}"#;
        let Line::Done(rows) = serde_json::from_str(line).unwrap() else { panic!() };
        assert_eq!((&rows[0].2, &rows[1].2), (&RecordedOutcome::Stored(8), &RecordedOutcome::Missing));
    }

    #[test]
    fn a_line_that_no_version_wrote_is_refused() {
        for line in [
            r#"{"sent":{"request":1,"floor":7,"rows":[]}}"#,
            r#"{"send":{"request":1,"rows":[]}}"#,
            r#"{"send":{"request":1,"request":1,"floor":7,"rows":[]}}"#,
            r#"{"send":{"request":-1,"floor":7,"rows":[]}}"#,
            r#"{"done":[],"placed":[]}"#,
            r#"{"done":[[0,"aa"]]}"#,
            r#"{"done":[[0,"aa","stored"]]}"#,
            r#"{"done":[[0,"aa",{"stored":8,"refused":1}]]}"#,
            r#"{"done":[[0,"aa",{"stored_twice":[8]}]]}"#,
            r#"{"done":[[0,"aa","lost"]]}"#,
            r#""done""#,
            "{}",
            "[]",
        ] {
            assert!(serde_json::from_str::<Line>(line).is_err(), "{line}");
        }
    }
}
