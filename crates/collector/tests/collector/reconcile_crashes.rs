//! A look back that dies at any step repeats work and forgets nothing.

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

/// Two windows over the edge, one with missing content, and a young one with missing and with late content.
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
    fixture.tell(&report);
    Some(report)
}

fn told(report: &ReconcileReport) -> Vec<Loss> {
    report.feeds.iter().flat_map(|feed| feed.lost.clone()).collect()
}

#[test]
fn a_look_cut_anywhere_is_made_up_for_by_the_next_one() {
    for step in 1.. {
        let fixture = fixture();
        let first = reconcile_and_report(&fixture, &CrashPoint::failing_at(step));
        let survived = first.is_some();
        let mut lost: Vec<Loss> = first.iter().flat_map(told).collect();
        for _ in 0..2 {
            fixture.later(SignedDuration::from_mins(20));
            lost.extend(reconcile_and_report(&fixture, &CrashPoint::default()).iter().flat_map(told));
        }
        let title = format!("cut at step {step}");
        let queued = fixture.queue.content_ids();
        assert!(["missing", "late"].iter().all(|id| queued.iter().any(|queued| queued == id)), "{title}: {queued:?}");
        let reasons = [LossReason::NotRechecked, LossReason::ContentGone];
        let told = |reason| lost.iter().filter(|loss| loss.reason == reason).count();
        assert_eq!(reasons.map(told), [1, 1], "{title}: each told once");
        assert!(lost.len() == 2 && lost.iter().all(|loss| fixture.state.losses().contains(loss)), "{title}: {lost:?}");
        let records = fixture.state.committed(feed());
        assert_eq!(
            records.iter().map(|record| (record.lost, record.late)).collect::<Vec<_>>(),
            [(1, 0), (0, 0), (0, 1)],
            "{title}"
        );
        assert_eq!(fixture.day("2026-11-22").unwrap()["contents_missing"], 2, "{title}");
        assert_eq!(fixture.day("2026-11-14").unwrap()["contents_lost"], 1, "{title}");
        assert_eq!(fixture.day("2026-11-14").unwrap()["lost"].as_array().unwrap().len(), 2, "{title}");
        if survived {
            assert!(step > 20, "a fixture of {step} steps is too short");
            break;
        }
    }
}
