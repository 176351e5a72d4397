//! Search by telephone and email.

use crm_sandbox::{Client, Generated, Sandbox, generated_phone};
use serde_json::{Value, json};

use crate::directory_recordings::more;
use crate::support::{at, directory, ids};

async fn clients(sandbox: &Sandbox, word: impl Into<Value>) -> Vec<u64> {
    let query = json!({"order": "clid", "word": word.into()});
    ids(&directory(sandbox, "client/list", &query).await["data"], "clid")
}

async fn contacts(sandbox: &Sandbox, query: Value) -> Vec<u64> {
    ids(&directory(sandbox, "person/list", &query).await["data"], "pid")
}

/// A sandbox with one more client, number 3, whose telephone is written like this.
async fn with_phone(phone: &str) -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.add_client(Client { phone: Some(phone.to_owned()), ..Client::new("Новый", 1, at(25, 14)) });
    sandbox
}

#[tokio::test]
async fn a_run_of_digits_is_found_in_a_number_without_its_punctuation() {
    let sandbox = more().await;
    for word in ["3422067201", "3422545577", "2545577"] {
        assert_eq!(clients(&sandbox, word).await, [1], "{word}");
    }
    assert_eq!(clients(&sandbox, 3_422_067_201_u64).await, [1]);
    assert_eq!(contacts(&sandbox, json!({"word": "3422067202"})).await, [1]);
    assert_eq!(contacts(&sandbox, json!({"word": "3435501033"})).await, [3]);
}

#[tokio::test]
async fn the_word_keeps_its_punctuation_and_its_first_digit() {
    let sandbox = more().await;
    for word in ["+7(342)2067201", "73422545577"] {
        assert!(clients(&sandbox, word).await.is_empty(), "{word}");
    }
    assert!(contacts(&sandbox, json!({"word": "+7(342)2067202"})).await.is_empty());
}

#[tokio::test]
async fn only_five_characters_are_dropped_from_a_number() {
    for (phone, is_found) in [
        ("+7 (912) 345-67-89", true),
        ("7.912.345.67.89", false),
        ("8 912/3456789", false),
        ("+7\u{a0}912\u{a0}3456789", false),
        ("+7 (912) 345–67–89", false),
    ] {
        let sandbox = with_phone(phone).await;
        assert_eq!(clients(&sandbox, "9123456789").await == [3], is_found, "{phone}");
        assert_eq!(clients(&sandbox, "9%1%2%3%4%5%6%7%8%9").await, [3], "{phone}");
    }
}

#[tokio::test]
async fn no_run_of_digits_crosses_the_comma_between_two_numbers() {
    let sandbox = with_phone("8(912)345, 67-89-00").await;
    assert!(clients(&sandbox, "912345678900").await.is_empty());
    assert_eq!(clients(&sandbox, "678900").await, [3]);
}

#[tokio::test]
async fn a_word_looks_at_neither_mobile_nor_fax_numbers() {
    let sandbox = more().await;
    for word in ["9161234567", "89161234567", "9127008090"] {
        assert!(contacts(&sandbox, json!({"word": word})).await.is_empty(), "{word}");
    }
    assert!(clients(&sandbox, "3435501032").await.is_empty());
}

#[tokio::test]
async fn a_mobile_number_is_compared_as_it_was_typed() {
    let sandbox = more().await;
    for (mob, expected) in [
        ("9161234567", vec![2]),
        ("9123456789", vec![]),
        ("3456789", vec![1]),
        ("700-80-91", vec![3]),
        ("9%1%2%3%4%5%6%7%8%9", vec![1]),
        ("9%1%6%1%2%3%4%5%6%7", vec![2]),
    ] {
        assert_eq!(contacts(&sandbox, json!({"filter": {"mob": mob}})).await, expected, "{mob}");
    }
}

#[tokio::test]
async fn a_word_looks_at_names_descriptions_sites_addresses_and_positions_too() {
    let sandbox = more().await;
    for word in ["ВЕТЕР", "оплату»", "veter.example", "примерная", "INFO@veter.example"]
    {
        assert_eq!(clients(&sandbox, word).await.last(), Some(&3), "{word}");
    }
    for (word, expected) in [("сидорова", 2), ("бухгалтер", 2), ("sidorova@EXAMPLE.test", 2)]
    {
        assert_eq!(contacts(&sandbox, json!({"word": word})).await, [expected], "{word}");
    }
    // Not in custom fields, nor across two texts.
    assert!(clients(&sandbox, "Д-17/24").await.is_empty());
    assert!(clients(&sandbox, "ветер, ОООПишет").await.is_empty());
}

#[tokio::test]
async fn percent_and_underscore_are_wildcards_within_one_text() {
    let sandbox = more().await;
    assert_eq!(clients(&sandbox, "%").await, [4, 3, 2, 1]);
    assert_eq!(clients(&sandbox, "sales_1@").await, [4, 3]);
    assert_eq!(clients(&sandbox, "северный%ООО").await, [3]);
    assert!(clients(&sandbox, "северный%veter").await.is_empty());
}

#[tokio::test]
async fn spaces_around_a_word_are_dropped_and_an_empty_word_is_no_filter() {
    let sandbox = more().await;
    assert_eq!(clients(&sandbox, "  ромашка ").await, [2]);
    for word in ["", "  "] {
        assert_eq!(clients(&sandbox, word).await, [4, 3, 2, 1], "{word:?}");
    }
}

#[tokio::test]
async fn a_word_with_a_quote_finds_nothing() {
    let sandbox = more().await;
    for word in ["\"Ромашка", "'Ромашка"] {
        assert!(clients(&sandbox, word).await.is_empty(), "{word}");
    }
    assert!(contacts(&sandbox, json!({"word": "\"Эл"})).await.is_empty());
}

#[tokio::test]
async fn generated_clients_and_contacts_have_numbers_of_their_own_written_in_twelve_ways() {
    let sandbox = Sandbox::builder().clients(48).contacts(48).start().await.unwrap();
    let pattern = |digits: &str| digits.chars().map(String::from).collect::<Vec<String>>().join("%");
    for id in 3..=50 {
        let digits = generated_phone(Generated::Client, id);
        assert_eq!(clients(&sandbox, pattern(&digits)).await, [id as u64], "{digits}");
        let digits = generated_phone(Generated::Contact, id);
        let contact = sandbox.contact(id).unwrap();
        let query = match contact.mob {
            Some(_) => json!({"filter": {"mob": pattern(&digits)}}),
            None => json!({"word": pattern(&digits)}),
        };
        assert_eq!(contacts(&sandbox, query).await, [id as u64], "{digits}");
    }
    let forms = sandbox.clients().into_iter().skip(2).map(|client| {
        let phone = client.phone.unwrap();
        phone.chars().map(|sign| if sign.is_ascii_digit() { '0' } else { sign }).collect::<String>()
    });
    assert_eq!(forms.collect::<std::collections::BTreeSet<String>>().len(), 12);
}

#[test]
fn no_two_generated_numbers_are_equal() {
    let numbers =
        (3..100_003).flat_map(|id| [Generated::Client, Generated::Contact].map(|of| generated_phone(of, id)));
    let distinct: std::collections::HashSet<String> = numbers.collect();
    assert_eq!(distinct.len(), 200_000);
    assert!(distinct.iter().all(|digits| digits.len() == 10));
}
