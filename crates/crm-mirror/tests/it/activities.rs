//! Activities: full and quick runs, deletions, views, shifts, texts.

use crm_mirror::{Mirror, Mode, Outcome, SqliteStore, Table, Texts};
use crm_sandbox::{AnswerEdit, Fault, FixedAnswer, Operation, Store};

use crate::failing_store::{FailingStore, Failure};
use crate::world::{World, time};

#[tokio::test]
async fn a_first_run_copies_everything_and_a_second_one_changes_nothing() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(450));
    let report = world.run(|sync| sync).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.mode, Mode::Full);
    let table = *report.table(Table::Activities).unwrap();
    assert_eq!((table.read, table.inserted), (450, 450));
    assert_eq!(
        world.query("SELECT count(*), count(DISTINCT id), sum(raw = '') FROM activities"),
        ["450 | 450 | 0"]
    );
    let log = world.log(0).len();

    let report = world.run(|sync| sync.mode(Mode::Full)).await;
    assert!(report.is_complete(), "{report}");
    let table = *report.table(Table::Activities).unwrap();
    assert_eq!((table.read, table.inserted, table.updated, table.deleted), (450, 0, 0, 0));
    assert!(world.log(log).is_empty());
    assert_eq!(
        world.query("SELECT mode, verdict, error FROM runs"),
        ["full | complete | -", "full | complete | -"]
    );
}

#[tokio::test]
async fn a_full_run_finds_new_changed_and_deleted_activities() {
    let world = World::new();
    let ids: Vec<u64> = (0..5).map(|n| world.add("2024-01-10 10:00:00", &format!("звонок {n}"))).collect();
    assert!(world.run(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    world.sandbox.remove_record(ids[1]);
    world.sandbox.change_record(ids[3], |record| record.content = Some("другое".to_owned()));
    let new = world.add("2020-01-10 10:00:00", "задним числом");
    let report = world.run(|sync| sync.mode(Mode::Full)).await;
    assert!(report.is_complete(), "{report}");
    let mut changes = world.log(log);
    changes.sort();
    let expected = [
        format!("delete | activities | {}", ids[1]),
        format!("insert | activities | {new}"),
        format!("update | activities | {}", ids[3]),
    ];
    assert_eq!(changes, expected);
    assert_eq!(
        world.query("SELECT content FROM activities ORDER BY id"),
        ["звонок 0", "звонок 2", "другое", "звонок 4", "задним числом"]
    );
    let before_and_after = format!(
        "SELECT json_extract(before, '$.content'), json_extract(after, '$.content') FROM changes WHERE id = {} AND change = 'update'",
        ids[3]
    );
    assert_eq!(world.query(&before_and_after), ["звонок 3 | другое"]);
}

#[tokio::test]
async fn a_quick_run_reads_what_is_new_and_a_recent_window() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(0));
    let old = world.add("2020-01-10 10:00:00", "старое");
    let recent = world.add("2024-06-24 10:00:00", "вчера");
    let moved = world.add("2024-06-23 10:00:00", "перенесут");
    let gone = world.add("2024-06-22 10:00:00", "удалят");
    let future = world.add("2031-01-01 10:00:00", "план");
    assert!(world.run(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    let change = |id: u64, text: &str| {
        let text = text.to_owned();
        assert!(world.sandbox.change_record(id, |record| record.content = Some(text)));
    };
    change(old, "не увидят до полного прохода");
    change(recent, "исправлено");
    change(future, "другой план");
    world.sandbox.change_record(moved, |record| record.datum = Some(time("2023-03-03 10:00:00")));
    world.sandbox.remove_record(gone);
    let backdated = world.add("2019-01-10 10:00:00", "задним числом");
    world.hours(24);
    let report = world.run(|sync| sync).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.mode, Mode::Quick);
    let mut changes = world.log(log);
    changes.sort();
    let mut expected = [
        format!("delete | activities | {gone}"),
        format!("insert | activities | {backdated}"),
        format!("update | activities | {recent}"),
        format!("update | activities | {moved}"),
        format!("update | activities | {future}"),
    ];
    expected.sort();
    assert_eq!(changes, expected);
    assert_eq!(
        world.query(&format!("SELECT at FROM activities WHERE id = {moved}")),
        ["2023-03-03 10:00:00"]
    );

    world.hours(24 * 7);
    let report = world.run(|sync| sync).await;
    assert_eq!(report.mode, Mode::Full);
    assert_eq!(report.table(Table::Activities).unwrap().updated, 1);
    assert_eq!(
        world.query(&format!("SELECT content FROM activities WHERE id = {old}")),
        ["не увидят до полного прохода"]
    );
}

#[tokio::test]
async fn a_quick_run_with_nothing_new_makes_few_requests() {
    for recent in [2, 199, 200, 201, 600, 1001] {
        let world = World::with(crm_sandbox::Sandbox::builder().records(300));
        for number in 0..recent {
            world.add(&format!("2024-06-2{} 10:00:00", number % 5), &format!("звонок {number}"));
        }
        assert!(world.run(|sync| sync).await.is_complete());
        world.sandbox.clear_requests();
        let report = world.run(|sync| sync.mode(Mode::Quick)).await;
        assert!(report.is_complete(), "{report}");
        let pages = report.table(Table::Activities).unwrap().read.div_ceil(200) as usize;
        let requests = world.count(Operation::HistoryList);
        assert!(requests <= pages + 4, "{requests} requests for {pages} pages");
        assert_eq!(world.count(Operation::HistoryInfo), 0);
    }
}

#[tokio::test]
async fn a_quick_run_whose_pages_contradict_each_other_says_so_and_deletes_nothing() {
    for fault in
        [Fault::empty_page(), Fault::short_pages(50, true), Fault::repeated_page(), Fault::null_page()]
    {
        let world = World::new();
        for number in 0..500 {
            world.add(&format!("2024-06-2{} 10:00:00", number % 5), &format!("звонок {number}"));
        }
        assert!(world.run(|sync| sync).await.is_complete());
        let log = world.log(0).len();
        let name = fault.name().to_owned();
        // Before it come the newest page, what shows the end of the window, and the last page of the window.
        world.sandbox.add_fault(fault.on(Operation::HistoryList).after(5).times(1));
        let report = world.run(|sync| sync.mode(Mode::Quick)).await;
        assert!(!report.is_complete(), "{name}: {report}");
        assert!(world.log(log).is_empty());
        world.sandbox.clear_faults();
        let report = world.run(|sync| sync.mode(Mode::Quick)).await;
        assert!(report.is_complete(), "{name}: {report}");
        assert!(world.log(log).is_empty());
    }
}

#[tokio::test]
async fn a_quick_run_during_which_records_are_deleted_loses_none() {
    let world = World::new();
    for number in 0..700 {
        world.add("2024-06-24 10:00:00", &format!("звонок {number}"));
    }
    assert!(world.run(|sync| sync).await.is_complete());
    let change = crm_sandbox::PageChange { add: 3, delete: 5, edit: 4, ..crm_sandbox::PageChange::default() };
    world.sandbox.add_fault(Fault::change_between_pages(change).on(Operation::HistoryList).after(1).times(3));
    for _ in 0..3 {
        let _ = world.run(|sync| sync.mode(Mode::Quick)).await;
    }
    world.sandbox.clear_faults();
    let report = world.run(|sync| sync.mode(Mode::Quick)).await;
    assert!(report.is_complete(), "{report}");
    let ids: Vec<String> = world.sandbox.records().iter().map(|record| record.cid.to_string()).collect();
    assert_eq!(world.query("SELECT id FROM activities WHERE out_of_view_at IS NULL ORDER BY id"), ids);
}

#[tokio::test]
async fn an_incomplete_list_deletes_nothing() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(600));
    assert!(world.run(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    world.sandbox.add_fault(Fault::short_pages(150, true).on(Operation::HistoryList).always());
    let report = world.run(|sync| sync.mode(Mode::Full)).await;
    assert!(!report.is_complete());
    assert!(world.log(log).is_empty(), "{:?}", world.log(log));
    assert_eq!(world.query("SELECT count(*) FROM activities"), ["600"]);
    world.sandbox.clear_faults();
    assert!(world.run(|sync| sync.mode(Mode::Full)).await.is_complete());
}

#[tokio::test]
async fn a_full_run_says_so_if_its_list_lacks_an_activity_that_the_list_of_its_day_holds() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(0));
    let ids: Vec<u64> = (1..5).map(|n| world.add(&format!("2024-01-0{n} 10:00:00"), "звонок")).collect();
    assert!(world.run(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    // The list of a day has one activity only.
    let rule = Fault::new().edit_answer(AnswerEdit::LeaveOut(1)).on(Operation::HistoryList).always();
    world.sandbox.add_fault(rule);
    let report = world.run(|sync| sync.mode(Mode::Full)).await;
    assert!(matches!(report.outcome, Outcome::RunAgain(_)), "{report}");
    assert!(world.log(log).is_empty(), "{:?}", world.log(log));
    assert_eq!(world.query("SELECT count(*) FROM activities WHERE out_of_view_at IS NULL"), ["4"]);

    world.sandbox.clear_faults();
    world.sandbox.change_record(ids[1], |record| record.iduser = 0);
    let report = world.run(|sync| sync.mode(Mode::Full)).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(world.log(log), [format!("out_of_view | activities | {}", ids[1])]);
}

#[tokio::test]
async fn a_quick_run_says_so_if_its_window_lacks_an_activity_that_the_list_of_its_day_holds() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(0));
    let ids: Vec<u64> = (1..5).map(|n| world.add(&format!("2024-06-2{n} 10:00:00"), "звонок")).collect();
    assert!(world.run(|sync| sync).await.is_complete());
    // Before it come the newest page, and what shows the end of the window.
    let lacking = Fault::new().edit_answer(AnswerEdit::LeaveOut(1)).on(Operation::HistoryList);
    world.sandbox.add_fault(lacking.after(4).times(1));
    let report = world.run(|sync| sync.mode(Mode::Quick)).await;
    assert!(matches!(report.outcome, Outcome::RunAgain(_)), "{report}");
    assert_eq!(world.query("SELECT count(*) FROM activities WHERE out_of_view_at IS NULL"), ["4"]);

    // One that was given an earlier time lacks rightly.
    world.sandbox.change_record(ids[1], |record| record.datum = Some(time("2023-03-03 10:00:00")));
    let report = world.run(|sync| sync.mode(Mode::Quick)).await;
    assert!(report.is_complete(), "{report}");
}

#[tokio::test]
async fn a_quick_run_reads_again_if_a_page_came_in_place_of_one_that_was_cut_before() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(0));
    let gone = world.add("2020-01-10 10:00:00", "удалят");
    assert!(world.run(|sync| sync).await.is_complete());
    world.sandbox.remove_record(gone);
    for number in 0..250 {
        world.add("2020-01-10 10:00:00", &format!("звонок {number}"));
    }
    // The second page is cut, and on the way back the first one comes in place of it.
    let list = |fault: Fault| fault.on(Operation::HistoryList);
    world.sandbox.add_fault(list(Fault::short_pages(30, false)).after(2).times(1));
    world.sandbox.add_fault(list(Fault::repeated_page()).after(5).times(1));
    let report = world.run(|sync| sync.mode(Mode::Quick)).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(world.query(&format!("SELECT count(*) FROM activities WHERE id > {gone}")), ["250"]);
}

#[tokio::test]
async fn a_missing_activity_stays_unless_the_application_itself_says_that_it_is_gone() {
    let world = World::new();
    let gone = world.add("2024-01-10 10:00:00", "удалят");
    let foreign = world.add("2024-01-10 11:00:00", "отдадут");
    assert!(world.run(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    world.sandbox.remove_record(gone);
    world.sandbox.change_record(foreign, |record| record.iduser = 0);
    // A page of a firewall also says 403.
    world.sandbox.add_fault(Fault::firewall_page(403).on(Operation::HistoryInfo).always());
    let report = world.run(|sync| sync.mode(Mode::Full)).await;
    assert!(!report.is_complete());
    assert!(world.log(log).is_empty());
    world.sandbox.clear_faults();
    let report = world.run(|sync| sync.mode(Mode::Full)).await;
    assert!(report.is_complete(), "{report}");
    let mut changes = world.log(log);
    changes.sort();
    assert_eq!(
        changes,
        [format!("delete | activities | {gone}"), format!("out_of_view | activities | {foreign}")]
    );

    world.sandbox.change_record(foreign, |record| record.iduser = 2);
    let report = world.run(|sync| sync.mode(Mode::Full)).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(world.query(&format!("SELECT out_of_view_at FROM activities WHERE id = {foreign}")), ["-"]);
}

#[tokio::test]
async fn many_missing_activities_stop_the_run_until_they_are_allowed() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(100));
    assert!(world.run(|sync| sync).await.is_complete());
    for record in world.sandbox.records().into_iter().take(30) {
        world.sandbox.remove_record(record.cid);
    }
    let report = world.run(|sync| sync.mode(Mode::Full)).await;
    assert!(matches!(report.outcome, Outcome::NeedsPerson(_)), "{report}");
    assert!(report.to_string().contains("30 of 100 rows of activities"), "{report}");
    assert_eq!(world.query("SELECT count(*) FROM activities"), ["100"]);
    let report = world.run(|sync| sync.mode(Mode::Full).allow_deletes()).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.table(Table::Activities).unwrap().deleted, 30);
    assert_eq!(world.query("SELECT count(*) FROM activities"), ["70"]);
}

#[tokio::test]
async fn soft_deletes_keep_the_row_and_it_comes_back_as_new() {
    let world = World::new();
    let id = world.add("2024-01-10 10:00:00", "удалят");
    world.add("2024-01-10 10:00:00", "останется");
    assert!(world.run(|sync| sync).await.is_complete());
    world.sandbox.remove_record(id);
    assert!(world.run(|sync| sync.mode(Mode::Full).soft_deletes()).await.is_complete());
    let deleted = format!("SELECT deleted_at FROM activities WHERE id = {id}");
    assert_eq!(world.query(&deleted), ["2024-06-25 11:25:00"]);
    let log = world.log(0).len();
    assert!(world.run(|sync| sync.mode(Mode::Full).soft_deletes()).await.is_complete());
    assert!(world.log(log).is_empty());
}

#[tokio::test]
async fn a_copy_belongs_to_one_login() {
    let world = World::new();
    world.add("2024-01-10 10:00:00", "звонок");
    assert!(world.run(|sync| sync).await.is_complete());
    let seller = world.history_of(crm_sandbox::SELLER);
    let mirror = world.mirror().await;
    let error = mirror.run(crate::world::sync().history(&seller)).await.unwrap_err();
    assert!(error.to_string().contains("boss@example.test"), "{error}");
    let boss = world.history_of("BOSS@example.test");
    assert!(mirror.run(crate::world::sync().history(&boss)).await.unwrap().is_complete());
    let report = mirror.run(crate::world::sync().history(&seller).new_view()).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.mode, Mode::Full);
    assert_eq!(report.table(Table::Activities).unwrap().out_of_view, 1);
}

#[tokio::test]
async fn a_run_that_got_no_answer_does_not_claim_the_copy() {
    let world = World::new();
    world.add("2024-01-10 10:00:00", "звонок");
    let mirror = world.mirror().await;
    let mistyped = world.history_of("nobody@example.test");
    let report = mirror.run(crate::world::sync().history(&mistyped)).await.unwrap();
    assert!(matches!(report.outcome, Outcome::NeedsPerson(_)), "{report}");
    assert_eq!(report.mode, Mode::Full, "nothing was ever read in full");
    assert!(world.run(|sync| sync).await.is_complete());
}

#[tokio::test]
async fn a_shift_of_the_clock_is_noted_once_and_changes_no_record() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(300));
    assert!(world.run(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    let edited = world.sandbox.records()[7].cid;
    world.sandbox.change_record(edited, |record| record.content = Some("исправлено".to_owned()));
    assert!(world.sandbox.change_account(0, |account| account.users[0].tzone = Some(2)));
    let report = world.run(|sync| sync.mode(Mode::Full)).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.shift_hours, Some(2));
    assert_eq!(world.log(log), [format!("update | activities | {edited}")]);
    let report = world.run(|sync| sync.mode(Mode::Full)).await;
    assert_eq!(report.shift_hours, None);
    assert_eq!(world.log(log).len(), 1);
    assert_eq!(world.query("SELECT shift_hours FROM runs"), ["-", "2", "-"]);
}

#[tokio::test]
async fn texts_that_the_list_spoils_are_fetched_once() {
    let world = World::new();
    let spoilt = world.add("2024-01-10 10:00:00", "см. https://x.ru/a");
    let plain = world.add("2024-01-10 10:00:00", "просто звонок");
    assert!(world.run(|sync| sync.texts(Texts::AsListed)).await.is_complete());
    let content = "SELECT content FROM activities ORDER BY id";
    assert_eq!(world.query(content), ["см. https:--x.ru-a", "просто звонок"]);
    assert_eq!(world.count(Operation::HistoryInfo), 0);
    assert!(world.run(|sync| sync.mode(Mode::Full)).await.is_complete());
    assert_eq!(world.query(content), ["см. https://x.ru/a", "просто звонок"]);
    assert_eq!(world.count(Operation::HistoryInfo), 1);
    assert!(world.run(|sync| sync.mode(Mode::Full)).await.is_complete());
    assert_eq!(world.count(Operation::HistoryInfo), 1);

    // The list shows no difference between these.
    world.sandbox.change_record(spoilt, |record| record.content = Some("см. https:--x.ru-a".to_owned()));
    assert!(world.run(|sync| sync.mode(Mode::Full).texts(Texts::All)).await.is_complete());
    assert_eq!(world.query(content), ["см. https:--x.ru-a", "просто звонок"]);
    let log = world.log(0).len();
    assert!(world.run(|sync| sync.mode(Mode::Full).texts(Texts::All)).await.is_complete());
    assert!(world.log(log).is_empty(), "{plain}");
}

#[tokio::test]
async fn two_runs_exclude_each_other() {
    let world = World::new();
    let mirror = world.mirror().await;
    let fence = mirror.store().lock().await.unwrap().unwrap();
    let other = world.mirror().await;
    let error = other.run(crate::world::sync().history(&world.history())).await.unwrap_err();
    assert!(error.to_string().contains("another run of this copy is active"), "{error}");
    mirror.store().unlock(fence).await.unwrap();
    assert!(other.run(crate::world::sync().history(&world.history())).await.unwrap().is_complete());
}

#[tokio::test]
async fn a_run_stops_at_its_time_limit_and_keeps_what_it_has() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(10));
    let now = world.now();
    let report = world.run(|sync| sync.until(now)).await;
    assert!(matches!(report.outcome, Outcome::Stopped), "{report}");
    assert_eq!(world.query("SELECT verdict FROM runs"), ["stopped"]);
    assert!(world.run(|sync| sync).await.is_complete());
}

#[tokio::test]
async fn what_was_compared_before_the_time_limit_is_written_and_counted() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(20_000));
    world.hours_pass_after(Operation::HistoryList, 70, 2);
    let limit = world.now() + std::time::Duration::from_secs(3600);
    let report = world.run(|sync| sync.until(limit)).await;
    assert!(matches!(report.outcome, Outcome::Stopped), "{report}");
    let inserted = report.table(Table::Activities).unwrap().inserted;
    assert!(inserted >= 2000, "{report}");
    assert_eq!(world.query("SELECT count(*) FROM activities"), [inserted.to_string()]);
}

#[tokio::test]
async fn a_time_limit_comes_in_time_while_texts_are_fetched() {
    let world = World::new();
    let many = 500;
    for n in 0..many {
        world.add("2024-01-10 10:00:00", &format!("см. https://x.ru/{n}"));
    }
    world.hours_pass_after(Operation::HistoryInfo, 250, 2);
    let limit = world.now() + std::time::Duration::from_secs(3600);
    let report = world.run(|sync| sync.until(limit)).await;
    assert!(matches!(report.outcome, Outcome::Stopped), "{report}");
    let asked = world.count(Operation::HistoryInfo);
    assert!((250..260).contains(&asked), "{asked}");
    let kept: usize = world.query("SELECT count(*) FROM activities")[0].parse().unwrap();
    assert!(kept >= 50, "{kept}");
    assert!(world.run(|sync| sync).await.is_complete());
    assert!(world.count(Operation::HistoryInfo) <= many + 210);
}

#[tokio::test]
async fn a_server_that_fails_is_not_asked_for_hundreds_of_texts() {
    let world = World::new();
    for n in 0..300 {
        world.add("2024-01-10 10:00:00", &format!("см. https://x.ru/{n}"));
    }
    world.sandbox.add_fault(Fault::bare_status(500).on(Operation::HistoryInfo).after(100).always());
    let report = world.run(|sync| sync).await;
    assert!(matches!(report.outcome, Outcome::RunAgain(_)), "{report}");
    assert!(world.count(Operation::HistoryInfo) <= 105, "{}", world.count(Operation::HistoryInfo));
}

#[tokio::test]
async fn an_activity_that_cannot_be_decoded_hides_no_new_one_from_a_quick_run_and_deletes_none() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(30));
    assert!(world.run(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    world.hours(1);
    let new = world.add("2024-06-25 09:00:00", "новый");
    let page =
        format!(r#"{{"data":[{{"cid":{new},"datum":"2024-06-25 09:00:00"}},{{"cid":"?"}},{{"cid":30}}]}}"#);
    let newest = FixedAnswer::new(200).body("application/json", page);
    world.sandbox.add_fault(Fault::new().answer(newest).on(Operation::HistoryList).times(1));
    let report = world.run(|sync| sync.mode(Mode::Quick)).await;
    assert!(matches!(report.outcome, Outcome::NeedsPerson(_)), "{report}");
    assert!(report.error().unwrap().to_string().contains("cannot be decoded"), "{report}");
    assert!(world.log(log).contains(&format!("insert | activities | {new}")), "{:?}", world.log(log));
    // It may be one that was above the highest known ID.
    let highest = "SELECT value FROM mirror_settings WHERE name = 'highest:activities'";
    assert_eq!(world.query(highest), ["30"]);
    assert!(world.run(|sync| sync.mode(Mode::Quick)).await.is_complete());
    assert_eq!(world.query(highest), [new.to_string()]);
    assert_eq!(world.query("SELECT count(*) FROM changes WHERE change = 'delete'"), ["0"]);
}

#[tokio::test]
async fn a_date_in_the_year_0_is_left_to_the_record() {
    let world = World::new();
    let id = world.add("0000-05-01 10:00:00", "неизвестно когда");
    assert!(world.run(|sync| sync).await.is_complete());
    let row = world.query("SELECT id, at, raw LIKE '%0000-05-01%' FROM activities");
    assert_eq!(row, [format!("{id} | - | 1")]);
    let Some(cluster) = crate::cluster::Cluster::start() else { return };
    let mirror = world.with_clock(Mirror::open(&cluster.url()).await.unwrap());
    let report = mirror.run(crate::world::sync().history(&world.history())).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(cluster.query("SELECT id::text FROM activities WHERE at IS NULL").await, [id.to_string()]);
}

#[tokio::test]
async fn a_quick_run_reads_every_page_of_new_activities() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(300));
    assert!(world.run(|sync| sync).await.is_complete());
    for number in 0..450 {
        world.add("2015-01-10 10:00:00", &format!("задним числом {number}"));
    }
    let report = world.run(|sync| sync.mode(Mode::Quick)).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.table(Table::Activities).unwrap().inserted, 450);
    assert_eq!(world.query("SELECT count(*) FROM activities"), ["750"]);
    let report = world.run(|sync| sync.mode(Mode::Quick)).await;
    assert_eq!(report.table(Table::Activities).unwrap().inserted, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn a_copy_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let mirror = world.mirror().await;
    assert!(mirror.run(crate::world::sync().history(&world.history())).await.unwrap().is_complete());
    for ending in ["", "-wal", "-shm"] {
        let mode = std::fs::metadata(format!("{}{ending}", world.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{ending}");
    }
}

#[tokio::test]
async fn the_change_log_keeps_what_is_young_enough() {
    let world = World::new();
    world.add("2024-01-10 10:00:00", "звонок");
    assert!(world.run(|sync| sync).await.is_complete());
    assert!(!world.log(0).is_empty());
    world.hours(24 * 9);
    assert!(world.run(|sync| sync.keep_changes_days(10)).await.is_complete());
    assert!(!world.log(0).is_empty());
    world.hours(24 * 2);
    assert!(world.run(|sync| sync.keep_changes_days(10)).await.is_complete());
    assert!(world.log(0).is_empty());
}

#[tokio::test]
async fn a_quick_run_does_not_believe_the_newest_page_when_it_contradicts_itself() {
    // An empty answer to a GET is asked for again by POST.
    let faults = [
        (Fault::empty_page(), 2),
        (Fault::doubled_records(), 1),
        (Fault::parameters_ignored(&["order", "first"]), 1),
    ];
    for (fault, times) in faults {
        let world = World::with(crm_sandbox::Sandbox::builder().records(50));
        assert!(world.run(|sync| sync).await.is_complete());
        let backdated = world.add("2015-01-10 10:00:00", "задним числом");
        let name = fault.name().to_owned();
        world.sandbox.add_fault(fault.on(Operation::HistoryList).times(times));
        let report = world.run(|sync| sync.mode(Mode::Quick)).await;
        assert!(!report.is_complete(), "{name}: {report}");
        let report = world.run(|sync| sync.mode(Mode::Quick)).await;
        assert!(report.is_complete(), "{name}: {report}");
        let there = format!("SELECT count(*) FROM activities WHERE id = {backdated}");
        assert_eq!(world.query(&there), ["1"], "{name}");
    }
}

#[tokio::test]
async fn only_the_applications_own_error_deletes_an_activity() {
    for status in [200, 403] {
        let world = World::new();
        let id = world.add("2024-06-24 10:00:00", "звонок");
        assert!(world.run(|sync| sync).await.is_complete());
        world.sandbox.change_record(id, |record| record.iduser = 0);
        let body = r#"{"error":{"code":403,"text":"Forbidden"}}"#;
        let proxy = FixedAnswer::new(status).body("application/json", body);
        let fault = Fault::new().store(Store::Not).answer(proxy);
        world.sandbox.add_fault(fault.on(Operation::HistoryInfo).always());
        for mode in [Mode::Quick, Mode::Full] {
            let report = world.run(|sync| sync.mode(mode)).await;
            assert!(!report.is_complete(), "{status}: {report}");
        }
        assert_eq!(world.query("SELECT out_of_view_at FROM activities"), ["-"], "{status}");
        world.sandbox.clear_faults();
        assert!(world.run(|sync| sync.mode(Mode::Full)).await.is_complete());
        assert_eq!(world.query("SELECT out_of_view_at IS NOT NULL FROM activities"), ["1"]);
    }
}

#[tokio::test]
async fn a_shift_of_the_clock_is_noted_once_although_the_window_holds_one_activity() {
    let world = World::new();
    for day in 10..30 {
        world.add(&format!("2023-01-{day} 10:00:00"), "старое");
    }
    world.add("2024-06-24 10:00:00", "вчера");
    assert!(world.run(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    world.sandbox.change_account(0, |account| account.users[0].tzone = Some(-3));
    // A new one does not show the shift.
    let new = world.add("2015-01-10 10:00:00", "задним числом");
    for mode in [Mode::Quick, Mode::Full] {
        assert!(world.run(|sync| sync.mode(mode)).await.is_complete());
        assert_eq!(world.log(log), [format!("insert | activities | {new}")], "{mode}");
    }
    assert_eq!(world.query("SELECT shift_hours FROM runs"), ["-", "-3", "-"]);
}

#[tokio::test]
async fn a_shift_of_the_clock_is_noted_once_although_most_old_activities_were_edited() {
    let world = World::new();
    let old: Vec<u64> = (10..30).map(|day| world.add(&format!("2023-01-{day} 10:00:00"), "старое")).collect();
    assert!(world.run(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    for &id in &old[..15] {
        world.sandbox.change_record(id, |record| record.content = Some(format!("исправлено {id}")));
    }
    world.sandbox.change_account(0, |account| account.users[0].tzone = Some(-3));
    let new = world.add("2015-01-10 10:00:00", "задним числом");
    assert!(world.run(|sync| sync.mode(Mode::Quick)).await.is_complete());
    assert_eq!(world.log(log), [format!("insert | activities | {new}")]);
    let report = world.run(|sync| sync.mode(Mode::Full)).await;
    assert_eq!(report.table(Table::Activities).unwrap().updated, 15, "{report}");
    assert_eq!(world.query("SELECT shift_hours FROM runs"), ["-", "-3", "-"]);
}

#[tokio::test]
async fn a_shift_that_a_killed_run_has_found_is_noted_by_the_next_one() {
    for step in 1.. {
        let world = World::with(crm_sandbox::Sandbox::builder().records(30));
        assert!(world.run(|sync| sync).await.is_complete());
        world.sandbox.change_account(0, |account| account.users[0].tzone = Some(2));
        let store = SqliteStore::open(world.path()).await.unwrap();
        let store = FailingStore::new(store, step, Failure::KilledBefore);
        let mirror = world.with_clock(Mirror::with_store(store.clone()));
        tokio::select! {
            _ = mirror.run(crate::world::sync().history(&world.history()).mode(Mode::Full)) => {}
            () = store.killed() => {}
        }
        if !store.has_failed() {
            assert!(step > 5, "the run has only {step} steps");
            return;
        }
        assert!(world.run(|sync| sync.mode(Mode::Full)).await.is_complete());
        assert_eq!(world.query("SELECT sum(shift_hours) FROM runs"), ["2"], "killed at step {step}");
    }
}

#[tokio::test]
async fn an_activity_that_moves_between_its_info_and_the_list_of_its_day_stays_in_view() {
    let world = World::new();
    let id = world.add("2024-06-24 10:00:00", "перенесут дважды");
    assert!(world.run(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    // The window lacks it, so `info` is asked for its day.
    world.sandbox.change_record(id, |record| record.datum = Some(time("2023-03-03 10:00:00")));
    world.meanwhile(Operation::HistoryInfo, 1, move |sandbox| {
        sandbox.change_record(id, |record| record.datum = Some(time("2022-02-02 10:00:00")));
    });
    let report = world.run(|sync| sync.mode(Mode::Quick)).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(world.log(log), [format!("update | activities | {id}")]);
    let row = format!("SELECT at, out_of_view_at FROM activities WHERE id = {id}");
    assert_eq!(world.query(&row), ["2022-02-02 10:00:00 | -"]);
}

#[tokio::test]
async fn a_quick_run_compares_the_pages_of_the_window_with_the_newest_page() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(0));
    let ids: Vec<u64> = (0..300)
        .map(|number| {
            let day = if number == 190 { "2020-01-10" } else { "2024-06-20" };
            world.add(&format!("{day} 10:00:00"), "звонок")
        })
        .collect();
    assert!(world.run(|sync| sync).await.is_complete());
    world.sandbox.change_record(ids[190], |record| record.datum = Some(time("2024-06-20 10:00:00")));
    // The window has two pages, and the last one is read first. It comes after the newest page and four empty answers: the
    // first one was that of a GET, so it is asked for again as POST.
    let cut = AnswerEdit::Shorten(185);
    world.sandbox.add_fault(Fault::new().edit_answer(cut).on(Operation::HistoryList).after(6).times(1));
    let report = world.run(|sync| sync).await;
    assert_eq!(report.mode, Mode::Quick);
    assert!(matches!(report.outcome, Outcome::RunAgain(_)), "{report}");
    let report = world.run(|sync| sync).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.table(Table::Activities).unwrap().updated, 1);
}

#[tokio::test]
async fn a_quick_run_reads_a_new_activity_that_deletions_move_past_it_again_and_again() {
    let world = World::new();
    world.add("2023-01-10 10:00:00", "старое");
    assert!(world.run(|sync| sync).await.is_complete());
    let ids: Vec<u64> = (0..6).map(|_| world.add("2023-01-10 10:00:00", "задним числом")).collect();
    world.sandbox.add_fault(Fault::small_pages(2).on(Operation::HistoryList).always());
    // So the second one comes to a page that was read, twice. The first page is asked for by GET and by POST.
    for (answers, deleted) in [(3, &ids[5..]), (5, &ids[3..5])] {
        let deleted = deleted.to_vec();
        world.meanwhile(Operation::HistoryList, answers, move |sandbox| {
            deleted.iter().for_each(|&id| drop(sandbox.remove_record(id)));
        });
    }
    let report = world.run(|sync| sync.mode(Mode::Quick)).await;
    assert!(report.is_complete(), "{report}");
    let there = format!("SELECT count(*) FROM activities WHERE id = {}", ids[1]);
    assert_eq!(world.query(&there), ["1"]);
}

#[tokio::test]
async fn a_quick_run_says_so_if_it_may_have_passed_by_an_activity_that_came_into_the_window() {
    // Somebody deletes the first activity of the window, or moves another one into it, after so many answers: the first
    // four are the newest page, and what shows the end of the window.
    for (answers, deletes) in (4..8).flat_map(|answers| [(answers, true), (answers, false)]) {
        let world = World::new();
        let ids: Vec<u64> = (0..452)
            .map(|number| match number {
                100 | 200 | 201 => world.add("2023-01-10 10:00:00", "старое"),
                _ => world.add("2024-06-24 10:00:00", "вчера"),
            })
            .collect();
        assert!(world.run(|sync| sync).await.is_complete());
        let recent = |sandbox: &crm_sandbox::Sandbox, id: u64| {
            sandbox.change_record(id, |record| record.datum = Some(time("2024-06-25 10:00:00")));
        };
        // The first one of a page, or the last one, so that it changes its page.
        let came_in = if deletes { ids[201] } else { ids[200] };
        recent(&world.sandbox, came_in);
        if deletes {
            recent(&world.sandbox, ids[200]);
        }
        let (first, other) = (ids[0], ids[100]);
        world.meanwhile(Operation::HistoryList, answers, move |sandbox| {
            if deletes { drop(sandbox.remove_record(first)) } else { recent(sandbox, other) }
        });
        let report = world.run(|sync| sync.mode(Mode::Quick)).await;
        let at = world.query(&format!("SELECT at FROM activities WHERE id = {came_in}"));
        let is_there = at == ["2024-06-25 10:00:00"];
        assert!(is_there || !report.is_complete(), "after {answers} answers, deletes {deletes}: {report}");
    }
}

#[tokio::test]
async fn texts_that_are_as_listed_are_no_updates_after_a_shift_of_the_clock() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(30));
    let spoilt = world.add("2024-01-10 10:00:00", "см. https://x.ru/a");
    assert!(world.run(|sync| sync.texts(Texts::AsListed)).await.is_complete());
    let log = world.log(0).len();
    world.sandbox.change_account(0, |account| account.users[0].tzone = Some(2));
    for _ in 0..2 {
        let report = world.run(|sync| sync.mode(Mode::Full).texts(Texts::All)).await;
        assert!(report.is_complete(), "{report}");
        assert_eq!(world.log(log), [format!("update | activities | {spoilt}")]);
    }
}
