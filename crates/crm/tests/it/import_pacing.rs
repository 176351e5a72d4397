//! Imports that are cancelled, that wait for their input, and whose outcomes are taken slowly, in virtual time.

use std::time::Duration;

use crate::imports::{Scratch, difference, entries, stored, wanted};
use crate::in_process::World;
use crate::misleading::{at, with_history};
use crm::history::{ClientId, NewEntry, NotSentReason, OutcomeReason};
use crm_sandbox::Operation;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_cancel_ends_every_wait_and_sends_nothing_more() {
    let world = World::new();
    with_history(&world);
    world.put(&json!({"transfer": "close", "store": "not", "operation": "writes", "when": {"each": 1}}));
    let cancelled = tokio::time::sleep(Duration::from_millis(500));
    let report = world.client().import(entries(40)).chunk(20).cancel(cancelled).run().await.unwrap();
    assert_eq!((report.totals.unknown, report.totals.not_sent), (38, 2), "{report}");
    assert!(world.seconds() < 2);
    assert_eq!(world.count(Operation::HistoryAddList), 2);
}

#[tokio::test(start_paused = true)]
async fn the_largest_settings_are_taken_and_never_panic() {
    let world = World::new();
    with_history(&world);
    // The second request loses its answer, so that each wait is used.
    let lost = json!({"transfer": "close", "store": "not", "operation": "writes", "skip": 1});
    world.put(&lost);
    let (largest, longest) = (usize::MAX, Duration::MAX);
    let import = world.client().import(entries(40)).chunk(20).chunk_bytes(largest).concurrency(largest);
    let cancelled = tokio::time::sleep(Duration::from_secs(3_600));
    let import = import.settle(longest).patience(longest).flush_after(longest).cancel(cancelled);
    let report = import.run().await.unwrap();
    // The last rows wait until the others are answered.
    assert_eq!((report.totals.created, report.totals.unknown + report.totals.not_sent), (20, 20), "{report}");
    world.put(&json!([]));
    let report = world.client().import(entries(60)).chunk(largest).run().await.unwrap();
    assert_eq!(report.totals.created, 60, "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_waits_for_its_outcome_is_not_waited_for() {
    let world = World::new();
    with_history(&world);
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    send.send(NewEntry::new("первый").client(ClientId(1))).unwrap();
    let input = Box::pin(stream(move |cx| receive.poll_recv(cx)));
    let mut outcomes = world.client().import_stream(input).outcomes();
    for text in ["второй", "третий"] {
        assert!(outcomes.next().await.unwrap().unwrap().outcome.id().is_some());
        send.send(NewEntry::new(text).client(ClientId(1))).unwrap();
    }
    drop(send);
    assert!(outcomes.next().await.unwrap().unwrap().outcome.id().is_some());
    assert!(outcomes.next().await.is_none());
    assert_eq!(world.seconds(), 2);
}

/// Makes a stream of a function.
fn stream<F>(poll: F) -> Polled<F>
where
    F: FnMut(&mut std::task::Context<'_>) -> std::task::Poll<Option<NewEntry>> + Unpin,
{
    Polled(poll)
}

struct Polled<F>(F);

impl<F> futures_core::Stream for Polled<F>
where
    F: FnMut(&mut std::task::Context<'_>) -> std::task::Poll<Option<NewEntry>> + Unpin,
{
    type Item = NewEntry;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<NewEntry>> {
        (self.0)(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_of_outcomes_is_not_a_slow_server() {
    let world = World::new();
    with_history(&world);
    world.sandbox.add_fault(
        crm_sandbox::Fault::latency(Duration::from_secs(1)).on(Operation::HistoryAddList).always(),
    );
    let input = entries(60);
    let mut outcomes = world.client().import(input.clone()).chunk(20).outcomes();
    while let Some(outcome) = outcomes.next().await {
        assert!(outcome.unwrap().outcome.id().is_some());
        tokio::time::sleep(Duration::from_secs(45)).await;
    }
    assert_eq!(
        difference(
            &stored(&world.sandbox),
            &wanted(&[&[NewEntry::new("старая").at(at(1)).client(ClientId(1))], &input[..]].concat())
        ),
        ""
    );
    assert_eq!(world.count(Operation::HistoryAddList), 4, "the last activities are sent last");
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_of_outcomes_keeps_no_call_from_others() {
    let world = World::new();
    with_history(&world);
    let takes = |operation, seconds| {
        let latency = crm_sandbox::Fault::latency(Duration::from_secs(seconds));
        world.sandbox.add_fault(latency.on(operation).always());
    };
    takes(Operation::HistoryAddList, 1);
    takes(Operation::HistoryTips, 3);
    // The login of the second activity is checked while the first one is sent, which takes less time.
    let mut input = entries(2);
    input[1].user = Some(crm_sandbox::SELLER.to_owned());
    let client = world.client();
    let mut outcomes = client.import(input).chunk(1).check_users().outcomes();
    takes(Operation::HistoryFields, 2);
    assert!(outcomes.next().await.unwrap().unwrap().outcome.id().is_some());
    let began = world.seconds();
    let (one, other) = tokio::join!(client.activity_types(), client.activity_types());
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(world.seconds() - began, 4, "one of them waits for the check alone");
    assert!(outcomes.next().await.unwrap().unwrap().outcome.id().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_pauses_with_another_input_is_not_waited_for_forever() {
    let (world, journal) = (World::new(), Scratch::new("paused-stream"));
    with_history(&world);
    assert!(world.client().import(entries(3)).journal(&journal.0).run().await.unwrap().is_complete());
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    send.send(NewEntry::new("другой").client(ClientId(1))).unwrap();
    let input = Box::pin(stream(move |cx| receive.poll_recv(cx)));
    let mut outcomes = world.client().import_stream(input).journal(&journal.0).outcomes();
    let outcome = outcomes.next().await.unwrap().unwrap();
    let reason = NotSentReason::PerhapsChanged { missing: 3, known: 0 };
    assert_eq!(outcome.reason, Some(OutcomeReason::NotSent(reason)));
    drop(send);
}
