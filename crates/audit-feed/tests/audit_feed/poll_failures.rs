//! Each tenant and feed fails alone, and what failed is asked for again with the same bounds.

use audit_feed::cursor::Cursor;
use audit_feed::failure::{Failure, FailureKind};
use audit_feed::feed::{ContentType, FeedId};
use audit_feed::poll::PollReport;
use audit_feed::window::Window;
use testkit::{Call, TENANT, at, feed, tenant, window};

use crate::script::{Act, Event};
use crate::story::{EXCHANGE, OTHER, Story, feed_of, only_feed};

fn passing() -> Failure {
    Failure::new(FailureKind::Passing, "HTTP 503")
}

fn steady() -> Story {
    Story::exchange_listed_until("2026-11-22T11:55:00Z")
}

fn steady_window() -> Window {
    window("2026-11-22T11:55:00Z", "2026-11-22T12:00:00Z")
}

/// The kind of what stopped a feed, if anything did.
fn error_of(report: &PollReport, feed: FeedId) -> Option<FailureKind> {
    let mut reports = report.feeds();
    let found =
        reports.find(|(tenant, of)| tenant.tenant_id == Some(feed.tenant_id) && of.content_type == feed.content_type);
    found.unwrap().1.error.as_ref().map(|failure| failure.kind)
}

#[test]
fn a_listing_that_breaks_off_is_told_with_its_window() {
    let story = steady();
    story.api.fail(Call::List(feed(), steady_window()), passing());
    let report = story.poll();
    let expected = Failure::new(FailureKind::Passing, "window [2026-11-22T11:55:00Z, 2026-11-22T12:00:00Z): HTTP 503");
    assert_eq!(only_feed(&report).error, Some(expected));
    assert_eq!((only_feed(&report).windows_listed, only_feed(&report).more_to_do), (0, false));
    story.api.assert_met();
}

#[test]
fn a_listing_that_breaks_off_leaves_the_cursor() {
    let story = steady();
    let report = story.poll_with(|event| match event {
        Event::List(..) => Act::FailAfterFirst(passing()),
        _ => Act::Proceed,
    });
    assert_eq!(story.state.cursor(feed()), Some(Cursor::recording(steady_window())));
    assert_eq!(only_feed(&report).cursor, Some(at("2026-11-22T11:55:00Z")));
}

#[test]
fn after_a_listing_broke_off_the_very_same_window_is_asked_for_first() {
    let story = steady();
    story.api.fail(Call::List(feed(), steady_window()), passing());
    story.poll();
    story.five_minutes_later();
    story.poll();
    let next = window("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z");
    assert_eq!(story.asked(feed()), [steady_window(), steady_window(), next]);
}

#[test]
fn a_listing_that_breaks_off_after_a_page_is_queued_whole_by_the_next_poll() {
    let story = steady();
    let created = "2026-11-22T11:57:00Z";
    story.publish(&[("a", created), ("b", created), ("c", created)]);
    let report = story.poll_with(|event| match event {
        Event::List(..) => Act::FailAfterFirst(passing()),
        _ => Act::Proceed,
    });
    assert_eq!(story.queue.content_ids(), ["a", "b"]);
    assert_eq!(only_feed(&report).contents_queued, 2, "what is in the queue counts, whatever came later");
    story.poll();
    assert_eq!(story.queue.content_ids(), ["a", "b", "a", "b", "c"]);
}

#[test]
fn a_window_moves_no_cursor_before_its_messages_are_in_the_queue() {
    let story = steady();
    story.publish(&[("a", "2026-11-22T11:57:00Z")]);
    let outage = Failure::new(FailureKind::Aws, "the queue is down");
    let report = story.poll_with(|event| match event {
        Event::Send => Act::Fail(outage.clone()),
        _ => Act::Proceed,
    });
    assert_eq!(only_feed(&report).error, Some(outage));
    assert_eq!(story.state.cursor(feed()), Some(Cursor::recording(steady_window())));
}

#[test]
fn a_window_that_could_not_be_recorded_is_not_asked_for() {
    let story = steady();
    let outage = Failure::new(FailureKind::Aws, "the state is down");
    let report = story.poll_with(|event| match event {
        Event::Record => Act::Fail(outage.clone()),
        _ => Act::Proceed,
    });
    assert_eq!(only_feed(&report).error, Some(outage));
    assert_eq!(story.listings(), []);
}

#[test]
fn a_window_that_could_not_be_committed_is_asked_for_again() {
    let story = steady();
    let outage = Failure::new(FailureKind::Aws, "the state is down");
    story.poll_with(|event| match event {
        Event::Commit => Act::Fail(outage.clone()),
        _ => Act::Proceed,
    });
    story.poll();
    assert_eq!(story.asked(feed()), [steady_window(), steady_window()]);
    assert_eq!(story.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn a_failing_content_type_stops_no_other() {
    let story = Story::of([tenant(TENANT, &[EXCHANGE, ContentType::Dlp])]);
    let dlp = feed_of(TENANT, ContentType::Dlp);
    story.listed_until(feed(), "2026-11-22T11:55:00Z");
    story.listed_until(dlp, "2026-11-22T11:55:00Z");
    let denied = Failure::new(FailureKind::Permission, "ActivityFeed.ReadDlp is missing");
    story.api.fail(Call::List(dlp, steady_window()), denied);
    let report = story.poll();
    assert_eq!((error_of(&report, dlp), error_of(&report, feed())), (Some(FailureKind::Permission), None));
    assert_eq!(story.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
    assert!(!report.is_failure());
}

#[test]
fn a_failing_window_stops_the_later_ones_of_its_feed_alone() {
    let story = Story::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])]);
    let first = window("2026-11-22T10:00:05Z", "2026-11-22T11:00:00Z");
    story.api.fail(Call::List(feed(), first), passing());
    story.poll();
    assert_eq!(story.asked(feed()), [first]);
    assert_eq!(story.asked(feed_of(OTHER, EXCHANGE)).len(), 2);
}
