//! Each tenant and feed fails alone, and what failed is asked for again with the same bounds.

use collector::cursor::Cursor;
use collector::failure::{Failure, FailureKind};
use collector::feed::{ContentType, FeedId};
use collector::poll::PollReport;
use collector::window::Window;
use testkit::{Call, TENANT, at, feed, tenant, window};

use crate::poll_fixture::{EXCHANGE, OTHER, PollFixture, feed_of, only_feed};
use crate::scripted_ports::{Act, Event};

fn passing() -> Failure {
    Failure::new(FailureKind::Transient, "HTTP 503")
}

fn steady() -> PollFixture {
    PollFixture::exchange_listed_until("2026-11-22T11:55:00Z")
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
    let fixture = steady();
    fixture.api.fail(Call::List(feed(), steady_window()), passing());
    let report = fixture.poll();
    let expected =
        Failure::new(FailureKind::Transient, "window [2026-11-22T11:55:00Z, 2026-11-22T12:00:00Z): HTTP 503");
    assert_eq!(only_feed(&report).error, Some(expected));
    assert_eq!((only_feed(&report).windows_listed, only_feed(&report).more_to_do), (0, false));
    fixture.api.assert_met();
}

#[test]
fn a_listing_that_breaks_off_leaves_the_cursor() {
    let fixture = steady();
    let report = fixture.poll_with(|event| match event {
        Event::List(..) => Act::FailAfterFirst(passing()),
        _ => Act::Proceed,
    });
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::recording(steady_window())));
    assert_eq!(only_feed(&report).cursor, Some(at("2026-11-22T11:55:00Z")));
}

#[test]
fn after_a_listing_broke_off_the_very_same_window_is_asked_for_first() {
    let fixture = steady();
    fixture.api.fail(Call::List(feed(), steady_window()), passing());
    fixture.poll();
    fixture.five_minutes_later();
    fixture.poll();
    let next = window("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z");
    assert_eq!(fixture.asked(feed()), [steady_window(), steady_window(), next]);
}

#[test]
fn a_listing_that_breaks_off_after_a_page_is_queued_whole_by_the_next_poll() {
    let fixture = steady();
    let created = "2026-11-22T11:57:00Z";
    fixture.publish(&[("a", created), ("b", created), ("c", created)]);
    let report = fixture.poll_with(|event| match event {
        Event::List(..) => Act::FailAfterFirst(passing()),
        _ => Act::Proceed,
    });
    assert_eq!(fixture.queue.content_ids(), ["a", "b"]);
    assert_eq!(only_feed(&report).contents_queued, 2, "what is in the queue counts, whatever came later");
    fixture.poll();
    assert_eq!(fixture.queue.content_ids(), ["a", "b", "a", "b", "c"]);
}

#[test]
fn a_window_moves_no_cursor_before_its_messages_are_in_the_queue() {
    let fixture = steady();
    fixture.publish(&[("a", "2026-11-22T11:57:00Z")]);
    let outage = Failure::new(FailureKind::AwsService, "the queue is down");
    let report = fixture.poll_with(|event| match event {
        Event::Send => Act::Fail(outage.clone()),
        _ => Act::Proceed,
    });
    assert_eq!(only_feed(&report).error, Some(outage));
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::recording(steady_window())));
}

#[test]
fn a_window_that_could_not_be_recorded_is_not_asked_for() {
    let fixture = steady();
    let outage = Failure::new(FailureKind::AwsService, "the state is down");
    let report = fixture.poll_with(|event| match event {
        Event::Record => Act::Fail(outage.clone()),
        _ => Act::Proceed,
    });
    assert_eq!(only_feed(&report).error, Some(outage));
    assert_eq!(fixture.listings(), []);
}

#[test]
fn a_window_that_could_not_be_committed_is_asked_for_again() {
    let fixture = steady();
    let outage = Failure::new(FailureKind::AwsService, "the state is down");
    fixture.poll_with(|event| match event {
        Event::Commit => Act::Fail(outage.clone()),
        _ => Act::Proceed,
    });
    fixture.poll();
    assert_eq!(fixture.asked(feed()), [steady_window(), steady_window()]);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn a_failing_content_type_stops_no_other() {
    let fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE, ContentType::Dlp])]);
    let dlp = feed_of(TENANT, ContentType::Dlp);
    fixture.listed_until(feed(), "2026-11-22T11:55:00Z");
    fixture.listed_until(dlp, "2026-11-22T11:55:00Z");
    let denied = Failure::new(FailureKind::Permission, "ActivityFeed.ReadDlp is missing");
    fixture.api.fail(Call::List(dlp, steady_window()), denied);
    let report = fixture.poll();
    assert_eq!((error_of(&report, dlp), error_of(&report, feed())), (Some(FailureKind::Permission), None));
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
    assert!(!report.is_failure());
}

#[test]
fn a_failing_window_stops_the_later_ones_of_its_feed_alone() {
    let fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])]);
    let first = window("2026-11-22T10:00:05Z", "2026-11-22T11:00:00Z");
    fixture.api.fail(Call::List(feed(), first), passing());
    fixture.poll();
    assert_eq!(fixture.asked(feed()), [first]);
    assert_eq!(fixture.asked(feed_of(OTHER, EXCHANGE)).len(), 2);
}
