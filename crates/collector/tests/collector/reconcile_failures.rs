//! A failure stops only its own feed, and the next run makes up for it.

use std::cell::Cell;

use collector::failure::{Failure, FailureKind};
use collector::reconcile::FeedReconciliation;
use jiff::{SignedDuration, Timestamp};
use testkit::{Action, PortCall, TENANT, feed, tenant};

use crate::poll_fixture::{EXCHANGE, OTHER, feed_of};
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};
use crate::reconcile_samples::{QUARTER, SIX_DAYS, down, gone, http_503, nothing_found};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const LATE: [(&str, &str); 3] =
    [("b", "2026-11-22T11:10:00Z"), ("c", "2026-11-22T11:11:00Z"), ("d", "2026-11-22T11:12:00Z")];

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
    assert_eq!(fixture.checked_until(QUARTER), Some(Timestamp::UNIX_EPOCH), "half a listing proves nothing");
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

#[test]
fn failure_that_concerns_the_feed_stops_it_at_once() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.list(feed(), ("2026-11-22T11:30:00Z", "2026-11-22T11:40:00Z"), &[]);
    let rejected = Failure::new(FailureKind::CredentialsRejected, "AADSTS7000222");
    let listings = Cell::new(0);
    fixture.reconcile_with(|call| match call {
        PortCall::List(..) => {
            listings.set(listings.get() + 1);
            Action::Fail(rejected.clone())
        }
        _ => Action::Proceed,
    });
    assert_eq!(listings.get(), 1);
}

#[test]
fn reports_windows_rechecked_before_a_failure() {
    let fixture = ReconcileFixture::exchange();
    let day_before = fixture.list(feed(), ("2026-11-21T23:30:00Z", "2026-11-22T00:00:00Z"), &[]);
    fixture.list(feed(), BOUNDS, &[]);
    fixture.reconcile_with(|call| match call {
        PortCall::List(_, window) if window != day_before => Action::Fail(http_503()),
        _ => Action::Proceed,
    });
    assert_eq!(fixture.day("2026-11-21").expect("every window of the day before was checked")["windows_settled"], 1);
}

type Call = fn(PortCall<'_>) -> bool;

/// The window of [`BOUNDS`] has missing and late content, and one call of its recheck fails.
fn reconcile_failing(fails: Call) -> ReconcileFixture {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.publish(feed(), &LATE);
    fixture.reconcile_with(|call| if fails(call) { Action::Fail(down()) } else { Action::Proceed });
    fixture
}

const CALLS: [(&str, Call); 9] = [
    ("reading the instants", |call| matches!(call, PortCall::Rechecks(_))),
    ("saving the instants", |call| matches!(call, PortCall::SaveRechecks(_))),
    ("windows", |call| matches!(call, PortCall::Windows(_))),
    ("losses", |call| matches!(call, PortCall::Losses(_))),
    ("listing", |call| matches!(call, PortCall::List(..))),
    ("archive", |call| matches!(call, PortCall::Archived(_))),
    ("open contents", |call| matches!(call, PortCall::PutOpen(_))),
    ("queue", |call| matches!(call, PortCall::Send)),
    ("record", |call| matches!(call, PortCall::UpdateWindow(_))),
];

#[test]
fn any_failure_leaves_the_window_due() {
    for (title, fails) in CALLS {
        let fixture = reconcile_failing(fails);
        assert!(fixture.checked_until(QUARTER) <= Some(Timestamp::UNIX_EPOCH), "{title}");
    }
}

#[test]
fn next_run_makes_up_for_any_failure() {
    for (title, fails) in CALLS {
        let fixture = reconcile_failing(fails);
        fixture.reconcile();
        assert_eq!(fixture.record().late, 3, "{title}");
        assert_eq!(fixture.open_ids().len(), 4, "{title}");
        let queued = fixture.queue.content_ids();
        assert!(LATE.iter().all(|(id, _)| queued.iter().any(|queued| queued == id)), "{title}: {queued:?}");
    }
}

#[test]
fn open_contents_are_settled_even_if_rechecks_fail() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile();
    fixture.archive(feed(), &[A]);
    fixture.an_hour_later();
    fixture.reconcile_with(|call| match call {
        PortCall::Windows(_) => Action::Fail(down()),
        _ => Action::Proceed,
    });
    assert_eq!(fixture.open_ids(), [""; 0]);
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
    fixture.list(feed(), ("2026-11-21T23:30:00Z", "2026-11-22T00:00:00Z"), &[A]);
    fixture.list(feed(), BOUNDS, &[A]);
    let tries = Cell::new(0);
    let report = fixture.reconcile_with(|call| match call {
        PortCall::StoreReport(_) => {
            tries.set(tries.get() + 1);
            // The report of the first day fails.
            if tries.get() == 1 { Action::Fail(down()) } else { Action::Proceed }
        }
        _ => Action::Proceed,
    });
    assert_eq!(tries.get(), 1);
    assert_eq!(only(&report).error, Some(down()));
    fixture.later(SignedDuration::from_mins(5));
    fixture.reconcile();
    assert_eq!(fixture.days(), ["2026-11-21", "2026-11-22"]);
}

#[test]
fn content_stays_open_until_its_loss_is_recorded() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile_at_age(SIX_DAYS);
    fixture.later(SignedDuration::from_hours(48));
    let report = fixture.reconcile_with(|call| match call {
        PortCall::RecordLoss(_) => Action::Fail(down()),
        _ => Action::Proceed,
    });
    assert_eq!(only(&report).lost, []);
    assert_eq!(fixture.open_ids(), ["a"]);
    assert_eq!(only(&fixture.reconcile()).lost, [gone("a")]);
}

#[test]
fn run_fails_if_no_feed_was_checked() {
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
