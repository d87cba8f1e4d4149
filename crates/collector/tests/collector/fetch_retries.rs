//! When a message is retried.

use collector::failure::{Failure, FailureKind};
use collector::fetch::FetchOutcome;
use jiff::SignedDuration;
use proptest::prelude::*;
use testkit::{Action, FixedJitter, PortCall};

use crate::fetch_fixture::{FetchFixture, body, failed, message_for_a};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const LONGEST: SignedDuration = SignedDuration::from_mins(15);

/// Microsoft throttles, and may ask us to wait.
fn throttled(retry_after: Option<SignedDuration>) -> Failure {
    Failure::new(FailureKind::Throttled, "AF429: too many requests").with_retry_after(retry_after)
}

/// Delivers the message while the call to Microsoft fails.
fn deliver_failing_with(fixture: &FetchFixture, failure: &Failure, receive_count: u32) -> FetchOutcome {
    fixture.deliver(&body(&message_for_a()), receive_count, |call| match call {
        PortCall::Open(_) => Action::Fail(failure.clone()),
        _ => Action::Proceed,
    })
}

fn seconds(seconds: f64) -> SignedDuration {
    SignedDuration::from_secs_f64(seconds)
}

#[test]
fn replaces_a_throttled_message_with_a_delayed_copy() {
    let fixture = FetchFixture::with_two_records();
    let outcome = deliver_failing_with(&fixture, &throttled(None), 1);
    let delay = SignedDuration::from_secs(90);
    assert_eq!(fixture.queue.sent(), [(message_for_a(), delay)]);
    let failure = throttled(None).context("content a of tenant 11111111-2222-3333-4444-555555555555, Audit.Exchange");
    assert_eq!(outcome, FetchOutcome::Postponed { failure, delay });
}

#[test]
fn postpones_a_body_throttled_midway() {
    let fixture = FetchFixture::with_two_records();
    fixture.fetch_with(|call| match call {
        PortCall::Open(_) => Action::FailAfterFirst(throttled(None)),
        _ => Action::Proceed,
    });
    assert_eq!(fixture.queue.sent().len(), 1);
    assert!(fixture.archive.objects().is_empty());
}

#[test]
fn postpones_at_least_a_minute_and_retry_after() {
    for (retry_after, sample, delay) in [
        (None, 0.0, 60.0),
        (None, 0.999, 120.0),
        (Some(0.0), 0.0, 60.0),
        (Some(30.0), 0.5, 90.0),
        (Some(100.0), 0.0, 100.0),
        (Some(100.0), 0.5, 150.0),
        (Some(600.0), 0.75, 900.0),
        (Some(900.0), 0.999, 900.0),
    ] {
        let mut fixture = FetchFixture::with_two_records();
        fixture.jitter = FixedJitter(sample);
        deliver_failing_with(&fixture, &throttled(retry_after.map(seconds)), 1);
        assert_eq!(
            fixture.queue.sent(),
            [(message_for_a(), seconds(delay))],
            "retry after {retry_after:?}, sample {sample}"
        );
    }
}

proptest! {
    #[test]
    fn delay_lies_between_retry_after_and_its_double(
        retry_after in proptest::option::of(0..=900_000_i64),
        sample in 0.0..1.0_f64,
    ) {
        let mut fixture = FetchFixture::with_two_records();
        fixture.jitter = FixedJitter(sample);
        let retry_after = retry_after.map(SignedDuration::from_millis);
        deliver_failing_with(&fixture, &throttled(retry_after), 1);
        let least = retry_after.unwrap_or_default().max(MINUTE);
        let delay = fixture.queue.sent()[0].1;
        let most = (least * 2 + SignedDuration::from_secs(1)).min(LONGEST);
        prop_assert!(least <= delay && delay <= most, "{:?} gave {:?}", retry_after, delay);
    }

    #[test]
    fn never_retries_before_retry_after(
        retry_after in 0..100_000_i64,
        receive_count in 0..50_u32,
        sample in 0.0..1.0_f64,
    ) {
        let mut fixture = FetchFixture::with_two_records();
        fixture.jitter = FixedJitter(sample);
        let retry_after = SignedDuration::from_secs(retry_after);
        let failure = Failure::new(FailureKind::Transient, "HTTP 503").with_retry_after(Some(retry_after));
        let (_, _, retry_in) = failed(deliver_failing_with(&fixture, &failure, receive_count));
        prop_assert!(retry_in >= retry_after);
    }
}

#[test]
fn fails_when_retry_after_exceeds_the_longest_delay() {
    let retry_after = LONGEST + SignedDuration::from_secs(1);
    let fixture = FetchFixture::with_two_records();
    let (kind, _, retry_in) = failed(deliver_failing_with(&fixture, &throttled(Some(retry_after)), 1));
    assert_eq!(kind, FailureKind::Throttled);
    assert_eq!(retry_in, retry_after);
    assert!(fixture.is_untouched());
}

#[test]
fn keeps_the_message_if_queueing_its_copy_fails() {
    let outage = Failure::new(FailureKind::AwsService, "the queue is down");
    let fixture = FetchFixture::with_two_records();
    let outcome = fixture.fetch_with(|call| match call {
        PortCall::Open(_) => Action::Fail(throttled(None)),
        PortCall::SendDelayed => Action::Fail(outage.clone()),
        _ => Action::Proceed,
    });
    assert_eq!(
        outcome,
        FetchOutcome::Failed { failure: outage, retry_in: SignedDuration::from_secs(30), visibility_error: None }
    );
}

#[test]
fn backs_off_exponentially_up_to_an_hour() {
    let fixture = FetchFixture::with_two_records();
    let http_503 = Failure::new(FailureKind::Transient, "HTTP 503");
    for (receive_count, retry_in) in
        [(0, 30), (1, 30), (2, 60), (3, 120), (4, 240), (7, 1_920), (8, 3_600), (9, 3_600), (u32::MAX, 3_600)]
    {
        let (_, _, actual) = failed(deliver_failing_with(&fixture, &http_503, receive_count));
        assert_eq!(actual, SignedDuration::from_secs(retry_in), "received {receive_count} times");
    }
    assert!(fixture.is_untouched());
}

#[test]
fn jitter_stays_within_a_quarter_of_the_delay() {
    let mut fixture = FetchFixture::with_two_records();
    let http_503 = Failure::new(FailureKind::Transient, "HTTP 503");
    for (sample, retry_in) in [(0.0, 22.5), (0.5, 30.0), (0.999, 37.485)] {
        fixture.jitter = FixedJitter(sample);
        let (_, _, actual) = failed(deliver_failing_with(&fixture, &http_503, 1));
        assert_eq!(actual, seconds(retry_in), "sample {sample}");
    }
}

#[test]
fn rejects_a_uri_outside_the_tenants_root() {
    let fixture = FetchFixture::with_two_records();
    let foreign = Failure::new(FailureKind::InvalidMessage, "the URI is not below https://manage.office.com");
    let (kind, ..) = failed(deliver_failing_with(&fixture, &foreign, 1));
    assert_eq!(kind, FailureKind::InvalidMessage);
    assert!(fixture.is_untouched());
}
