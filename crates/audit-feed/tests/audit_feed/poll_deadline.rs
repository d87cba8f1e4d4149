//! A poll stops cleanly before its deadline, and the next one goes on.

use audit_feed::cursor::Cursor;
use audit_feed::poll::PollReport;
use jiff::SignedDuration;
use testkit::{TENANT, at, feed, tenant, window};

use crate::script::{Act, Event};
use crate::story::{EXCHANGE, OTHER, Story, only_feed};

/// The first of the two windows of a first run of two hours.
const FIRST: (&str, &str) = ("2026-11-22T10:00:05Z", "2026-11-22T11:00:00Z");
const SECOND: (&str, &str) = ("2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z");

/// During the first listing time runs until so long before the deadline.
fn slow_first_listing(story: &Story, left: SignedDuration, then: Act) -> PollReport {
    let deadline = story.deadline();
    story.poll_with(|event| match event {
        Event::List(_, listed) if listed == window(FIRST.0, FIRST.1) => {
            story.clock.set(deadline - left);
            then.clone()
        }
        _ => Act::Proceed,
    })
}

#[test]
fn within_the_reserve_nothing_is_begun() {
    let mut story = Story::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])]);
    story.policy.pace.reserve = SignedDuration::from_mins(14);
    let report = story.poll();
    assert_eq!(story.api.calls(), []);
    assert!(report.more_to_do && report.tenants.iter().all(|tenant| tenant.more_to_do));
    assert!(!report.is_failure());
}

#[test]
fn a_window_under_way_is_finished_within_the_reserve_and_no_other_begun() {
    let story = Story::exchange();
    let report = slow_first_listing(&story, story.policy.pace.reserve, Act::Proceed);
    assert_eq!(story.asked(feed()), [window(FIRST.0, FIRST.1)]);
    assert_eq!(story.state.cursor(feed()), Some(Cursor::at(at(FIRST.1))));
    assert_eq!((only_feed(&report).windows_listed, only_feed(&report).more_to_do), (1, true));
    assert!(report.more_to_do);
}

#[test]
fn a_moment_before_the_reserve_the_next_window_is_begun() {
    let story = Story::exchange();
    let report = slow_first_listing(&story, story.policy.pace.reserve + SignedDuration::from_millis(1), Act::Proceed);
    assert_eq!((only_feed(&report).windows_listed, report.more_to_do), (2, false));
}

#[test]
fn at_the_deadline_a_window_under_way_is_dropped() {
    let story = Story::exchange();
    let report = slow_first_listing(&story, SignedDuration::ZERO, Act::Hang);
    assert_eq!((only_feed(&report).windows_listed, only_feed(&report).error.clone()), (0, None));
    assert!(report.more_to_do && report.tenants[0].more_to_do && only_feed(&report).more_to_do);
    assert_eq!(story.state.cursor(feed()), Some(Cursor::recording(window(FIRST.0, FIRST.1))));
}

#[test]
fn the_next_poll_finishes_what_was_dropped() {
    let story = Story::exchange();
    story.publish(&[("a", "2026-11-22T10:30:00Z"), ("b", "2026-11-22T11:30:00Z")]);
    slow_first_listing(&story, SignedDuration::ZERO, Act::Hang);
    let report = story.poll();
    let rest = window("2026-11-22T12:00:00Z", "2026-11-22T12:14:00Z");
    let [first, second] = [FIRST, SECOND].map(|(start, end)| window(start, end));
    assert_eq!(story.asked(feed()), [first, first, second, rest]);
    assert_eq!(story.queue.content_ids(), ["a", "b"]);
    assert!(!report.more_to_do);
}

#[test]
fn a_tenant_whose_opening_hangs_is_left_to_the_next_poll() {
    let story = Story::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])]);
    let deadline = story.deadline();
    let report = story.poll_with(|event| match event {
        Event::Subscriptions(TENANT) => Act::Hang,
        Event::List(..) => {
            story.clock.set(deadline);
            Act::Proceed
        }
        _ => Act::Proceed,
    });
    assert!(report.tenants[0].more_to_do && report.tenants[0].error.is_none());
    assert_eq!(report.tenants[1].content_types[0].windows_listed, 1, "the other had its turn meanwhile");
}
