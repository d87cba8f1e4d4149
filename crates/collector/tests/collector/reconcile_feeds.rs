//! Many feeds and a deadline: a run is fair, stops cleanly, and the next one resumes where it stopped.

use collector::feed::{ContentType, FeedId};
use collector::reconcile::FeedReconciliation;
use jiff::SignedDuration;
use testkit::{Action, PortCall, TENANT, at, feed, tenant};

use crate::poll_fixture::{EXCHANGE, OTHER, feed_of};
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};
use crate::reconcile_samples::nothing_found;

const HALF_HOURS: [(&str, &str); 3] = [
    ("2026-11-22T10:00:00Z", "2026-11-22T10:30:00Z"),
    ("2026-11-22T10:30:00Z", "2026-11-22T11:00:00Z"),
    ("2026-11-22T11:00:00Z", "2026-11-22T11:30:00Z"),
];

/// Three windows of `feed` that are due.
fn list_three_windows(fixture: &ReconcileFixture, feed: FeedId) {
    for bounds in HALF_HOURS {
        fixture.list(feed, bounds, &[]);
    }
}

fn two_tenants() -> ReconcileFixture {
    ReconcileFixture::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])])
}

/// This many windows of a minute, the first at nine o'clock.
fn list_minutes(fixture: &ReconcileFixture, feed: FeedId, windows: i64) {
    let minute = |number| (at("2026-11-22T09:00:00Z") + SignedDuration::from_mins(number)).to_string();
    for number in 0..windows {
        fixture.list(feed, (&minute(number), &minute(number + 1)), &[]);
    }
}

#[test]
fn feeds_take_turns_of_fifty_windows() {
    let mut fixture = two_tenants();
    fixture.policy.limits.concurrency = 1;
    let feeds = [TENANT, OTHER].map(|tenant_id| feed_of(tenant_id, EXCHANGE));
    feeds.iter().for_each(|feed| list_minutes(&fixture, *feed, 70));
    fixture.reconcile();
    let mut turns: Vec<FeedId> = fixture.listings().into_iter().map(|(feed, _)| feed).collect();
    assert_eq!(turns.len(), 140);
    assert!(turns[..50].iter().all(|feed| *feed == feeds[0]));
    turns.dedup();
    assert_eq!(turns, [feeds, feeds].concat());
}

#[test]
fn report_adds_up_the_turns_of_a_feed() {
    let fixture = ReconcileFixture::exchange();
    list_minutes(&fixture, feed(), 120);
    let report = fixture.reconcile();
    assert_eq!(*only(&report), FeedReconciliation { windows_checked: 120, ..nothing_found() });
}

#[test]
fn checks_the_oldest_window_first() {
    let fixture = ReconcileFixture::exchange();
    list_three_windows(&fixture, feed());
    fixture.reconcile();
    let starts: Vec<String> = fixture.listings().into_iter().map(|(_, window)| window.start().to_string()).collect();
    assert_eq!(starts, HALF_HOURS.map(|(start, _)| start));
}

#[test]
fn checks_all_content_types_of_a_tenant() {
    let fixture = ReconcileFixture::of([tenant(TENANT, &ContentType::ALL)]);
    for content_type in ContentType::ALL {
        fixture.list(feed_of(TENANT, content_type), BOUNDS, &[]);
    }
    let report = fixture.reconcile();
    let content_types: Vec<ContentType> = report.feeds.iter().map(|feed| feed.content_type).collect();
    assert_eq!(content_types, ContentType::ALL);
    assert!(report.feeds.iter().all(|feed| feed.windows_checked == 1));
}

#[test]
fn skips_an_invalid_secret() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.tenants.put_bad("m365/a-bad-one", "client_id is missing");
    let report = fixture.reconcile();
    assert_eq!(only(&report).windows_checked, 1);
    assert_eq!(report.errors().next(), None);
}

#[test]
fn checks_a_tenant_with_two_secrets_once() {
    let (first, mut second) = (tenant(TENANT, &[EXCHANGE]), tenant(TENANT, &[EXCHANGE]));
    second.secret_id = "m365/second".to_owned();
    let fixture = ReconcileFixture::of([second, first.clone()]);
    fixture.list(feed(), BOUNDS, &[]);
    fixture.publish(feed(), &[("late", "2026-11-22T11:10:00Z")]);
    let report = fixture.reconcile();
    assert_eq!(only(&report).late.len(), 1);
    assert_eq!(fixture.queue.sent().len(), 1);
    assert_eq!(fixture.queue.sent()[0].0.secret_id, first.secret_id, "the first by name, as in the poller");
}

#[test]
fn stops_at_the_reserve_and_resumes_next_run() {
    let fixture = ReconcileFixture::exchange();
    list_three_windows(&fixture, feed());
    let no_more_starts = fixture.deadline() - fixture.policy.limits.stop_before;
    let report = fixture.reconcile_with(|call| match call {
        PortCall::List(..) => {
            fixture.clock.set(no_more_starts);
            Action::Proceed
        }
        _ => Action::Proceed,
    });
    assert_eq!(*only(&report), FeedReconciliation { windows_checked: 1, more_to_do: true, ..nothing_found() });
    assert!(report.more_to_do);
    let report = fixture.reconcile();
    assert_eq!(only(&report).windows_checked, 2);
    assert!(!report.more_to_do);
    assert_eq!(fixture.listings().len(), 3, "no window twice");
}

#[test]
fn repeats_a_recheck_dropped_at_the_deadline() {
    let fixture = ReconcileFixture::exchange();
    list_three_windows(&fixture, feed());
    let deadline = fixture.deadline();
    let second = fixture.state.committed(feed())[1].window;
    let report = fixture.reconcile_with(|call| match call {
        PortCall::List(_, window) if window == second => {
            fixture.clock.set(deadline);
            Action::Hang
        }
        _ => Action::Proceed,
    });
    assert!(report.more_to_do);
    assert!(!report.is_failure());
    assert_eq!(only(&fixture.reconcile()).windows_checked, 3, "the turn that was dropped is repeated");
}

#[test]
fn leaves_an_unvisited_tenant_to_the_next_run() {
    let mut fixture = two_tenants();
    fixture.policy.limits.stop_before = SignedDuration::from_mins(10);
    let report = fixture.reconcile();
    assert!(report.more_to_do);
    assert!(report.feeds.iter().all(|feed| feed.more_to_do));
    assert_eq!(fixture.listings(), []);
}
