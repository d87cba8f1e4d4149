//! Whatever fails, a dead letter is removed only after it was redriven or recorded as a loss.

use std::cell::Cell;

use collector::failure::{Failure, FailureKind};
use collector::reconcile::DeadLetterReport;
use jiff::SignedDuration;
use testkit::{CrashPoint, message};

use crate::dead_letters::{CREATED, dead_letter, one_dead_letter};
use crate::fetch_fixture::body;
use crate::scripted_ports::{Act, Event};

fn down() -> Failure {
    Failure::new(FailureKind::AwsService, "AWS is down")
}

#[test]
fn any_failure_keeps_the_dead_letter() {
    type Call = fn(Event<'_>) -> bool;
    let table: [(&str, Call, bool); 5] = [
        ("receive", |event| matches!(event, Event::Receive), false),
        ("archive", |event| matches!(event, Event::Archived), false),
        ("queue", |event| matches!(event, Event::Send), false),
        ("losses", |event| matches!(event, Event::RecordLoss), true),
        ("remove", |event| matches!(event, Event::Remove), false),
    ];
    for (title, fails, expired) in table {
        let fixture = one_dead_letter();
        if expired {
            fixture.clock.set(dead_letter().content_expiration);
        }
        let report = fixture.reconcile_with(|event| if fails(event) { Act::Fail(down()) } else { Act::Proceed });
        assert_eq!(report.dead_letters.error, Some(down()), "{title}");
        assert_eq!(report.errors().collect::<Vec<_>>(), [&down()], "{title}");
        assert_eq!(fixture.dead_letters.bodies(), [body(&dead_letter())], "{title}");
        fixture.dead_letters.reappear();
        assert_eq!(fixture.reconcile().dead_letters.error, None, "{title}, again");
        assert!(fixture.dead_letters.bodies().is_empty(), "{title}, again");
    }
}

#[test]
fn failing_dead_letter_does_not_block_the_others() {
    let fixture = one_dead_letter();
    fixture.dead_letters.put(body(&message("b", CREATED)));
    let tried = Cell::new(false);
    let report = fixture.reconcile_with(|event| match event {
        Event::Send if !tried.replace(true) => Act::Fail(down()),
        _ => Act::Proceed,
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
            let survived = fixture.reconcile_until(&CrashPoint::failing_at(step));
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
