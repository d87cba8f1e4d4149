//! Of two concurrent pollers only one moves a cursor, and losing that race is not an error.

use std::cell::Cell;

use collector::cursor::Cursor;
use collector::poll::{FeedReport, PollReport};
use collector::shard::Shard;
use futures::FutureExt;
use futures::executor::block_on;
use futures::future::join_all;
use testkit::{Action, Interceptor, PortCall, at, feed};

use crate::poll::idle_at;
use crate::poll_fixture::{NOW, PollFixture, assert_no_overlap, only_feed};
use crate::poll_subscriptions::{denied, gap, refuse_disabled, state};

/// Another poller moves the cursor right before this one makes the call.
fn overtaken_before(fixture: &PollFixture, call: impl Fn(PortCall<'_>) -> bool) -> PollReport {
    let ahead = Cursor::at(at("2026-11-22T11:59:00Z"));
    let report = fixture.poll_with(|event| {
        if call(event) {
            fixture.state.set_cursor(feed(), ahead);
        }
        Action::Proceed
    });
    assert_eq!(fixture.state.cursor(feed()), Some(ahead), "the other poller's cursor is left as it is");
    report
}

/// The poller found the cursor at `cursor`, lost the race, and reports neither progress nor an error.
fn assert_lost_race(report: &PollReport, cursor: &str) {
    assert_eq!(*only_feed(report), FeedReport { lost_race: true, ..idle_at(cursor) });
    assert!(!report.is_failure());
    assert!(!report.more_to_do);
}

#[test]
fn lists_nothing_after_losing_the_race_to_record() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    let report = overtaken_before(&fixture, |call| matches!(call, PortCall::RecordWindow(_)));
    assert_lost_race(&report, "2026-11-22T11:55:00Z");
    assert_eq!(fixture.listings(), []);
}

#[test]
fn commits_nothing_after_losing_the_race_to_commit() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    let report = overtaken_before(&fixture, |call| matches!(call, PortCall::CommitWindow(_)));
    assert_lost_race(&report, "2026-11-22T11:55:00Z");
    assert_eq!(fixture.state.committed(feed()), []);
}

#[test]
fn reports_no_loss_after_losing_race_to_skip() {
    let fixture = PollFixture::exchange_listed_until("2026-11-14T12:00:00Z");
    let report = overtaken_before(&fixture, |call| matches!(call, PortCall::Skip(_)));
    assert_lost_race(&report, "2026-11-14T12:00:00Z");
    assert_eq!(fixture.state.losses(), []);
}

/// The number of port calls of one poll.
fn calls_of_one_poll(fixture: &PollFixture) -> usize {
    let calls = Cell::new(0);
    fixture.poll_with(|_| {
        calls.set(calls.get() + 1);
        Action::Proceed
    });
    calls.get()
}

fn busy_feed() -> PollFixture {
    let fixture = PollFixture::exchange();
    for minute in 0..6 {
        fixture.publish(&[(&format!("a{minute}"), &format!("2026-11-22T10:{minute}5:00Z"))]);
        fixture.publish(&[(&format!("b{minute}"), &format!("2026-11-22T11:{minute}5:00Z"))]);
    }
    fixture
}

/// Three pollers take turns call by call; the second and the third start that many turns after the first.
fn poll_three_interleaved(second: usize, third: usize) {
    let fixture = busy_feed();
    let every_call_gives_way = |_: PortCall<'_>| Action::GiveWay;
    let pollers = [0, second, third].map(|turns| {
        let poller = fixture.poller(&Interceptor::script(&every_call_gives_way));
        let deadline = fixture.deadline();
        async move {
            for _ in 0..turns {
                futures::pending!();
            }
            poller.run(Shard::WHOLE, deadline).await.unwrap()
        }
    });
    let reports = block_on(poll_without_wakers(join_all(pollers)));
    let title = format!("{second} and {third} turns later");
    assert!(reports.iter().all(|report| only_feed(report).error.is_none()), "{title}: {reports:?}");
    assert_eq!(fixture.queued().len(), 12, "{title}");
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))), "{title}");
    let committed: u64 = reports.iter().map(|report| only_feed(report).windows_listed).sum();
    assert_eq!(committed, 2, "{title}: each window is committed by exactly one poller");
    assert_no_overlap(&fixture.asked(feed()));
}

/// Polls `all` again and again: a pending future waits for its turn and for nothing else.
async fn poll_without_wakers<T>(all: impl Future<Output = T>) -> T {
    let mut all = Box::pin(all);
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        all.as_mut().poll(context)
    })
    .await
}

#[test]
fn three_interleaved_pollers_list_everything() {
    let calls = calls_of_one_poll(&busy_feed());
    assert!(calls > 10, "a poll of {calls} calls is too short for this test");
    for second in 0..=calls {
        for third in second..=calls {
            poll_three_interleaved(second, third);
        }
    }
}

/// Another poller polls to its end while Microsoft refuses to list the feed: it remembers since when, and starts the
/// subscription.
fn other_poller_is_refused(fixture: &PollFixture) {
    let refuse = refuse_disabled(fixture);
    let other = fixture.poller(&Interceptor::script(&refuse));
    other.run(Shard::WHOLE, fixture.deadline()).now_or_never().unwrap().unwrap();
    assert!(state(fixture).subscription.refused_since.is_some());
}

/// A poller reads the state of a feed whose subscription is disabled, and lists it once another poller has started it.
fn list_after_another_poller_was_refused(fixture: &PollFixture) {
    fixture.api.disable(feed());
    let is_first = Cell::new(true);
    fixture.poll_with(|call| {
        if matches!(call, PortCall::List(..)) && is_first.replace(false) {
            other_poller_is_refused(fixture);
        }
        Action::Proceed
    });
}

#[test]
fn poller_that_lists_does_not_forget_what_another_was_refused() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    list_after_another_poller_was_refused(&fixture);
    fixture.five_minutes_later();
    assert_eq!(only_feed(&fixture.poll()).lost, [gap("2026-11-22T11:55:00Z", NOW)]);
}

/// It is the first poll of the hour, and the list of subscriptions lacks the feed.
#[test]
fn poller_that_starts_does_not_forget_what_another_was_refused() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:00:00Z");
    list_after_another_poller_was_refused(&fixture);
    assert_eq!(fixture.starts(), 2, "both pollers started it");
    fixture.five_minutes_later();
    assert_eq!(only_feed(&fixture.poll()).lost, [gap("2026-11-22T11:00:00Z", NOW)]);
}

#[test]
fn failed_start_does_not_forget_what_another_was_refused() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:00:00Z");
    fixture.api.disable(feed());
    let is_first = Cell::new(true);
    fixture.poll_with(|call| match call {
        PortCall::List(..) if is_first.replace(false) => {
            other_poller_is_refused(&fixture);
            Action::Proceed
        }
        PortCall::StartSubscription(_) => Action::Fail(denied()),
        _ => Action::Proceed,
    });
    assert_eq!(state(&fixture).subscription.refused_since, Some(at("2026-11-22T11:00:00Z")));
}
