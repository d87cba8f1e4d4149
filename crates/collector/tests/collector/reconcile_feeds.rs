//! Many feeds, few hands, a deadline: a run is fair, stops cleanly, and the next one goes on.

use collector::feed::{ContentType, FeedId};
use jiff::SignedDuration;
use testkit::{TENANT, feed, tenant};

use crate::poll_fixture::{EXCHANGE, OTHER, feed_of};
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};
use crate::scripted_ports::{Act, Event};

const HALF_HOURS: [(&str, &str); 3] = [
    ("2026-11-22T10:00:00Z", "2026-11-22T10:30:00Z"),
    ("2026-11-22T10:30:00Z", "2026-11-22T11:00:00Z"),
    ("2026-11-22T11:00:00Z", "2026-11-22T11:30:00Z"),
];

/// Three windows that are due.
fn three_windows(fixture: &ReconcileFixture, feed: FeedId) {
    for bounds in HALF_HOURS {
        fixture.list(feed, bounds, &[]);
    }
}

fn two_tenants() -> ReconcileFixture {
    ReconcileFixture::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])])
}

#[test]
fn feeds_take_turns_window_by_window() {
    let mut fixture = two_tenants();
    fixture.policy.limits.concurrency = 1;
    let feeds = [TENANT, OTHER].map(|tenant_id| feed_of(tenant_id, EXCHANGE));
    feeds.iter().for_each(|feed| three_windows(&fixture, *feed));
    fixture.reconcile();
    let turns: Vec<FeedId> = fixture.listings().into_iter().map(|(feed, _)| feed).collect();
    assert_eq!(turns, [feeds, feeds, feeds].concat());
}

#[test]
fn a_feeds_windows_are_looked_at_oldest_first() {
    let fixture = ReconcileFixture::exchange();
    three_windows(&fixture, feed());
    fixture.reconcile();
    let asked: Vec<String> = fixture.listings().into_iter().map(|(_, window)| window.start().to_string()).collect();
    assert_eq!(asked, HALF_HOURS.map(|(start, _)| start));
}

#[test]
fn all_content_types_of_a_tenant_are_looked_at() {
    let fixture = ReconcileFixture::of([tenant(TENANT, &ContentType::ALL)]);
    for content_type in ContentType::ALL {
        fixture.list(feed_of(TENANT, content_type), BOUNDS, &[]);
    }
    let report = fixture.reconcile();
    let checked_at: Vec<ContentType> = report.feeds.iter().map(|feed| feed.content_type).collect();
    assert_eq!(checked_at, ContentType::ALL);
    assert!(report.feeds.iter().all(|feed| feed.windows_checked == 1));
}

#[test]
fn a_bad_secret_is_skipped() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.tenants.put_bad("m365/a-bad-one", "client_id is missing");
    let report = fixture.reconcile();
    assert_eq!((only(&report).windows_checked, report.errors().count()), (1, 0));
}

#[test]
fn a_tenant_with_two_secrets_is_looked_at_once() {
    let (first, mut second) = (tenant(TENANT, &[EXCHANGE]), tenant(TENANT, &[EXCHANGE]));
    second.secret_id = "m365/second".to_owned();
    let fixture = ReconcileFixture::of([second, first.clone()]);
    fixture.list(feed(), BOUNDS, &[]);
    fixture.publish(feed(), &[("late", "2026-11-22T11:10:00Z")]);
    let report = fixture.reconcile();
    assert_eq!((only(&report).late.len(), fixture.queue.sent().len()), (1, 1));
    assert_eq!(fixture.queue.sent()[0].0.secret_id, first.secret_id, "the first by name, as in the poller");
}

#[test]
fn within_the_reserve_nothing_is_begun_and_the_next_run_goes_on() {
    let fixture = ReconcileFixture::exchange();
    three_windows(&fixture, feed());
    let until_no_more_begins = fixture.deadline() - fixture.policy.limits.stop_before;
    let report = fixture.reconcile_with(|event| match event {
        Event::UpdateWindow => {
            fixture.clock.set(until_no_more_begins);
            Act::Proceed
        }
        _ => Act::Proceed,
    });
    assert_eq!((only(&report).windows_checked, only(&report).more_to_do, report.more_to_do), (1, true, true));
    let report = fixture.reconcile();
    assert_eq!((only(&report).windows_checked, report.more_to_do), (2, false));
    assert_eq!(fixture.listings().len(), 3, "none of them twice");
    assert_eq!(fixture.day("2026-11-22").unwrap()["windows_settled"], 3);
}

#[test]
fn at_the_deadline_a_look_under_way_is_dropped_and_done_again() {
    let fixture = ReconcileFixture::exchange();
    three_windows(&fixture, feed());
    let deadline = fixture.deadline();
    let second = fixture.state.committed(feed())[1].window;
    let report = fixture.reconcile_with(|event| match event {
        Event::List(_, window) if window == second => {
            fixture.clock.set(deadline);
            Act::Hang
        }
        _ => Act::Proceed,
    });
    let found = only(&report);
    assert_eq!((found.windows_checked, found.more_to_do, found.error.clone()), (1, true, None));
    assert!(report.more_to_do && !report.is_failure());
    assert_eq!(only(&fixture.reconcile()).windows_checked, 2);
}

#[test]
fn a_tenant_whose_turn_never_came_is_left_to_the_next_run() {
    let mut fixture = two_tenants();
    fixture.policy.limits.stop_before = SignedDuration::from_mins(10);
    let report = fixture.reconcile();
    assert!(report.more_to_do && report.feeds.iter().all(|feed| feed.more_to_do));
    assert_eq!(fixture.listings(), []);
}
