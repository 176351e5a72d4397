//! Servers whose answers to reads mislead: each read returns what was asked for, or an error that says what was wrong.

use crate::in_process::World;
use chrono::NaiveDate;
use crm::history::{ClientId, EntryId, EntryQuery, HistoryClient, Texts};
use crm::{ErrorKind, Verdict};
use crm_sandbox::{Fault, FixedAnswer, Operation, Record, Sandbox};

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

/// An activity of this day; `None` is the zero date.
fn record(date: Option<NaiveDate>) -> Record {
    Record {
        datum: date.map(|date| date.and_hms_opt(10, 0, 0).unwrap()),
        content: Some("Звонок".to_owned()),
        tip: Some("вх.Звонок".to_owned()),
        iduser: 1,
        clid: 1,
        ..Record::default()
    }
}

/// A world whose server holds these activities; its clock shows 25 June 2024.
fn world(dates: impl IntoIterator<Item = Option<NaiveDate>>) -> World {
    let world = World::with(Sandbox::builder().records(0));
    for date in dates {
        world.sandbox.add_record(record(date));
    }
    world
}

async fn exported(client: &HistoryClient, query: EntryQuery) -> (Vec<u64>, Verdict) {
    let mut export = client.export(query).start().await.unwrap();
    let mut ids = Vec::new();
    while let Some(entry) = export.next().await {
        match entry {
            Ok(entry) => ids.push(entry.id.0),
            Err(_) => break,
        }
    }
    (ids, export.finish().await)
}

#[tokio::test(start_paused = true)]
async fn a_page_with_status_404_does_not_say_that_a_record_is_not_there() {
    let world = world([Some(day(2024, 6, 25))]);
    let error = world.client().entry(EntryId(9)).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let page = FixedAnswer::new(404).body("text/html", "<h1>Not Found</h1>");
    for operation in [Operation::HistoryInfo, Operation::UserInfo] {
        world.sandbox.add_fault(Fault::new().answer(page.clone()).on(operation).always());
    }
    let error = world.client().entry(EntryId(1)).await.unwrap_err();
    assert!(!error.is_not_found() && error.http_status() == Some(404), "{error}");
    // Otherwise nobody would have the number.
    let directory = crm::directory::DirectoryClient::from(&world.client());
    assert!(directory.find_users_by_extension("101").await.is_err());
}

/// L1.
#[tokio::test(start_paused = true)]
async fn a_network_that_drops_the_body_of_a_get_changes_nothing() {
    let january = [day(2023, 1, 3), day(2023, 1, 9)].map(Some);
    for today in [None, Some(day(2024, 6, 25))] {
        let world = world(january.into_iter().chain(today.map(|day| vec![Some(day); 3]).unwrap_or_default()));
        world.sandbox.add_fault(Fault::get_body_dropped().everywhere().always());
        let query = EntryQuery::new().between(day(2023, 1, 1), day(2023, 1, 31));
        let page = world.client().list(&query).await.unwrap();
        assert_eq!(page.items.len(), 2, "{today:?}");
        let (ids, verdict) = exported(&world.client(), query).await;
        assert_eq!(ids, [1, 2], "{today:?}");
        assert!(matches!(verdict, Verdict::Complete { .. }), "{verdict:?}");
        assert_eq!(world.client().entry(EntryId(1)).await.unwrap().id, EntryId(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ignores_a_filter_is_an_error_that_names_the_parameter() {
    for (ignored, query, named) in [
        ("clid", EntryQuery::new().every_day().client(ClientId(2)), "clid"),
        ("dateStart", EntryQuery::new().since(day(2024, 1, 1)), "dateStart"),
        ("dateEnd", EntryQuery::new().until(day(2023, 1, 1)), "dateEnd"),
    ] {
        let world = world([Some(day(2023, 1, 3)), Some(day(2024, 6, 25))]);
        world.sandbox.add_fault(Fault::parameters_ignored(&[ignored]).everywhere().always());
        // Without `dateStart` or `dateEnd` the server takes today.
        let outcome = world.client().list(&query).await;
        if let Ok(page) = &outcome {
            let fits = page.items.iter().all(|entry| entry.id == EntryId(2)) || page.items.is_empty();
            assert!(fits && ignored != "clid", "{ignored}: {page:?}");
            continue;
        }
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::IgnoredParameter, Some(named)), "{error}");
    }
}

/// R7.
#[tokio::test(start_paused = true)]
async fn another_activity_than_the_asked_one_is_an_error_and_its_text_gets_into_no_other() {
    let world = world(vec![Some(day(2023, 1, 3)); 3]);
    world.sandbox.add_fault(Fault::another_record(1).on(Operation::HistoryInfo).always());
    let error = world.client().entry(EntryId(3)).await.unwrap_err();
    assert!(error.is_ignored_parameter() && error.field() == Some("cid"), "{error}");
    assert!(error.to_string().contains("activity 1 arrived in place of activity 3"), "{error}");
    let selection = EntryQuery::new().with_texts(Texts::All);
    let mut export = world.client().export(selection).start().await.unwrap();
    let mut error = None;
    while let Some(entry) = export.next().await {
        match entry {
            Ok(entry) => assert_eq!(entry.id, EntryId(1)),
            Err(e) => error = Some(e),
        }
    }
    assert!(error.is_some_and(|error| error.is_ignored_parameter()));
    assert!(!matches!(export.finish().await, Verdict::Complete { .. }));
}

/// R5.
#[tokio::test(start_paused = true)]
async fn a_letter_code_in_one_activity_hides_no_page_and_is_read_exactly() {
    let world = world(vec![Some(day(2023, 1, 3)); 901]);
    world.sandbox.change_record(450, |record| record.tip = Some(r"Тип \u0417".to_owned()));
    let client = world.client();
    let (ids, verdict) = exported(&client, EntryQuery::new()).await;
    assert_eq!(ids, (1..=901).collect::<Vec<_>>());
    assert!(matches!(verdict, Verdict::Complete { .. }), "{verdict:?}");
    assert_eq!(client.entry(EntryId(450)).await.unwrap().activity_type.as_deref(), Some(r"Тип \u0417"));
}

/// R6.
#[tokio::test(start_paused = true)]
async fn activities_with_the_zero_date_belong_to_an_open_range_and_can_be_asked_for() {
    let dates = (0..25).map(|number| (number % 5 != 0).then(|| day(2023, 1, 3)));
    let world = world(dates);
    let client = world.client();
    let count = async |query| exported(&client, query).await.0.len();
    assert_eq!(count(EntryQuery::new()).await, 25);
    assert_eq!(count(EntryQuery::new().until(day(2023, 1, 31))).await, 25);
    assert_eq!(count(EntryQuery::new().since(day(1999, 1, 1))).await, 20);
    assert_eq!(count(EntryQuery::new().zero_dated()).await, 5);
    assert!(client.list(&EntryQuery::new().zero_dated()).await.unwrap().items.iter().all(|e| e.at.is_none()));
}

/// R8 and R9.
#[tokio::test(start_paused = true)]
async fn a_database_that_is_down_or_full_is_named_in_its_own_words_and_passes() {
    for (fault, words) in [
        (Fault::database_down(), "«Ошибка подключения к БД: Connection refused. Рекомендуем проверить"),
        (Fault::too_many_connections(), "has exceeded the 'max_user_connections' resource"),
    ] {
        let world = world([Some(day(2023, 1, 3))]);
        world.sandbox.add_fault(fault.clone().everywhere().times(2));
        let (ids, _) = exported(&world.client(), EntryQuery::new()).await;
        assert_eq!(ids, [1], "tried again");
        world.sandbox.add_fault(fault.everywhere().always());
        let error = world.client().entry(EntryId(1)).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::DatabaseUnavailable, 4), "{error}");
        assert!(
            error.to_string().contains(words) && error.to_string().contains("try again later"),
            "{error}"
        );
        assert!(error.is_retryable(), "{error}");
    }
}

/// H3.
#[tokio::test(start_paused = true)]
async fn the_words_of_a_server_stay_on_one_line_and_command_no_terminal() {
    let hostile = "нет\r\n2024-01-01 ERROR forged\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}\u{2028}";
    let title = "<title>\u{1b}[31mx\u{7}\u{202e}</title>";
    let world = world([]);
    world.sandbox.add_fault(Fault::error_in_ok(405, hostile).on(Operation::HistoryInfo).always());
    let answer = crm_sandbox::FixedAnswer::new(200).body("text/html", title);
    world.sandbox.add_fault(Fault::new().answer(answer).on(Operation::HistoryList).always());
    let client = world.client();
    let refused = client.entry(EntryId(1)).await.unwrap_err();
    let page = client.list(&EntryQuery::new()).await.unwrap_err();
    for error in [refused, page] {
        for text in [error.to_string(), format!("{error:?}")] {
            let is_unsafe = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2028}');
            assert!(!text.contains(is_unsafe), "{text:?}");
        }
    }
}
