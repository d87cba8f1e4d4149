//! Whether a subscription is enabled is decided by the listing, and a disabled one is started again.

use collector::cursor::Cursor;
use collector::failure::{Failure, FailureKind};
use collector::feed_state::{FeedState, Subscription};
use collector::loss::{Loss, LossReason};
use collector::ports::Cursors;
use futures::FutureExt;
use jiff::SignedDuration;
use testkit::{Action, Call, PortCall, at, feed};

use crate::poll_fixture::{NOW, PollFixture, only_feed};

/// A feed that was polled five minutes ago; then somebody disabled its subscription.
pub(crate) fn disabled() -> PollFixture {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    fixture.api.disable(feed());
    fixture
}

/// Microsoft refuses to list what has no enabled subscription.
pub(crate) fn refuse_disabled(fixture: &PollFixture) -> impl Fn(PortCall<'_>) -> Action {
    move |call| match call {
        PortCall::List(listed, _) if !fixture.api.is_enabled(listed) => Action::Fail(refusal()),
        _ => Action::Proceed,
    }
}

pub(crate) fn refusal() -> Failure {
    Failure::new(FailureKind::SubscriptionDisabled, "AF20023")
}

pub(crate) fn denied() -> Failure {
    Failure::new(FailureKind::Permission, "AF10001")
}

pub(crate) fn gap(from: &str, to: &str) -> Loss {
    let reason = LossReason::SubscriptionDisabled;
    Loss { from: at(from), to: at(to), reason, content: None, objects: Vec::new() }
}

pub(crate) fn state(fixture: &PollFixture) -> FeedState {
    fixture.state.feeds(&[feed()]).now_or_never().unwrap().unwrap().remove(0).unwrap()
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
