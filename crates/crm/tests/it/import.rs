//! Imports against the sandbox and its faults: nothing is lost and nothing is stored twice.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::imports::{
    Scratch, add_old_record, all_created, client, difference, entries, quick, sandbox_with_history, stored,
    transport, wanted,
};
use crate::in_process::World;
use chrono::NaiveDate;
use crm::history::{
    AddOutcome, ApiKey, ClientId, ContactId, HistoryClient, ImportReport, LossPolicy, NewEntry, RetryPolicy,
};
use crm::{BoxFuture, Bytes, ReqwestTransport, Transport, TransportError, http};
use crm_sandbox::{Fault, Operation, RetryAfter, Store};

/// Faults that leave the outcome of a chunk unknown or certain.
fn faults() -> Vec<Fault> {
    let gateway = |status, after_commit| {
        Fault::gateway_page(status).store(if after_commit { Store::Now } else { Store::Not })
    };
    vec![
        Fault::latency(Duration::from_millis(20_000)),
        Fault::close_before_reading(),
        Fault::close_after_commit(),
        Fault::commit_half(),
        Fault::cut_body(None),
        Fault::cut_body(Some(0)),
        gateway(502, false),
        gateway(502, true),
        gateway(504, false),
        gateway(504, true),
        Fault::retry_later(429, RetryAfter::Seconds(0)),
        Fault::retry_later(503, RetryAfter::Seconds(0)),
        Fault::error_in_ok(500, "Внутренняя ошибка"),
        Fault::php_warning(true, true),
        Fault::byte_order_mark(),
        Fault::endless_body(),
        Fault::gzip_bomb(64),
        Fault::wrong_content_length(10),
        Fault::wrong_content_length(-10),
        Fault::slow_drip(10, Duration::from_millis(1_000)),
        Fault::redirect(302, "http://127.0.0.1:1/"),
    ]
}

/// These faults only take time.
fn is_slow(fault: &Fault) -> bool {
    matches!(fault.name(), "latency" | "slow_drip")
}

#[tokio::test(start_paused = true)]
async fn everything_is_stored_once_whatever_goes_wrong_at_whichever_chunk() {
    let quick = faults().into_iter().filter(|fault| !is_slow(fault));
    stored_once_at_each_chunk(quick, Duration::from_secs(30)).await;
}

#[tokio::test(start_paused = true)]
async fn everything_is_stored_once_whichever_chunk_is_answered_too_late() {
    stored_once_at_each_chunk(faults().into_iter().filter(is_slow), Duration::from_millis(800)).await;
}

async fn stored_once_at_each_chunk(faults: impl Iterator<Item = Fault>, timeout: Duration) {
    let entries = entries(1_000);
    for fault in faults {
        let world = World::new();
        let sandbox = &world.sandbox;
        let client = world.client_with_timeout(crm_sandbox::BOSS, timeout);
        for point in 0..5 {
            sandbox.reset();
            add_old_record(sandbox);
            let mut outcomes = quick(client.import(entries.clone())).chunk(200).concurrency(1).outcomes();
            let mut report = ImportReport::default();
            let mut seen = 0;
            if point == 0 {
                sandbox.add_fault(fault.clone().on(Operation::HistoryAddList));
            }
            while let Some(imported) = outcomes.next().await {
                report.add(imported.unwrap());
                seen += 1;
                if seen == point * 200 {
                    sandbox.add_fault(fault.clone().on(Operation::HistoryAddList));
                }
            }
            all_created(&report, sandbox, &entries, &format!("{fault:?} at chunk {point}"));
        }
    }
}

#[tokio::test]
async fn an_import_behind_a_rate_limit_stores_everything_once_in_one_run() {
    let entries = entries(200);
    for fault in [Fault::too_many_requests(None), Fault::too_many_requests(Some(RetryAfter::Seconds(1)))] {
        let sandbox = sandbox_with_history().await;
        sandbox.add_fault(fault.clone().everywhere().over_rate(20.0, 3));
        let report = quick(client(sandbox.url()).import(entries.clone())).chunk(10).run().await.unwrap();
        all_created(&report, &sandbox, &entries, &format!("{fault:?}"));
    }
}

#[tokio::test(start_paused = true)]
async fn everything_is_stored_once_when_chunks_fail_side_by_side() {
    let entries = entries(1_000);
    let world = World::new();
    let sandbox = &world.sandbox;
    for fault in faults() {
        if is_slow(&fault) {
            continue; // a time for each chunk adds up
        }
        sandbox.reset();
        add_old_record(sandbox);
        // The first four calls are in flight together.
        sandbox.add_fault(fault.clone().on(Operation::HistoryAddList).times(4));
        let import = quick(world.client().import(entries.clone())).chunk(50).concurrency(4);
        let report = import.run().await.unwrap();
        all_created(&report, sandbox, &entries, &format!("{fault:?}"));
    }
}

#[tokio::test]
async fn equal_records_from_before_and_of_other_people_are_not_taken_for_ones_own() {
    let entries = entries(200);
    let sandbox = sandbox_with_history().await;
    let client = client(sandbox.url());
    assert!(quick(client.import(entries.clone())).run().await.unwrap().is_complete());
    // The same import again, and its first chunk is lost. Equal records exist already, but they are older.
    sandbox.add_fault(Fault::close_before_reading().on(Operation::HistoryAddList));
    let report = quick(client.import(entries.clone())).run().await.unwrap();
    assert_eq!(report.totals.created, 200);
    let twice = wanted(&entries).into_iter().map(|(key, count)| (key, 2 * count)).collect();
    assert_eq!(difference(&stored(&sandbox), &twice), "");
}

#[tokio::test]
async fn an_activity_that_cannot_be_looked_up_is_unknown_and_not_sent_again() {
    let sandbox = sandbox_with_history().await;
    let client = client(sandbox.url());
    // MariaDB does not store such a time, so no range with a first day finds the record.
    let at = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
    sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAddList));
    let report = quick(client.import([NewEntry::new("старая запись").at(at)])).run().await.unwrap();
    assert_eq!(report.totals.unknown, 1, "{report}");
    assert_eq!(sandbox.record_count(), 2);
}

#[tokio::test]
async fn a_record_that_only_resembles_the_activity_makes_its_outcome_unknown() {
    let sandbox = sandbox_with_history().await;
    let client = client(sandbox.url());
    let entry = entries(2).remove(1);
    sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAddList));
    let mut outcomes = quick(client.import([NewEntry::new("первая").client(ClientId(1))])).outcomes();
    outcomes.next().await.unwrap().unwrap();
    // This server stores another type than was written, so nobody knows who wrote the record.
    let client = HistoryClient::builder(sandbox.url())
        .credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS))
        .transport(Retype(transport()))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAddList));
    let report = quick(client.import([entry])).run().await.unwrap();
    let AddOutcome::Unknown(why) = &report.outcomes[0] else { panic!("{report}") };
    assert!(why.contains("resembles the activity"), "{why}");
    assert_eq!(sandbox.record_count(), 3);
}

/// A server that stores another name of a type.
struct Retype(ReqwestTransport);

impl Transport for Retype {
    fn send(
        &self,
        mut request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let body = String::from_utf8(request.body().to_vec()).unwrap();
            *request.body_mut() = body.replace("исх.Почта", "Письмо").into();
            self.0.send(request).await
        })
    }
}

/// Stores the chunk only after it was looked up twice, like a PHP process that outlives its connection.
struct Late {
    inner: ReqwestTransport,
    waiting: std::sync::Mutex<Option<http::Request<Bytes>>>,
    lists: AtomicU64,
}

impl Transport for Late {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            if request.uri().path().ends_with("add.list") && self.lists.load(Ordering::Relaxed) < 2 {
                *self.waiting.lock().unwrap() = Some(request);
                return Err(TransportError::closed("closed by the test"));
            }
            if self.lists.fetch_add(1, Ordering::Relaxed) == 2
                && let Some(late) = { self.waiting.lock().unwrap().take() }
            {
                self.inner.send(late).await?;
            }
            self.inner.send(request).await
        })
    }
}

#[tokio::test]
async fn a_chunk_that_is_stored_late_is_not_sent_again() {
    let sandbox = sandbox_with_history().await;
    let late = Late { inner: transport(), waiting: std::sync::Mutex::default(), lists: AtomicU64::new(0) };
    let client = HistoryClient::builder(sandbox.url())
        .credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS))
        .transport(late)
        .build()
        .unwrap();
    let entries = entries(20);
    // The lists are the watermark, an immediate lookup that finds nothing, and one after the time to settle.
    let report = quick(client.import(entries.clone())).settle(Duration::from_millis(20)).run().await.unwrap();
    all_created(&report, &sandbox, &entries, "late");
}

#[tokio::test]
async fn an_activity_that_the_server_fails_at_is_refused_and_the_others_are_stored() {
    /// Fails at a word, as PHP does at a bug: a fatal error for the whole call, and nothing is stored.
    struct Poison(ReqwestTransport);

    impl Transport for Poison {
        fn send(
            &self,
            request: http::Request<Bytes>,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
            Box::pin(async move {
                if String::from_utf8_lossy(request.body()).contains("яд") {
                    let page = "<br />\n<b>Fatal error</b>:  Uncaught E in /srv/crm/history.php:9\n";
                    return Ok(http::Response::new(Bytes::from_static(page.as_bytes())));
                }
                self.0.send(request).await
            })
        }
    }
    let sandbox = sandbox_with_history().await;
    let client = HistoryClient::builder(sandbox.url())
        .credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS))
        .transport(Poison(transport()))
        .build()
        .unwrap();
    let mut input = entries(100);
    input[37] = NewEntry::new("яд");
    let report = quick(client.import(input.clone())).run().await.unwrap();
    let AddOutcome::Rejected(why) = &report.outcomes[37] else { panic!("{report}") };
    assert!(why.text.contains("PHP error"), "{why}");
    input.remove(37);
    assert_eq!(difference(&stored(&sandbox), &wanted(&input)), "");
}

#[tokio::test]
async fn a_server_that_fails_at_everything_stops_the_import() {
    let sandbox = sandbox_with_history().await;
    let client = client(sandbox.url());
    let fatal = Fault::error_in_ok(500, "Нет соединения с базой");
    sandbox.add_fault(fatal.on(Operation::HistoryAddList).always());
    let report = quick(client.import(entries(300))).run().await.unwrap();
    assert_eq!(report.totals.created, 0);
    // Each chunk that was sent may be stored, because code 500 does not say that it is not.
    assert!(report.totals.rejected == 0 && report.can_go_on(), "{report}");
    assert_eq!(report.outcomes.len(), 300);
    let why = report.outcomes.iter().find(|outcome| matches!(outcome, AddOutcome::NotSent(_))).unwrap();
    assert!(why.to_string().contains("Нет соединения с базой"), "{why}");
}

#[tokio::test]
async fn wrong_credentials_and_an_absent_server_leave_everything_unsent_with_the_reason() {
    let sandbox = sandbox_with_history().await;
    let wrong = client(sandbox.url()).with_credentials(ApiKey::new("wrong", crm_sandbox::BOSS)).unwrap();
    let report = quick(wrong.import(entries(10))).run().await.unwrap();
    assert_eq!(report.totals.not_sent, 10);
    let AddOutcome::NotSent(why) = &report.outcomes[9] else { panic!("{report}") };
    assert!(why.contains("401 «Неизвестный пользователь»"), "{why}");
    let gone = sandbox.url().to_owned();
    drop(sandbox);
    let report = quick(client(&gone).import(entries(10))).run().await.unwrap();
    assert_eq!(report.totals.not_sent, 10);
}

#[tokio::test]
async fn a_faulty_activity_is_refused_and_hides_no_other() {
    let sandbox = sandbox_with_history().await;
    let client = client(sandbox.url());
    let input = [NewEntry::new("a").client(ClientId(1)), NewEntry::new(" "), NewEntry::new("<b")];
    let report = client.import(input).run().await.unwrap();
    assert!(report.outcomes[0].id().is_some());
    assert_eq!(report.outcomes[1].to_string(), "refused, not stored: «content is empty»");
    // Nothing remains of `<b`, and the server refuses an empty content.
    assert!(!matches!(report.outcomes[2], AddOutcome::NotSent(_)), "{report}");
}

#[tokio::test]
async fn changed_contents_are_recognised_when_they_are_read_back() {
    let sandbox = sandbox_with_history().await;
    let client = client(sandbox.url());
    let texts = [
        "ООО «Ромашка» \"и\" Ко",
        "https://x.ru/a?b=1\nвторая строка",
        "эмодзи 😀",
        "a < b > c",
        "тег <b>x</b>",
    ];
    let day = NaiveDate::from_ymd_opt(2024, 6, 25).unwrap().and_hms_opt(10, 0, 0).unwrap();
    let entries: Vec<NewEntry> =
        texts.iter().map(|text| NewEntry::new(*text).at(day).activity_type("Тип \"x\"")).collect();
    sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAddList));
    let report = quick(client.import(entries)).run().await.unwrap();
    assert_eq!((report.totals.created, sandbox.record_count()), (5, 6), "{report}");
}

#[tokio::test]
async fn activities_of_other_users_and_of_unknown_ones_are_found_again() {
    let sandbox = sandbox_with_history().await;
    let seller = client(sandbox.url())
        .with_credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::SELLER))
        .unwrap();
    // The boss is not a subordinate of the seller, so the server lists the record only by login.
    let users = [crm_sandbox::BOSS, "nobody@example.test", crm_sandbox::SELLER];
    let entries = users.map(|user| NewEntry::new(format!("для {user}")).user(user));
    for iduser in [0, 1, 2] {
        sandbox.add_record(crm_sandbox::Record {
            content: Some("старая".to_owned()),
            iduser,
            ..Default::default()
        });
    }
    sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAddList));
    let report = quick(seller.import(entries)).sole_writer().run().await.unwrap();
    assert_eq!((report.totals.created, sandbox.record_count()), (3, 7), "{report}");
}

#[tokio::test]
async fn chunks_are_bounded_by_count_and_by_bytes() {
    let sandbox = sandbox_with_history().await;
    let client = client(sandbox.url());
    let long = NewEntry::new("x".repeat(3_000));
    let input = vec![long; 10];
    assert!(client.import(input).chunk(4).chunk_bytes(7_000).run().await.unwrap().is_complete());
    let calls = sandbox.requests();
    let adds = calls.iter().filter(|call| call.operation == Some(Operation::HistoryAddList)).count();
    assert_eq!((adds, sandbox.record_count()), (5, 11));
}

#[tokio::test]
async fn progress_is_reported_after_each_chunk() {
    let sandbox = sandbox_with_history().await;
    let reported = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&reported);
    let import = client(sandbox.url()).import(entries(250)).chunk(100).concurrency(1);
    let import = import.on_progress(move |progress| seen.lock().unwrap().push(progress.done));
    assert!(import.run().await.unwrap().is_complete());
    assert_eq!(*reported.lock().unwrap(), [100, 200, 248, 250], "the last activities are sent last");
}

#[tokio::test]
async fn a_cancelled_import_sends_no_further_chunk_and_can_be_resumed() {
    let sandbox = sandbox_with_history().await;
    let journal = Scratch::new("cancelled");
    let entries = entries(300);
    let (cancel, cancelled) = tokio::sync::oneshot::channel::<()>();
    let import = client(sandbox.url()).import(entries.clone()).chunk(100).concurrency(1).journal(&journal.0);
    let mut outcomes = import.cancel(async { drop(cancelled.await) }).outcomes();
    let mut cancel = Some(cancel);
    let mut created = 0;
    while let Some(imported) = outcomes.next().await {
        created += u64::from(imported.unwrap().outcome.id().is_some());
        drop(cancel.take());
    }
    assert!((100..300).contains(&created), "{created}");
    assert_eq!(sandbox.record_count() as u64, created + 1);
    let report = client(sandbox.url()).import(entries.clone()).journal(&journal.0).run().await.unwrap();
    all_created(&report, &sandbox, &entries, "resumed");
}

#[tokio::test]
async fn refused_activities_are_written_to_a_file_for_another_import() {
    let sandbox = sandbox_with_history().await;
    let file = Scratch::new("rejected");
    let day = NaiveDate::from_ymd_opt(2024, 6, 25).unwrap().and_hms_opt(10, 0, 0).unwrap();
    let bad =
        NewEntry::new("a; \"b\",\nc").at(day).client(ClientId(1)).contacts([ContactId(1), ContactId(2)]);
    let import = client(sandbox.url())
        .import([bad, NewEntry::new("хорошая").client(ClientId(1))])
        .loss_policy(LossPolicy::Reject);
    let report = import.run().await.unwrap();
    report.write_rejected(&file.0).unwrap();
    let text = std::fs::read_to_string(&file.0).unwrap();
    let head =
        "datum,content,tip,user,clid,pid,did,reason\n2024-06-25 10:00:00,\"a; \"\"b\"\",\nc\",,,1,\"1,2\",,";
    assert!(text.starts_with(head), "{text}");
    assert!(!text.contains("хорошая"));
}
