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

/// Crashes a run at each of its steps, lets two more runs follow, and checks what they leave and report.
fn crash_at_every_step(check: impl Fn(&ReconcileFixture, &[Loss], &str)) {
    for step in 1.. {
        let fixture = fixture();
        let first = reconcile_and_report(&fixture, &CrashPoint::at(step));
        let survived = first.is_some();
        let mut reports = Vec::from_iter(first);
        for _ in 0..2 {
            fixture.later(SignedDuration::from_mins(20));
            reports.extend(reconcile_and_report(&fixture, &CrashPoint::default()));
        }
        let lost: Vec<Loss> =
            reports.iter().flat_map(|report| &report.feeds).flat_map(|feed| feed.lost.clone()).collect();
        check(&fixture, &lost, &format!("crashed at step {step}"));
        if survived {
            assert!(step > 40, "a run of {step} steps is too short for this test");
            break;
        }
    }
}

#[test]
fn late_content_is_queued_after_a_crash_at_any_step() {
    crash_at_every_step(|fixture, _, title| {
        assert!(fixture.queue.content_ids().contains(&"late".to_owned()), "{title}");
    });
}

#[test]
fn late_content_is_counted_once_after_a_crash_at_any_step() {
    crash_at_every_step(|fixture, _, title| {
        let late: Vec<u64> = fixture.state.committed(feed()).iter().map(|record| record.late).collect();
        assert_eq!(late, [0, 0, 1], "{title}");
    });
}

#[test]
fn missing_content_is_open_after_a_crash_at_any_step() {
    crash_at_every_step(|fixture, _, title| {
        let mut open = fixture.open_ids();
        open.sort();
        assert_eq!(open, ["late", "missing"], "{title}");
    });
}

#[test]
fn each_loss_is_reported_once_after_a_crash_at_any_step() {
    crash_at_every_step(|_, lost, title| {
        let reported = |reason| lost.iter().filter(|loss| loss.reason == reason).count();
        assert_eq!(reported(LossReason::Unchecked), 1, "{title}");
        assert_eq!(reported(LossReason::ContentGone), 1, "{title}");
    });
}

#[test]
fn losses_are_recorded_once_after_a_crash_at_any_step() {
    crash_at_every_step(|fixture, lost, title| {
        assert_eq!(fixture.state.losses().len(), 2, "{title}");
        assert!(lost.iter().all(|loss| fixture.state.losses().contains(loss)), "{title}: {lost:?}");
    });
}

#[test]
fn reports_are_complete_after_a_crash_at_any_step() {
    crash_at_every_step(|fixture, _, title| {
        assert_eq!(fixture.day("2026-11-22").unwrap()["contents_missing"], 2, "{title}");
        assert_eq!(fixture.day("2026-11-14").unwrap()["contents_lost"], 1, "{title}");
        assert_eq!(fixture.day("2026-11-14").unwrap()["lost"].as_array().unwrap().len(), 2, "{title}");
    });
}

/// The contents are archived half an hour after their second attempt.
#[test]
fn everything_is_settled_after_a_crash_at_any_step() {
    crash_at_every_step(|fixture, _, title| {
        fixture.later(SignedDuration::from_hours(8));
        let _ = fixture.queue.drain();
        fixture.reconcile();
        assert!(fixture.queue.content_ids().contains(&"missing".to_owned()), "{title}");
        fixture.archive(feed(), &[MISSING, LATE]);
        fixture.later(SignedDuration::from_mins(30));
        fixture.reconcile();
        assert_eq!(fixture.open_ids(), [""; 0], "{title}");
        assert_eq!(fixture.day("2026-11-22").unwrap()["contents_archived"], 3, "{title}");
    });
}
