//! A failure stops only its own feed, and the next run makes up for it.

use std::cell::Cell;

use collector::failure::{Failure, FailureKind};
use collector::reconcile::FeedReconciliation;
use collector::window::Window;
use jiff::SignedDuration;
use testkit::{Action, PortCall, TENANT, at, feed, tenant};

use crate::poll_fixture::{EXCHANGE, OTHER, feed_of};
use crate::reconcile::nothing_found;
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, down, only};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const LATE: [(&str, &str); 3] =
    [("b", "2026-11-22T11:10:00Z"), ("c", "2026-11-22T11:11:00Z"), ("d", "2026-11-22T11:12:00Z")];

fn http_503() -> Failure {
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
fn interrupted_listing_leaves_its_window_due() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.publish(feed(), &LATE);
    let report = fixture.reconcile_with(|call| match call {
        PortCall::List(..) => Action::FailAfterFirst(http_503()),
        _ => Action::Proceed,
    });
    let error = http_503().context("window [2026-11-22T11:00:00Z, 2026-11-22T11:30:00Z)");
    assert_eq!(*only(&report), FeedReconciliation { error: Some(error), ..nothing_found() });
    assert_eq!(fixture.queue.sent(), []);
    assert_eq!(fixture.record().checked_at, None, "half a listing proves nothing");
    assert_eq!(only(&fixture.reconcile()).late.len(), 3);
}

#[test]
fn failing_feed_does_not_affect_the_others() {
    let fixture = two_tenants();
    let failing = feed_of(TENANT, EXCHANGE);
    let report = fixture.reconcile_with(|call| match call {
        PortCall::List(feed, _) if feed == failing => Action::Fail(http_503()),
        _ => Action::Proceed,
    });
    let [failed, other] = &report.feeds[..] else { panic!("{report:?}") };
    let error = http_503().context("window [2026-11-22T11:00:00Z, 2026-11-22T11:30:00Z)");
    assert_eq!(report.errors().collect::<Vec<_>>(), [&error]);
    assert_eq!(*failed, FeedReconciliation { error: Some(error), ..nothing_found() });
    assert_eq!(*other, FeedReconciliation { tenant_id: OTHER, windows_checked: 1, ..nothing_found() });
    assert!(!report.is_failure());
    assert!(!report.more_to_do);
}

/// This many consecutive windows of five minutes, the first at ten o'clock.
fn list_five_minute_windows(fixture: &ReconcileFixture, windows: usize) -> Vec<Window> {
    let start = |number: usize| (at("2026-11-22T10:00:00Z") + SignedDuration::from_mins(5) * number as i32).to_string();
    (0..windows).map(|number| fixture.list(feed(), (&start(number), &start(number + 1)), &[])).collect()
}

#[test]
fn persistently_failing_windows_do_not_block_the_others() {
    for failing in 1..=11 {
        let fixture = ReconcileFixture::exchange();
        let windows = list_five_minute_windows(&fixture, 12);
        let (bad, good) = windows.split_at(failing);
        for _ in 0..12 {
            fixture.an_hour_later();
            let report = fixture.reconcile_with(|call| match call {
                PortCall::List(_, window) if bad.contains(&window) => Action::Fail(http_503()),
                _ => Action::Proceed,
            });
            let error = only(&report).error.as_ref();
            assert!(error.is_some_and(|error| error.message.ends_with("HTTP 503")), "{report:?}");
        }
        let checked = fixture.state.committed(feed()).into_iter().filter(|record| record.checked_at.is_some());
        assert_eq!(checked.map(|record| record.window).collect::<Vec<_>>(), good, "{failing} fail");
    }
}

#[test]
fn checks_every_listable_window_despite_some_failures() {
    let fixture = ReconcileFixture::exchange();
    let windows = list_five_minute_windows(&fixture, 22);
    fixture.an_hour_later();
    let bad: Vec<Window> = windows.into_iter().step_by(2).collect();
    let report = fixture.reconcile_with(|call| match call {
        PortCall::List(_, window) if bad.contains(&window) => Action::Fail(http_503()),
        _ => Action::Proceed,
    });
    assert_eq!(only(&report).windows_checked, 11);
    assert!(!only(&report).more_to_do);
}

#[test]
fn gives_up_on_a_feed_after_eight_failures() {
    let fixture = ReconcileFixture::exchange();
    list_five_minute_windows(&fixture, 12);
    let listings = Cell::new(0);
    let report = fixture.reconcile_with(|call| match call {
        PortCall::List(..) => {
            listings.set(listings.get() + 1);
            Action::Fail(http_503())
        }
        _ => Action::Proceed,
    });
    assert_eq!(listings.get(), 8);
    assert!(!only(&report).more_to_do);
    assert!(report.is_failure());
    assert_eq!(only(&fixture.reconcile()).windows_checked, 12);
}

#[test]
fn reports_windows_settled_before_a_failure() {
    let fixture = ReconcileFixture::exchange();
    let day_before = fixture.list(feed(), ("2026-11-21T23:30:00Z", "2026-11-22T00:00:00Z"), &[]);
    fixture.list(feed(), BOUNDS, &[]);
    fixture.reconcile_with(|call| match call {
        PortCall::List(_, window) if window != day_before => Action::Fail(http_503()),
        _ => Action::Proceed,
    });
    assert_eq!(fixture.day("2026-11-21").expect("every window of the day before was checked")["windows_settled"], 1);
}

#[test]
fn any_failure_leaves_the_window_due() {
    type Call = fn(PortCall<'_>) -> bool;
    let table: [(&str, Call); 8] = [
        ("reading the progress", |call| matches!(call, PortCall::Progress(_))),
        ("saving the progress", |call| matches!(call, PortCall::SaveProgress(_))),
        ("windows", |call| matches!(call, PortCall::Windows(_))),
        ("losses", |call| matches!(call, PortCall::Losses(_))),
        ("listing", |call| matches!(call, PortCall::List(..))),
        ("archive", |call| matches!(call, PortCall::Archived(_))),
        ("queue", |call| matches!(call, PortCall::Send)),
        ("record", |call| matches!(call, PortCall::UpdateWindow(_))),
    ];
    for (title, fails) in table {
        let fixture = ReconcileFixture::with(&[A]);
        fixture.publish(feed(), &LATE);
        let report = fixture.reconcile_with(|call| if fails(call) { Action::Fail(down()) } else { Action::Proceed });
        let row = only(&report);
        assert!(row.error.as_ref().is_some_and(|error| error.message.ends_with("AWS is down")), "{title}: {row:?}");
        assert_eq!(*row, FeedReconciliation { error: row.error.clone(), ..nothing_found() }, "{title}");
        assert_eq!(fixture.record().checked_at, None, "{title}");
        assert_eq!(fixture.record().late, 0, "{title}");
        let report = fixture.reconcile();
        assert_eq!(only(&report).late.len(), 3, "{title}, again");
        assert_eq!(only(&report).missing, 1, "{title}, again");
        assert_eq!(fixture.record().late, 3, "{title}, again");
    }
}

#[test]
fn unstored_report_is_an_error_of_its_feed() {
    let fixture = ReconcileFixture::with(&[]);
    let report = fixture.reconcile_with(|call| match call {
        PortCall::StoreReport(_) => Action::Fail(down()),
        _ => Action::Proceed,
    });
    assert_eq!(*only(&report), FeedReconciliation { windows_checked: 1, error: Some(down()), ..nothing_found() });
}

#[test]
fn retries_an_unstored_report_in_the_next_run() {
    let fixture = ReconcileFixture::exchange();
    fixture.list(feed(), ("2026-11-21T23:30:00Z", "2026-11-22T00:00:00Z"), &[]);
    list_five_minute_windows(&fixture, 12);
    let tries = Cell::new(0);
    let report = fixture.reconcile_with(|call| match call {
        PortCall::StoreReport(_) => {
            tries.set(tries.get() + 1);
            // The report of the first day fails.
            if tries.get() == 1 { Action::Fail(down()) } else { Action::Proceed }
        }
        _ => Action::Proceed,
    });
    assert_eq!(tries.get(), 2);
    assert_eq!(only(&report).error, Some(down()));
    assert_eq!(fixture.days(), ["2026-11-22"]);
    fixture.later(SignedDuration::from_hours(6));
    fixture.reconcile();
    assert_eq!(fixture.days(), ["2026-11-21", "2026-11-22"]);
}

#[test]
fn next_run_finds_an_unrecorded_loss() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile_last();
    fixture.later(SignedDuration::from_hours(24));
    let report = fixture.reconcile_with(|call| match call {
        PortCall::RecordLoss(_) => Action::Fail(down()),
        _ => Action::Proceed,
    });
    assert_eq!(only(&report).lost, []);
    assert_eq!(fixture.record().settled_at, None);
    assert_eq!(only(&fixture.reconcile()).lost.len(), 1);
}

#[test]
fn run_fails_if_no_feed_was_checked() {
    type Call = fn(PortCall<'_>) -> bool;
    let is_failure_if = |fails: Call| {
        let script = |event: PortCall<'_>| if fails(event) { Action::Fail(down()) } else { Action::Proceed };
        two_tenants().reconcile_with(script).is_failure()
    };
    assert!(is_failure_if(|call| matches!(call, PortCall::Windows(_))), "both feeds fail");
    assert!(
        !is_failure_if(|call| matches!(call, PortCall::Windows(feed) if feed.tenant_id == OTHER)),
        "one feed fails"
    );
    assert!(!is_failure_if(|call| matches!(call, PortCall::ReceiveDeadLetters)), "only the dead letters fail");
    assert!(!ReconcileFixture::of([]).reconcile().is_failure(), "there are no tenants");
}
