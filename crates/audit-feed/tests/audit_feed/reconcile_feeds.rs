//! Many feeds, few hands, a deadline: a run is fair, stops cleanly, and the next one goes on.

use audit_feed::feed::{ContentType, FeedId};
use jiff::SignedDuration;
use testkit::{TENANT, feed, tenant};

use crate::books::{BOUNDS, Books, only};
use crate::script::{Act, Event};
use crate::story::{EXCHANGE, OTHER, feed_of};

const HALF_HOURS: [(&str, &str); 3] = [
    ("2026-11-22T10:00:00Z", "2026-11-22T10:30:00Z"),
    ("2026-11-22T10:30:00Z", "2026-11-22T11:00:00Z"),
    ("2026-11-22T11:00:00Z", "2026-11-22T11:30:00Z"),
];

/// Three windows that are due.
fn three_windows(books: &Books, feed: FeedId) {
    for bounds in HALF_HOURS {
        books.list(feed, bounds, &[]);
    }
}

fn two_tenants() -> Books {
    Books::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])])
}

#[test]
fn feeds_take_turns_window_by_window() {
    let mut books = two_tenants();
    books.policy.pace.concurrency = 1;
    let feeds = [TENANT, OTHER].map(|tenant_id| feed_of(tenant_id, EXCHANGE));
    feeds.iter().for_each(|feed| three_windows(&books, *feed));
    books.look();
    let turns: Vec<FeedId> = books.listings().into_iter().map(|(feed, _)| feed).collect();
    assert_eq!(turns, [feeds, feeds, feeds].concat());
}

#[test]
fn a_feeds_windows_are_looked_at_oldest_first() {
    let books = Books::exchange();
    three_windows(&books, feed());
    books.look();
    let asked: Vec<String> = books.listings().into_iter().map(|(_, window)| window.start().to_string()).collect();
    assert_eq!(asked, HALF_HOURS.map(|(start, _)| start));
}

#[test]
fn all_content_types_of_a_tenant_are_looked_at() {
    let books = Books::of([tenant(TENANT, &ContentType::ALL)]);
    for content_type in ContentType::ALL {
        books.list(feed_of(TENANT, content_type), BOUNDS, &[]);
    }
    let report = books.look();
    let looked_at: Vec<ContentType> = report.feeds.iter().map(|feed| feed.content_type).collect();
    assert_eq!(looked_at, ContentType::ALL);
    assert!(report.feeds.iter().all(|feed| feed.windows_checked == 1));
}

#[test]
fn a_bad_secret_is_skipped() {
    let books = Books::with(&[]);
    books.tenants.put_bad("m365/a-bad-one", "client_id is missing");
    let report = books.look();
    assert_eq!((only(&report).windows_checked, report.errors().count()), (1, 0));
}

#[test]
fn a_tenant_with_two_secrets_is_looked_at_once() {
    let (first, mut second) = (tenant(TENANT, &[EXCHANGE]), tenant(TENANT, &[EXCHANGE]));
    second.secret_id = "m365/second".to_owned();
    let books = Books::of([second, first.clone()]);
    books.list(feed(), BOUNDS, &[]);
    books.publish(feed(), &[("late", "2026-11-22T11:10:00Z")]);
    let report = books.look();
    assert_eq!((only(&report).late.len(), books.queue.sent().len()), (1, 1));
    assert_eq!(books.queue.sent()[0].0.secret_id, first.secret_id, "the first by name, as in the poller");
}

#[test]
fn within_the_reserve_nothing_is_begun_and_the_next_run_goes_on() {
    let books = Books::exchange();
    three_windows(&books, feed());
    let until_the_reserve = books.deadline() - books.policy.pace.reserve;
    let report = books.look_with(|event| match event {
        Event::KeepWindow => {
            books.clock.set(until_the_reserve);
            Act::Proceed
        }
        _ => Act::Proceed,
    });
    assert_eq!((only(&report).windows_checked, only(&report).more_to_do, report.more_to_do), (1, true, true));
    let report = books.look();
    assert_eq!((only(&report).windows_checked, report.more_to_do), (2, false));
    assert_eq!(books.listings().len(), 3, "none of them twice");
    assert_eq!(books.day("2026-11-22").unwrap()["windows_settled"], 3);
}

#[test]
fn at_the_deadline_a_look_under_way_is_dropped_and_done_again() {
    let books = Books::exchange();
    three_windows(&books, feed());
    let deadline = books.deadline();
    let second = books.state.committed(feed())[1].window;
    let report = books.look_with(|event| match event {
        Event::List(_, window) if window == second => {
            books.clock.set(deadline);
            Act::Hang
        }
        _ => Act::Proceed,
    });
    let found = only(&report);
    assert_eq!((found.windows_checked, found.more_to_do, found.error.clone()), (1, true, None));
    assert!(report.more_to_do && !report.is_failure());
    assert_eq!(only(&books.look()).windows_checked, 2);
}

#[test]
fn a_tenant_whose_turn_never_came_is_left_to_the_next_run() {
    let mut books = two_tenants();
    books.policy.pace.reserve = SignedDuration::from_mins(10);
    let report = books.look();
    assert!(report.more_to_do && report.feeds.iter().all(|feed| feed.more_to_do));
    assert_eq!(books.listings(), []);
}
