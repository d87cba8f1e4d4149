//! The rate limiter's arithmetic: GCRA with multiplicative decrease and additive recovery.

use collector::rate_limit::{RateLimitPolicy, RateLimitState};
use jiff::{SignedDuration, Timestamp};
use testkit::at;

const START: &str = "2026-11-22T12:00:00Z";

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// Nothing reserved, and decreased to `rate` at [`START`].
fn reduced_to(rate: f64) -> RateLimitState {
    RateLimitState { reduced: Some((rate, at(START))), ..at_full_rate() }
}

fn at_full_rate() -> RateLimitState {
    RateLimitState { next_free: at(START), reduced: None }
}

fn assert_close(actual: f64, expected: f64, title: &str) {
    assert!((actual - expected).abs() < 1e-6, "{title}: {actual}, not {expected}");
}

/// 1,860 requests a minute.
const POLICY: RateLimitPolicy = RateLimitPolicy { requests_per_minute: 1_860.0, burst: SignedDuration::from_secs(2) };

/// The slots of `requests` requests that are reserved at [`START`], one by one.
fn slots(policy: RateLimitPolicy, requests: usize) -> Vec<Timestamp> {
    let (mut state, now) = (at_full_rate(), at(START));
    let mut reserve = || {
        let span = policy.span(1, &state, now);
        let slots = policy.slots(state.next_free, span, 1, now);
        state.next_free += span;
        slots[0]
    };
    (0..requests).map(|_| reserve()).collect()
}

#[test]
fn no_minute_exceeds_microsofts_limit_even_if_requests_come_three_seconds_late() {
    for limit in [60, 1_000, 2_000, 4_000] {
        let slots = slots(RateLimitPolicy::under(limit), 3 * limit as usize);
        for (first, slot) in slots.iter().enumerate() {
            // All requests of three seconds come at their end, and those of the minute after it in time.
            let end = *slot + seconds(63);
            let in_a_minute = slots[first..].iter().take_while(|slot| **slot < end).count();
            assert!(in_a_minute <= limit as usize, "{in_a_minute} of {limit}");
        }
    }
}

#[test]
fn a_poll_of_250_contents_goes_at_once_and_a_backlog_uses_the_limit() {
    let slots = slots(RateLimitPolicy::under(2_000), 5_000);
    assert_eq!(slots.iter().filter(|slot| **slot == at(START)).count(), 250);
    let minutes = slots[4_999].duration_since(at(START)).as_secs_f64() / 60.0;
    let used = 5_000.0 / minutes / 2_000.0;
    assert!(used > 0.87, "{used}");
}

#[test]
fn rate_recovers_additively_with_each_minute() {
    let policy = POLICY;
    for (after, rate) in [(-60, 1_488.0), (0, 1_488.0), (30, 1_534.5), (60, 1_581.0), (180, 1_767.0), (240, 1_860.0)] {
        let now = at(START) + seconds(after);
        assert_close(policy.rate(&reduced_to(1_488.0), now), rate, &format!("after {after} seconds"));
    }
}

#[test]
fn recovery_stops_at_the_full_rate() {
    let policy = POLICY;
    for after in [241, 3_600, 86_400 * 365] {
        assert_close(
            policy.rate(&reduced_to(1_488.0), at(START) + seconds(after)),
            1_860.0,
            &format!("{after} seconds"),
        );
    }
}

#[test]
fn lowest_rate_recovers_fully_in_twenty_minutes() {
    for limit in [100, 2_000, 60_000] {
        let policy = RateLimitPolicy::under(limit);
        let rate = policy.rate(&reduced_to(60.0), at(START) + seconds(1_200));
        assert_close(rate, policy.requests_per_minute, &format!("under {limit}"));
    }
}

#[test]
fn throttling_multiplies_the_current_rate_by_four_fifths() {
    let policy = POLICY;
    for (title, state, after, rate) in [
        ("the first", at_full_rate(), 0, 1_488.0),
        ("right after the debounce", reduced_to(1_000.0), 10, (1_000.0 + 15.5) * 0.8),
        ("a minute later", reduced_to(1_000.0), 60, 1_093.0 * 0.8),
        ("after full recovery", reduced_to(1_000.0), 3_600, 1_488.0),
    ] {
        assert_close(policy.reduced(&state, at(START) + seconds(after)).unwrap(), rate, title);
    }
}

#[test]
fn throttling_within_ten_seconds_counts_once() {
    let policy = POLICY;
    for (after, counts) in [(-5, false), (0, false), (9, false), (10, true), (11, true)] {
        let reduced = policy.reduced(&reduced_to(1_488.0), at(START) + seconds(after));
        assert_eq!(reduced.is_some(), counts, "after {after} seconds");
    }
}

#[test]
fn rate_never_falls_below_one_request_a_second() {
    let policy = POLICY;
    for rate in [0.0, 59.0, 60.0, 61.0] {
        let state = RateLimitState { reduced: Some((rate, at(START) - seconds(10))), ..at_full_rate() };
        let policy = RateLimitPolicy { requests_per_minute: policy.requests_per_minute.min(75.0), ..policy };
        assert_close(policy.reduced(&state, at(START)).unwrap(), 60.0, &format!("reduced to {rate}"));
    }
}

#[test]
fn lowest_rate_does_not_exceed_the_limit() {
    let policy = RateLimitPolicy::under(30);
    let state = reduced_to(policy.reduced(&at_full_rate(), at(START)).unwrap());
    assert_close(
        policy.rate(&state, at(START)),
        policy.requests_per_minute,
        "the lowest rate must not exceed the limit",
    );
}

#[test]
fn requests_reserve_their_share_of_a_minute() {
    let policy = RateLimitPolicy { requests_per_minute: 600.0, burst: seconds(2) };
    for (requests, state, millis) in [
        (0, at_full_rate(), 0),
        (1, at_full_rate(), 100),
        (600, at_full_rate(), 60_000),
        (10, reduced_to(120.0), 5_000),
    ] {
        let span = policy.span(requests, &state, at(START));
        assert_eq!(span, SignedDuration::from_millis(millis), "{requests} requests");
    }
}

#[test]
fn the_first_slot_after_a_refusal_comes_when_microsoft_allows() {
    let now = at(START);
    for (retry_after, pause) in [(None, 10), (Some(3), 10), (Some(60), 60), (Some(7_200), 900)] {
        let next_free = POLICY.next_free_after_throttling(retry_after.map(seconds), now);
        let first = POLICY.slots(next_free, SignedDuration::ZERO, 1, now)[0];
        assert_eq!(first.duration_since(now), seconds(pause), "{retry_after:?}");
    }
}
