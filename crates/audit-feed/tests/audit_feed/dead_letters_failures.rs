//! A dead letter is removed only after something else has it, whatever fails.

use std::cell::Cell;

use audit_feed::failure::{Failure, FailureKind};
use jiff::SignedDuration;
use testkit::{Power, message};

use crate::dead_letters::{CREATED, letter, one_letter};
use crate::desk::body;
use crate::script::{Act, Event};

fn down() -> Failure {
    Failure::new(FailureKind::Aws, "AWS is down")
}

#[test]
fn whatever_fails_keeps_the_letter_and_is_told() {
    type Is = fn(Event<'_>) -> bool;
    let table: [(&str, Is, bool); 5] = [
        ("receiving", |event| matches!(event, Event::Receive), false),
        ("archive", |event| matches!(event, Event::Archived), false),
        ("queue", |event| matches!(event, Event::Send), false),
        ("losses", |event| matches!(event, Event::KeepLoss), true),
        ("removing", |event| matches!(event, Event::Remove), false),
    ];
    for (title, is, expired) in table {
        let books = one_letter();
        if expired {
            books.clock.set(letter().content_expiration);
        }
        let report = books.look_with(|event| if is(event) { Act::Fail(down()) } else { Act::Proceed });
        assert_eq!(report.dead_letters.error, Some(down()), "{title}");
        assert_eq!(report.errors().collect::<Vec<_>>(), [&down()], "{title}");
        assert_eq!(books.dead_letters.bodies(), [body(&letter())], "{title}");
        books.dead_letters.reappear();
        assert_eq!((books.look().dead_letters.error, books.dead_letters.bodies().len()), (None, 0), "{title}, again");
    }
}

#[test]
fn a_letter_that_fails_holds_up_no_other() {
    let books = one_letter();
    books.dead_letters.put(body(&message("b", CREATED)));
    let tried = Cell::new(false);
    let report = books.look_with(|event| match event {
        Event::Send if !tried.replace(true) => Act::Fail(down()),
        _ => Act::Proceed,
    });
    assert_eq!((report.dead_letters.revived, report.dead_letters.error), (1, Some(down())));
    assert_eq!((books.queue.content_ids(), books.dead_letters.bodies()), (vec!["b".to_owned()], vec![body(&letter())]));
}

#[test]
fn a_power_cut_anywhere_leaves_the_letter_or_what_replaces_it() {
    for (title, is_expired) in [("good", false), ("expired", true)] {
        for step in 1.. {
            let books = one_letter();
            if is_expired {
                books.clock.set(letter().content_expiration);
            }
            let survived = books.look_on(&Power::failing_at(step));
            let replaced = || if is_expired { books.state.losses().len() } else { books.queue.sent().len() };
            assert!(books.dead_letters.bodies().len() + replaced() >= 1, "{title}, cut at step {step}: it is nowhere");
            books.later(SignedDuration::from_mins(20));
            books.look();
            assert!(replaced() >= 1 && books.dead_letters.bodies().is_empty(), "{title}, cut at step {step}");
            if survived.is_some() {
                assert!(step > 8, "a story of {step} steps is too short");
                break;
            }
        }
    }
}
