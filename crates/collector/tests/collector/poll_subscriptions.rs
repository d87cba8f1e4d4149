//! Subscriptions are kept on, and what one missed is told.

use collector::cursor::Cursor;
use collector::failure::{Failure, FailureKind};
use collector::loss::{Loss, LossReason};
use collector::ports::State;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{Call, at, feed};

use crate::poll_fixture::{NOW, PollFixture, only_feed};
use crate::scripted_ports::{Act, Event};

/// Polled until five minutes ago, and then somebody turned the subscription off.
fn turned_off() -> PollFixture {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    fixture.api.disable(feed());
    fixture
}

/// What may have been published before it is on again at `to`.
fn gap(to: &str) -> Loss {
    let from = at("2026-11-22T11:55:00Z");
    Loss { from, to: at(to), reason: LossReason::SubscriptionDisabled, content: None }
}

fn denied() -> Failure {
    Failure::new(FailureKind::Permission, "AF10001")
}

#[test]
fn a_subscription_found_off_is_started_and_the_gap_told() {
    let fixture = turned_off();
    let report = fixture.poll();
    assert_eq!(fixture.starts(), 1);
    assert!(only_feed(&report).subscription_started);
    assert_eq!((&only_feed(&report).lost[..], fixture.state.losses()), (&[gap(NOW)][..], vec![gap(NOW)]));
}

#[test]
fn what_was_published_before_it_was_turned_off_is_still_listed() {
    let fixture = turned_off();
    fixture.publish(&[("a", "2026-11-22T11:56:00Z")]);
    fixture.poll();
    assert_eq!(fixture.queue.content_ids(), ["a"]);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn the_gap_is_kept_before_the_start_that_ends_it() {
    let fixture = turned_off();
    fixture.poll_with(|event| {
        if let Event::Start = event {
            assert_eq!(fixture.state.losses(), [gap(NOW)]);
        }
        Act::Proceed
    });
    assert_eq!(fixture.starts(), 1);
}

#[test]
fn a_start_is_not_repeated_within_fifteen_minutes() {
    let fixture = turned_off();
    for minutes in [0, 5, 10] {
        fixture.clock.set(at(NOW) + SignedDuration::from_mins(minutes));
        fixture.api.disable(feed());
        fixture.poll();
        assert_eq!(fixture.starts(), 1, "after {minutes} minutes");
    }
    fixture.clock.set(at(NOW) + SignedDuration::from_mins(15));
    fixture.api.disable(feed());
    fixture.poll();
    assert_eq!(fixture.starts(), 2);
}

#[test]
fn while_a_start_takes_effect_the_feed_is_polled_on() {
    let fixture = turned_off();
    fixture.poll();
    fixture.five_minutes_later();
    fixture.api.disable(feed());
    let report = fixture.poll();
    assert_eq!((only_feed(&report).windows_listed, &only_feed(&report).lost[..]), (1, &[][..]));
}

#[test]
fn a_failed_start_stops_the_feed_and_is_told() {
    let fixture = turned_off();
    fixture.api.fail(Call::Start(feed()), denied());
    let report = fixture.poll();
    assert_eq!(only_feed(&report).error, Some(denied()));
    assert!(!only_feed(&report).subscription_started);
    assert_eq!(
        (fixture.listings(), fixture.state.cursor(feed())),
        (vec![], Some(Cursor::at(at("2026-11-22T11:55:00Z"))))
    );
}

#[test]
fn a_failed_start_is_tried_again_by_the_next_poll() {
    let fixture = turned_off();
    fixture.api.fail(Call::Start(feed()), denied());
    fixture.poll();
    fixture.five_minutes_later();
    assert!(only_feed(&fixture.poll()).subscription_started);
    assert_eq!(fixture.starts(), 2);
}

#[test]
fn a_gap_that_grows_while_starts_fail_stays_one_loss() {
    let fixture = turned_off();
    for _ in 0..2 {
        fixture.api.fail(Call::Start(feed()), denied());
        fixture.poll();
        fixture.five_minutes_later();
    }
    fixture.poll();
    assert_eq!(fixture.state.losses(), [gap("2026-11-22T12:10:05Z")]);
}

#[test]
fn a_gap_that_could_not_be_kept_starts_nothing() {
    let fixture = turned_off();
    fixture.poll_with(|event| match event {
        Event::RecordLoss => Act::Fail(Failure::new(FailureKind::AwsService, "the state is down")),
        _ => Act::Proceed,
    });
    assert_eq!(fixture.starts(), 0);
    fixture.five_minutes_later();
    assert_eq!(only_feed(&fixture.poll()).lost, [gap("2026-11-22T12:05:05Z")], "it is still noticed");
}

#[test]
fn a_first_start_that_fails_is_no_loss() {
    let fixture = PollFixture::exchange();
    fixture.api.fail(Call::Start(feed()), denied());
    let report = fixture.poll();
    assert_eq!((&only_feed(&report).lost[..], fixture.state.losses()), (&[][..], vec![]));
    fixture.five_minutes_later();
    assert_eq!(only_feed(&fixture.poll()).windows_listed, 3);
}

#[test]
fn a_start_is_remembered_from_before_it_is_asked_for() {
    let fixture = turned_off();
    let deadline = fixture.deadline();
    fixture.poll_with(|event| match event {
        Event::Start => {
            fixture.clock.set(deadline);
            Act::Hang
        }
        _ => Act::Proceed,
    });
    let states = block_on(fixture.state.feeds(feed().tenant_id, &[feed().content_type])).unwrap();
    assert_eq!(states[0].subscription_started_at, Some(at(NOW)));
}
