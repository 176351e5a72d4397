//! Who called: lookups by telephone, email and internal number, and what becomes of unknown callers.

use crm_directory::{Attribution, ClientId, ContactId, Match, MatchField, UnknownCallers};
use crm_history::NewEntry;
use crm_sandbox::{Account, Client, Contact, Role, User};

use crate::support::{World, contact, created};

async fn by_phone(world: &World, number: &str) -> Vec<Match> {
    world.directory.find_by_phone(number).await.unwrap()
}

#[tokio::test]
async fn a_caller_is_found_by_any_way_to_write_the_number() {
    let world = World::new();
    for number in
        ["+7 (342) 206-72-01", "83422067201", "3422067201", "sip:73422067201@pbx", "+7(342) 206–72–01 доб. 3"]
    {
        let matches = by_phone(&world, number).await;
        assert_eq!(matches.len(), 1, "{number}: {matches:?}");
        let found = &matches[0];
        assert_eq!((found.client, found.contact), (Some(ClientId(1)), None), "{number}");
        assert_eq!(found.client_name.as_deref(), Some("КАМКАБЕЛЬ, ОАО"));
        assert_eq!(found.user_login.as_deref(), Some("seller@example.test"));
        assert_eq!((found.field, found.value.as_str()), (MatchField::ClientPhone, "+7(342)2067201"));
        assert!(found.exact, "{number}");
    }
}

#[tokio::test]
async fn landlines_and_mobiles_of_contacts_are_found_with_their_client() {
    let world = World::new();
    for (number, id, field) in
        [("+73422067202", 1, MatchField::ContactPhone), ("8 916 123 45 67", 2, MatchField::ContactMobile)]
    {
        let matches = by_phone(&world, number).await;
        assert_eq!(matches.len(), 1, "{matches:?}");
        let found = (matches[0].client, matches[0].contact, matches[0].field, matches[0].exact);
        assert_eq!(found, (Some(ClientId(id)), Some(ContactId(id)), field, true));
    }
}

#[tokio::test]
async fn a_lookup_makes_three_requests_by_telephone_and_two_by_email() {
    let world = World::new();
    assert!(by_phone(&world, "+79990000000").await.is_empty());
    let paths: Vec<String> = world.requests.lock().unwrap().drain(..).map(|(path, _)| path).collect();
    assert_eq!(paths, ["client/list", "person/list", "person/list"]);
    assert!(world.directory.find_by_email("nobody@example.test").await.unwrap().is_empty());
    assert_eq!(world.requests_made(), 2);
}

#[tokio::test]
async fn hidden_and_internal_numbers_find_nobody_without_a_request() {
    let world = World::new();
    for number in ["", "anonymous", "101", "unknown", "доб. 12345"] {
        assert!(by_phone(&world, number).await.is_empty(), "{number}");
    }
    assert!(world.directory.find_by_email("no address").await.unwrap().is_empty());
    assert_eq!(world.requests_made(), 0);
}

#[tokio::test]
async fn a_match_by_its_end_alone_is_not_exact() {
    let world = World::new();
    for (number, phone) in [
        ("+1 912 345 67 89", "+7(912)3456789"),
        ("345-67-89", "+7(912)3456789"),
        ("+372 512 3456", "372 512-34-56"),
    ] {
        world
            .sandbox
            .add_client(Client {
                phone: Some(phone.to_owned()), ..created("Другой", "2026-11-25T10:00:00")
            });
        let matches = by_phone(&world, number).await;
        assert!(!matches.is_empty(), "{number}");
        assert!(matches.iter().all(|found| !found.exact), "{number}: {matches:?}");
    }
}

#[tokio::test]
async fn a_pattern_that_spans_two_numbers_or_another_text_is_no_match() {
    let world = World::new();
    let with = |phone: Option<&str>, des: Option<&str>| Client {
        phone: phone.map(str::to_owned),
        des: des.map(str::to_owned),
        ..created("Похожий", "2026-11-25T10:00:00")
    };
    // Both hold the digits 9991234567 in this order.
    world.sandbox.add_client(with(Some("8(999)123-00-00, 8(800)000-45-67"), None));
    world.sandbox.add_client(with(None, Some("договор 999-1234567")));
    assert!(by_phone(&world, "+79991234567").await.is_empty());
    assert_eq!(by_phone(&world, "8 800 000 45 67").await.len(), 1);
}

#[tokio::test]
async fn foreign_numbers_are_found() {
    let world = World::new();
    for (stored, asked) in [
        ("+44 20 7946 0958", "442079460958"),
        ("0049 30 123456", "+4930123456"),
        ("8-10-380-44-123-45-67", "+380 44 1234567"),
        ("+376 312 345", "+376312345"),
    ] {
        let id = world
            .sandbox
            .add_contact(Contact { mob: Some(stored.to_owned()), ..contact("Иностранец") });
        let matches = by_phone(&world, asked).await;
        assert_eq!(matches.len(), 1, "{asked}: {matches:?}");
        assert_eq!((matches[0].contact, matches[0].exact), (Some(ContactId(id as u64)), true), "{asked}");
    }
}

#[tokio::test]
async fn exact_matches_come_first_and_contacts_before_their_client() {
    let world = World::new();
    let number = || Some("8(912)000-11-22".to_owned());
    world.sandbox.add_client(Client { phone: number(), ..created("А", "2026-11-25T10:00:00") });
    world.sandbox.add_client(Client {
        phone: Some("+1 912 000 11 22".to_owned()),
        ..created("Б", "2026-11-25T10:00:00")
    });
    world.sandbox.add_contact(Contact { tel: number(), mob: number(), ..contact("В") });
    let matches = by_phone(&world, "+79120001122").await;
    let order: Vec<_> =
        matches.iter().map(|found| (found.exact, found.contact.is_some(), found.client)).collect();
    assert_eq!(
        order,
        [
            (true, true, Some(ClientId(1))),
            (true, false, Some(ClientId(3))),
            (false, false, Some(ClientId(4)))
        ]
    );
}

#[tokio::test]
async fn more_candidates_than_a_page_are_all_looked_at() {
    let world = World::new();
    for id in 0..450 {
        // The digits of the number in this order, and a different number.
        let phone = Some(format!("8(900)12{id:03}-34-56, 8(900)123-45-06"));
        world
            .sandbox
            .add_client(Client { phone: phone.clone(), ..created("Похожий", "2026-11-25T10:00:00") });
        world.sandbox.add_contact(Contact { tel: phone, ..contact("Похожий") });
    }
    // The oldest and the newest.
    let number = || Some("900 123-45-56".to_owned());
    world.sandbox.change_client(1, |client| client.phone = number());
    world.sandbox.add_contact(Contact { tel: number(), ..contact("Она") });
    let matches = by_phone(&world, "+79001234556").await;
    let exact: Vec<_> =
        matches.iter().filter(|found| found.exact).map(|found| (found.client, found.contact)).collect();
    assert_eq!(exact, [(Some(ClientId(1)), Some(ContactId(453))), (Some(ClientId(1)), None)]);
    assert!(world.requests_made() > 6);
}

#[tokio::test]
async fn an_address_is_found_among_others_without_regard_to_case() {
    let world = World::new();
    world
        .sandbox
        .change_client(2, |client| client.mail_url = Some("a@b.ru, O'Brien_1@Veter.example".to_owned()));
    world.sandbox.add_client(Client {
        mail_url: Some("xo'brien_1@veter.example".to_owned()),
        ..created("Другой", "2026-11-25T10:00:00")
    });
    let matches = world.directory.find_by_email("Брайен <o'brien_1@veter.example>").await.unwrap();
    assert_eq!(matches.len(), 1, "{matches:?}");
    assert_eq!((matches[0].client, matches[0].exact), (Some(ClientId(2)), true));
    let matches = world.directory.find_by_email("SIDOROVA@example.test").await.unwrap();
    assert_eq!((matches[0].contact, matches[0].field), (Some(ContactId(2)), MatchField::ContactEmail));
    // `_` is any character for the server.
    assert!(world.directory.find_by_email("o'brien-1@veter.example").await.unwrap().is_empty());
}

#[tokio::test]
async fn an_internal_number_finds_the_users_that_are_not_blocked() {
    let user = |id, login: &str, extension: &str, blocked| User {
        title: login.to_owned(),
        role: Role::SalesSupport,
        extension: extension.to_owned(),
        blocked,
        ..User::new(id, login)
    };
    let account = Account::default().with_user(user(3, "a@example.test", "103, 203", false)).with_user(user(
        4,
        "b@example.test",
        "103",
        true,
    ));
    let world = World::with(crm_sandbox::Sandbox::builder().accounts([account]));
    let found = async |extension: &str| {
        let users = world.directory.find_users_by_extension(extension).await.unwrap();
        users.into_iter().map(|user| user.id.0).collect::<Vec<_>>()
    };
    assert_eq!(found("101").await, [1]);
    assert_eq!(world.requests_made(), 1 + 3, "the list, and each user that is not blocked");
    assert_eq!(found(" 103 ").await, [3]);
    assert_eq!(found("203").await, [3]);
    for nobody in ["10", "1", "", "999"] {
        assert!(found(nobody).await.is_empty(), "{nobody}");
    }
    assert_eq!(world.requests_made(), 0, "the users are known");
}

#[tokio::test]
async fn the_decision_on_unknown_callers_is_the_users() {
    let world = World::new();
    let attribute = async |number: &str, unknown| {
        world.directory.attribute(NewEntry::new("вх. звонок"), number, unknown).await.unwrap()
    };
    let plain = || NewEntry::new("вх. звонок");
    let known = attribute("+7(912)3456789", UnknownCallers::Refuse).await;
    let expected = plain().client(ClientId(1)).contacts([ContactId(1)]);
    assert!(matches!(&known, Attribution::Found(entry, _) if *entry == expected), "{known:?}");
    for number in ["+79990000000", "anonymous"] {
        let logged = attribute(number, UnknownCallers::LogTo(ClientId(2))).await;
        assert_eq!(logged, Attribution::Unknown(plain().client(ClientId(2))));
        assert_eq!(attribute(number, UnknownCallers::Hold).await, Attribution::Held(plain()));
        assert_eq!(attribute(number, UnknownCallers::Refuse).await, Attribution::Refused(plain()));
    }
    // The end of the number alone proves nothing.
    assert_eq!(attribute("345-67-89", UnknownCallers::Hold).await, Attribution::Held(plain()));
    assert!(known.to_log().is_some() && Attribution::Held(plain()).to_log().is_none());
}
