//! A dead letter is removed only after something else has it, whatever fails.

use std::cell::Cell;

use collector::failure::{Failure, FailureKind};
use jiff::SignedDuration;
use testkit::{CrashPoint, message};

use crate::dead_letters::{CREATED, dead_letter, one_message};
use crate::fetch_fixture::body;
use crate::scripted_ports::{Act, Event};

fn down() -> Failure {
    Failure::new(FailureKind::AwsService, "AWS is down")
}

#[test]
fn whatever_fails_keeps_the_dead_letter_and_is_told() {
    type Is = fn(Event<'_>) -> bool;
    let table: [(&str, Is, bool); 5] = [
        ("receiving", |event| matches!(event, Event::Receive), false),
        ("archive", |event| matches!(event, Event::Archived), false),
        ("queue", |event| matches!(event, Event::Send), false),
        ("losses", |event| matches!(event, Event::RecordLoss), true),
        ("removing", |event| matches!(event, Event::Remove), false),
    ];
    for (title, is, expired) in table {
        let fixture = one_message();
        if expired {
            fixture.clock.set(dead_letter().content_expiration);
        }
        let report = fixture.reconcile_with(|event| if is(event) { Act::Fail(down()) } else { Act::Proceed });
        assert_eq!(report.dead_letters.error, Some(down()), "{title}");
        assert_eq!(report.errors().collect::<Vec<_>>(), [&down()], "{title}");
        assert_eq!(fixture.dead_letters.bodies(), [body(&dead_letter())], "{title}");
        fixture.dead_letters.reappear();
        assert_eq!(
            (fixture.reconcile().dead_letters.error, fixture.dead_letters.bodies().len()),
            (None, 0),
            "{title}, again"
        );
    }
}

#[test]
fn a_dead_letter_that_fails_holds_up_no_other() {
    let fixture = one_message();
    fixture.dead_letters.put(body(&message("b", CREATED)));
    let tried = Cell::new(false);
    let report = fixture.reconcile_with(|event| match event {
        Event::Send if !tried.replace(true) => Act::Fail(down()),
        _ => Act::Proceed,
    });
    assert_eq!((report.dead_letters.redriven, report.dead_letters.error), (1, Some(down())));
    assert_eq!(
        (fixture.queue.content_ids(), fixture.dead_letters.bodies()),
        (vec!["b".to_owned()], vec![body(&dead_letter())])
    );
}

#[test]
fn a_power_cut_anywhere_leaves_the_dead_letter_or_what_replaces_it() {
    for (title, is_expired) in [("good", false), ("expired", true)] {
        for step in 1.. {
            let fixture = one_message();
            if is_expired {
                fixture.clock.set(dead_letter().content_expiration);
            }
            let survived = fixture.reconcile_until(&CrashPoint::failing_at(step));
            let replaced = || if is_expired { fixture.state.losses().len() } else { fixture.queue.sent().len() };
            assert!(
                fixture.dead_letters.bodies().len() + replaced() >= 1,
                "{title}, cut at step {step}: it is nowhere"
            );
            fixture.later(SignedDuration::from_mins(20));
            fixture.reconcile();
            assert!(replaced() >= 1 && fixture.dead_letters.bodies().is_empty(), "{title}, cut at step {step}");
            if survived.is_some() {
                assert!(step > 8, "a fixture of {step} steps is too short");
                break;
            }
        }
    }
}
