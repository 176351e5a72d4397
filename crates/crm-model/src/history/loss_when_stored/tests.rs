use super::*;
use crate::history::{ClientId, DealId};
use chrono::{NaiveDate, NaiveDateTime};

/// The losses of an activity of a client.
fn losses(entry: NewEntry) -> Vec<String> {
    entry.client(ClientId(1)).losses().iter().map(ToString::to_string).collect()
}

fn of_content(content: impl Into<String>) -> Vec<String> {
    losses(NewEntry::new(content))
}

fn midnight(year: i32, month: u32, day: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(year, month, day).unwrap().and_hms_opt(0, 0, 0).unwrap()
}

#[test]
fn an_ordinary_activity_loses_nothing() {
    let entry = NewEntry::new("Отправлено КП, цена до 5 000 €\nhttps://x.ru/a?b=1&c=2")
        .at(midnight(2024, 6, 25))
        .activity_type("вх.Звонок")
        .contacts([ContactId(1), ContactId(1)]);
    assert_eq!(entry.losses(), []);
    assert_eq!(losses(NewEntry::new("")), [""; 0]);
}

#[test]
fn an_instant_that_the_column_cannot_hold_is_lost() {
    let at = |text: &str| losses(NewEntry::new("x").at_instant(text.parse().unwrap())).len();
    assert_eq!(["1970-01-01T00:00:00Z", "2038-01-19T03:14:08Z"].map(at), [1, 1]);
    assert_eq!(["1970-01-01T00:00:01Z", "2038-01-19T03:14:07Z"].map(at), [0, 0]);
}

#[test]
fn dropped_characters_are_counted_together() {
    assert_eq!(
        of_content("«a» \"b\" 'c' `d` \\ > < e\0&laquo;."),
        [
            "content: 19 characters that the server drops (quotes of any kind, \\, <, >, &laquo;, &raquo;, NUL)"
        ]
    );
}

#[test]
fn tags_are_counted_with_their_length() {
    assert_eq!(of_content("<b>x</b>"), ["content: 2 tags that the server drops (7 characters)"]);
}

#[test]
fn a_tag_that_is_never_closed_is_pointed_at_in_the_text_that_was_written() {
    assert_eq!(
        of_content(r"\r\nжa < 1 <b>и</b> a<b \r\n«»"),
        [
            "content: the four characters \\r\\n occur 2 times: the server turns them into a line break",
            "content: 2 tags that the server drops (7 characters)",
            "content: the \"<\" at character 22 opens a tag that is never closed: the server drops the rest \
             (9 characters)",
            "content: 2 whitespace characters at the ends that the server drops",
            "content: 1 character that the server drops (quotes of any kind, \\, <, >, &laquo;, &raquo;, NUL)",
        ]
    );
}

#[test]
fn emoji_are_counted() {
    assert_eq!(
        of_content("😀 и 🎉"),
        ["content: 2 emoji or other rare characters that the server turns into \"????\""]
    );
}

#[test]
fn what_is_cut_off_is_counted_in_the_unit_of_its_limit() {
    assert_eq!(of_content("ё".repeat(32_768)), ["content: 2 bytes beyond the 65535 that the server keeps"]);
    assert_eq!(
        losses(NewEntry::new("x").activity_type("ё".repeat(51))),
        ["tip: 1 character beyond the 50 that the server keeps"]
    );
}

#[test]
fn an_emptied_field_is_a_separate_loss() {
    assert_eq!(
        of_content("<5000"),
        [
            "content: the \"<\" at character 1 opens a tag that is never closed: the server drops the rest \
             (5 characters)",
            "content: nothing is left of it",
        ]
    );
}

#[test]
fn the_losses_of_a_type_are_those_of_add() {
    assert_eq!(
        losses(NewEntry::new("x").activity_type("Звонок «вх.» ")),
        [
            "tip: 1 whitespace character at the ends that the server drops (by add; add.list keeps it)",
            "tip: 2 characters that the server drops (quotes of any kind, \\, <, >, &laquo;, &raquo;, NUL) \
             (by add; add.list keeps it)",
        ]
    );
}

#[test]
fn contacts_that_do_not_fit_are_counted() {
    let contacts = |ids: std::ops::Range<u64>| losses(NewEntry::new("x").contacts(ids.map(ContactId)));
    assert_eq!(contacts(10_000..10_016), [""; 0]);
    assert_eq!(
        contacts(10_000..10_020),
        ["pid: 4 contacts beyond the 100 characters of ids that the server keeps; it cuts an id in two and \
          stores another contact in its place"]
    );
    assert_eq!(
        contacts(1000..1021),
        ["pid: 1 contact beyond the 100 characters of ids that the server keeps"]
    );
}

#[test]
fn a_date_that_the_server_cannot_hold_is_a_loss() {
    for (date, lost) in [
        (midnight(1899, 12, 30), true),
        (midnight(1970, 1, 1), true),
        (midnight(1970, 1, 2), false),
        (midnight(2038, 1, 17), false),
        (midnight(2038, 1, 20), true),
        (midnight(9999, 12, 31), true),
        (midnight(12_024, 1, 1), true),
    ] {
        let said = losses(NewEntry::new("x").at(date));
        assert_eq!(said.len(), usize::from(lost), "{date}");
        assert!(said.iter().all(|said| said.starts_with("datum: not from 1970-01-02 to 2038-01-17:")));
    }
    let leap = NaiveDate::from_ymd_opt(2016, 12, 31).unwrap().and_hms_milli_opt(23, 59, 59, 1_000).unwrap();
    let entry = NewEntry::new("x").client(ClientId(1)).at(leap);
    assert_eq!(entry.losses(), [Loss { field: "datum", kind: LossKind::Date }]);
}

#[test]
fn an_id_that_no_record_can_have_is_a_loss() {
    let too_large = |id: u64| {
        [id, id + 1].map(|id| {
            let entry = NewEntry::new("x").client(ClientId(id)).deal(DealId(id)).contacts([ContactId(id)]);
            entry.losses().into_iter().map(|loss| (loss.field, loss.kind)).collect::<Vec<_>>()
        })
    };
    let loss = |field, limit| (field, LossKind::IdTooLarge { limit });
    let of_both = [loss("clid", 2_147_483_647), loss("did", 2_147_483_647)];
    assert_eq!(too_large(2_147_483_647), [vec![], of_both.to_vec()]);
    let [of_both, mut of_all] = [of_both.to_vec(), of_both.to_vec()];
    of_all.insert(1, loss("pid", 9_223_372_036_854_775_807));
    assert_eq!(too_large(9_223_372_036_854_775_807), [of_both, of_all]);
    assert_eq!(
        NewEntry::new("x").client(ClientId(79_160_000_042)).losses()[0].to_string(),
        "clid: an id above 2147483647, which no record has: the server stores 2147483647 in its place"
    );
}

#[test]
fn an_activity_without_client_contact_and_deal_is_a_loss() {
    let entry = NewEntry::new("x");
    assert_eq!(entry.losses(), [Loss { field: "clid", kind: LossKind::Unlinked }]);
    for linked in [
        entry.clone().client(ClientId(1)),
        entry.clone().contacts([ContactId(1)]),
        entry.clone().deal(DealId(1)),
    ] {
        assert_eq!(linked.losses(), []);
    }
}

#[test]
fn the_losses_of_a_marked_content_are_those_of_what_is_sent() {
    assert_eq!(losses(NewEntry::new(" x ").mark("1")), losses(NewEntry::new(" x")));
    assert_eq!(
        losses(NewEntry::new("ё".repeat(32_767)).mark("1")),
        ["content: 3 bytes beyond the 65535 that the server keeps"]
    );
}
