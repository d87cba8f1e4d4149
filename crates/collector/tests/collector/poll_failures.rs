//! Each tenant and feed fails alone, and a window that failed is listed again with the same bounds.

use collector::cursor::Cursor;
use collector::failure::{Failure, FailureKind};
use collector::feed::{ContentType, FeedId};
use collector::poll::{FeedReport, PollReport};
use collector::window::Window;
use testkit::{Action, Call, PortCall, TENANT, at, feed, tenant, window};

use crate::poll::idle_at;
use crate::poll_fixture::{EXCHANGE, OTHER, PollFixture, feed_of, only_feed};

fn http_503() -> Failure {
    Failure::new(FailureKind::Transient, "HTTP 503")
}

fn steady() -> PollFixture {
    PollFixture::exchange_listed_until("2026-11-22T11:55:00Z")
}

fn steady_window() -> Window {
    window("2026-11-22T11:55:00Z", "2026-11-22T12:00:00Z")
}

/// The kind of the error that stopped a feed, if any.
fn error_of(report: &PollReport, feed: FeedId) -> Option<FailureKind> {
    let mut reports = report.feeds();
    let found =
        reports.find(|(tenant, of)| tenant.tenant_id == Some(feed.tenant_id) && of.content_type == feed.content_type);
    found.unwrap().1.error.as_ref().map(|failure| failure.kind)
}

#[test]
fn reports_a_failed_listing_with_its_window() {
    let fixture = steady();
    fixture.api.fail(Call::List(feed(), steady_window()), http_503());
    let report = fixture.poll();
    let error = http_503().context("window [2026-11-22T11:55:00Z, 2026-11-22T12:00:00Z)");
    assert_eq!(*only_feed(&report), FeedReport { error: Some(error), ..idle_at("2026-11-22T11:55:00Z") });
    fixture.api.assert_met();
}

#[test]
fn interrupted_listing_leaves_the_cursor() {
    let fixture = steady();
    let report = fixture.poll_with(|call| match call {
        PortCall::List(..) => Action::FailAfterFirst(http_503()),
        _ => Action::Proceed,
    });
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::recording(steady_window())));
    assert_eq!(only_feed(&report).cursor, Some(at("2026-11-22T11:55:00Z")));
}

#[test]
fn relists_the_same_window_first_after_a_failure() {
    let fixture = steady();
    fixture.api.fail(Call::List(feed(), steady_window()), http_503());
    fixture.poll();
    fixture.five_minutes_later();
    fixture.poll();
    let next = window("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z");
    assert_eq!(fixture.asked(feed()), [steady_window(), steady_window(), next]);
}

#[test]
fn next_poll_queues_an_interrupted_listing_in_full() {
    let fixture = steady();
    let created = "2026-11-22T11:57:00Z";
    fixture.publish(&[("a", created), ("b", created), ("c", created)]);
    let report = fixture.poll_with(|call| match call {
        PortCall::List(..) => Action::FailAfterFirst(http_503()),
        _ => Action::Proceed,
    });
    assert_eq!(fixture.queue.content_ids(), ["a", "b"]);
    assert_eq!(only_feed(&report).contents_queued, 2, "queued messages count even though the window failed later");
    fixture.poll();
    assert_eq!(fixture.queue.content_ids(), ["a", "b", "a", "b", "c"]);
}

#[test]
fn queue_failure_leaves_the_cursor() {
    let fixture = steady();
    fixture.publish(&[("a", "2026-11-22T11:57:00Z")]);
    let outage = Failure::new(FailureKind::AwsService, "the queue is down");
    let report = fixture.poll_with(|call| match call {
        PortCall::Send => Action::Fail(outage.clone()),
        _ => Action::Proceed,
    });
    assert_eq!(only_feed(&report).error, Some(outage));
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::recording(steady_window())));
}

#[test]
fn does_not_list_an_unrecorded_window() {
    let fixture = steady();
    let outage = Failure::new(FailureKind::AwsService, "the state is down");
    let report = fixture.poll_with(|call| match call {
        PortCall::RecordWindow(_) => Action::Fail(outage.clone()),
        _ => Action::Proceed,
    });
    assert_eq!(only_feed(&report).error, Some(outage));
    assert_eq!(fixture.listings(), []);
}

#[test]
fn relists_a_window_that_was_not_committed() {
    let fixture = steady();
    let outage = Failure::new(FailureKind::AwsService, "the state is down");
    fixture.poll_with(|call| match call {
        PortCall::CommitWindow(_) => Action::Fail(outage.clone()),
        _ => Action::Proceed,
    });
    fixture.poll();
    assert_eq!(fixture.asked(feed()), [steady_window(), steady_window()]);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn failing_content_type_does_not_affect_the_others() {
    let fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE, ContentType::Dlp])]);
    let dlp = feed_of(TENANT, ContentType::Dlp);
    fixture.listed_until(feed(), "2026-11-22T11:55:00Z");
    fixture.listed_until(dlp, "2026-11-22T11:55:00Z");
    let denied = Failure::new(FailureKind::Permission, "ActivityFeed.ReadDlp is missing");
    fixture.api.fail(Call::List(dlp, steady_window()), denied);
    let report = fixture.poll();
    assert_eq!(error_of(&report, dlp), Some(FailureKind::Permission));
    assert_eq!(error_of(&report, feed()), None);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
    assert!(!report.is_failure());
}

#[test]
fn failing_window_stops_only_its_own_feed() {
    let fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])]);
    let first = window("2026-11-22T10:00:05Z", "2026-11-22T11:00:00Z");
    fixture.api.fail(Call::List(feed(), first), http_503());
    fixture.poll();
    assert_eq!(fixture.asked(feed()), [first]);
    assert_eq!(fixture.asked(feed_of(OTHER, EXCHANGE)).len(), 2);
}
