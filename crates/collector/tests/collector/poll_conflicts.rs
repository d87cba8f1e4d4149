//! Of two concurrent pollers only one moves a cursor, and losing that race is not an error.

use std::cell::Cell;

use collector::cursor::Cursor;
use collector::poll::{FeedReport, PollReport, Shard};
use futures::executor::block_on;
use futures::future::join_all;
use testkit::{Action, Interceptor, PortCall, at, feed};

use crate::poll::idle_at;
use crate::poll_fixture::{PollFixture, assert_no_overlap, only_feed};

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
