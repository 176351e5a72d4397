//! Imports whose credentials or logins are refused, by the CRM or by something in front of it, in virtual time.

use crate::imports::{Scratch, entries};
use crate::in_process::World;
use crate::misleading::with_history;
use crm::history::{ApiKey, LossPolicy, NotSentReason, OutcomeReason};
use crm_sandbox::{BOSS, Operation, SELLER};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_wrong_key_stops_an_import_with_or_without_checks_and_sends_nothing_more() {
    for check in [false, true] {
        let world = World::new();
        with_history(&world);
        let wrong = ApiKey::new("wrong", BOSS);
        let client = world.client().with_credentials(wrong).unwrap();
        let input = entries(60).into_iter().map(|entry| entry.user(SELLER));
        let import = client.import(input).loss_policy(LossPolicy::Reject);
        let report = if check { import.check_users() } else { import }.run().await.unwrap();
        assert_eq!((report.totals.not_sent, report.totals.rejected), (60, 0), "{report}");
        for outcome in &report.not_stored {
            let refused =
                matches!(outcome.reason, Some(OutcomeReason::NotSent(NotSentReason::KeyRefused(_))));
            assert!(refused, "{:?}", outcome.reason);
        }
        assert_eq!((world.count(Operation::HistoryAddList), world.sandbox.requests().len()), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_refuses_a_login_is_asked_again_and_makes_no_login_unknown() {
    for seconds in [10, 3_600] {
        let world = World::new();
        with_history(&world);
        let rule = json!({"if": {"login": SELLER}, "fault": {"bare_status": {"status": 407}}, "store": "not",
                          "when": {"for_millis": seconds * 1_000}});
        world.put(&rule);
        let input = entries(20).into_iter().map(|entry| entry.user(SELLER));
        let import = world.client().import(input).check_users().loss_policy(LossPolicy::Reject);
        let report = import.run().await.unwrap();
        assert_eq!(report.totals.rejected, 0, "{report}");
        let stored = if seconds == 10 { 20 } else { 0 };
        assert_eq!((report.totals.created, report.totals.not_sent), (stored, 20 - stored), "{report}");
        if stored == 0 {
            let reason = &report.not_stored[0].reason;
            let Some(OutcomeReason::NotSent(NotSentReason::ServerDown { last, .. })) = reason else {
                panic!("{reason:?}")
            };
            assert!(last.contains("407"), "{last}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_journal_calls_refused_stays_refused() {
    let world = World::new();
    with_history(&world);
    let unknown = json!({"if": {"login": SELLER}, "fault": {"error_in_ok": {"code": 401, "text": "Неизвестный пользователь"}},
                         "store": "not", "when": {"each": 1}});
    let input = || entries(2).into_iter().map(|entry| entry.user(SELLER));
    let scratch = Scratch::new("refused-login");
    let import = || {
        let import = world.client().import(input()).journal(&scratch.0);
        import.check_users().loss_policy(LossPolicy::Reject)
    };
    world.put(&unknown);
    let first = import().run().await.unwrap();
    assert_eq!((first.totals.rejected, world.sandbox.record_count()), (2, 1), "{first}");
    world.put(&json!([]));
    let known = world.client().import(input()).check_users().run().await.unwrap();
    assert_eq!((known.totals.created, world.sandbox.record_count()), (2, 3), "{known}");
    let again = import().run().await.unwrap();
    assert_eq!((again.totals.rejected, world.sandbox.record_count()), (2, 3), "{again}");
}
