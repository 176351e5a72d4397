//! Enumerations and their words: `Display` and `FromStr`.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use crm_model::InvalidValue;
use crm_model::history::{ActivityFilter, EntryOrder, ErrorCode};
use crm_model::projects::{Condition, Having, PaymentKind};

fn round_trip<T>(all: impl IntoIterator<Item = T>, as_str: impl Fn(T) -> &'static str)
where
    T: Copy + Debug + Display + PartialEq + FromStr<Err = InvalidValue>,
{
    for value in all {
        assert_eq!(value.to_string(), as_str(value));
        assert_eq!(value.to_string().parse(), Ok(value));
    }
}

#[test]
fn each_value_displays_the_servers_word_and_is_parsed_from_it() {
    round_trip(EntryOrder::ALL, EntryOrder::as_str);
    round_trip(Condition::ALL, Condition::as_str);
    round_trip(Having::ALL, Having::as_str);
    round_trip(PaymentKind::ALL, PaymentKind::as_str);
}

#[test]
fn an_unknown_word_is_an_error_that_lists_the_known_ones_and_not_the_input() {
    let error = "Иванов".parse::<Condition>().unwrap_err().to_string();
    assert_eq!(error, "invalid Condition: expected one of and, or");
    for word in ["", " cid", "CID", "title"] {
        assert!(word.parse::<EntryOrder>().is_err(), "{word:?}");
    }
}

#[test]
fn a_filter_of_an_activity_type_keeps_an_unknown_word() {
    for (word, filter) in [
        ("all", ActivityFilter::All),
        ("activ", ActivityFilter::History),
        ("task", ActivityFilter::Reminder),
        ("new", ActivityFilter::Other("new".to_owned())),
    ] {
        assert_eq!(word.parse(), Ok(filter.clone()));
        assert_eq!(filter.to_string(), word);
    }
}

#[test]
fn an_error_code_displays_its_number_and_is_found_by_it() {
    for code in ErrorCode::ALL {
        assert_eq!(code.to_string(), code.number().to_string());
        assert_eq!(ErrorCode::from_number(code.number()), Some(code));
    }
    assert_eq!(ErrorCode::from_number(418), None);
}

#[test]
fn a_word_is_padded_to_the_width_of_a_table() {
    assert_eq!(format!("[{:<6}]", EntryOrder::Id), "[cid   ]");
}
