//! A poll that crashes at any step repeats work and loses none.

use std::collections::BTreeSet;

use collector::cursor::Cursor;
use collector::failure::{Failure, FailureKind};
use collector::feed::ContentType;
use collector::loss::{Loss, LossReason};
use jiff::{SignedDuration, Timestamp};
use testkit::{Action, Call, CrashPoint, Interceptor, PortCall, TENANT, at, content, tenant, window};

use crate::poll_fixture::{EXCHANGE, PollFixture, assert_no_overlap, feed_of};

const TYPES: [ContentType; 2] = [EXCHANGE, ContentType::SharePoint];

const SOON: SignedDuration = SignedDuration::from_mins(5);
const MUCH_LATER: SignedDuration = SignedDuration::from_hours(3);

/// A blob every ten minutes of these hours: two around the retention edge, and the last two.
fn blobs(content_type: ContentType) -> impl Iterator<Item = (String, Timestamp)> {
    let hours = ["2026-11-15T11", "2026-11-15T12", "2026-11-22T10", "2026-11-22T11"];
    let times = hours.into_iter().flat_map(|hour| (0..6).map(move |tens| format!("{hour}:{tens}5:30Z")));
    times.map(move |time| (format!("{content_type}@{time}"), at(&time)))
}

/// Two content types with published blobs, never polled before.
fn unpolled() -> PollFixture {
    let fixture = PollFixture::of([tenant(TENANT, &TYPES)]);
    for content_type in TYPES {
        for (id, created) in blobs(content_type) {
            fixture.api.publish(feed_of(TENANT, content_type), content(&id, &created.to_string()), "[]");
        }
    }
    fixture
}

/// The same, after an earlier poll that left `cursor`.
fn polled(cursor: Cursor) -> PollFixture {
    let fixture = unpolled();
    for content_type in TYPES {
        fixture.api.enable(feed_of(TENANT, content_type));
        fixture.state.set_cursor(feed_of(TENANT, content_type), cursor);
    }
    fixture
}

/// Crashes a poll at each of its steps in turn, and lets another poll start from what is left, `later` after the first.
fn crash_at_every_step(set_up: impl Fn() -> PollFixture, later: SignedDuration, check: impl Fn(&PollFixture, &str)) {
    crash_at(1.., set_up, later, check);
}

/// The same for some of the steps, up to the first that a poll does not reach.
fn crash_at(
    steps: impl IntoIterator<Item = u64>,
    set_up: impl Fn() -> PollFixture,
    later: SignedDuration,
    check: impl Fn(&PollFixture, &str),
) {
    for step in steps {
        let fixture = set_up();
        let crash_point = CrashPoint::at(step);
        let survived = fixture.poll_until(&crash_point);
        fixture.clock.advance(later);
        let title = format!("crashed at step {step}, next poll {later:#} later");
        let report = fixture.poll();
        let errors: Vec<&Failure> = report.tenants.iter().flat_map(|tenant| tenant.errors()).collect();
        assert!(errors.is_empty(), "{title}: {errors:?}");
        assert!(!report.more_to_do, "{title}");
        let end = Cursor::at(at("2026-11-22T12:00:00Z") + later);
        for feed in TYPES.map(|content_type| feed_of(TENANT, content_type)) {
            assert_eq!(fixture.state.cursor(feed), Some(end), "{title}");
        }
        check(&fixture, &title);
        if survived.is_some() {
            assert!(step > 30, "a poll of {step} steps is too short for this test");
            break;
        }
    }
}

/// Everything since `since` is in the queue, was listed in windows that do not overlap, and no loss was recorded.
fn assert_all_queued(since: &str) -> impl Fn(&PollFixture, &str) {
    let all = TYPES.into_iter().flat_map(blobs).filter(move |(_, created)| *created >= at(since));
    let expected: BTreeSet<String> = all.map(|(id, _)| id).collect();
    move |fixture, title| {
        assert_eq!(fixture.queued(), expected, "{title}");
        assert_eq!(fixture.state.losses(), [], "{title}");
        TYPES.into_iter().for_each(|content_type| assert_no_overlap(&fixture.asked(feed_of(TENANT, content_type))));
    }
}

#[test]
fn first_poll_survives_a_crash_at_any_step() {
    // If it crashes before it records a window, the backfill starts two hours before the next poll: at 10:05:05.
    crash_at_every_step(unpolled, SOON, assert_all_queued("2026-11-22T10:05:05Z"));
}

#[test]
fn poll_survives_a_crash_at_any_step() {
    for later in [SignedDuration::ZERO, SOON, MUCH_LATER] {
        let set_up = || polled(Cursor::at(at("2026-11-22T10:42:00Z")));
        crash_at_every_step(set_up, later, assert_all_queued("2026-11-22T10:42:00Z"));
    }
}

#[test]
fn resumed_window_survives_a_crash_at_any_step() {
    for later in [SignedDuration::ZERO, SOON, MUCH_LATER] {
        let set_up = || polled(Cursor::recording(window("2026-11-22T10:02:00Z", "2026-11-22T10:42:00Z")));
        crash_at_every_step(set_up, later, assert_all_queued("2026-11-22T10:02:00Z"));
    }
}

#[test]
fn crashed_catch_up_queues_or_records_all_content() {
    let from = at("2026-11-14T12:00:00Z");
    // Every step until the first windows are done, then, in the long catch-up, every 29th.
    crash_at(
        (1..50).chain((50..).step_by(29)),
        || polled(Cursor::at(from)),
        SOON,
        |fixture, title| {
            let queued = fixture.queued();
            for content_type in TYPES {
                let losses = fixture.state.loss_records(feed_of(TENANT, content_type));
                let is_lost =
                    |created| losses.iter().any(|record| record.loss.from <= created && created < record.loss.to);
                for (id, created) in blobs(content_type) {
                    assert!(queued.contains(&id) || is_lost(created), "{title}: {id} is neither queued nor lost");
                }
            }
        },
    );
}

/// A poll in which Microsoft refuses to list a disabled subscription. Returns whether it survived.
fn poll_refusing_disabled(fixture: &PollFixture, crash_point: &CrashPoint) -> bool {
    let disabled = Failure::new(FailureKind::SubscriptionDisabled, "AF20022");
    let script = |call: PortCall<'_>| match call {
        PortCall::List(feed, _) if !fixture.api.calls().contains(&Call::Start(feed)) => Action::Fail(disabled.clone()),
        _ => Action::Proceed,
    };
    let interceptor = Interceptor::script(&script).and_crash_at(crash_point);
    fixture.poll_intercepted(&interceptor, crash_point).is_some()
}

#[test]
fn crashed_subscription_start_leaves_one_gap() {
    // The first poll is refused and starts the subscription, the second one lists and closes the gap.
    for crashed_poll in 0..2 {
        for step in 1.. {
            let title = format!("crashed at step {step} of poll {crashed_poll}");
            let fixture = polled(Cursor::at(at("2026-11-22T11:40:00Z")));
            TYPES.into_iter().for_each(|content_type| fixture.api.disable(feed_of(TENANT, content_type)));
            let mut survived = true;
            // A start whose response was lost is not repeated for fifteen minutes.
            for poll in 0..5 {
                let crash_point = if poll == crashed_poll { CrashPoint::at(step) } else { CrashPoint::default() };
                survived &= poll_refusing_disabled(&fixture, &crash_point);
                fixture.five_minutes_later();
            }
            for feed in TYPES.map(|content_type| feed_of(TENANT, content_type)) {
                let end = Some(Cursor::at(at("2026-11-22T12:20:00Z")));
                assert_eq!(fixture.state.cursor(feed), end, "{title}");
                let losses = fixture.state.loss_records(feed);
                let losses: Vec<Loss> = losses.into_iter().map(|record| record.loss).collect();
                let [Loss { from, to, reason: LossReason::SubscriptionDisabled, content: None, .. }] = losses[..]
                else {
                    panic!("{title}: one gap was expected, not {losses:?}")
                };
                assert_eq!(from, at("2026-11-22T11:40:00Z"), "{title}: since the last good listing");
                assert!(to >= at("2026-11-22T12:00:05Z"), "{title}: the gap ends at {to}");
            }
            if survived {
                assert!(step > 20, "a poll of {step} steps is too short for this test");
                break;
            }
        }
    }
}
