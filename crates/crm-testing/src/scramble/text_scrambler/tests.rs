use proptest::prelude::*;

use crm_transport::NonPersonalData;

use super::super::Scramble;
use super::*;

/// What a client of a made-up API declares.
const API: NonPersonalData = NonPersonalData {
    fields: &["kind", "error.text", "result"],
    numbers: &["data"],
    operations: &["api.kinds"],
};

fn scrambled_by(scramble: Scramble, text: &str) -> String {
    TextScrambler { rules: &scramble.0, words: &WordReplacer::with_random_key() }.text(text)
}

fn scrambled(text: &str) -> String {
    scrambled_by(Scramble::contents().keep_non_personal(API), text)
}

fn shape(text: &str) -> String {
    let rules = Scramble::contents().keep_non_personal(API).0;
    TextScrambler { rules: &rules, words: &WordReplacer::Shape }.text(text)
}

/// Returns the text with `*` for each word that was replaced.
fn mask(text: &str) -> String {
    let other = scrambled(text);
    assert_eq!(other.len(), text.len(), "{other}");
    let masked =
        text.chars().zip(other.chars()).map(|(a, b)| if a == b { a } else { '*' }).collect::<String>();
    let mut out = String::new();
    for c in masked.chars() {
        if !(c == '*' && out.ends_with('*')) {
            out.push(c);
        }
    }
    out
}

#[test]
fn texts_are_scrambled_and_what_shows_a_bug_stays() {
    for (text, masked) in [
        (
            r#"{"cid":20528,"datum":"2024-06-25 14:25:00","content":"Отправлено<br \/>&quot;","kind":"Звонок"}"#,
            r#"{"cid":20528,"datum":"2024-06-25 14:25:00","content":"*<br \/>&quot;","kind":"Звонок"}"#,
        ),
        (
            r#"{"user":"seller@example.test","clid":1,"person":[{"pid":"12","person":"Сидорова \"Элла\""}]}"#,
            r#"{"user":"*@*.*","clid":1,"person":[{"pid":"12","person":"* \"*\""}]}"#,
        ),
        (r#"{"phone":"+79161234567","number":79161234567}"#, r#"{"phone":"+*","number":*}"#),
        (r#"{"flag":"1","price":"150000.00","sum":123.45}"#, r#"{"flag":"1","price":"*.0*","sum":123.45}"#),
        (
            r#"{"error":{"code":"403","text":"Не найдено"}}"#,
            r#"{"error":{"code":"403","text":"Не найдено"}}"#,
        ),
        (r#"{"text":"приветствие"}"#, r#"{"text":"*"}"#),
        (r#"{"other":{"text":"приветствие"}}"#, r#"{"other":{"text":"*"}}"#),
        (r#"{"data":"Иванов"}"#, r#"{"data":"*"}"#),
        (r#"{"result":"Успешно","data":12345678}"#, r#"{"result":"Успешно","data":12345678}"#),
        (r#"{"data":[12345678,"12345678"],"code":-12345678.5}"#, r#"{"data":[*,"*"],"code":-12345678.5}"#),
        (r#"{"Фамилия":true,"first_name":null}"#, r#"{"*":true,"first_name":null}"#),
        (r#"{"user":"[secret]"}"#, r#"{"user":"[secret]"}"#),
        (r#"{"project_ids":["1234567"],"tags":["срочно"]}"#, r#"{"project_ids":["1234567"],"tags":["*"]}"#),
        ("null", "null"),
        (
            "<br />\n<b>Fatal error</b>:  Uncaught mysqli_sql_exception: near 'Васильев' in <b>/srv</b>",
            "<br />\n<b>Fatal error</b>:  Uncaught mysqli_sql_exception: near '*' in <b>/srv</b>",
        ),
        ("<html><title>Bad Gateway</title></html>", "<html><title>Bad Gateway</title></html>"),
    ] {
        let masked = masked.replace("near", "*").replace("srv", "*");
        assert_eq!(mask(text), masked, "{text}");
    }
}

#[test]
fn escapes_stay_escapes_and_broken_json_is_scrambled_too() {
    let text = r#"{"content":"\u0418\u0432\u0430\u043d \ud83d\ude00 \ud800 \u04","x":"Ива"#;
    let other = scrambled(text);
    assert_eq!(other.len(), text.len());
    assert!(
        other.starts_with(r#"{"content":"\u04"#) && other.contains(r" \ud83d\ude00 \ud800 \u"),
        "{other}"
    );
    assert!(!other.contains(r"\u0418\u0432\u0430\u043d") && !other.contains("Ива"), "{other}");
}

#[test]
fn words_of_an_api_are_scrambled_unless_its_client_declares_them() {
    let text = r#"{"result":"Успешно","kind":"Звонок","error":{"text":"Не найдено"},"data":12345678}"#;
    assert_eq!(scrambled(text), text);
    let undeclared = scrambled_by(Scramble::contents(), text);
    for word in ["Успешно", "Звонок", "Не найдено", "12345678"] {
        assert!(!undeclared.contains(word), "{undeclared}");
    }
    let hidden = scrambled_by(Scramble::contents().keep_non_personal(API).hide("kind"), text);
    assert!(hidden.contains("Успешно") && !hidden.contains("Звонок"), "{hidden}");
}

#[test]
fn the_response_of_a_declared_operation_is_kept_whole_unless_a_field_is_hidden() {
    let declared = Scramble::contents().keep_non_personal(API);
    assert!(declared.0.keep_response_of(Some("api.kinds")));
    assert!(!declared.0.keep_response_of(Some("api.people")) && !declared.0.keep_response_of(None));
    assert!(!Scramble::contents().0.keep_response_of(Some("api.kinds")));
    assert!(!declared.hide("phone").0.keep_response_of(Some("api.kinds")));
}

#[test]
fn a_field_can_be_kept_or_hidden_wherever_it_stands() {
    // Long enough that chance does not draw them again.
    let text =
        r#"{"a":{"note":["письмо"]},"phones":{"home":"481516234201","on":"2024-06-25"},"cid":770123456789}"#;
    let other = scrambled_by(Scramble::contents().keep("note"), text);
    assert!(other.contains("письмо"), "{other}");
    let other = scrambled_by(Scramble::nothing().hide("phones").hide("cid"), text);
    assert!(other.contains("письмо"), "{other}");
    for hidden in ["481516234201", "2024-06-25", "770123456789"] {
        assert!(!other.contains(hidden), "{other}");
    }
    assert_eq!(scrambled_by(Scramble::nothing(), text), text);
}

#[test]
fn the_words_of_a_query_are_scrambled_too() {
    let rules = Scramble::contents().0;
    let query = "count=5&word=%D0%98%D0%B2%D0%B0%D0%BD&date=2024-06-25&project_id=1234567&flag";
    let other = TextScrambler { rules: &rules, words: &WordReplacer::with_random_key() }.query(query);
    assert_eq!(other.len(), query.len());
    assert!(other.starts_with("count=5&word=%D0%") && !other.contains("%98%D0%B2"), "{other}");
    assert!(other.ends_with("&date=2024-06-25&project_id=1234567&flag"), "{other}");
}

#[test]
fn a_text_nested_a_million_levels_deep_is_scrambled_in_little_memory() {
    let text = format!("{}\"Иванов\"{}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    let other = scrambled(&text);
    assert!(other.len() == text.len() && !other.contains("Иванов"));
}

proptest! {
    #[test]
    fn any_text_can_be_scrambled(text in any::<String>(), quoted in any::<String>()) {
        for text in [format!("{{\"{quoted}\":\"{text}\",\"a\":["), text] {
            prop_assert_eq!(scrambled(&text).len(), text.len());
            TextScrambler { rules: &Scramble::contents().0, words: &WordReplacer::with_random_key() }.query(&text);
        }
    }

    #[test]
    fn any_text_keeps_its_length_and_its_shape(
        text in r#"([{}\[\],:"\\/<>&;# ]|"[a-zа-я]{1,4}":|[0-9]{1,9}[ ,"}\]]|[a-tv-zA-TV-ZА-яß漢]{1,5}|\\u04[0-4][0-9a-f]|br|id){0,30}"#
    ) {
        let other = scrambled(&text);
        prop_assert_eq!(other.len(), text.len());
        prop_assert_eq!(shape(&other), shape(&text), "{}", other);
    }

    #[test]
    fn json_stays_json_of_the_same_types(
        value in prop::collection::btree_map("[a-z]{1,6}|[а-я ]{1,5}", prop_oneof![
            ".{0,12}".prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from),
            any::<bool>().prop_map(serde_json::Value::from),
        ], 0..8)
    ) {
        let text = serde_json::to_string(&value).unwrap();
        let other: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&scrambled(&text)).unwrap();
        prop_assert!(other.len() <= value.len());
        if value.keys().all(|key| key.is_ascii()) {
            for (key, value) in value {
                prop_assert_eq!(std::mem::discriminant(&value), std::mem::discriminant(&other[&key]));
            }
        }
    }
}
