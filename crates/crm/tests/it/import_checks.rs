//! The checks of an import: losses, logins, activity types and marks.

use crate::imports::client;
use crm::history::{AddOutcome, ClientId, DealId, LossPolicy, NewEntry};
use crm_sandbox::{Operation, Sandbox};

/// An activity of a client that exists.
fn of_client(content: &str) -> NewEntry {
    NewEntry::new(content).client(ClientId(1))
}

#[tokio::test]
async fn losses_are_reported_or_refused_as_the_policy_says() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(sandbox.url());
    let input = || ["ООО \"Ромашка\"", "без потерь"].map(of_client);
    let mut warned = client.import(input()).outcomes();
    assert_eq!(warned.next().await.unwrap().unwrap().losses.len(), 1);
    assert_eq!(warned.next().await.unwrap().unwrap().losses, []);
    assert!(warned.next().await.is_none());
    let report = client.import(input()).loss_policy(LossPolicy::Reject).run().await.unwrap();
    assert!(matches!(report.outcomes[0], AddOutcome::Rejected(_)) && report.outcomes[1].id().is_some());
    let report = client.import(input()).loss_policy(LossPolicy::Allow).run().await.unwrap();
    assert_eq!((report.totals.created, report.with_losses), (2, 0));
    assert_eq!(sandbox.record_count(), 5);
}

#[tokio::test]
async fn unknown_logins_are_reported_or_refused_as_the_policy_says() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(sandbox.url());
    let input = || [crm_sandbox::SELLER, "nobody@example.test"].map(|user| of_client("x").user(user));
    let report = client.import(input()).check_users().run().await.unwrap();
    assert_eq!((report.totals.created, report.with_unknown_user), (2, 1));
    let report = client.import(input()).check_users().loss_policy(LossPolicy::Reject).run().await.unwrap();
    assert_eq!(report.outcomes[1].to_string(), "refused, not stored: «user is not known to the CRM»");
    assert_eq!(sandbox.record_count(), 3);
}

#[tokio::test]
async fn unknown_activity_types_are_reported_or_refused_as_the_policy_says() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(sandbox.url());
    let input = || {
        let types =
            ["ВСТРЕЧА ", "Стрижка", "встреча", " Встреча"].map(|title| of_client("x").activity_type(title));
        types.into_iter().chain([of_client("x")])
    };
    let mut outcomes = client.import(input()).check_types().outcomes();
    for unknown in [false, true, false, true, false] {
        let outcome = outcomes.next().await.unwrap().unwrap();
        assert!(outcome.outcome.id().is_some());
        assert_eq!(outcome.unknown_type, unknown, "{:?}", outcome.entry.activity_type);
    }
    assert!(outcomes.next().await.is_none());
    let asked =
        sandbox.requests().iter().filter(|call| call.operation == Some(Operation::HistoryTips)).count();
    assert_eq!(asked, 1);
    let report = client.import(input()).check_types().run().await.unwrap();
    assert_eq!((report.totals.created, report.with_unknown_type), (5, 2));
    assert!(
        report.to_string().ends_with(", 2 stored with a type that the account does not have"),
        "{report}"
    );
    let types = ["Встреча", "Стрижка"].map(|title| of_client("x").activity_type(title));
    let report = client.import(types).check_types().loss_policy(LossPolicy::Reject).run().await.unwrap();
    assert_eq!(
        report.outcomes[1].to_string(),
        "refused, not stored: «activity_type is not a type of the account»"
    );
    assert!(report.outcomes[0].id().is_some());
}

#[tokio::test]
async fn an_id_that_no_client_can_have_is_refused_before_it_is_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(sandbox.url());
    let input = [79_160_000_042, 1, 89_160_000_043].map(|id| NewEntry::new("x").client(ClientId(id)));
    let report = client.import(input).loss_policy(LossPolicy::Reject).run().await.unwrap();
    assert_eq!((report.totals.created, report.totals.rejected), (1, 2), "{report}");
    let stored = sandbox.records();
    assert_eq!(stored.iter().map(|record| record.clid).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn the_server_stores_the_highest_id_for_one_beyond_its_column() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(sandbox.url());
    let entry = NewEntry::new("x").client(ClientId(79_160_000_042)).deal(DealId(2_147_483_648));
    let stored = entry.as_stored();
    let id = client.add(&entry).await.unwrap();
    let read = client.entry(id).await.unwrap();
    assert_eq!((read.client_id, read.deal_id), (stored.client, stored.deal));
}

#[tokio::test]
async fn a_mark_is_found_in_the_list_in_info_and_by_a_search() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(sandbox.url());
    let marked = of_client("вх. звонок, «2» мин / 3").mark("1700000000.42-a:B");
    let id = client.add(&marked).await.unwrap();
    client.add(&of_client("вх. звонок")).await.unwrap();
    let found = client.list(&crm::history::EntryQuery::new().word("[1700000000.42-a:B]")).await.unwrap();
    let marks: Vec<_> = found.items.iter().map(|entry| (entry.id, entry.mark())).collect();
    assert_eq!(marks, [(id, Some("1700000000.42-a:B"))]);
    assert_eq!(client.entry(id).await.unwrap().mark(), Some("1700000000.42-a:B"));
    let report = client.import([of_client("цена <5000").mark("1")]).run().await.unwrap();
    assert!(report.outcomes[0].to_string().contains("mark would be lost: a \"<\""), "{report:?}");
}

#[tokio::test]
async fn a_dry_run_checks_everything_and_sends_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(sandbox.url());
    let input = [of_client("\"x\"").user("nobody@example.test"), NewEntry::default(), of_client("y")];
    let report = client.import(input).check_users().check_types().dry_run().run().await.unwrap();
    assert_eq!((report.totals.not_sent, report.totals.rejected), (2, 1), "{report}");
    assert_eq!(report.outcomes[2], AddOutcome::NotSent("this was a dry run".to_owned()));
    let first = &report.not_stored[0];
    assert!(first.unknown_user && !first.losses.is_empty(), "{first:?}");
    assert!(sandbox.requests().iter().all(|request| request.operation != Some(Operation::HistoryAddList)));
    assert_eq!(sandbox.record_count(), 0);
}
