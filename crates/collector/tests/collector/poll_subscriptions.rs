//! A disabled subscription is started again, and the gap that it leaves is reported as a loss.

use collector::cursor::Cursor;
use collector::failure::{Failure, FailureKind};
use collector::loss::{Loss, LossReason};
use collector::ports::Cursors;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{Action, Call, PortCall, at, feed};

use crate::poll_fixture::{NOW, PollFixture, only_feed};

/// A feed that was polled five minutes ago; then somebody disabled its subscription.
fn disabled() -> PollFixture {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    fixture.api.disable(feed());
    fixture
}

/// The loss if the subscription is enabled again at `to`.
fn gap(to: &str) -> Loss {
    let from = at("2026-11-22T11:55:00Z");
    Loss { from, to: at(to), reason: LossReason::SubscriptionDisabled, content: None }
}

fn denied() -> Failure {
    Failure::new(FailureKind::Permission, "AF10001")
}

#[test]
fn restarts_a_disabled_subscription_and_reports_the_gap() {
    let fixture = disabled();
    let report = fixture.poll();
    assert_eq!(fixture.starts(), 1);
    assert!(only_feed(&report).subscription_started);
    assert_eq!(only_feed(&report).lost, [gap(NOW)]);
    assert_eq!(fixture.state.losses(), [gap(NOW)]);
}

#[test]
fn lists_content_published_before_the_subscription_was_disabled() {
    let fixture = disabled();
    fixture.publish(&[("a", "2026-11-22T11:56:00Z")]);
    fixture.poll();
    assert_eq!(fixture.queue.content_ids(), ["a"]);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn records_the_gap_before_starting_the_subscription() {
    let fixture = disabled();
    fixture.poll_with(|event| {
        if let PortCall::StartSubscription(_) = event {
            assert_eq!(fixture.state.losses(), [gap(NOW)]);
        }
        Action::Proceed
    });
    assert_eq!(fixture.starts(), 1);
}

#[test]
fn does_not_repeat_a_start_within_fifteen_minutes() {
    let fixture = disabled();
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
fn keeps_polling_while_a_start_takes_effect() {
    let fixture = disabled();
    fixture.poll();
    fixture.five_minutes_later();
    fixture.api.disable(feed());
    let report = fixture.poll();
    assert_eq!(only_feed(&report).windows_listed, 1);
    assert_eq!(only_feed(&report).lost, []);
}

#[test]
fn failed_start_stops_the_feed_with_an_error() {
    let fixture = disabled();
    fixture.api.fail(Call::Start(feed()), denied());
    let report = fixture.poll();
    assert_eq!(only_feed(&report).error, Some(denied()));
    assert!(!only_feed(&report).subscription_started);
    assert_eq!(fixture.listings(), []);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T11:55:00Z"))));
}

#[test]
fn next_poll_retries_a_failed_start() {
    let fixture = disabled();
    fixture.api.fail(Call::Start(feed()), denied());
    fixture.poll();
    fixture.five_minutes_later();
    assert!(only_feed(&fixture.poll()).subscription_started);
    assert_eq!(fixture.starts(), 2);
}

#[test]
fn growing_gap_stays_one_loss() {
    let fixture = disabled();
    for _ in 0..2 {
        fixture.api.fail(Call::Start(feed()), denied());
        fixture.poll();
        fixture.five_minutes_later();
    }
    fixture.poll();
    assert_eq!(fixture.state.losses(), [gap("2026-11-22T12:10:05Z")]);
}

#[test]
fn does_not_start_before_the_gap_is_recorded() {
    let fixture = disabled();
    fixture.poll_with(|call| match call {
        PortCall::RecordLoss(_) => Action::Fail(Failure::new(FailureKind::AwsService, "the state is down")),
        _ => Action::Proceed,
    });
    assert_eq!(fixture.starts(), 0);
    fixture.five_minutes_later();
    assert_eq!(only_feed(&fixture.poll()).lost, [gap("2026-11-22T12:05:05Z")], "the next poll finds it again");
}

#[test]
fn failed_first_start_is_not_a_loss() {
    let fixture = PollFixture::exchange();
    fixture.api.fail(Call::Start(feed()), denied());
    let report = fixture.poll();
    assert_eq!(only_feed(&report).lost, []);
    assert_eq!(fixture.state.losses(), []);
    fixture.five_minutes_later();
    assert_eq!(only_feed(&fixture.poll()).windows_listed, 3);
}

#[test]
fn remembers_a_start_before_requesting_it() {
    let fixture = disabled();
    let deadline = fixture.deadline();
    fixture.poll_with(|call| match call {
        PortCall::StartSubscription(_) => {
            fixture.clock.set(deadline);
            Action::Hang
        }
        _ => Action::Proceed,
    });
    let states = block_on(fixture.state.feeds(feed().tenant_id, &[feed().content_type])).unwrap();
    assert_eq!(states[0].subscription_started_at, Some(at(NOW)));
}
