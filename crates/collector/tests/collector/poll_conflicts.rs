//! Two pollers at once cannot both move a cursor, and neither minds.

use std::cell::Cell;

use collector::cursor::Cursor;
use collector::poll::{PollReport, Shard};
use futures::executor::block_on;
use futures::future::join_all;
use testkit::{at, feed};

use crate::poll_fixture::{PollFixture, assert_no_overlap, only_feed};
use crate::scripted_ports::{Act, Event};

/// Another poller moves the cursor right before this one makes the call.
fn overtaken_before(fixture: &PollFixture, call: impl Fn(Event<'_>) -> bool) -> PollReport {
    let ahead = Cursor::at(at("2026-11-22T11:59:00Z"));
    let report = fixture.poll_with(|event| {
        if call(event) {
            fixture.state.set_cursor(feed(), ahead);
        }
        Act::Proceed
    });
    assert_eq!(fixture.state.cursor(feed()), Some(ahead), "the other one's cursor stands");
    report
}

/// It gave way and takes it for no error.
fn assert_lost_race(report: &PollReport) {
    let feed = only_feed(report);
    assert_eq!((feed.lost_race, feed.error.clone(), feed.more_to_do, feed.windows_listed), (true, None, false, 0));
    assert!(!report.is_failure() && !report.more_to_do);
}

#[test]
fn a_poller_overtaken_before_it_recorded_a_window_asks_for_nothing() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    assert_lost_race(&overtaken_before(&fixture, |event| matches!(event, Event::Record)));
    assert_eq!(fixture.listings(), []);
}

#[test]
fn a_poller_overtaken_before_it_committed_keeps_nothing_of_its_window() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    assert_lost_race(&overtaken_before(&fixture, |event| matches!(event, Event::Commit)));
    assert_eq!(fixture.state.committed(feed()), []);
}

#[test]
fn a_poller_overtaken_before_it_skipped_a_loss_tells_none() {
    let fixture = PollFixture::exchange_listed_until("2026-11-14T12:00:00Z");
    let report = overtaken_before(&fixture, |event| matches!(event, Event::Skip));
    assert_lost_race(&report);
    assert_eq!((&only_feed(&report).lost[..], fixture.state.losses()), (&[][..], vec![]));
}

/// The number of port calls of a first run.
fn calls_of_one_poll(fixture: &PollFixture) -> usize {
    let calls = Cell::new(0);
    fixture.poll_with(|_| {
        calls.set(calls.get() + 1);
        Act::Proceed
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

/// Three pollers take turns call by call, the second and third starting so many turns after the first.
fn three_at_once(second: usize, third: usize) {
    let fixture = busy_feed();
    let every_call_gives_way = |_: Event<'_>| Act::GiveWay;
    let pollers = [0, second, third].map(|turns| {
        let poller = fixture.scripted_poller(&every_call_gives_way);
        let deadline = fixture.deadline();
        async move {
            for _ in 0..turns {
                futures::pending!();
            }
            poller.run(Shard::WHOLE, deadline).await.unwrap()
        }
    });
    let reports = block_on(patiently(join_all(pollers)));
    let title = format!("{second} and {third} turns later");
    assert!(reports.iter().all(|report| only_feed(report).error.is_none()), "{title}: {reports:?}");
    assert_eq!(fixture.queued().len(), 12, "{title}");
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))), "{title}");
    let committed: u64 = reports.iter().map(|report| only_feed(report).windows_listed).sum();
    assert_eq!(committed, 2, "{title}: each window is committed by one of them");
    assert_no_overlap(&fixture.asked(feed()));
}

/// Polls `all` again and again: whoever is pending waits for a turn and for nothing else.
async fn patiently<T>(all: impl Future<Output = T>) -> T {
    let mut all = Box::pin(all);
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        all.as_mut().poll(context)
    })
    .await
}

#[test]
fn three_pollers_at_once_list_everything_whoever_is_ahead() {
    let calls = calls_of_one_poll(&busy_feed());
    assert!(calls > 10, "a fixture of {calls} calls is too short");
    for second in 0..=calls {
        for third in second..=calls {
            three_at_once(second, third);
        }
    }
}
