//! The reconciler reports, once, each loss that was recorded but not reported.

use collector::loss::{Loss, LossReason};
use collector::ports::Losses;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{at, feed};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};

fn gone(content: &str) -> Loss {
    let (from, to, reason) = (at(BOUNDS.0), at(BOUNDS.1), LossReason::ContentGone);
    Loss { from, to, reason, content: Some(content.to_owned()), objects: Vec::new() }
}

fn gap(from: &str, to: &str) -> Loss {
    Loss { from: at(from), to: at(to), reason: LossReason::RetentionExpired, content: None, objects: Vec::new() }
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

#[test]
fn reports_a_gap_again_when_it_grows() {
    let fixture = ReconcileFixture::exchange();
    let (from, first, second) = ("2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z");
    fixture.lose(&gap(from, first));
    fixture.an_hour_later();
    fixture.mark_reported(&fixture.reconcile());
    fixture.lose(&gap(from, second));
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).lost, [gap(from, second)]);
}

#[test]
fn reports_a_gap_that_grew_during_reporting() {
    let fixture = ReconcileFixture::exchange();
    let (from, first, second) = ("2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z");
    fixture.lose(&gap(from, first));
    fixture.an_hour_later();
    let report = fixture.reconcile();
    fixture.lose(&gap(from, second));
    fixture.mark_reported(&report);
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).lost, [gap(from, second)]);
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
