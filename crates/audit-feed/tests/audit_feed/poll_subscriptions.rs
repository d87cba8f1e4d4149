//! Subscriptions are kept on, and what one missed is told.

use audit_feed::cursor::Cursor;
use audit_feed::failure::{Failure, FailureKind};
use audit_feed::loss::{Loss, LossReason};
use audit_feed::ports::State;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{Call, at, feed};

use crate::script::{Act, Event};
use crate::story::{NOW, Story, only_feed};

/// Polled until five minutes ago, and then somebody turned the subscription off.
fn turned_off() -> Story {
    let story = Story::exchange_listed_until("2026-11-22T11:55:00Z");
    story.api.disable(feed());
    story
}

/// What may have been published before it is on again at `to`.
fn gap(to: &str) -> Loss {
    let from = at("2026-11-22T11:55:00Z");
    Loss { from, to: at(to), reason: LossReason::SubscriptionOff, content: None }
}

fn denied() -> Failure {
    Failure::new(FailureKind::Permission, "AF10001")
}

#[test]
fn a_subscription_found_off_is_started_and_the_gap_told() {
    let story = turned_off();
    let report = story.poll();
    assert_eq!(story.starts(), 1);
    assert!(only_feed(&report).subscription_started);
    assert_eq!((&only_feed(&report).lost[..], story.state.losses()), (&[gap(NOW)][..], vec![gap(NOW)]));
}

#[test]
fn what_was_published_before_it_was_turned_off_is_still_listed() {
    let story = turned_off();
    story.publish(&[("a", "2026-11-22T11:56:00Z")]);
    story.poll();
    assert_eq!(story.queue.content_ids(), ["a"]);
    assert_eq!(story.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn the_gap_is_kept_before_the_start_that_ends_it() {
    let story = turned_off();
    story.poll_with(|event| {
        if let Event::Start = event {
            assert_eq!(story.state.losses(), [gap(NOW)]);
        }
        Act::Proceed
    });
    assert_eq!(story.starts(), 1);
}

#[test]
fn a_start_is_not_repeated_within_fifteen_minutes() {
    let story = turned_off();
    for minutes in [0, 5, 10] {
        story.clock.set(at(NOW) + SignedDuration::from_mins(minutes));
        story.api.disable(feed());
        story.poll();
        assert_eq!(story.starts(), 1, "after {minutes} minutes");
    }
    story.clock.set(at(NOW) + SignedDuration::from_mins(15));
    story.api.disable(feed());
    story.poll();
    assert_eq!(story.starts(), 2);
}

#[test]
fn while_a_start_takes_effect_the_feed_is_polled_on() {
    let story = turned_off();
    story.poll();
    story.five_minutes_later();
    story.api.disable(feed());
    let report = story.poll();
    assert_eq!((only_feed(&report).windows_listed, &only_feed(&report).lost[..]), (1, &[][..]));
}

#[test]
fn a_failed_start_stops_the_feed_and_is_told() {
    let story = turned_off();
    story.api.fail(Call::Start(feed()), denied());
    let report = story.poll();
    assert_eq!(only_feed(&report).error, Some(denied()));
    assert!(!only_feed(&report).subscription_started);
    assert_eq!((story.listings(), story.state.cursor(feed())), (vec![], Some(Cursor::at(at("2026-11-22T11:55:00Z")))));
}

#[test]
fn a_failed_start_is_tried_again_by_the_next_poll() {
    let story = turned_off();
    story.api.fail(Call::Start(feed()), denied());
    story.poll();
    story.five_minutes_later();
    assert!(only_feed(&story.poll()).subscription_started);
    assert_eq!(story.starts(), 2);
}

#[test]
fn a_gap_that_grows_while_starts_fail_stays_one_loss() {
    let story = turned_off();
    for _ in 0..2 {
        story.api.fail(Call::Start(feed()), denied());
        story.poll();
        story.five_minutes_later();
    }
    story.poll();
    assert_eq!(story.state.losses(), [gap("2026-11-22T12:10:05Z")]);
}

#[test]
fn a_gap_that_could_not_be_kept_starts_nothing() {
    let story = turned_off();
    story.poll_with(|event| match event {
        Event::KeepLoss => Act::Fail(Failure::new(FailureKind::Aws, "the state is down")),
        _ => Act::Proceed,
    });
    assert_eq!(story.starts(), 0);
    story.five_minutes_later();
    assert_eq!(only_feed(&story.poll()).lost, [gap("2026-11-22T12:05:05Z")], "it is still noticed");
}

#[test]
fn a_first_start_that_fails_is_no_loss() {
    let story = Story::exchange();
    story.api.fail(Call::Start(feed()), denied());
    let report = story.poll();
    assert_eq!((&only_feed(&report).lost[..], story.state.losses()), (&[][..], vec![]));
    story.five_minutes_later();
    assert_eq!(only_feed(&story.poll()).windows_listed, 3);
}

#[test]
fn a_start_is_remembered_from_before_it_is_asked_for() {
    let story = turned_off();
    let deadline = story.deadline();
    story.poll_with(|event| match event {
        Event::Start => {
            story.clock.set(deadline);
            Act::Hang
        }
        _ => Act::Proceed,
    });
    let states = block_on(story.state.feeds(feed().tenant_id, &[feed().content_type])).unwrap();
    assert_eq!(states[0].subscription_started_at, Some(at(NOW)));
}
