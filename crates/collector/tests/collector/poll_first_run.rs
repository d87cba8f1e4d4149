//! The first poll of a feed, and the one that follows it.

use collector::content::ContentDigest;
use collector::cursor::Cursor;
use collector::message::ContentMessage;
use collector::plan::PlanPolicy;
use jiff::SignedDuration;
use testkit::{Call, TENANT, at, content, feed, window};

use crate::poll_fixture::{NOW, PollFixture, only_feed};

#[test]
fn a_first_poll_starts_the_subscription_and_lists_the_backfill() {
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
fn a_first_poll_queues_what_was_published_meanwhile_and_nothing_else() {
    let fixture = PollFixture::exchange();
    fixture.publish(&[
        ("before", "2026-11-22T10:00:04.999Z"),
        ("first", "2026-11-22T10:00:05Z"),
        ("late in the hour", "2026-11-22T10:59:59.999Z"),
        ("on the hour", "2026-11-22T11:00:00Z"),
        ("last", "2026-11-22T11:59:59.999Z"),
        ("not settled", "2026-11-22T12:00:00Z"),
    ]);
    let report = fixture.poll();
    assert_eq!(fixture.queue.content_ids(), ["first", "late in the hour", "on the hour", "last"]);
    assert_eq!((only_feed(&report).windows_listed, only_feed(&report).contents_queued), (2, 4));
}

#[test]
fn a_message_says_all_that_a_fetcher_needs() {
    let fixture = PollFixture::exchange();
    fixture.publish(&[("a", "2026-11-22T11:30:00.5Z")]);
    fixture.poll();
    let listed = window("2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z");
    let secret_id = "m365/11111111-2222-3333-4444-555555555555";
    let expected = ContentMessage::new(secret_id, feed(), listed, content("a", "2026-11-22T11:30:00.5Z"));
    assert_eq!(fixture.queue.sent(), [(expected, SignedDuration::ZERO)]);
}

#[test]
fn a_poll_leaves_the_cursor_at_the_end_of_its_last_window() {
    let fixture = PollFixture::exchange();
    let report = fixture.poll();
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
    assert_eq!(only_feed(&report).cursor, Some(at("2026-11-22T12:00:00Z")));
    assert_eq!(only_feed(&report).cursor_lag_seconds, Some(5));
}

#[test]
fn what_each_window_held_is_remembered() {
    let fixture = PollFixture::exchange();
    fixture.publish(&[("a", "2026-11-22T11:30:00Z"), ("b", "2026-11-22T11:31:00Z")]);
    fixture.poll();
    let held: Vec<_> =
        fixture.state.committed(feed()).into_iter().map(|row| (row.window, row.digests, row.listed_at)).collect();
    let [a, b] = ["a", "b"].map(ContentDigest::of);
    assert_eq!(
        held,
        [
            (window("2026-11-22T10:00:05Z", "2026-11-22T11:00:00Z"), [].into(), at(NOW)),
            (window("2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z"), [a, b].into(), at(NOW)),
        ]
    );
}

#[test]
fn the_next_poll_lists_one_window_that_follows() {
    let fixture = PollFixture::exchange();
    fixture.publish(&[("not settled before", "2026-11-22T12:00:00Z")]);
    fixture.poll();
    fixture.five_minutes_later();
    let report = fixture.poll();
    assert_eq!(fixture.asked(feed())[2..], [window("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z")]);
    assert_eq!(fixture.queue.content_ids(), ["not settled before"]);
    assert!(!only_feed(&report).subscription_started);
}

#[test]
fn a_feed_told_to_look_back_for_nothing_collects_from_now_on() {
    let mut fixture = PollFixture::exchange();
    fixture.policy.plan = PlanPolicy::with_backfill_hours(0);
    fixture.publish(&[("before", "2026-11-22T11:59:00Z"), ("after", "2026-11-22T12:01:00Z")]);
    fixture.poll();
    fixture.five_minutes_later();
    fixture.poll();
    assert_eq!(fixture.queue.content_ids(), ["after"]);
}
