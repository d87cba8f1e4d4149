//! Every loss appears in the reports of the days that it touches.

use collector::loss::{Loss, LossReason};
use collector::ports::Losses;
use futures::executor::block_on;
use jiff::SignedDuration;
use serde_json::json;
use testkit::{PortCall, at, feed};

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
    lose(&fixture, long_ago.1, "2026-11-15T12:05:05Z");
    fixture.reconcile();
    assert_eq!(fixture.days(), ["2026-11-12", "2026-11-13", "2026-11-14", "2026-11-15"]);
    assert_eq!(fixture.day("2026-11-12").unwrap()["windows"], 1);
}

#[test]
fn loss_that_grew_before_the_first_run_is_in_all_its_days() {
    let fixture = ReconcileFixture::exchange();
    let from = "2026-11-13T18:00:00Z";
    let reported = lose(&fixture, from, "2026-11-15T12:00:00Z");
    block_on(fixture.state.mark_reported(feed(), &reported)).unwrap();
    lose(&fixture, from, "2026-11-15T12:05:00Z");
    fixture.later(SignedDuration::from_mins(20));
    fixture.reconcile();
    assert_eq!(fixture.days(), ["2026-11-13", "2026-11-14", "2026-11-15"]);
}

#[test]
fn loss_that_grows_for_days_rewrites_the_days_that_are_new() {
    let fixture = ReconcileFixture::exchange();
    let mut rewritten = 0;
    for hour in 0..6 * 24 {
        fixture.an_hour_later();
        let to = at("2026-11-15T00:00:00Z") + SignedDuration::from_hours(hour);
        lose(&fixture, "2026-11-13T18:00:00Z", &to.to_string());
        rewritten = fixture.reconcile_counting(|call| matches!(call, PortCall::StoreReport(_)));
        fixture.mark_reported(&fixture.reconcile());
    }
    assert!(rewritten <= 2, "{rewritten} reports in an hour");
    let day = fixture.day("2026-11-15").unwrap();
    assert_eq!(day["lost"].as_array().unwrap().len(), 1);
}
