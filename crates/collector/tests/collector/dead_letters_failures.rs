//! Whatever fails, a dead letter is removed only after its content is on record as open, archived or lost.

use std::cell::Cell;

use collector::reconcile::DeadLetterReport;
use jiff::SignedDuration;
use testkit::{Action, CrashPoint, PortCall, message};

use crate::dead_letters::{CREATED, dead_letter, one_dead_letter};
use crate::fetch_fixture::body;
use crate::reconcile_fixture::ReconcileFixture;
use crate::reconcile_samples::down;

#[test]
fn any_failure_keeps_the_dead_letter() {
    type Call = fn(PortCall<'_>) -> bool;
    let table: [(&str, Call, bool); 5] = [
        ("receive", |call| matches!(call, PortCall::ReceiveDeadLetters), false),
        ("archive", |call| matches!(call, PortCall::Archived(_)), false),
        ("open contents", |call| matches!(call, PortCall::PutOpen(_)), false),
        ("losses", |call| matches!(call, PortCall::RecordLoss(_)), true),
        ("remove", |call| matches!(call, PortCall::RemoveDeadLetter), false),
    ];
    for (title, fails, is_expired) in table {
        let fixture = one_dead_letter();
        if is_expired {
            fixture.clock.set(dead_letter().content_expiration + SignedDuration::from_hours(1));
        }
        let report = fixture.reconcile_with(|call| if fails(call) { Action::Fail(down()) } else { Action::Proceed });
        assert_eq!(report.dead_letters.error, Some(down()), "{title}");
        assert_eq!(report.errors().collect::<Vec<_>>(), [&down()], "{title}");
        assert_eq!(fixture.dead_letters.bodies(), [body(&dead_letter())], "{title}");
        fixture.clock.advance(SignedDuration::from_mins(2));
        assert_eq!(fixture.reconcile().dead_letters.error, None, "{title}, again");
        assert!(fixture.dead_letters.bodies().is_empty(), "{title}, again");
    }
}

#[test]
fn failing_dead_letter_does_not_hold_up_the_others() {
    let fixture = one_dead_letter();
    fixture.dead_letters.put(body(&message("b", CREATED)));
    let tried = Cell::new(false);
    let report = fixture.reconcile_with(|call| match call {
        PortCall::PutOpen(_) if !tried.replace(true) => Action::Fail(down()),
        _ => Action::Proceed,
    });
    let expected = DeadLetterReport { reopened: 1, error: Some(down()), ..DeadLetterReport::default() };
    assert_eq!(report.dead_letters, expected);
    assert_eq!(fixture.queue.content_ids(), ["b"]);
    assert_eq!(fixture.dead_letters.bodies(), [body(&dead_letter())]);
}

/// Crashes a run at each of its steps. The content stays on record, with or without its dead letter.
fn crash_at_every_step(set_up: impl Fn() -> ReconcileFixture, is_on_record: impl Fn(&ReconcileFixture) -> bool) {
    for step in 1.. {
        let fixture = set_up();
        let survived = fixture.reconcile_until(&CrashPoint::at(step)).is_some();
        let is_left = !fixture.dead_letters.bodies().is_empty();
        assert!(is_left || is_on_record(&fixture), "crashed at step {step}: the content is forgotten");
        fixture.later(SignedDuration::from_mins(20));
        fixture.reconcile();
        assert!(is_on_record(&fixture), "crashed at step {step}");
        assert!(fixture.dead_letters.bodies().is_empty(), "crashed at step {step}");
        if survived {
            assert!(step > 8, "a run of {step} steps is too short for this test");
            break;
        }
    }
}

#[test]
fn dead_letter_survives_a_crash_at_any_step() {
    crash_at_every_step(one_dead_letter, |fixture| fixture.open_ids() == ["a"]);
}

#[test]
fn expired_dead_letter_survives_a_crash_at_any_step() {
    let expired = || {
        let fixture = one_dead_letter();
        fixture.clock.set(dead_letter().content_expiration + SignedDuration::from_hours(1));
        fixture
    };
    crash_at_every_step(expired, |fixture| fixture.state.losses().len() == 1);
}

#[test]
fn content_of_a_dead_letter_is_queued_after_a_crash_at_any_step() {
    for step in 1.. {
        let fixture = one_dead_letter();
        let survived = fixture.reconcile_until(&CrashPoint::at(step)).is_some();
        fixture.later(SignedDuration::from_hours(13));
        let _ = fixture.queue.drain();
        fixture.reconcile();
        assert!(fixture.queue.content_ids().contains(&"a".to_owned()), "crashed at step {step}");
        if survived {
            break;
        }
    }
}
