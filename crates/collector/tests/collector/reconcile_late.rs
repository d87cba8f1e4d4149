//! Late content: on record as open before it is queued, queued at once, and counted once.

use collector::ports::Clock;
use collector::reconcile::LateContent;
use jiff::SignedDuration;
use testkit::{Action, CrashPoint, PortCall, at, feed};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};
use crate::reconcile_samples::{DAY, QUARTER, SIX_DAYS, THREE_HOURS, down};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");
const C: (&str, &str) = ("c", "2026-11-22T11:20:00Z");

/// `a` was listed and archived; `b` appears late.
fn with_late_b() -> ReconcileFixture {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.publish(feed(), &[B]);
    fixture
}

fn late(id: &str, created: &str, not_listed_after_seconds: i64, listed_after_seconds: i64) -> LateContent {
    LateContent {
        content_id: id.to_owned(),
        content_created: at(created),
        not_listed_after_seconds,
        listed_after_seconds,
    }
}

#[test]
fn queues_late_content_with_its_window() {
    let fixture = with_late_b();
    fixture.reconcile();
    let messages = fixture.queue.drain();
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(message.content_id, "b");
    assert_eq!(message.feed(), feed());
    assert_eq!(message.window_start, at(BOUNDS.0));
    assert_eq!(message.window_end, at(BOUNDS.1));
    assert_eq!(message.content_created, at(B.1));
}

#[test]
fn finds_late_content_at_every_age() {
    for age in [QUARTER, THREE_HOURS, DAY, SIX_DAYS] {
        let fixture = ReconcileFixture::with(&[]);
        fixture.reconcile_at_age(age - SignedDuration::from_mins(1));
        fixture.publish(feed(), &[A]);
        fixture.reconcile_at_age(age);
        assert_eq!(fixture.queue.content_ids(), ["a"], "{age:#}");
    }
}

#[test]
fn queues_late_content_whatever_waits_in_the_queue() {
    let fixture = with_late_b();
    (0..100).for_each(|number| fixture.queue.put(format!("message {number}")));
    fixture.reconcile();
    assert_eq!(fixture.queue.len(), 101);
}

#[test]
fn reports_late_content_with_bounds_of_its_delay() {
    let fixture = with_late_b();
    // Listed at 11:30:05 and rechecked at 12:00:05.
    assert_eq!(only(&fixture.reconcile()).late, [late("b", B.1, 785, 2_585)]);
}

#[test]
fn bounds_of_the_delay_begin_at_the_recheck_before() {
    let fixture = with_late_b();
    fixture.reconcile();
    fixture.publish(feed(), &[C]);
    // It was not listed when the recheck of 11:45:05 was due.
    assert_eq!(only(&fixture.reconcile_at_age(THREE_HOURS)).late, [late("c", C.1, 1_505, 11_406)]);
}

#[test]
fn window_remembers_its_late_contents() {
    let fixture = with_late_b();
    fixture.reconcile();
    fixture.publish(feed(), &[C, ("other hour", "2026-11-22T12:00:00Z")]);
    fixture.reconcile_at_age(THREE_HOURS);
    let record = fixture.record();
    assert_eq!(record.late, 2);
    assert_eq!(record.digests.len(), 3);
}

#[test]
fn counts_late_content_once() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.publish(feed(), &[A]);
    assert_eq!(only(&fixture.reconcile()).late.len(), 1);
    assert_eq!(only(&fixture.reconcile_at_age(THREE_HOURS)).late, []);
    assert_eq!(fixture.queue.content_ids(), ["a"]);
    assert_eq!(fixture.record().late, 1);
}

#[test]
fn late_content_is_not_missing_in_the_run_that_queues_it() {
    let fixture = with_late_b();
    assert_eq!(only(&fixture.reconcile()).missing, 0);
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).missing, 1);
}

#[test]
fn late_content_is_not_missing_in_a_run_of_several_turns() {
    let fixture = with_late_b();
    for minute in 0..60 {
        let start = at("2026-11-22T10:00:00Z") + SignedDuration::from_mins(minute);
        fixture.list(feed(), (&start.to_string(), &(start + SignedDuration::from_mins(1)).to_string()), &[]);
    }
    fixture.publish(feed(), &[("first turn", "2026-11-22T10:00:30Z")]);
    let report = fixture.reconcile();
    assert_eq!(only(&report).late.len(), 2);
    assert_eq!(only(&report).missing, 0);
}

#[test]
fn late_content_is_open_until_it_has_an_object() {
    let fixture = with_late_b();
    fixture.reconcile();
    assert_eq!(fixture.open_ids(), ["b"]);
    fixture.archive(feed(), &[B]);
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(fixture.open_ids(), [""; 0]);
}

#[test]
fn late_content_is_not_queued_again_for_six_hours() {
    let fixture = with_late_b();
    fixture.reconcile();
    let sent_at = fixture.clock.now();
    assert_eq!(fixture.state.open(feed())[0].next_attempt, sent_at + SignedDuration::from_hours(6));
    let _ = fixture.queue.drain();
    fixture.later(SignedDuration::from_hours(6) - SignedDuration::from_secs(1));
    fixture.reconcile();
    assert!(fixture.queue.is_empty());
}

#[test]
fn late_content_is_on_record_before_its_message_is_sent() {
    let fixture = with_late_b();
    fixture.reconcile_with(|call| {
        if matches!(call, PortCall::Send) {
            assert_eq!(fixture.open_ids(), ["b"]);
        }
        Action::Proceed
    });
    assert_eq!(fixture.queue.content_ids(), ["b"]);
}

#[test]
fn late_content_that_cannot_be_put_on_record_is_not_queued() {
    let fixture = with_late_b();
    fixture.reconcile_with(|call| match call {
        PortCall::PutOpen(_) => Action::Fail(down()),
        _ => Action::Proceed,
    });
    assert!(fixture.queue.is_empty());
}

#[test]
fn next_run_queues_what_a_crash_left_open() {
    for step in 1.. {
        let fixture = with_late_b();
        let survived = fixture.reconcile_until(&CrashPoint::at(step)).is_some();
        fixture.later(SignedDuration::from_mins(20));
        fixture.reconcile();
        assert!(fixture.queue.content_ids().iter().any(|id| id == "b"), "crashed at step {step}");
        fixture.archive(feed(), &[B]);
        let _ = fixture.queue.drain();
        fixture.later(SignedDuration::from_hours(7));
        fixture.reconcile();
        assert_eq!(fixture.open_ids(), [""; 0], "crashed at step {step}");
        assert!(fixture.queue.is_empty(), "crashed at step {step}: it has its object");
        if survived {
            assert!(step > 20, "a run of {step} steps is too short for this test");
            break;
        }
    }
}
