//! The macro that declares an ID. It is the only macro of the workspace, because no function can declare a type.

use crate::InvalidValue;

/// Declares an id: a newtype over `u64` with its JSON and its conversions.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(
            /// The number as the server sends it. Never 0 in what was read.
            pub u64,
        );

        impl From<u64> for $name {
            /// Does not check the number: 0 is not the ID of any record.
            fn from(id: u64) -> Self {
                Self(id)
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl TryFrom<i64> for $name {
            type Error = $crate::InvalidValue;

            /// Converts a database's integer. Fails for 0 and for negative numbers.
            fn try_from(id: i64) -> Result<Self, Self::Error> {
                $crate::ids::from_signed(stringify!($name), id).map(Self)
            }
        }

        impl TryFrom<$name> for i64 {
            type Error = $crate::InvalidValue;

            /// Converts to a database's integer. Fails above [`i64::MAX`].
            fn try_from(id: $name) -> Result<Self, Self::Error> {
                $crate::ids::to_signed(stringify!($name), id.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidValue;

            /// Reads decimal digits without a sign or spaces. Fails for 0.
            fn from_str(digits: &str) -> Result<Self, Self::Err> {
                $crate::ids::from_digits(stringify!($name), digits).map(Self)
            }
        }

        impl From<$name> for serde_json::Value {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl serde_core::Serialize for $name {
            fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u64(self.0)
            }
        }

        impl<'de> serde_core::Deserialize<'de> for $name {
            fn deserialize<D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::php::required_id(deserializer).map(Self)
            }
        }
    };
}

pub(crate) use id;

pub(crate) fn from_signed(type_name: &'static str, id: i64) -> Result<u64, InvalidValue> {
    u64::try_from(id)
        .ok()
        .filter(|&id| id != 0)
        .ok_or(InvalidValue::new(type_name, "a whole number from 1 to 9223372036854775807"))
}

pub(crate) fn to_signed(type_name: &'static str, id: u64) -> Result<i64, InvalidValue> {
    i64::try_from(id)
        .map_err(|_| InvalidValue::new(type_name, "at most 9223372036854775807, the maximum of an i64"))
}

pub(crate) fn from_digits(type_name: &'static str, digits: &str) -> Result<u64, InvalidValue> {
    let has_digits_only = digits.bytes().all(|byte| byte.is_ascii_digit()); // `parse` alone accepts a `+`
    digits
        .parse()
        .ok()
        .filter(|&id| has_digits_only && id != 0)
        .ok_or(InvalidValue::new(type_name, "a whole number from 1 to 18446744073709551615"))
}

#[cfg(test)]
mod tests {
    use crate::history::EntryId;

    #[test]
    fn an_id_converts_to_u64_and_back() {
        assert_eq!(u64::from(EntryId::from(7)), 7);
        assert_eq!(u64::from(EntryId::from(u64::MAX)), u64::MAX);
    }

    #[test]
    fn an_id_converts_to_i64_and_back_within_the_range_of_both() {
        for id in [1, 7, i64::MAX] {
            assert_eq!(EntryId::try_from(id).and_then(i64::try_from), Ok(id));
        }
    }

    #[test]
    fn zero_and_negative_numbers_are_not_ids() {
        for id in [0, -1, i64::MIN] {
            let error = EntryId::try_from(id).unwrap_err().to_string();
            assert_eq!(error, "invalid EntryId: expected a whole number from 1 to 9223372036854775807");
        }
    }

    #[test]
    fn an_id_above_the_maximum_of_i64_does_not_become_negative() {
        let error = i64::try_from(EntryId(i64::MAX.unsigned_abs() + 1)).unwrap_err().to_string();
        assert_eq!(error, "invalid EntryId: expected at most 9223372036854775807, the maximum of an i64");
    }

    #[test]
    fn an_id_is_parsed_from_the_digits_that_it_displays() {
        for id in [EntryId(1), EntryId(25_354), EntryId(u64::MAX)] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn only_the_digits_of_a_positive_number_are_parsed_as_an_id() {
        for text in ["", "0", "00", "-1", "+1", " 1", "1 ", "1.0", "0x1", "один", "18446744073709551616"]
        {
            assert!(text.parse::<EntryId>().is_err(), "{text:?}");
        }
    }
}
