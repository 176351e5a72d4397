//! Imports resume with their journal, and refuse a journal that is not theirs.

use crate::imports::{
    Scratch, add_old_record, all_created, client, client_with_timeout, difference, entries, quick,
    sandbox_with_history, stored, wanted,
};
use crm::history::{ClientId, ErrorKind, LossPolicy, NewEntry, NotSentReason, OutcomeReason};
use crm_sandbox::{Fault, Operation, Sandbox, User};

#[tokio::test]
async fn a_journal_refuses_another_file_and_a_second_import() {
    let sandbox = sandbox_with_history().await;
    let journal = Scratch::new("refuses");
    let client = client(sandbox.url());
    let import = |entries: Vec<NewEntry>| client.import(entries).journal(&journal.0).chunk(10);
    let input = entries(30);
    let mut running = import(input.clone()).outcomes();
    running.next().await.unwrap().unwrap();
    let refused = |error: crm::Error, words: &str| {
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Storage, Some("history.import")));
        let text = error.to_string();
        assert!(text.contains(words) && text.contains(&journal.0.display().to_string()), "{text}");
    };
    let in_use = import(input.clone()).run().await.unwrap_err();
    assert!(in_use.is_retryable());
    refused(in_use, "in use by another import");
    while running.next().await.is_some() {}
    drop(running);
    std::fs::write(&journal.0, "datum;content\n").unwrap();
    let damaged = import(input).run().await.unwrap_err();
    assert!(!damaged.is_retryable());
    refused(damaged, "line 1 is not its header");
}

#[tokio::test]
async fn a_changed_input_stores_what_is_new_and_nothing_twice() {
    let sandbox = sandbox_with_history().await;
    let journal = Scratch::new("changed-input");
    let client = client(sandbox.url());
    let import = |entries: &[NewEntry]| client.import(entries.to_vec()).journal(&journal.0).chunk(10).run();
    let perhaps_changed =
        |missing, known| Some(OutcomeReason::NotSent(NotSentReason::PerhapsChanged { missing, known }));
    let mut input = entries(30);
    assert!(import(&input).await.unwrap().is_complete());
    let before = sandbox.record_count();

    let mut changed = input.clone();
    changed[15] = NewEntry::new("changed");
    let report = import(&changed).await.unwrap();
    assert_eq!((report.totals.created, report.totals.not_sent), (29, 1));
    assert_eq!(report.not_stored[0].index, 15);
    assert_eq!(report.not_stored[0].reason, perhaps_changed(1, 29));
    let other: Vec<NewEntry> = (0..7).map(|number| NewEntry::new(format!("other {number}"))).collect();
    let report = import(&other).await.unwrap();
    assert_eq!(report.totals.not_sent, 7);
    assert_eq!(report.not_stored[3].reason, perhaps_changed(30, 0));
    assert_eq!(sandbox.record_count(), before);

    // Rows that are missing are stored already.
    assert_eq!(import(&input[..25]).await.unwrap().totals.created, 25);
    for (added, place) in [("first", 0), ("inside", 12), ("last", 32)] {
        input.insert(place, NewEntry::new(added).client(ClientId(1)));
        let report = import(&input).await.unwrap();
        assert_eq!(report.totals.created, input.len() as u64, "{added}");
    }
    input.reverse();
    input.push(NewEntry::new("after sorting").client(ClientId(1)));
    assert!(import(&input).await.unwrap().is_complete());
    assert_eq!(sandbox.record_count(), before + 4);
}

#[tokio::test]
async fn an_import_resumes_wherever_its_journal_ends_and_stores_every_chunk_once() {
    let entries = entries(60);
    let journal = Scratch::new("torn");
    // The header, and two lines for each chunk. The last activities are sent last.
    for (lines, bytes) in (0..=9).flat_map(|lines| [(lines, 0), (lines, 1), (lines, 9)]) {
        let sandbox = sandbox_with_history().await;
        let client = client(sandbox.url());
        let _ = std::fs::remove_file(&journal.0);
        add_old_record(&sandbox);
        let import = client.import(entries.clone()).chunk(20).journal(&journal.0);
        let report = import.run().await.unwrap();
        let whole = std::fs::read_to_string(&journal.0).unwrap();
        assert_eq!(whole.lines().count(), 9, "{whole}");
        let whole_lines: String = whole.split_inclusive('\n').take(lines).collect();
        let torn = &whole[..whole.len().min(whole_lines.len() + bytes)];
        // The state of a crash there: a chunk is stored only if a whole line says that it was sent.
        let is_sent = |first: usize| whole_lines.contains(&format!("\"rows\":[[{first},"));
        let first_of_chunk = |i: usize| *[58, 40, 20, 0].iter().find(|&&first| i >= first).unwrap();
        for (i, outcome) in report.outcomes.iter().enumerate().filter(|(i, _)| !is_sent(first_of_chunk(*i))) {
            assert!(outcome.id().is_some(), "{i}");
            client.delete(outcome.id().unwrap()).await.unwrap();
        }
        std::fs::write(&journal.0, torn).unwrap();
        let import = client.import(entries.clone()).chunk(20).journal(&journal.0);
        let report = quick(import).run().await.unwrap();
        all_created(&report, &sandbox, &entries, &format!("torn after {torn}"));
    }
}

#[tokio::test]
async fn a_chunk_that_is_missing_in_the_journal_is_sent_when_the_import_is_resumed() {
    let (entries, journal) = (entries(60), Scratch::new("gap"));
    let sandbox = sandbox_with_history().await;
    assert!(
        client(sandbox.url())
            .import(entries.clone())
            .chunk(20)
            .journal(&journal.0)
            .run()
            .await
            .unwrap()
            .is_complete()
    );
    let whole = std::fs::read_to_string(&journal.0).unwrap();
    let lines = whole.lines().filter(|line| !line.contains("[[20,"));
    let gap: String = lines.map(|line| format!("{line}\n")).collect();
    assert_eq!(gap.lines().count() + 2, whole.lines().count());
    let short = client(sandbox.url()).import(entries[..30].to_vec()).journal(&journal.0);
    std::fs::write(&journal.0, &gap).unwrap();
    // The last rows that are stored are missing, so the ten of the gap may be those.
    assert_eq!(short.run().await.unwrap().totals.not_sent, 10);

    std::fs::write(&journal.0, &gap).unwrap();
    let sandbox = sandbox_with_history().await;
    let before = [&entries[..20], &entries[40..]].concat();
    assert!(client(sandbox.url()).import(before).run().await.unwrap().is_complete());
    let report = client(sandbox.url()).import(entries.clone()).journal(&journal.0).run().await.unwrap();
    assert_eq!(difference(&stored(&sandbox), &wanted(&entries)), "", "{report}");
    assert_eq!(report.totals.created, 60);
}

#[tokio::test]
async fn a_journal_holds_no_content_no_name_and_no_secret() {
    let sandbox = sandbox_with_history().await;
    let journal = Scratch::new("private");
    let entry = NewEntry::new("Иванов, +7 900 000-00-00").user(crm_sandbox::SELLER).activity_type("Личное");
    let refused = NewEntry::new("второй").client(ClientId(1));
    let words = "Отказ: Иванов, +7 900 000-00-00";
    let fault = Fault::items_refused("второй", 405, words);
    sandbox.add_fault(fault.on_each([Operation::HistoryAdd, Operation::HistoryAddList]).always());
    let import = client(sandbox.url()).import([entry, refused]).journal(&journal.0);
    let report = import.run().await.unwrap();
    assert_eq!((report.totals.created, report.totals.rejected), (1, 1), "{report}");
    assert!(report.outcomes[1].to_string().contains(words), "{report}");
    let text = std::fs::read_to_string(&journal.0).unwrap();
    for private in ["Иванов", "+7 900", "Личное", crm_sandbox::SELLER, crm_sandbox::APIKEY, crm_sandbox::BOSS]
    {
        assert!(!text.contains(private), "{text}");
    }
}

#[tokio::test]
async fn a_dropped_import_releases_its_journal_for_the_next_one() {
    let (entries, journal) = (entries(60), Scratch::new("dropped"));
    let sandbox = sandbox_with_history().await;
    let client = client_with_timeout(sandbox.url(), std::time::Duration::from_millis(500));
    let import = || quick(client.import(entries.clone())).chunk(20).journal(&journal.0);
    for polls in 0..12 {
        let mut outcomes = import().outcomes();
        let mut next = std::pin::pin!(outcomes.next());
        for _ in 0..polls {
            // Each step leaves it at another point: opening, reading, writing, sending.
            tokio::select! {
                biased;
                _ = &mut next => break,
                () = tokio::task::yield_now() => {}
            }
        }
    }
    let report = import().run().await.unwrap();
    all_created(&report, &sandbox, &entries, "dropped");
}

#[tokio::test]
async fn a_refused_activity_stays_refused_unless_a_retry_is_asked_for() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(sandbox.url());
    let journal = Scratch::new("retry-refused");
    let login = "new@example.test";
    let input =
        || [NewEntry::new("x").client(ClientId(1)), NewEntry::new("y").client(ClientId(1)).user(login)];
    let import = || client.import(input()).journal(&journal.0).check_users().loss_policy(LossPolicy::Reject);
    assert_eq!(import().run().await.unwrap().totals.rejected, 1);
    // An administrator creates the user.
    sandbox.change_account(0, |account| account.users.push(User { chief: 1, ..User::new(9, login) }));
    assert_eq!(import().run().await.unwrap().totals.rejected, 1);
    let dry = import().retry_refused().dry_run().run().await.unwrap();
    assert_eq!((dry.totals.created, dry.totals.not_sent), (1, 1));
    assert_eq!(import().retry_refused().run().await.unwrap().totals.created, 2);
    assert_eq!(sandbox.record_count(), 2);
}
