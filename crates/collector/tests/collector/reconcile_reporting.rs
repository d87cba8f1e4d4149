//! The reconciler reports, once, each loss that was recorded but not reported.

use collector::loss::{Loss, LossReason};
use collector::ports::{Clock, Losses};
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{at, feed};

use crate::reconcile_fixture::{ReconcileFixture, only};
use crate::reconcile_samples::{DAY, gone, span};

fn gap(from: &str, to: &str) -> Loss {
    span(from, to, LossReason::RetentionExpired)
}

#[test]
fn reports_an_unreported_loss_after_fifteen_minutes() {
    let fixture = ReconcileFixture::exchange();
    fixture.lose(&gone("b"));
    for (minutes, lost) in [(0, vec![]), (14, vec![]), (1, vec![gone("b")]), (60, vec![gone("b")])] {
        fixture.later(SignedDuration::from_mins(minutes));
        let report = fixture.reconcile();
        assert_eq!(only(&report).lost, lost, "{minutes} minutes later");
    }
    fixture.mark_reported(&fixture.reconcile());
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).lost, []);
}

#[test]
fn does_not_repeat_a_reported_loss() {
    let fixture = ReconcileFixture::exchange();
    fixture.lose(&gone("b"));
    block_on(fixture.state.mark_reported(feed(), &gone("b"))).unwrap();
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).lost, []);
}

const FROM: &str = "2026-11-22T09:00:00Z";
const FIRST: &str = "2026-11-22T10:00:00Z";
const SECOND: &str = "2026-11-22T11:00:00Z";

#[test]
fn gap_that_grows_is_reported_again_after_a_day() {
    let fixture = ReconcileFixture::exchange();
    fixture.lose(&gap(FROM, FIRST));
    fixture.an_hour_later();
    fixture.mark_reported(&fixture.reconcile());
    fixture.lose(&gap(FROM, SECOND));
    fixture.later(DAY - SignedDuration::from_secs(1));
    assert_eq!(only(&fixture.reconcile()).lost, [], "a second early");
    fixture.later(SignedDuration::from_secs(1));
    assert_eq!(only(&fixture.reconcile()).lost, [gap(FROM, SECOND)]);
}

#[test]
fn gap_that_grows_in_each_run_is_reported_once_a_day() {
    let fixture = ReconcileFixture::exchange();
    let start = at(FROM);
    let mut reports = 0;
    for _ in 0..72 {
        fixture.an_hour_later();
        fixture.lose(&Loss { to: fixture.clock.now(), ..gap(&start.to_string(), FIRST) });
        let report = fixture.reconcile();
        fixture.mark_reported(&report);
        reports += only(&report).lost.len();
    }
    assert_eq!(reports, 3);
}

#[test]
fn reports_a_gap_that_grew_during_reporting() {
    let fixture = ReconcileFixture::exchange();
    fixture.lose(&gap(FROM, FIRST));
    fixture.an_hour_later();
    let report = fixture.reconcile();
    fixture.lose(&gap(FROM, SECOND));
    fixture.mark_reported(&report);
    fixture.later(DAY);
    assert_eq!(only(&fixture.reconcile()).lost, [gap(FROM, SECOND)]);
}

#[test]
fn gap_that_no_longer_grows_is_not_repeated() {
    let fixture = ReconcileFixture::exchange();
    fixture.lose(&gap(FROM, FIRST));
    fixture.an_hour_later();
    fixture.mark_reported(&fixture.reconcile());
    fixture.lose(&gap(FROM, FIRST));
    fixture.later(DAY * 2);
    assert_eq!(only(&fixture.reconcile()).lost, []);
}

#[test]
fn reports_a_gap_that_began_weeks_ago() {
    let fixture = ReconcileFixture::exchange();
    for from in ["2026-11-13T12:00:00Z", "2026-10-23T12:00:00Z"] {
        fixture.lose(&gap(from, "2026-11-15T12:05:05Z"));
    }
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).lost.len(), 2);
}
