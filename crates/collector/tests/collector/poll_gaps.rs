//! What was published while listings were refused is a gap, reported once when listing works again.

use collector::cursor::Cursor;
use collector::failure::{Failure, FailureKind};
use collector::loss::{Loss, LossReason};
use collector::window::Window;
use jiff::SignedDuration;
use testkit::{Action, Call, PortCall, at, feed};

use crate::poll_fixture::{NOW, PollFixture, only_feed};
use crate::poll_subscriptions::{denied, disabled, gap, refuse_disabled, state};

#[test]
fn reports_no_gap_before_listing_works_again() {
    let fixture = disabled();
    fixture.poll_with(refuse_disabled(&fixture));
    assert_eq!(fixture.state.losses(), []);
}

#[test]
fn reports_the_gap_up_to_the_start_once_listing_works() {
    let fixture = disabled();
    fixture.poll_with(refuse_disabled(&fixture));
    fixture.five_minutes_later();
    let report = fixture.poll_with(refuse_disabled(&fixture));
    assert_eq!(only_feed(&report).lost, [gap("2026-11-22T11:55:00Z", NOW)]);
    assert_eq!(fixture.state.losses(), [gap("2026-11-22T11:55:00Z", NOW)]);
    assert_eq!(state(&fixture).subscription.refused_since, None);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:05:00Z"))));
}

#[test]
fn reports_a_gap_once() {
    let fixture = disabled();
    for _ in 0..4 {
        fixture.poll_with(refuse_disabled(&fixture));
        fixture.five_minutes_later();
    }
    assert_eq!(fixture.state.losses(), [gap("2026-11-22T11:55:00Z", NOW)]);
}

/// Microsoft may list content late: that it is listed now does not show that the subscription was enabled when it was created.
#[test]
fn content_of_the_gap_that_is_listed_does_not_shorten_it() {
    let fixture = disabled();
    fixture.publish(&[("a", "2026-11-22T11:56:00Z"), ("b", "2026-11-22T11:57:30Z")]);
    fixture.poll_with(refuse_disabled(&fixture));
    fixture.five_minutes_later();
    fixture.poll_with(refuse_disabled(&fixture));
    assert_eq!(fixture.queue.content_ids(), ["a", "b"]);
    assert_eq!(fixture.state.losses(), [gap("2026-11-22T11:55:00Z", NOW)]);
}

#[test]
fn gap_of_hours_is_one_loss() {
    let fixture = disabled();
    for _ in 0..40 {
        fixture.api.fail(Call::Start(feed()), denied());
        fixture.poll_with(refuse_disabled(&fixture));
        fixture.five_minutes_later();
    }
    // Somebody with more rights enables it.
    fixture.api.enable(feed());
    fixture.api.clear_failures();
    let enabled = fixture.now();
    fixture.poll_with(refuse_disabled(&fixture));
    for _ in 0..2 {
        fixture.five_minutes_later();
        fixture.poll_with(refuse_disabled(&fixture));
    }
    assert_eq!(fixture.state.losses(), [gap("2026-11-22T11:55:00Z", &enabled.to_string())]);
}

/// Polls until the deadline, which comes after one window.
fn list_one_window(fixture: &PollFixture) {
    let deadline = fixture.deadline();
    fixture.poll_with(|call| {
        if let PortCall::CommitWindow(_) = call {
            fixture.clock.set(deadline - SignedDuration::from_secs(1));
        }
        Action::Proceed
    });
}

#[test]
fn gap_of_a_feed_that_catches_up_begins_when_it_was_last_listed() {
    let mut fixture = PollFixture::exchange_listed_until("2026-11-22T06:00:00Z");
    fixture.policy.limits.concurrency = 1;
    list_one_window(&fixture);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T07:00:00Z"))));
    fixture.api.disable(feed());
    fixture.five_minutes_later();
    let started = fixture.now();
    fixture.poll_with(refuse_disabled(&fixture));
    fixture.five_minutes_later();
    fixture.poll_with(refuse_disabled(&fixture));
    let from = at(NOW) - SignedDuration::from_mins(1);
    let reason = LossReason::SubscriptionDisabled;
    assert_eq!(fixture.state.losses(), [Loss { from, to: started, reason, content: None, objects: Vec::new() }]);
}

#[test]
fn feed_that_is_refused_twice_while_it_catches_up_has_two_gaps() {
    let mut fixture = PollFixture::exchange_listed_until("2026-11-22T06:00:00Z");
    fixture.policy.limits.concurrency = 1;
    let mut gaps = Vec::new();
    for _ in 0..2 {
        list_one_window(&fixture);
        let from = state(&fixture).listed_at.unwrap() - SignedDuration::from_mins(1);
        fixture.api.disable(feed());
        fixture.clock.advance(SignedDuration::from_mins(30));
        gaps.push(gap(&from.to_string(), &fixture.now().to_string()));
        fixture.poll_with(refuse_disabled(&fixture));
        fixture.clock.advance(SignedDuration::from_mins(30));
    }
    // Between the two, the subscription was enabled.
    fixture.publish(&[("between", "2026-11-22T12:45:00Z")]);
    fixture.poll_with(refuse_disabled(&fixture));
    assert_eq!(fixture.state.losses(), gaps);
}

#[test]
fn feed_that_never_worked_has_no_gap() {
    let fixture = PollFixture::exchange();
    fixture.api.fail(Call::Start(feed()), denied());
    for _ in 0..4 {
        fixture.poll_with(refuse_disabled(&fixture));
        fixture.five_minutes_later();
    }
    assert_eq!(fixture.state.losses(), []);
    assert_eq!(state(&fixture).subscription.refused_since, None);
}

#[test]
fn feed_that_never_worked_loses_nothing_at_the_retention_edge() {
    let fixture = PollFixture::exchange();
    let denied = |call: PortCall<'_>| match call {
        PortCall::List(..) => Action::Fail(denied()),
        _ => Action::Proceed,
    };
    fixture.poll_with(denied);
    fixture.clock.advance(SignedDuration::from_hours(10 * 24));
    fixture.poll_with(denied);
    let report = fixture.poll();
    assert_eq!(only_feed(&report).lost, []);
    assert_eq!(fixture.state.losses(), []);
    // The backfill begins when listing works: all that Microsoft still has.
    assert_eq!(only_feed(&report).windows_listed, 168);
}

#[test]
fn waits_with_expired_content_until_listing_works() {
    let fixture = disabled();
    fixture.api.fail(Call::Start(feed()), denied());
    fixture.poll_with(refuse_disabled(&fixture));
    fixture.clock.advance(SignedDuration::from_hours(8 * 24));
    fixture.api.fail(Call::Start(feed()), denied());
    fixture.poll_with(refuse_disabled(&fixture));
    assert_eq!(fixture.state.losses(), [], "a later listing may still bring something");
    assert_eq!(fixture.state.cursor(feed()).unwrap().listed_until, at("2026-11-22T11:55:00Z"));
}

#[test]
fn gap_goes_on_where_its_expired_part_ends() {
    let fixture = disabled();
    fixture.poll_with(refuse_disabled(&fixture));
    fixture.api.disable(feed());
    fixture.clock.advance(SignedDuration::from_hours(8 * 24));
    fixture.poll_with(refuse_disabled(&fixture));
    fixture.five_minutes_later();
    let report = fixture.poll_with(refuse_disabled(&fixture));
    let lost = &only_feed(&report).lost;
    let reasons: Vec<LossReason> = lost.iter().map(|loss| loss.reason).collect();
    assert_eq!(reasons, [LossReason::RetentionExpired, LossReason::SubscriptionDisabled]);
    assert_eq!(lost[0].from, at("2026-11-22T11:55:00Z"));
    assert_eq!(lost[1].from, lost[0].to);
    assert_eq!(lost[1].to, at("2026-11-30T12:00:05Z"), "up to the start that took effect");
}

#[test]
fn gap_that_cannot_be_recorded_moves_no_cursor() {
    let fixture = disabled();
    fixture.poll_with(refuse_disabled(&fixture));
    fixture.five_minutes_later();
    let down = Failure::new(FailureKind::AwsService, "the state is down");
    fixture.poll_with(|call| match call {
        PortCall::RecordLoss(_) => Action::Fail(down.clone()),
        _ => Action::Proceed,
    });
    let window = Window::new(at("2026-11-22T11:55:00Z"), at("2026-11-22T12:00:00Z")).unwrap();
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::recording(window)));
    fixture.poll();
    assert_eq!(fixture.state.losses(), [gap("2026-11-22T11:55:00Z", NOW)], "the next poll finds it again");
}
