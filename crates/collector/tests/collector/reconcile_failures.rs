//! What fails stops its own feed and nothing else, and is done by the next run.

use std::cell::Cell;

use collector::failure::{Failure, FailureKind};
use collector::window::Window;
use jiff::SignedDuration;
use testkit::{TENANT, at, feed, tenant};

use crate::poll_fixture::{EXCHANGE, OTHER, feed_of};
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, down, only};
use crate::scripted_ports::{Act, Event};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const LATE: [(&str, &str); 3] =
    [("b", "2026-11-22T11:10:00Z"), ("c", "2026-11-22T11:11:00Z"), ("d", "2026-11-22T11:12:00Z")];

fn passing() -> Failure {
    Failure::new(FailureKind::Transient, "HTTP 503")
}

/// Two tenants, each with one window that is due.
fn two_tenants() -> ReconcileFixture {
    let fixture = ReconcileFixture::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])]);
    for tenant_id in [TENANT, OTHER] {
        fixture.list(feed_of(tenant_id, EXCHANGE), BOUNDS, &[]);
    }
    fixture
}

#[test]
fn a_listing_that_fails_in_the_middle_leaves_its_window_due() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.publish(feed(), &LATE);
    let report = fixture.reconcile_with(|event| match event {
        Event::List(..) => Act::FailAfterFirst(passing()),
        _ => Act::Proceed,
    });
    let error = only(&report).error.clone().unwrap();
    assert_eq!(error.message, "window [2026-11-22T11:00:00Z, 2026-11-22T11:30:00Z): HTTP 503");
    assert_eq!((only(&report).windows_checked, only(&report).late.len(), fixture.queue.sent().len()), (0, 0, 0));
    assert_eq!(fixture.record().checked_at, None, "half a listing says nothing");
    assert_eq!(only(&fixture.reconcile()).late.len(), 3);
}

#[test]
fn a_failing_feed_stops_no_other() {
    let fixture = two_tenants();
    let failing = feed_of(TENANT, EXCHANGE);
    let report = fixture.reconcile_with(|event| match event {
        Event::List(feed, _) if feed == failing => Act::Fail(passing()),
        _ => Act::Proceed,
    });
    let [failed, other] = &report.feeds[..] else { panic!("{report:?}") };
    assert_eq!(
        (failed.windows_checked, failed.error.clone(), failed.more_to_do),
        (0, report.errors().next().cloned(), false)
    );
    assert_eq!((other.windows_checked, other.error.clone()), (1, None));
    assert!(!report.is_failure() && !report.more_to_do);
}

/// Windows of five minutes, this many of them, the first at ten o'clock.
fn five_minutes_each(fixture: &ReconcileFixture, windows: usize) -> Vec<Window> {
    let start = |number: usize| (at("2026-11-22T10:00:00Z") + SignedDuration::from_mins(5) * number as i32).to_string();
    (0..windows).map(|number| fixture.list(feed(), (&start(number), &start(number + 1)), &[])).collect()
}

#[test]
fn windows_that_fail_in_every_run_hold_up_no_others() {
    for failing in 1..=11 {
        let fixture = ReconcileFixture::exchange();
        let windows = five_minutes_each(&fixture, 12);
        let (bad, good) = windows.split_at(failing);
        for _ in 0..12 {
            fixture.an_hour_later();
            let report = fixture.reconcile_with(|event| match event {
                Event::List(_, window) if bad.contains(&window) => Act::Fail(passing()),
                _ => Act::Proceed,
            });
            let error = only(&report).error.as_ref();
            assert!(error.is_some_and(|error| error.message.ends_with("HTTP 503")), "{report:?}");
        }
        let checked_at = fixture.state.committed(feed()).into_iter().filter(|record| record.checked_at.is_some());
        assert_eq!(checked_at.map(|record| record.window).collect::<Vec<_>>(), good, "{failing} fail");
    }
}

#[test]
fn where_more_goes_well_than_fails_all_that_can_be_looked_at_is_looked_at_in_one_run() {
    let fixture = ReconcileFixture::exchange();
    let windows = five_minutes_each(&fixture, 22);
    fixture.an_hour_later();
    let bad: Vec<Window> = windows.into_iter().step_by(2).collect();
    let report = fixture.reconcile_with(|event| match event {
        Event::List(_, window) if bad.contains(&window) => Act::Fail(passing()),
        _ => Act::Proceed,
    });
    assert_eq!((only(&report).windows_checked, only(&report).more_to_do), (11, false));
}

#[test]
fn a_feed_that_fails_eight_times_and_more_often_than_not_is_left_to_the_next_run() {
    let fixture = ReconcileFixture::exchange();
    five_minutes_each(&fixture, 12);
    let asked = Cell::new(0);
    let report = fixture.reconcile_with(|event| match event {
        Event::List(..) => {
            asked.set(asked.get() + 1);
            Act::Fail(passing())
        }
        _ => Act::Proceed,
    });
    assert_eq!((asked.get(), only(&report).more_to_do, report.is_failure()), (8, false, true));
    assert_eq!(only(&fixture.reconcile()).windows_checked, 12);
}

#[test]
fn what_was_proven_before_a_failure_is_in_the_report_of_its_day() {
    let fixture = ReconcileFixture::exchange();
    let eve = fixture.list(feed(), ("2026-11-21T23:30:00Z", "2026-11-22T00:00:00Z"), &[]);
    fixture.list(feed(), BOUNDS, &[]);
    fixture.reconcile_with(|event| match event {
        Event::List(_, window) if window != eve => Act::Fail(passing()),
        _ => Act::Proceed,
    });
    assert_eq!(fixture.day("2026-11-21").expect("the day before is all proven")["windows_settled"], 1);
}

#[test]
fn whatever_fails_leaves_the_window_due_and_counts_nothing() {
    type Is = fn(Event<'_>) -> bool;
    let table: [(&str, Is); 8] = [
        ("how far", |event| matches!(event, Event::Progress)),
        ("keeping how far", |event| matches!(event, Event::SaveProgress)),
        ("windows", |event| matches!(event, Event::Windows(_))),
        ("losses", |event| matches!(event, Event::Losses)),
        ("listing", |event| matches!(event, Event::List(..))),
        ("archive", |event| matches!(event, Event::Archived)),
        ("queue", |event| matches!(event, Event::Send)),
        ("record", |event| matches!(event, Event::UpdateWindow)),
    ];
    for (title, is) in table {
        let fixture = ReconcileFixture::with(&[A]);
        fixture.publish(feed(), &LATE);
        let report = fixture.reconcile_with(|event| if is(event) { Act::Fail(down()) } else { Act::Proceed });
        let found = only(&report);
        assert!(found.error.as_ref().is_some_and(|error| error.message.ends_with("AWS is down")), "{title}: {found:?}");
        assert_eq!((found.windows_checked, found.late.len(), found.missing), (0, 0, 0), "{title}");
        assert_eq!((fixture.record().checked_at, fixture.record().late), (None, 0), "{title}");
        let report = fixture.reconcile();
        assert_eq!(
            (only(&report).late.len(), only(&report).missing, fixture.record().late),
            (3, 1, 3),
            "{title}, again"
        );
    }
}

#[test]
fn a_report_that_could_not_be_stored_is_an_error_of_its_feed() {
    let fixture = ReconcileFixture::with(&[]);
    let report = fixture.reconcile_with(|event| match event {
        Event::StoreReport => Act::Fail(down()),
        _ => Act::Proceed,
    });
    assert_eq!((only(&report).windows_checked, only(&report).error.clone()), (1, Some(down())));
}

#[test]
fn reports_that_cannot_be_stored_are_tried_once_in_a_run_and_again_in_the_next() {
    let fixture = ReconcileFixture::exchange();
    fixture.list(feed(), ("2026-11-21T23:30:00Z", "2026-11-22T00:00:00Z"), &[]);
    five_minutes_each(&fixture, 12);
    let tries = Cell::new(0);
    let report = fixture.reconcile_with(|event| match event {
        Event::StoreReport => {
            tries.set(tries.get() + 1);
            // That of the first day.
            if tries.get() == 1 { Act::Fail(down()) } else { Act::Proceed }
        }
        _ => Act::Proceed,
    });
    assert_eq!(
        (tries.get(), only(&report).error.clone(), fixture.days()),
        (2, Some(down()), vec!["2026-11-22".into()])
    );
    fixture.later(SignedDuration::from_hours(6));
    fixture.reconcile();
    assert_eq!(fixture.days(), ["2026-11-21", "2026-11-22"]);
}

#[test]
fn a_loss_that_could_not_be_kept_is_found_by_the_next_run() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile_last();
    fixture.later(SignedDuration::from_hours(24));
    let report = fixture.reconcile_with(|event| match event {
        Event::RecordLoss => Act::Fail(down()),
        _ => Act::Proceed,
    });
    assert_eq!((&only(&report).lost[..], fixture.record().settled_at), (&[][..], None));
    assert_eq!(only(&fixture.reconcile()).lost.len(), 1);
}

#[test]
fn a_run_failed_when_no_feed_at_all_could_be_looked_at() {
    let failing = |script: fn(Event<'_>) -> Act| two_tenants().reconcile_with(script);
    assert!(
        failing(|event| if matches!(event, Event::Windows(_)) { Act::Fail(down()) } else { Act::Proceed }).is_failure()
    );
    let one = |event: Event<'_>| match event {
        Event::Windows(feed) if feed.tenant_id == OTHER => Act::Fail(down()),
        _ => Act::Proceed,
    };
    assert!(!failing(one).is_failure());
    assert!(
        !failing(|event| if matches!(event, Event::Receive) { Act::Fail(down()) } else { Act::Proceed }).is_failure()
    );
    assert!(!ReconcileFixture::of([]).reconcile().is_failure(), "a collector without tenants is no failure");
}
