//! The report and the daily report list a hundred of what there may be many of, and count the rest.

use collector::loss::{Loss, LossReason};
use collector::ports::Losses;
use futures::executor::block_on;
use jiff::SignedDuration;
use serde_json::Value;
use testkit::{at, feed};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};
use crate::reconcile_samples::{gone, span};

/// This many contents were lost an hour ago, and not reported.
fn with_losses(losses: usize) -> ReconcileFixture {
    let fixture = ReconcileFixture::exchange();
    (0..losses).for_each(|number| fixture.lose(&gone(&format!("content {number}"))));
    fixture.an_hour_later();
    fixture
}

fn with_late(contents: usize) -> ReconcileFixture {
    let fixture = ReconcileFixture::with(&[]);
    for number in 0..contents {
        fixture.publish(feed(), &[(&format!("content {number}"), "2026-11-22T11:03:00Z")]);
    }
    fixture
}

#[test]
fn report_lists_a_hundred_late_contents_and_counts_the_others() {
    for (contents, listed, omitted) in [(99, 99, 0), (100, 100, 0), (101, 100, 1), (250, 100, 150)] {
        let report = with_late(contents).reconcile();
        assert_eq!(only(&report).late.len(), listed, "{contents} contents");
        assert_eq!(only(&report).late_omitted, omitted, "{contents} contents");
    }
}

#[test]
fn late_contents_of_several_windows_share_the_hundred() {
    let fixture = with_late(70);
    fixture.list(feed(), (BOUNDS.1, "2026-11-22T11:40:00Z"), &[]);
    for number in 0..70 {
        fixture.publish(feed(), &[(&format!("other {number}"), "2026-11-22T11:33:00Z")]);
    }
    let report = fixture.reconcile();
    assert_eq!(only(&report).late.len(), 100);
    assert_eq!(only(&report).late_omitted, 40);
}

#[test]
fn every_late_content_is_queued() {
    let fixture = with_late(250);
    fixture.reconcile();
    assert_eq!(fixture.queue.len(), 250);
}

#[test]
fn answer_lists_a_hundred_losses_and_counts_the_others() {
    for (losses, listed, omitted) in [(100, 100, 0), (101, 100, 1), (250, 100, 150)] {
        let answer: Value = serde_json::to_value(with_losses(losses).reconcile()).unwrap();
        assert_eq!(answer["feeds"][0]["lost"].as_array().unwrap().len(), listed, "{losses} losses");
        assert_eq!(answer["feeds"][0]["lost_omitted"], omitted, "{losses} losses");
    }
}

#[test]
fn losses_that_the_answer_omits_are_not_reported_again() {
    let fixture = with_losses(250);
    fixture.mark_reported(&fixture.reconcile());
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).lost, []);
}

#[test]
fn daily_report_lists_a_hundred_losses_and_counts_the_others() {
    let fixture = with_losses(103);
    fixture.reconcile();
    let day = fixture.day("2026-11-22").unwrap();
    assert_eq!(day["lost"].as_array().unwrap().len(), 100);
    assert_eq!(day["lost_omitted"], 3);
}

#[test]
fn daily_report_counts_every_lost_content() {
    let fixture = with_losses(103);
    fixture.list(feed(), BOUNDS, &[]);
    fixture.reconcile();
    assert_eq!(fixture.day("2026-11-22").unwrap()["contents_lost"], 103);
}

#[test]
fn runs_report_a_thousand_losses_of_a_feed_at_a_time() {
    let fixture = with_losses(1_001);
    let mut reported = Vec::new();
    for _ in 0..3 {
        let report = fixture.reconcile();
        fixture.mark_reported(&report);
        reported.push(only(&report).lost.len());
        fixture.an_hour_later();
    }
    assert_eq!(reported, [1_000, 0, 1], "the second run marks them as processed");
}

#[test]
fn processed_losses_are_not_read_again() {
    let fixture = with_losses(3);
    fixture.mark_reported(&fixture.reconcile());
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(block_on(fixture.state.unprocessed(feed(), 10)).unwrap(), []);
}

#[test]
fn loss_that_grows_after_it_was_processed_is_read_again() {
    let fixture = ReconcileFixture::exchange();
    let first = span("2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z", LossReason::RetentionExpired);
    fixture.lose(&first);
    for _ in 0..2 {
        fixture.later(SignedDuration::from_hours(1));
        fixture.mark_reported(&fixture.reconcile());
    }
    assert_eq!(block_on(fixture.state.unprocessed(feed(), 10)).unwrap(), []);
    fixture.lose(&Loss { to: at("2026-11-22T11:00:00Z"), ..first });
    assert_eq!(block_on(fixture.state.unprocessed(feed(), 10)).unwrap().len(), 1);
}
