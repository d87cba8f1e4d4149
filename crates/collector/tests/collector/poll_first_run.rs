//! The first poll of a feed, and the second.

use collector::content::{ContentDigest, Listing};
use collector::cursor::Cursor;
use collector::message::ContentMessage;
use collector::plan::PlanPolicy;
use collector::window_record::WindowRecord;
use jiff::SignedDuration;
use testkit::{Call, TENANT, at, content, feed, window};

use crate::poll_fixture::{NOW, PollFixture, only_feed};

#[test]
fn first_poll_starts_subscription_and_lists_backfill() {
    let fixture = PollFixture::exchange();
    let report = fixture.poll();
    assert_eq!(
        fixture.api.calls(),
        [
            Call::Subscriptions(TENANT),
            Call::Start(feed()),
            Call::List(feed(), window("2026-11-22T10:00:05Z", "2026-11-22T11:00:00Z")),
            Call::List(feed(), window("2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z")),
        ]
    );
    assert!(only_feed(&report).subscription_started);
    assert_eq!(only_feed(&report).lost, []);
}

#[test]
fn first_poll_queues_exactly_the_backfill_content() {
    let fixture = PollFixture::exchange();
    fixture.publish(&[
        ("before", "2026-11-22T10:00:04.999Z"),
        ("first", "2026-11-22T10:00:05Z"),
        ("late in the hour", "2026-11-22T10:59:59.999Z"),
        ("on the hour", "2026-11-22T11:00:00Z"),
        ("last", "2026-11-22T11:59:59.999Z"),
        ("not stable yet", "2026-11-22T12:00:00Z"),
    ]);
    let report = fixture.poll();
    assert_eq!(fixture.queue.content_ids(), ["first", "late in the hour", "on the hour", "last"]);
    assert_eq!(only_feed(&report).windows_listed, 2);
    assert_eq!(only_feed(&report).contents_queued, 4);
}

#[test]
fn message_carries_everything_the_fetcher_needs() {
    let fixture = PollFixture::exchange();
    fixture.publish(&[("a", "2026-11-22T11:30:00.5Z")]);
    fixture.poll();
    let listed = window("2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z");
    let secret_id = "m365/11111111-2222-3333-4444-555555555555";
    let expected = ContentMessage::new(secret_id, feed(), listed, content("a", "2026-11-22T11:30:00.5Z"));
    assert_eq!(fixture.queue.sent(), [(expected, SignedDuration::ZERO)]);
}

#[test]
fn moves_the_cursor_to_the_last_windows_end() {
    let fixture = PollFixture::exchange();
    let report = fixture.poll();
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
    assert_eq!(only_feed(&report).cursor, Some(at("2026-11-22T12:00:00Z")));
    assert_eq!(only_feed(&report).cursor_lag_seconds, Some(5));
}

#[test]
fn records_the_contents_of_each_window() {
    let fixture = PollFixture::exchange();
    fixture.publish(&[("a", "2026-11-22T11:30:00Z"), ("b", "2026-11-22T11:31:00Z")]);
    fixture.poll();
    let record = |window, ids: &[&str]| {
        let digests = ids.iter().copied().map(ContentDigest::of).collect();
        let hours = ids.iter().map(|_| at("2026-11-22T11:00:00Z")).collect();
        WindowRecord::new(&Listing { window, digests, hours, listed_at: at(NOW) })
    };
    assert_eq!(
        fixture.state.committed(feed()),
        [
            record(window("2026-11-22T10:00:05Z", "2026-11-22T11:00:00Z"), &[]),
            record(window("2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z"), &["a", "b"]),
        ]
    );
}

#[test]
fn next_poll_lists_the_following_window() {
    let fixture = PollFixture::exchange();
    fixture.publish(&[("not stable before", "2026-11-22T12:00:00Z")]);
    fixture.poll();
    fixture.five_minutes_later();
    let report = fixture.poll();
    assert_eq!(fixture.asked(feed())[2..], [window("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z")]);
    assert_eq!(fixture.queue.content_ids(), ["not stable before"]);
    assert!(!only_feed(&report).subscription_started);
}

#[test]
fn zero_backfill_collects_from_now_on() {
    let mut fixture = PollFixture::exchange();
    fixture.policy.plan = PlanPolicy::with_backfill_hours(0);
    fixture.publish(&[("before", "2026-11-22T11:59:00Z"), ("after", "2026-11-22T12:01:00Z")]);
    fixture.poll();
    fixture.five_minutes_later();
    fixture.poll();
    assert_eq!(fixture.queue.content_ids(), ["after"]);
}
