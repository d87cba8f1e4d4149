//! Every loss appears in the reports of the days that it touches.

use collector::loss::{Loss, LossReason};
use collector::ports::{Losses, ReconcileProgress, Windows};
use futures::executor::block_on;
use jiff::SignedDuration;
use serde_json::json;
use testkit::{at, feed};

use crate::reconcile_fixture::ReconcileFixture;

fn lose(fixture: &ReconcileFixture, from: &str, to: &str) -> Loss {
    let loss =
        Loss { from: at(from), to: at(to), reason: LossReason::RetentionExpired, content: None, objects: Vec::new() };
    fixture.lose(&loss);
    loss
}

#[test]
fn loss_appears_in_the_report_of_each_day() {
    let fixture = ReconcileFixture::with(&[]);
    let loss = lose(&fixture, "2026-11-19T18:00:00Z", "2026-11-22T00:00:00.5Z");
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(fixture.days(), ["2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"]);
    for day in fixture.days() {
        assert_eq!(fixture.day(&day).unwrap()["lost"], json!([loss]), "{day}");
    }
    assert_eq!(fixture.day("2026-11-20").unwrap()["windows"], 0, "a day without windows has a report");
}

#[test]
fn loss_ending_at_midnight_excludes_the_next_day() {
    let fixture = ReconcileFixture::exchange();
    lose(&fixture, "2026-11-20T23:59:59Z", "2026-11-21T00:00:00Z");
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(fixture.days(), ["2026-11-20"]);
}

#[test]
fn includes_losses_that_the_poller_reported() {
    let fixture = ReconcileFixture::exchange();
    let loss = lose(&fixture, "2026-11-13T18:00:00Z", "2026-11-15T12:05:05Z");
    block_on(fixture.state.mark_reported(feed(), &loss)).unwrap();
    fixture.reconcile();
    assert_eq!(fixture.days(), ["2026-11-13", "2026-11-14", "2026-11-15"]);
    fixture.an_hour_later();
    fixture.reconcile();
    fixture.later(SignedDuration::from_hours(48));
    let before = fixture.archive.reports();
    fixture.reconcile();
    assert_eq!(fixture.archive.reports(), before, "an old loss changes no report");
}

#[test]
fn rewritten_old_report_keeps_its_windows() {
    let fixture = ReconcileFixture::exchange();
    let long_ago = ("2026-11-12T02:00:00Z", "2026-11-12T02:30:00Z");
    fixture.list(feed(), long_ago, &[]);
    let progress = ReconcileProgress { done_until: Some(at("2026-11-14T06:00:00Z")), reported_at: None };
    block_on(fixture.state.save_progress(feed(), progress)).unwrap();
    lose(&fixture, long_ago.1, "2026-11-15T12:05:05Z");
    fixture.reconcile();
    assert_eq!(fixture.days(), ["2026-11-12", "2026-11-13", "2026-11-14", "2026-11-15"]);
    assert_eq!(fixture.day("2026-11-12").unwrap()["windows"], 1);
}
