//! When a message comes back.

use collector::failure::{Failure, FailureKind};
use collector::fetch::FetchOutcome;
use jiff::SignedDuration;
use proptest::prelude::*;
use testkit::FixedJitter;

use crate::fetch_fixture::{FetchFixture, body, failed, message_for_a};
use crate::scripted_ports::{Act, Event};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const LONGEST: SignedDuration = SignedDuration::from_mins(15);

/// Microsoft throttles, and wishes us to wait.
fn throttled(wish: Option<SignedDuration>) -> Failure {
    Failure { retry_after: wish, ..Failure::new(FailureKind::Throttled, "AF429: too many requests") }
}

/// The only call to Microsoft fails.
fn refused_with(fixture: &FetchFixture, failure: &Failure, receive_count: u32) -> FetchOutcome {
    fixture.deliver(&body(&message_for_a()), receive_count, |event| match event {
        Event::Open(_) => Act::Fail(failure.clone()),
        _ => Act::Proceed,
    })
}

fn seconds(seconds: f64) -> SignedDuration {
    SignedDuration::from_secs_f64(seconds)
}

#[test]
fn a_throttled_message_is_done_once_its_copy_waits_in_the_queue() {
    let fixture = FetchFixture::with_two_records();
    let outcome = refused_with(&fixture, &throttled(None), 1);
    let delay = SignedDuration::from_secs(90);
    assert_eq!(fixture.queue.sent(), [(message_for_a(), delay)]);
    let failure = throttled(None).context("content a of tenant 11111111-2222-3333-4444-555555555555, Audit.Exchange");
    assert_eq!(outcome, FetchOutcome::Postponed { failure, delay });
}

#[test]
fn a_body_that_is_throttled_midway_is_postponed_and_not_stored() {
    let fixture = FetchFixture::with_two_records();
    fixture.fetch_with(|event| match event {
        Event::Open(_) => Act::FailAfterFirst(throttled(None)),
        _ => Act::Proceed,
    });
    assert_eq!((fixture.queue.sent().len(), fixture.archive.objects().len()), (1, 0));
}

#[test]
fn a_postponement_is_at_least_a_minute_and_what_the_server_asks_for() {
    for (wish, roll, delay) in [
        (None, 0.0, 60.0),
        (None, 0.999, 119.94),
        (Some(0.0), 0.0, 60.0),
        (Some(30.0), 0.5, 90.0),
        (Some(100.0), 0.0, 100.0),
        (Some(100.0), 0.5, 150.0),
        (Some(600.0), 0.75, 900.0),
        (Some(900.0), 0.999, 900.0),
    ] {
        let mut fixture = FetchFixture::with_two_records();
        fixture.jitter = FixedJitter(roll);
        refused_with(&fixture, &throttled(wish.map(seconds)), 1);
        assert_eq!(fixture.queue.sent(), [(message_for_a(), seconds(delay))], "wish {wish:?}, roll {roll}");
    }
}

proptest! {
    #[test]
    fn a_postponement_lies_between_the_wish_and_twice_the_wish(
        wish in proptest::option::of(0..=900_000_i64),
        roll in 0.0..1.0_f64,
    ) {
        let mut fixture = FetchFixture::with_two_records();
        fixture.jitter = FixedJitter(roll);
        let wish = wish.map(SignedDuration::from_millis);
        refused_with(&fixture, &throttled(wish), 1);
        let least = wish.unwrap_or_default().max(MINUTE);
        let delay = fixture.queue.sent()[0].1;
        prop_assert!(least <= delay && delay <= (least * 2).min(LONGEST), "{:?} gave {:?}", wish, delay);
    }

    #[test]
    fn no_failed_message_comes_back_before_the_server_wishes(
        wish in 0..100_000_i64,
        receive_count in 0..50_u32,
        roll in 0.0..1.0_f64,
    ) {
        let mut fixture = FetchFixture::with_two_records();
        fixture.jitter = FixedJitter(roll);
        let wish = SignedDuration::from_secs(wish);
        let passing = Failure { retry_after: Some(wish), ..Failure::new(FailureKind::Transient, "HTTP 503") };
        let (_, _, retry_in) = failed(refused_with(&fixture, &passing, receive_count));
        prop_assert!(retry_in >= wish);
    }
}

#[test]
fn a_wish_that_no_delay_can_fulfil_fails_and_is_waited_for_there() {
    let wish = LONGEST + SignedDuration::from_secs(1);
    let fixture = FetchFixture::with_two_records();
    let (kind, _, retry_in) = failed(refused_with(&fixture, &throttled(Some(wish)), 1));
    assert_eq!((kind, retry_in), (FailureKind::Throttled, wish));
    assert!(fixture.is_untouched());
}

#[test]
fn a_copy_that_cannot_be_queued_keeps_the_message() {
    let outage = Failure::new(FailureKind::AwsService, "the queue is down");
    let fixture = FetchFixture::with_two_records();
    let outcome = fixture.fetch_with(|event| match event {
        Event::Open(_) => Act::Fail(throttled(None)),
        Event::SendDelayed => Act::Fail(outage.clone()),
        _ => Act::Proceed,
    });
    assert_eq!(outcome, FetchOutcome::Failed { failure: outage, retry_in: SignedDuration::from_secs(30) });
}

#[test]
fn a_passing_failure_comes_back_ever_later_up_to_an_hour() {
    let fixture = FetchFixture::with_two_records();
    let passing = Failure::new(FailureKind::Transient, "HTTP 503");
    for (receive_count, retry_in) in
        [(0, 30), (1, 30), (2, 60), (3, 120), (4, 240), (7, 1_920), (8, 3_600), (9, 3_600), (u32::MAX, 3_600)]
    {
        let outcome = failed(refused_with(&fixture, &passing, receive_count));
        assert_eq!(outcome.2, SignedDuration::from_secs(retry_in), "received {receive_count} times");
    }
    assert!(fixture.is_untouched());
}

#[test]
fn chance_moves_a_return_by_a_quarter_at_most() {
    let mut fixture = FetchFixture::with_two_records();
    let passing = Failure::new(FailureKind::Transient, "HTTP 503");
    for (roll, retry_in) in [(0.0, 22.5), (0.5, 30.0), (0.999, 37.485)] {
        fixture.jitter = FixedJitter(roll);
        assert_eq!(failed(refused_with(&fixture, &passing, 1)).2, seconds(retry_in), "roll {roll}");
    }
}

#[test]
fn a_uri_outside_of_the_tenants_root_fails() {
    let fixture = FetchFixture::with_two_records();
    let foreign = Failure::new(FailureKind::InvalidMessage, "the URI is not below https://manage.office.com");
    assert_eq!(failed(refused_with(&fixture, &foreign, 1)).0, FailureKind::InvalidMessage);
    assert!(fixture.is_untouched());
}
