//! A window that the poller passed over is listed by rechecks until Microsoft no longer lists it. Then it is lost.

use std::collections::BTreeSet;

use collector::loss::{Loss, LossReason};
use collector::plan::PlanPolicy;
use collector::window::Window;
use collector::window_record::WindowRecord;
use jiff::{SignedDuration, Timestamp};
use testkit::{CrashPoint, at, feed};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};
use crate::reconcile_samples::{DAY, QUARTER, SIX_DAYS, THREE_HOURS, http_503, span};

const MINUTE: (&str, &str) = ("2026-11-22T10:29:00Z", "2026-11-22T10:30:00Z");
const A: (&str, &str) = ("a", "2026-11-22T10:29:10Z");
const B: (&str, &str) = ("b", "2026-11-22T10:29:20Z");
const LATER: (&str, &str) = ("later", "2026-11-22T11:10:00Z");
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// A minute that was passed over, and a window after it that was listed and whose content is archived.
fn passed_over() -> (ReconcileFixture, Window) {
    let fixture = ReconcileFixture::exchange();
    let minute = fixture.pass_over(MINUTE, &[A, B]);
    fixture.list(feed(), BOUNDS, &[LATER]);
    fixture.archive(feed(), &[LATER]);
    (fixture, minute)
}

/// The last instant at which a window is listed.
fn edge(window: Window) -> Timestamp {
    PlanPolicy::listable_until(window)
}

/// Both windows are due at an age.
fn reconcile_without_minute_at(fixture: &ReconcileFixture, minute: Window, age: SignedDuration) {
    fixture.clock.set(at(BOUNDS.1) + age + SignedDuration::from_mins(1));
    fixture.reconcile_without(&[minute]);
}

fn record_of(fixture: &ReconcileFixture, window: Window) -> WindowRecord {
    fixture.state.committed(feed()).into_iter().find(|record| record.window == window).unwrap()
}

/// The ids in the queue, each once.
fn queued(fixture: &ReconcileFixture) -> Vec<String> {
    fixture.queue.content_ids().into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

fn lost() -> Loss {
    span(MINUTE.0, MINUTE.1, LossReason::RetentionExpired)
}

#[test]
fn recheck_queues_everything_that_an_unlisted_window_holds() {
    let (fixture, minute) = passed_over();
    let report = fixture.reconcile();
    assert_eq!(queued(&fixture), ["a", "b"]);
    assert_eq!(fixture.open_ids().len(), 2);
    let record = record_of(&fixture, minute);
    assert_eq!((record.digests.len(), record.late, record.unlisted), (2, 2, false), "{record:?}");
    assert_eq!(only(&report).late.len(), 2);
    assert_eq!(only(&report).error, None);
}

#[test]
fn unlisted_window_that_turns_out_to_be_empty_is_listed() {
    let fixture = ReconcileFixture::exchange();
    let minute = fixture.pass_over(MINUTE, &[]);
    fixture.reconcile();
    assert!(!record_of(&fixture, minute).unlisted);
    assert!(fixture.queue.is_empty());
}

#[test]
fn unlisted_window_is_listed_at_each_age_until_it_can_be() {
    let (fixture, minute) = passed_over();
    for age in [QUARTER, THREE_HOURS, DAY] {
        reconcile_without_minute_at(&fixture, minute, age);
        assert!(record_of(&fixture, minute).unlisted, "{age:#}");
    }
    assert_eq!(fixture.asked().into_iter().filter(|window| *window == minute).count(), 3);
    fixture.clock.set(at(BOUNDS.1) + SIX_DAYS + SignedDuration::from_mins(1));
    fixture.reconcile();
    assert!(!record_of(&fixture, minute).unlisted);
    assert_eq!(queued(&fixture), ["a", "b"]);
    assert_eq!(fixture.state.losses(), []);
}

/// Unlike a window of which only late content may be missing.
#[test]
fn unlisted_window_is_listed_in_each_run_after_its_first_recheck() {
    let (fixture, minute) = passed_over();
    fixture.reconcile_without(&[minute]);
    for _ in 0..3 {
        fixture.an_hour_later();
        let report = fixture.reconcile_without(&[minute]);
        assert_eq!(only(&report).error, Some(http_503().context(format!("window {minute}"))));
    }
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(queued(&fixture), ["a", "b"]);
    assert!(!record_of(&fixture, minute).unlisted);
    assert!(fixture.state.rechecks_of(feed()).passed_over.is_empty());
}

/// The recheck at six days, which would have come, is taken from the settings.
#[test]
fn unlisted_window_is_not_forgotten_when_the_ages_change() {
    let (mut fixture, minute) = passed_over();
    reconcile_without_minute_at(&fixture, minute, DAY);
    fixture.policy.ages = vec![QUARTER, DAY];
    fixture.an_hour_later();
    fixture.reconcile_without(&[minute]);
    fixture.clock.set(edge(minute) + SECOND);
    assert_eq!(only(&fixture.reconcile_without(&[minute])).lost, [lost()]);
}

#[test]
fn unlisted_window_is_lost_when_it_can_no_longer_be_listed() {
    let (fixture, minute) = passed_over();
    reconcile_without_minute_at(&fixture, minute, SIX_DAYS);
    fixture.clock.set(edge(minute));
    assert_eq!(only(&fixture.reconcile_without(&[minute])).lost, [], "it can still be listed");
    fixture.later(SECOND);
    let report = fixture.reconcile_without(&[minute]);
    assert_eq!(only(&report).lost, [lost()]);
    fixture.mark_reported(&report);
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).lost, []);
    assert_eq!(fixture.state.losses(), [lost()]);
}

/// What is listed near the edge for the first time is no loss if it is not rechecked. What was never listed is.
#[test]
fn window_that_was_passed_over_near_the_edge_is_lost() {
    let fixture = ReconcileFixture::exchange();
    let edge_is_near = at(MINUTE.0) + PlanPolicy::RETENTION - SignedDuration::from_hours(2);
    let minute = fixture.pass_over_at(MINUTE, &[A], edge_is_near);
    fixture.list_at(feed(), BOUNDS, &[], edge_is_near);
    fixture.clock.set(edge_is_near + SECOND);
    fixture.reconcile_without(&[minute]);
    fixture.clock.set(edge(minute) + SECOND);
    fixture.reconcile_without(&[minute]);
    assert_eq!(fixture.state.losses(), [lost()]);
}

/// The windows around it were listed once: of them, only late content may be missing.
#[test]
fn outage_of_the_reconciler_loses_an_unlisted_window_and_leaves_others_unchecked() {
    let fixture = ReconcileFixture::exchange();
    let before = ("2026-11-22T10:00:00Z", "2026-11-22T10:29:00Z");
    let after = ("2026-11-22T10:30:00Z", "2026-11-22T11:00:00Z");
    fixture.list(feed(), before, &[]);
    let minute = fixture.pass_over(MINUTE, &[A]);
    fixture.list(feed(), after, &[]);
    fixture.clock.set(edge(minute) + DAY);
    let report = fixture.reconcile();
    let unchecked = |(from, to)| span(from, to, LossReason::Unchecked);
    let reported: Vec<&Loss> = only(&report).lost.iter().collect();
    assert_eq!(reported.len(), 3, "{reported:?}");
    for loss in [unchecked(before), lost(), unchecked(after)] {
        assert!(reported.contains(&&loss), "{loss:?} is not in {reported:?}");
    }
}

#[test]
fn unlisted_window_is_not_settled_before_it_was_listed() {
    let (fixture, minute) = passed_over();
    fixture.reconcile_without(&[minute]);
    let day = fixture.day("2026-11-22").unwrap();
    assert_eq!((&day["windows"], &day["windows_settled"], &day["windows_unlisted"]), (&2.into(), &1.into(), &1.into()));
    assert_eq!(day["window_reports"][0]["settled"], false);
    assert_eq!(day["window_reports"][0]["unlisted"], true);

    fixture.clock.set(at(BOUNDS.1) + THREE_HOURS + SignedDuration::from_mins(1));
    fixture.reconcile();
    fixture.archive(feed(), &[A, B]);
    fixture.an_hour_later();
    fixture.reconcile();
    let day = fixture.day("2026-11-22").unwrap();
    assert_eq!((&day["windows_settled"], &day["windows_unlisted"]), (&2.into(), &0.into()));
    assert_eq!(day["contents_archived"], 3);
}

#[test]
fn lost_window_is_never_settled() {
    let (fixture, minute) = passed_over();
    reconcile_without_minute_at(&fixture, minute, SIX_DAYS);
    fixture.clock.set(edge(minute) + SECOND);
    fixture.reconcile_without(&[minute]);
    let day = fixture.day("2026-11-22").unwrap();
    assert_eq!((&day["windows_settled"], &day["windows_unlisted"]), (&1.into(), &1.into()));
    assert_eq!(day["lost"][0]["reason"], "retention_expired");
}

/// Crashes a run at each of its steps, lets another run follow, and checks what they leave.
fn crash_at_every_step(
    set_up: impl Fn() -> (ReconcileFixture, Window),
    check: impl Fn(&ReconcileFixture, Window, &str),
) {
    for step in 1.. {
        let (fixture, minute) = set_up();
        let survived = fixture.reconcile_until(&CrashPoint::at(step)).is_some();
        fixture.later(SignedDuration::from_mins(20));
        fixture.reconcile();
        check(&fixture, minute, &format!("crashed at step {step}"));
        if survived {
            assert!(step > 20, "a run of {step} steps is too short for this test");
            break;
        }
    }
}

#[test]
fn contents_of_an_unlisted_window_are_queued_after_a_crash_at_any_step() {
    crash_at_every_step(passed_over, |fixture, minute, title| {
        assert_eq!(queued(fixture), ["a", "b"], "{title}");
        let record = record_of(fixture, minute);
        assert_eq!((record.digests.len(), record.late, record.unlisted), (2, 2, false), "{title}");
        assert_eq!(fixture.open_ids().len(), 2, "{title}");
    });
}

#[test]
fn unlisted_window_is_lost_once_after_a_crash_at_any_step() {
    let over_the_edge = || {
        let (fixture, minute) = passed_over();
        reconcile_without_minute_at(&fixture, minute, SIX_DAYS);
        fixture.clock.set(edge(minute) + SECOND);
        (fixture, minute)
    };
    crash_at_every_step(over_the_edge, |fixture, minute, title| {
        assert_eq!(fixture.state.losses(), [lost()], "{title}");
        assert!(record_of(fixture, minute).unlisted, "{title}");
        assert!(fixture.state.rechecks_of(feed()).passed_over.is_empty(), "{title}");
    });
}
