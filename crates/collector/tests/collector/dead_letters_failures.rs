//! Whatever fails, a dead letter is removed only after it was redriven or recorded as a loss.

use std::cell::Cell;

use collector::failure::{Failure, FailureKind};
use collector::reconcile::DeadLetterReport;
use jiff::SignedDuration;
use testkit::{Action, CrashPoint, PortCall, message};

use crate::dead_letters::{CREATED, dead_letter, one_dead_letter};
use crate::fetch_fixture::body;

fn down() -> Failure {
    Failure::new(FailureKind::AwsService, "AWS is down")
}

#[test]
fn any_failure_keeps_the_dead_letter() {
    type Call = fn(PortCall<'_>) -> bool;
    let table: [(&str, Call, bool); 5] = [
        ("receive", |call| matches!(call, PortCall::ReceiveDeadLetters), false),
        ("archive", |call| matches!(call, PortCall::Archived(_)), false),
        ("queue", |call| matches!(call, PortCall::Send), false),
        ("losses", |call| matches!(call, PortCall::RecordLoss(_)), true),
        ("remove", |call| matches!(call, PortCall::RemoveDeadLetter), false),
    ];
    for (title, fails, expired) in table {
        let fixture = one_dead_letter();
        if expired {
            fixture.clock.set(dead_letter().content_expiration);
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
fn failing_dead_letter_does_not_block_the_others() {
    let fixture = one_dead_letter();
    fixture.dead_letters.put(body(&message("b", CREATED)));
    let tried = Cell::new(false);
    let report = fixture.reconcile_with(|call| match call {
        PortCall::Send if !tried.replace(true) => Action::Fail(down()),
        _ => Action::Proceed,
    });
    let expected = DeadLetterReport { redriven: 1, error: Some(down()), ..DeadLetterReport::default() };
    assert_eq!(report.dead_letters, expected);
    assert_eq!(fixture.queue.content_ids(), ["b"]);
    assert_eq!(fixture.dead_letters.bodies(), [body(&dead_letter())]);
}

#[test]
fn dead_letter_survives_a_crash_at_any_step() {
    for (title, is_expired) in [("valid", false), ("expired", true)] {
        for step in 1.. {
            let fixture = one_dead_letter();
            if is_expired {
                fixture.clock.set(dead_letter().content_expiration);
            }
            let survived = fixture.reconcile_until(&CrashPoint::at(step));
            let replaced = || if is_expired { fixture.state.losses().len() } else { fixture.queue.sent().len() };
            assert!(
                fixture.dead_letters.bodies().len() + replaced() >= 1,
                "{title}, crashed at step {step}: the message is lost"
            );
            fixture.later(SignedDuration::from_mins(20));
            fixture.reconcile();
            assert!(replaced() >= 1, "{title}, crashed at step {step}");
            assert!(fixture.dead_letters.bodies().is_empty(), "{title}, crashed at step {step}");
            if survived.is_some() {
                assert!(step > 8, "a run of {step} steps is too short for this test");
                break;
            }
        }
    }
}
