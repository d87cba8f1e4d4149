//! Two pollers at once cannot both move a cursor, and neither minds.

use std::cell::Cell;

use audit_feed::cursor::Cursor;
use audit_feed::poll::{PollReport, Shard};
use futures::executor::block_on;
use futures::future::join_all;
use testkit::{at, feed};

use crate::script::{Act, Event};
use crate::story::{Story, assert_no_overlap, only_feed};

/// Another poller moves the cursor right before this one makes the call.
fn overtaken_before(story: &Story, call: impl Fn(Event<'_>) -> bool) -> PollReport {
    let ahead = Cursor::at(at("2026-11-22T11:59:00Z"));
    let report = story.poll_with(|event| {
        if call(event) {
            story.state.set_cursor(feed(), ahead);
        }
        Act::Proceed
    });
    assert_eq!(story.state.cursor(feed()), Some(ahead), "the other one's cursor stands");
    report
}

/// It gave way and takes it for no error.
fn assert_yielded(report: &PollReport) {
    let feed = only_feed(report);
    assert_eq!((feed.yielded, feed.error.clone(), feed.more_to_do, feed.windows_listed), (true, None, false, 0));
    assert!(!report.is_failure() && !report.more_to_do);
}

#[test]
fn a_poller_overtaken_before_it_recorded_a_window_asks_for_nothing() {
    let story = Story::exchange_listed_until("2026-11-22T11:55:00Z");
    assert_yielded(&overtaken_before(&story, |event| matches!(event, Event::Record)));
    assert_eq!(story.listings(), []);
}

#[test]
fn a_poller_overtaken_before_it_committed_keeps_nothing_of_its_window() {
    let story = Story::exchange_listed_until("2026-11-22T11:55:00Z");
    assert_yielded(&overtaken_before(&story, |event| matches!(event, Event::Commit)));
    assert_eq!(story.state.committed(feed()), []);
}

#[test]
fn a_poller_overtaken_before_it_skipped_a_loss_tells_none() {
    let story = Story::exchange_listed_until("2026-11-14T12:00:00Z");
    let report = overtaken_before(&story, |event| matches!(event, Event::Skip));
    assert_yielded(&report);
    assert_eq!((&only_feed(&report).lost[..], story.state.losses()), (&[][..], vec![]));
}

/// The number of port calls of a first run.
fn calls_of_one_poll(story: &Story) -> usize {
    let calls = Cell::new(0);
    story.poll_with(|_| {
        calls.set(calls.get() + 1);
        Act::Proceed
    });
    calls.get()
}

fn busy_feed() -> Story {
    let story = Story::exchange();
    for minute in 0..6 {
        story.publish(&[(&format!("a{minute}"), &format!("2026-11-22T10:{minute}5:00Z"))]);
        story.publish(&[(&format!("b{minute}"), &format!("2026-11-22T11:{minute}5:00Z"))]);
    }
    story
}

/// Three pollers take turns call by call, the second and third starting so many turns after the first.
fn three_at_once(second: usize, third: usize) {
    let story = busy_feed();
    let every_call_gives_way = |_: Event<'_>| Act::GiveWay;
    let pollers = [0, second, third].map(|turns| {
        let poller = story.scripted_poller(&every_call_gives_way);
        let deadline = story.deadline();
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
    assert_eq!(story.queued().len(), 12, "{title}");
    assert_eq!(story.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))), "{title}");
    let committed: u64 = reports.iter().map(|report| only_feed(report).windows_listed).sum();
    assert_eq!(committed, 2, "{title}: each window is committed by one of them");
    assert_no_overlap(&story.asked(feed()));
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
    assert!(calls > 10, "a story of {calls} calls is too short");
    for second in 0..=calls {
        for third in second..=calls {
            three_at_once(second, third);
        }
    }
}
