//! Whether a subscription is enabled is decided by the listing. A disabled one is started again, and the gap that it left is
//! reported when listing works again.

use collector::cursor::Cursor;
use collector::failure::{Failure, FailureKind};
use collector::loss::{Loss, LossReason};
use collector::ports::{Cursors, FeedState, Subscription};
use collector::window::Window;
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

/// Microsoft refuses to list what has no enabled subscription.
fn refuse_disabled(fixture: &PollFixture) -> impl Fn(PortCall<'_>) -> Action {
    move |call| match call {
        PortCall::List(listed, _) if !fixture.api.is_enabled(listed) => Action::Fail(refusal()),
        _ => Action::Proceed,
    }
}

fn refusal() -> Failure {
    Failure::new(FailureKind::SubscriptionDisabled, "AF20023")
}

fn denied() -> Failure {
    Failure::new(FailureKind::Permission, "AF10001")
}

fn gap(from: &str, to: &str) -> Loss {
    let reason = LossReason::SubscriptionDisabled;
    Loss { from: at(from), to: at(to), reason, content: None, objects: Vec::new() }
}

fn state(fixture: &PollFixture) -> FeedState {
    block_on(fixture.state.feeds(feed().tenant_id, &[feed().content_type])).unwrap().remove(0)
}

#[test]
fn starts_a_subscription_whose_listing_is_refused() {
    let fixture = disabled();
    let report = fixture.poll_with(refuse_disabled(&fixture));
    assert_eq!(fixture.starts(), 1);
    assert!(only_feed(&report).subscription_started);
    assert_eq!(only_feed(&report).error, None);
    assert_eq!(state(&fixture).subscription.refused_since, Some(at("2026-11-22T11:55:00Z")));
}

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
fn does_not_repeat_a_start_within_fifteen_minutes() {
    let fixture = disabled();
    for minutes in [0, 5, 10] {
        fixture.clock.set(at(NOW) + SignedDuration::from_mins(minutes));
        fixture.api.disable(feed());
        fixture.poll_with(refuse_disabled(&fixture));
        assert_eq!(fixture.starts(), 1, "after {minutes} minutes");
    }
    fixture.clock.set(at(NOW) + SignedDuration::from_mins(15));
    fixture.poll_with(refuse_disabled(&fixture));
    assert_eq!(fixture.starts(), 2);
}

#[test]
fn names_the_start_that_has_no_effect_yet() {
    let fixture = disabled();
    fixture.poll_with(refuse_disabled(&fixture));
    fixture.five_minutes_later();
    fixture.api.disable(feed());
    let report = fixture.poll_with(refuse_disabled(&fixture));
    let error = only_feed(&report).error.clone().unwrap();
    assert_eq!(error.kind, FailureKind::SubscriptionDisabled);
    assert!(error.message.starts_with("its subscription was started at 2026-11-22T12:00:05Z"), "{error}");
}

#[test]
fn start_without_effect_for_a_while_loses_nothing() {
    let fixture = PollFixture::exchange();
    let silent = |call: PortCall<'_>| match call {
        PortCall::List(..) => Action::Fail(refusal()),
        _ => Action::Proceed,
    };
    for minutes in [0, 5, 10, 14] {
        fixture.clock.set(at(NOW) + SignedDuration::from_mins(minutes));
        fixture.poll_with(silent);
    }
    assert_eq!(fixture.starts(), 1);
    fixture.publish(&[("a", "2026-11-22T11:30:00Z")]);
    fixture.clock.set(at(NOW) + SignedDuration::from_mins(16));
    fixture.poll();
    assert_eq!(fixture.queue.content_ids(), ["a"], "from before the start");
    assert_eq!(fixture.state.losses(), []);
}

#[test]
fn listing_decides_where_the_list_of_subscriptions_disagrees() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T10:55:00Z");
    fixture.publish(&[("a", "2026-11-22T11:30:00Z")]);
    // The list says disabled, and the first poll of the hour asks for it; the start says that it was enabled.
    fixture.api.disable(feed());
    let report = fixture.poll();
    assert_eq!(fixture.starts(), 1);
    assert_eq!(fixture.queue.content_ids(), ["a"]);
    assert_eq!(only_feed(&report).error, None);
    assert_eq!(fixture.state.losses(), []);
}

#[test]
fn failing_start_does_not_stop_a_feed_that_can_be_listed() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T10:55:00Z");
    fixture.api.disable(feed());
    fixture.api.fail(Call::Start(feed()), denied());
    let report = fixture.poll();
    assert_eq!(only_feed(&report).error, None);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn failing_list_of_subscriptions_stops_no_feed() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T10:55:00Z");
    let unavailable = Failure::new(FailureKind::Transient, "HTTP 503");
    fixture.api.fail(Call::Subscriptions(feed().tenant_id), unavailable.clone());
    let report = fixture.poll();
    assert_eq!(report.tenants[0].subscriptions_error, Some(unavailable));
    assert_eq!(report.tenants[0].error, None);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn asks_for_the_list_of_subscriptions_once_an_hour() {
    let fixture = PollFixture::exchange();
    for _ in 0..24 {
        fixture.poll();
        fixture.five_minutes_later();
    }
    let asked = fixture.api.calls().into_iter().filter(|call| matches!(call, Call::Subscriptions(_))).count();
    assert_eq!(asked, 2, "two hours of polls");
}

#[test]
fn throttled_start_waits_as_long_as_microsoft_asked() {
    let fixture = disabled();
    let wait = SignedDuration::from_mins(14) + SignedDuration::from_secs(56);
    let throttled = Failure::new(FailureKind::Throttled, "retry again after 14m 56s").with_retry_after(Some(wait));
    fixture.api.fail(Call::Start(feed()), throttled.clone());
    let report = fixture.poll_with(refuse_disabled(&fixture));
    assert_eq!(only_feed(&report).error, Some(throttled));
    for minutes in [5, 10] {
        fixture.clock.set(at(NOW) + SignedDuration::from_mins(minutes));
        let report = fixture.poll_with(refuse_disabled(&fixture));
        let error = only_feed(&report).error.clone().unwrap();
        assert!(error.message.contains("not started before 2026-11-22T12:15:01Z"), "{error}");
        assert_eq!(fixture.starts(), 1, "after {minutes} minutes");
    }
    fixture.clock.set(at(NOW) + wait);
    assert!(only_feed(&fixture.poll_with(refuse_disabled(&fixture))).subscription_started);
}

#[test]
fn next_poll_retries_a_failed_start() {
    let fixture = disabled();
    fixture.api.fail(Call::Start(feed()), denied());
    let report = fixture.poll_with(refuse_disabled(&fixture));
    assert_eq!(only_feed(&report).error, Some(denied()));
    assert!(!only_feed(&report).subscription_started);
    fixture.five_minutes_later();
    assert!(only_feed(&fixture.poll_with(refuse_disabled(&fixture))).subscription_started);
    assert_eq!(fixture.starts(), 2);
}

#[test]
fn remembers_a_start_before_requesting_it() {
    let fixture = disabled();
    let deadline = fixture.deadline();
    fixture.poll_with(|call| match call {
        PortCall::List(..) => Action::Fail(refusal()),
        PortCall::StartSubscription(_) => {
            fixture.clock.set(deadline);
            Action::Hang
        }
        _ => Action::Proceed,
    });
    let refused_since = Some(at("2026-11-22T11:55:00Z"));
    let expected = Subscription { started_at: Some(at(NOW)), not_before: None, refused_since };
    assert_eq!(state(&fixture).subscription, expected);
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
