//! The predicted form of a stored activity, compared with what a real server stored.

use std::path::Path;

use chrono::NaiveDate;
use crm_model::history::{ClientId, ContactId, DealId, Entry, NewEntry, fingerprint};
use proptest::prelude::*;
use serde_json::Value;

/// Written, stored and listed contents, produced with the server's cleaning on PHP 8.2 and MariaDB 10.11.
const CHECKED: [(&str, &str, &str); 42] = [
    ("a < b", "a  b", "a  b"),
    ("a <\tb", "a \tb", "a \tb"),
    ("a <= b", "a", "a"),
    ("<", "", ""),
    ("a <", "a", "a"),
    ("<>x", "x", "x"),
    ("a > b > c", "a  b  c", "a  b  c"),
    ("5<6 и 7>6", "56", "56"),
    ("<b", "", ""),
    ("x</b>y", "xy", "xy"),
    ("<a title=\"1>2\">y", "y", "y"),
    ("<a title='1>2'>y", "y", "y"),
    ("it's <b>x</b> it's", "its x its", "its x its"),
    ("<it's> x", "", ""),
    ("<a <b> c> d", "d", "d"),
    ("<!-- a > b --> c", "c", "c"),
    ("<!-- never", "", ""),
    ("<! a > b", "b", "b"),
    ("<!-- <b> --> <a <!-- --> > x > y", "x  y", "x  y"),
    ("<? echo '?>' ?> x", "x", "x"),
    (". <?xml version='1'?> x", ".  x", ".  x"),
    ("<? (> ?> x", "", ""),
    ("<? \"'\" ?> x", "", ""),
    ("<? \\\" ?> x", "x", "x"),
    ("<?xml > x", "", ""),
    (". <?xml > x", ".  x", ".  x"),
    (". <?xml -> x > y", ".  y", ".  y"),
    (". <?xml > <b->x", ".  x", ".  x"),
    ("<! \\\" > x", "x", "x"),
    ("<!doctype <a> b> x", "x", "x"),
    ("<'<!-- -->x", "", ""),
    ("<!doctype html> x", "x", "x"),
    ("a\0<b\0>c", "ac", "ac"),
    (r"\r\n x \r\n y", "x \r\n y", "x <br />\r\n y"),
    ("\"\" x \"\"", " x ", "x"),
    ("&la«quo; &laquo;x&raquo;", "&laquo; x", " x"),
    ("<script>if(a<b){}</script>x", "if(a", "if(a"),
    ("name <mail@example.test> text", "name  text", "name  text"),
    ("\u{a0}x\u{a0}", "\u{a0}x\u{a0}", "\u{a0}x\u{a0}"),
    ("\x0bx\x0c", "x\x0c", "x\x0c"),
    ("a\n\rb\r\rc\n\nd", "a\n\rb\r\rc\n\nd", "a<br />\n\rb<br />\r<br />\rc<br />\n<br />\nd"),
    ("«» \"/\" x/y", " / x/y", "- x-y"),
];

#[test]
fn every_recorded_content_is_predicted_for_info_and_for_list() {
    let table = capture("content-transformations.json");
    let cases = table["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 25);
    for case in cases {
        let stored = NewEntry::new(case["written"].as_str().unwrap()).as_stored();
        assert_eq!(stored.content, case["info"], "{case}");
        assert_eq!(stored.listed, case["list"], "{case}");
    }
}

#[test]
fn the_recorded_type_is_cut_after_fifty_characters() {
    let sent: Value =
        serde_json::from_str(capture("add-emoji-and-quotes.json")["request"]["body"].as_str().unwrap())
            .unwrap();
    let read: Value =
        serde_json::from_str(capture("info-emoji-and-quotes.json")["response"]["body"].as_str().unwrap())
            .unwrap();
    let stored = serde_json::from_value::<NewEntry>(sent).unwrap().as_stored();
    assert_eq!(stored.content, read["data"]["content"]);
    assert_eq!(stored.activity_type_by_add.unwrap(), read["data"]["tip"]);
}

#[test]
fn tags_quotes_and_whitespace_are_dropped_as_the_server_drops_them() {
    for (written, content, listed) in CHECKED {
        let stored = NewEntry::new(written).as_stored();
        assert_eq!((&*stored.content, &*stored.listed), (content, listed), "{written:?}");
    }
}

#[test]
fn a_content_is_cut_at_65535_bytes_between_two_characters() {
    let cases = [("ё".repeat(40_000), 65_534), ("a".repeat(70_000), 65_535), ("€".repeat(21_846), 65_535)];
    for (written, bytes) in cases {
        let stored = NewEntry::new(&*written).as_stored().content;
        assert_eq!(stored.len(), bytes);
        assert!(written.starts_with(&stored));
    }
    let emoji = NewEntry::new("a".repeat(65_533) + "😀").as_stored().content;
    assert!(emoji.ends_with("a??") && emoji.len() == 65_535);
}

#[test]
fn add_cleans_a_type_and_add_list_does_not() {
    let stored = NewEntry::new("x").activity_type("  «вх.Звонок» 😀").as_stored();
    assert_eq!(stored.activity_type_by_add.as_deref(), Some("вх.Звонок ????"));
    assert_eq!(stored.activity_type_by_add_list.as_deref(), Some("  «вх.Звонок» ????"));
}

#[test]
fn add_sets_a_default_type_and_add_list_does_not() {
    for entry in [NewEntry::new("x"), NewEntry::new("x").activity_type("")] {
        let stored = entry.as_stored();
        assert_eq!(stored.activity_type_by_add.as_deref(), Some("Событие"));
        assert_eq!(stored.activity_type_by_add_list, None);
    }
    assert_eq!(NewEntry::new("x").activity_type("<b>").as_stored().activity_type_by_add, None);
}

#[test]
fn contacts_that_do_not_fit_are_cut_off_and_the_last_one_becomes_another() {
    let ids: Vec<ContactId> = (10_000..10_020).map(ContactId).collect();
    let stored = NewEntry::new("x").contacts(ids.clone()).as_stored().contacts;
    assert_eq!(stored[..16], ids[..16]);
    assert_eq!(stored[16..], [ContactId(1001)]);

    let ids = [2, 1, 2].map(ContactId);
    assert_eq!(NewEntry::new("x").contacts(ids).as_stored().contacts, ids);
}

#[test]
fn an_id_that_its_column_cannot_hold_becomes_the_highest_one() {
    let stored = NewEntry::new("x").client(ClientId(79_160_000_042)).deal(DealId(2_147_483_648)).as_stored();
    assert_eq!((stored.client, stored.deal), (Some(ClientId(2_147_483_647)), Some(DealId(2_147_483_647))));
    let stored = NewEntry::new("x").contacts([ContactId(u64::MAX), ContactId(5)]).as_stored();
    assert_eq!(stored.contacts, [ContactId(9_223_372_036_854_775_807), ContactId(5)]);
    assert_eq!((stored.client, stored.deal), (None, None));
}

#[test]
fn a_marked_activity_is_sent_with_its_mark_once_however_often_it_is_set() {
    let entry = NewEntry::new("вх. звонок").mark("1700000000.42").client(ClientId(1));
    let sent = r#"{"content":"вх. звонок [1700000000.42]","clid":1}"#;
    assert_eq!(serde_json::to_string(&entry).unwrap(), sent);
    let read: NewEntry = serde_json::from_str(sent).unwrap();
    assert_eq!(read.mark, None);
    assert_eq!(serde_json::to_string(&read.mark("1700000000.42")).unwrap(), sent);
    assert_eq!(entry.as_stored().content, "вх. звонок [1700000000.42]");
}

#[test]
fn a_mark_that_would_not_be_stored_is_named_with_the_reason() {
    let fault = |content: &str, mark: &str| NewEntry::new(content).mark(mark).mark_fault();
    assert_eq!(NewEntry::new("цена <5000 [1]").mark_fault(), None);
    assert_eq!(fault("a".repeat(65_531).as_str(), "1"), None);
    assert!(fault("a".repeat(65_532).as_str(), "1").unwrap().contains("65535 bytes"));
    assert!(fault("цена <5000", "1").unwrap().contains("opens a tag"));
    assert!(fault(" ", "1").unwrap().contains("keeps nothing of the content"));
    for mark in ["", "звонок", "1 2", "1]", "[1", "a/b", "a_b", "😀"] {
        assert!(fault("x", mark).unwrap().contains("other than Latin letters"), "{mark:?}");
    }
}

#[test]
fn a_time_is_stored_in_whole_seconds() {
    let day = NaiveDate::from_ymd_opt(2024, 6, 25).unwrap();
    let entry = NewEntry::new("x").at(day.and_hms_milli_opt(14, 25, 1, 900).unwrap());
    assert_eq!(entry.as_stored().at, day.and_hms_opt(14, 25, 1));
    let far = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap().and_hms_opt(0, 0, 0).unwrap();
    assert_eq!(NewEntry::new("x").at(far).as_stored().at, None);
}

#[test]
fn a_fingerprint_depends_on_letters_and_digits_only() {
    assert_eq!(fingerprint("Звонок №1,\r\nит/д 😀"), fingerprint("Звонок №1,<br />\r\nит-д ????"));
    assert_ne!(fingerprint("Звонок №1"), fingerprint("Звонок №2"));
}

/// Texts made of parts that the server treats specially.
fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        prop::sample::select(vec![
            "<",
            ">",
            "\"",
            "'",
            "!",
            "?",
            "-",
            "--",
            "(",
            ")",
            "\\",
            "/",
            " ",
            "\n",
            "\r",
            "\0",
            "a",
            "ж",
            "😀",
            "«",
            "»",
            "`",
            "&laquo;",
            "&raquo;",
            "&la",
            "quo;",
            r"\r\n",
            "<b>",
            "<!--",
            "-->",
            "<?",
            "?>",
            "<?xml",
            "<!doctype",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_a_content_without_losses_is_stored_unchanged(written in texts()) {
        let entry = NewEntry::new(&*written).client(ClientId(1));
        prop_assert_eq!(entry.losses().is_empty(), entry.as_stored().content == written);
    }

    #[test]
    fn only_a_type_without_losses_is_stored_unchanged(written in texts().prop_filter("given", |t| !t.is_empty())) {
        let entry = NewEntry::new("x").client(ClientId(1)).activity_type(&*written);
        let stored = entry.as_stored();
        let kept = [stored.activity_type_by_add, stored.activity_type_by_add_list].iter().all(|t| t.as_ref() == Some(&written));
        prop_assert_eq!(entry.losses().is_empty(), kept);
    }

    /// Dropping a character can move whitespace to an end, or complete a `&laquo;`.
    #[test]
    fn a_stored_content_loses_only_whitespace_and_quotes_when_it_is_stored_again(written in texts()) {
        let once = NewEntry::new(written).as_stored().content;
        let twice = NewEntry::new(&*once).as_stored().content;
        if once.contains('&') {
            prop_assert_eq!(fingerprint(&twice), fingerprint(&once));
        } else {
            prop_assert_eq!(twice, once.trim_matches([' ', '\n', '\r', '\t', '\x0b']));
        }
    }

    #[test]
    fn a_content_of_any_length_fits(written in texts(), times in 1..9_000_usize) {
        let stored = NewEntry::new(written.repeat(times)).as_stored();
        prop_assert!(stored.content.len() <= 65_535);
    }

    #[test]
    fn info_and_list_have_the_same_fingerprint(written in texts()) {
        let stored = NewEntry::new(written).as_stored();
        prop_assert_eq!(fingerprint(&stored.content), fingerprint(&stored.listed));
    }

    #[test]
    fn only_contacts_without_losses_are_stored_unchanged(ids in prop::collection::vec(1..=u64::MAX, 0..40)) {
        let ids: Vec<ContactId> = ids.into_iter().map(ContactId).collect();
        let entry = NewEntry::new("x").client(ClientId(1)).contacts(ids.clone());
        prop_assert_eq!(entry.losses().is_empty(), entry.as_stored().contacts == ids);
    }

    #[test]
    fn a_mark_is_read_back_from_every_form_of_an_activity_unless_it_is_refused(written in texts(), mark in "[a-zA-Z0-9.:-]{1,20}") {
        let entry = NewEntry::new(written).mark(&*mark);
        let stored = entry.as_stored();
        let read = |content: &str| {
            let entry: Entry = serde_json::from_value(serde_json::json!({"cid": 1, "content": content})).unwrap();
            entry.mark().map(str::to_owned)
        };
        let found = [read(&stored.content), read(&stored.listed)];
        if entry.mark_fault().is_none() {
            prop_assert_eq!(found, [Some(mark.clone()), Some(mark)]);
        } else {
            prop_assert!(found.contains(&None));
        }
    }
}

fn capture(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/salesman/captures");
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}
