//! When an open content is queued again, as tables of cases.

use std::collections::BTreeSet;

use collector::content::{Content, ContentDigest, Listing};
use collector::open_content::OpenContent;
use collector::window_record::WindowRecord;
use jiff::{SignedDuration, Timestamp};
use testkit::{TENANT, at, content, feed, message, window};

use crate::reconcile_fixture::BOUNDS;

const CREATED: &str = "2026-11-22T11:03:00Z";
/// A week after [`CREATED`].
const EXPIRATION: &str = "2026-11-29T11:03:00Z";

fn record() -> WindowRecord {
    let digests = BTreeSet::from([ContentDigest::of("a")]);
    let hours = BTreeSet::from([at("2026-11-22T11:00:00Z"), at("2026-11-22T12:00:00Z")]);
    WindowRecord::new(&Listing {
        window: window(BOUNDS.0, BOUNDS.1),
        digests,
        hours,
        listed_at: at("2026-11-22T11:30:05Z"),
    })
}

/// Content `a`, queued for the first time at this instant; no listing has named it since if `content` is `None`.
fn sent_at(sent_at: Timestamp, content: Option<Content>) -> OpenContent {
    OpenContent::new(&record(), ContentDigest::of("a"), content, sent_at)
}

/// The same, and this long before it expires.
fn sent_before_expiration(rest: SignedDuration) -> OpenContent {
    sent_at(at(EXPIRATION) - rest, Some(content("a", CREATED)))
}

#[test]
fn first_repeat_comes_six_hours_after_the_message() {
    let open = sent_at(at("2026-11-22T11:30:05Z"), Some(content("a", CREATED)));
    assert_eq!(open.attempts, 1);
    assert_eq!(open.next_attempt, at("2026-11-22T17:30:05Z"));
}

#[test]
fn gaps_double_until_half_of_the_rest_is_shorter() {
    let mut open = sent_at(at(CREATED), Some(content("a", CREATED)));
    let mut gaps = Vec::new();
    let mut last = at(CREATED);
    while open.next_attempt < at(EXPIRATION) {
        gaps.push(open.next_attempt.duration_since(last).as_mins());
        last = open.next_attempt;
        open = open.queued_at(last);
    }
    let hours: Vec<i64> = gaps.iter().map(|minutes| minutes / 60).collect();
    assert_eq!(hours, [6, 12, 24, 48, 39, 19, 9, 4, 2, 1, 1]);
    assert_eq!(open.attempts, 12);
}

#[test]
fn gap_is_at_most_half_of_the_rest_and_at_least_an_hour() {
    for (rest_in_minutes, gap_in_minutes) in
        [(24 * 60, 6 * 60), (12 * 60, 6 * 60), (10 * 60, 5 * 60), (120, 60), (119, 60), (1, 60), (0, 60), (-60, 60)]
    {
        let rest = SignedDuration::from_mins(rest_in_minutes);
        let open = sent_before_expiration(rest);
        let gap = open.next_attempt.duration_since(at(EXPIRATION) - rest).as_mins();
        assert_eq!(gap, gap_in_minutes, "{rest:#} before it expires");
    }
}

#[test]
fn many_attempts_do_not_overflow_the_gap() {
    let mut open = sent_at(at(CREATED), Some(content("a", CREATED)));
    open.attempts = u32::MAX - 1;
    assert!(open.queued_at(at(CREATED)).next_attempt < at(EXPIRATION));
}

#[test]
fn content_that_no_listing_names_expires_with_its_window() {
    let open = sent_at(at(CREATED), None);
    assert_eq!(open.expiration(), at(BOUNDS.1) + SignedDuration::from_hours(7 * 24));
    assert_eq!(open.id(), ContentDigest::of("a").placeholder_id());
    assert_eq!(open.message("m365/secret", feed()), None);
}

#[test]
fn named_content_belongs_into_the_hour_of_its_creation() {
    assert_eq!(sent_at(at(CREATED), Some(content("a", CREATED))).hours, BTreeSet::from([at("2026-11-22T11:00:00Z")]));
    assert_eq!(sent_at(at(CREATED), None).hours, record().hours, "or into one of its window's hours");
}

#[test]
fn message_names_the_window_in_which_it_was_listed() {
    let open = sent_at(at(CREATED), Some(content("a", CREATED)));
    let message = open.message(&format!("m365/{TENANT}"), feed()).unwrap();
    assert_eq!(message.content_id, "a");
    assert_eq!(message.window_start, at(BOUNDS.0));
    assert_eq!(message.window_end, at(BOUNDS.1));
}

#[test]
fn dead_letter_is_due_at_once() {
    let now = at("2026-11-23T00:00:00Z");
    let open = OpenContent::of_dead_letter(&message("a", CREATED), now).unwrap();
    assert_eq!(open.next_attempt, now);
    assert_eq!(open.attempts, 1);
    assert_eq!(open.content, Some(content("a", CREATED)));
}

#[test]
fn dead_letter_without_a_valid_window_is_no_open_content() {
    let mut message = message("a", CREATED);
    message.window_end = message.window_start;
    assert_eq!(OpenContent::of_dead_letter(&message, at(CREATED)), None);
}
