//! A run that crashes at any step repeats work and forgets nothing.

use collector::loss::{Loss, LossReason};
use collector::reconcile::ReconcileReport;
use jiff::SignedDuration;
use testkit::{CrashPoint, feed};

use crate::reconcile_fixture::ReconcileFixture;

const OLD: [(&str, &str); 2] =
    [("2026-11-14T22:40:00Z", "2026-11-14T23:00:00Z"), ("2026-11-14T23:00:00Z", "2026-11-15T00:00:00Z")];
const YOUNG: (&str, &str) = ("2026-11-22T11:00:00Z", "2026-11-22T11:30:00Z");

const GONE: (&str, &str) = ("gone", "2026-11-14T22:50:00Z");
const HERE: (&str, &str) = ("here", "2026-11-22T11:01:00Z");
const MISSING: (&str, &str) = ("missing", "2026-11-22T11:02:00Z");
const LATE: (&str, &str) = ("late", "2026-11-22T11:03:00Z");

/// Two windows past retention, one of them with missing content, and a young one with missing and late content.
fn fixture() -> ReconcileFixture {
    let fixture = ReconcileFixture::exchange();
    fixture.list(feed(), OLD[0], &[GONE]);
    fixture.list(feed(), OLD[1], &[]);
    fixture.list(feed(), YOUNG, &[HERE, MISSING]);
    fixture.archive(feed(), &[HERE]);
    fixture.publish(feed(), &[LATE]);
    fixture
}

fn reconcile_and_report(fixture: &ReconcileFixture, crash_point: &CrashPoint) -> Option<ReconcileReport> {
    let report = fixture.reconcile_until(crash_point)?;
    fixture.mark_reported(&report);
    Some(report)
}

fn losses_in(report: &ReconcileReport) -> Vec<Loss> {
    report.feeds.iter().flat_map(|feed| feed.lost.clone()).collect()
}

#[test]
fn recovers_from_a_crash_at_any_step() {
    for step in 1.. {
        let fixture = fixture();
        let first = reconcile_and_report(&fixture, &CrashPoint::at(step));
        let survived = first.is_some();
        let mut lost: Vec<Loss> = first.iter().flat_map(losses_in).collect();
        for _ in 0..2 {
            fixture.later(SignedDuration::from_mins(20));
            lost.extend(reconcile_and_report(&fixture, &CrashPoint::default()).iter().flat_map(losses_in));
        }
        let title = format!("crashed at step {step}");
        let queued = fixture.queue.content_ids();
        assert!(["missing", "late"].iter().all(|id| queued.iter().any(|queued| queued == id)), "{title}: {queued:?}");
        let reasons = [LossReason::NotRechecked, LossReason::ContentGone];
        let reported = |reason| lost.iter().filter(|loss| loss.reason == reason).count();
        assert_eq!(reasons.map(reported), [1, 1], "{title}: each is reported once");
        assert_eq!(lost.len(), 2, "{title}: {lost:?}");
        assert!(lost.iter().all(|loss| fixture.state.losses().contains(loss)), "{title}: {lost:?}");
        let records = fixture.state.committed(feed());
        assert_eq!(records.iter().map(|record| record.lost).collect::<Vec<_>>(), [1, 0, 0], "{title}");
        assert_eq!(records.iter().map(|record| record.late).collect::<Vec<_>>(), [0, 0, 1], "{title}");
        assert_eq!(fixture.day("2026-11-22").unwrap()["contents_missing"], 2, "{title}");
        assert_eq!(fixture.day("2026-11-14").unwrap()["contents_lost"], 1, "{title}");
        assert_eq!(fixture.day("2026-11-14").unwrap()["lost"].as_array().unwrap().len(), 2, "{title}");
        if survived {
            assert!(step > 20, "a run of {step} steps is too short for this test");
            break;
        }
    }
}
