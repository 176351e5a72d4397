//! Numbers as people write them.

use super::*;

fn numbers(text: &str) -> Vec<String> {
    let shown = |number: PhoneNumber| {
        if number.is_complete { number.digits } else { format!("…{}", number.digits) }
    };
    written_in(text).into_iter().map(|(number, _)| shown(number)).collect()
}

#[test]
fn a_russian_number_is_the_same_however_it_is_written() {
    for text in [
        "+79123456789",
        "89123456789",
        "79123456789",
        "9123456789",
        "+7 (912) 345-67-89",
        "8(912)345-67-89",
        "8-912-345-67-89",
        "+7\u{a0}912\u{a0}345\u{a0}67\u{a0}89",
        "7.912.345.67.89",
        "8 912/3456789",
        "+7(9123)45-67-89",
        "+7 (912) 345–67–89, доб. 12",
        "+7 (912) 345-67-89 (доб. 12)",
        "8 912 345 67 89 ext. 1234",
        "8 912 345 67 89 #12",
        "+89123456789",
        "тел. 8 912 345 67 89",
        "sip:+79123456789@10.0.0.1",
        "\"Иванов 2\" <89123456789>",
    ] {
        assert_eq!(numbers(text).first().map(String::as_str), Some("79123456789"), "{text}");
    }
}

#[test]
fn several_numbers_in_one_text_are_told_apart() {
    let both = ["73422067201", "73422545577"];
    for text in [
        "+7(342)2067201, 8(342)254-55-77",
        "+7(342)2067201,8(342)254-55-77",
        "8 342 206 72 01; 8 342 254 55 77",
        "83422067201 83422545577",
        "8 342 206-72-01 8 342 254-55-77",
        "83422067201/83422545577",
        "+73422067201+73422545577",
        "(342) 206-72-01, доб. 12, (342) 254-55-77",
        "8(342)2067201 доб.12 8(342)2545577",
        "офис 8(342)2067201 моб 83422545577",
    ] {
        assert_eq!(numbers(text), both, "{text}");
    }
    assert_eq!(numbers("206-72-01 254-55-77"), ["…2067201", "…2545577"]);
    assert_eq!(numbers("45678 54321"), ["…45678", "…54321"]);
}

#[test]
fn a_foreign_number_keeps_its_country() {
    for (text, digits) in [
        ("+44 20 7946 0958", "442079460958"),
        ("+44 (0)20 7946 0958", "442079460958"),
        ("0044 20 7946 0958", "442079460958"),
        ("8-10-44-20-7946-0958", "442079460958"),
        ("380 44 123-45-67", "380441234567"),
        ("+1 (912) 345-6789", "19123456789"),
        ("1 912 345 6789", "19123456789"),
        ("+372 512 3456", "3725123456"),
        ("+7 701 234 56 78", "77012345678"),
        ("+86 138 0013 8000", "8613800138000"),
    ] {
        assert_eq!(numbers(text), [digits], "{text}");
    }
}

#[test]
fn a_number_without_country_or_area_is_not_complete() {
    for text in
        ["206-72-01", "2067201", "020 7946 0958", "2125551234", "8 029 123-45-67", "+7 91234", "789123456789"]
    {
        let found = numbers(text);
        assert!(found.len() == 1 && found[0].starts_with('…'), "{text}: {found:?}");
    }
}

#[test]
fn a_text_without_a_number_has_none() {
    for text in ["", "anonymous", "101", "доб. 12", "1234", "12345678901234567890123", "—"] {
        let found = numbers(text);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
}

#[test]
fn only_complete_and_equal_numbers_are_exact() {
    let agree = |a: &str, b: &str| {
        let [a, b] = [a, b].map(|text| PhoneNumber::first_in(text).unwrap());
        assert_eq!(a.agrees_with(&b), b.agrees_with(&a));
        a.agrees_with(&b)
    };
    assert_eq!(agree("8 (912) 345-67-89", "+79123456789"), Some(Agreement::Exact));
    assert_eq!(agree("+19123456789", "+79123456789"), Some(Agreement::Tail));
    assert_eq!(agree("345-67-89", "+79123456789"), Some(Agreement::Tail));
    assert_eq!(agree("345-67-89", "345-67-89"), Some(Agreement::Tail));
    assert_eq!(agree("8 (912) 345-67-88", "+79123456789"), None);
    assert_eq!(agree("8 (913) 345-67-89", "+79123456789"), None);
    assert_eq!(agree("020 7946 0958", "+442079460958"), Some(Agreement::Tail));
}

#[test]
fn the_pattern_has_the_last_ten_digits() {
    let pattern = |text: &str| PhoneNumber::first_in(text).unwrap().pattern();
    assert_eq!(pattern("+7 (342) 206-72-01"), "3%4%2%2%0%6%7%2%0%1");
    assert_eq!(pattern("206-72-01"), "2%0%6%7%2%0%1");
    assert_eq!(pattern("+44 20 7946 0958"), "2%0%7%9%4%6%0%9%5%8");
    assert_eq!(pattern("+376 312 345"), "3%7%6%3%1%2%3%4%5");
}

#[test]
fn the_text_of_a_number_is_kept_as_it_was_written() {
    let texts: Vec<String> =
        written_in("тел. +7(342)2067201, 8(342)254-55-77 доб. 5").into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["+7(342)2067201", "8(342)254-55-77"]);
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_read_and_what_is_found_is_in_it(text in "(\\PC|[0-9+ (),/-]|доб|[78]){0,40}") {
        for (number, written) in written_in(&text) {
            assert!(number.digits.len() >= SHORTEST);
            assert!(text.contains(written.trim_start_matches('+')), "{written}");
        }
    }

    #[test]
    fn a_russian_number_among_others_is_found_in_any_way_of_writing(
        number in "[3-9][0-9]{9}",
        way in 0_usize..6,
        before in "(|тел\\. |8\\(800\\)5553535, )",
        after in "(|, доб\\. [0-9]{1,4}|; 2067201| \\(офис\\))",
    ) {
        let (area, a, b, c) = (&number[..3], &number[3..6], &number[6..8], &number[8..]);
        let written = match way {
            0 => format!("+7{number}"),
            1 => format!("8{number}"),
            2 => format!("+7 ({area}) {a}-{b}-{c}"),
            3 => format!("8-{area}-{a}-{b}-{c}"),
            4 => format!("7.{area}.{a}.{b}.{c}"),
            _ => format!("({area}) {a} {b} {c}"),
        };
        let asked = PhoneNumber::first_in(&number).unwrap();
        let exact = |(found, _): &(PhoneNumber, String)| found.agrees_with(&asked) == Some(Agreement::Exact);
        assert!(written_in(&format!("{before}{written}{after}")).iter().any(exact), "{before}{written}{after}");
    }
}
