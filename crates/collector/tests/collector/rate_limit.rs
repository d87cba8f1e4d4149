//! The rate limiter's arithmetic: GCRA with multiplicative decrease and additive recovery.

use collector::rate_limit::{RateLimitPolicy, RateLimitState};
use jiff::SignedDuration;
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

#[test]
fn full_rate_is_a_share_of_microsofts_limit() {
    for (limit, rate) in [(2_000, 1_860.0), (60_000, 55_800.0), (100, 93.0)] {
        let policy = RateLimitPolicy::under(limit);
        assert_close(policy.rate(&at_full_rate(), at(START)), rate, &format!("under {limit}"));
        assert_eq!(policy.burst, seconds(2));
    }
}

#[test]
fn rate_recovers_additively_with_each_minute() {
    let policy = RateLimitPolicy::under(2_000);
    for (after, rate) in [(-60, 1_488.0), (0, 1_488.0), (30, 1_534.5), (60, 1_581.0), (180, 1_767.0), (240, 1_860.0)] {
        let now = at(START) + seconds(after);
        assert_close(policy.rate(&reduced_to(1_488.0), now), rate, &format!("after {after} seconds"));
    }
}

#[test]
fn recovery_stops_at_the_full_rate() {
    let policy = RateLimitPolicy::under(2_000);
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
    let policy = RateLimitPolicy::under(2_000);
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
    let policy = RateLimitPolicy::under(2_000);
    for (after, counts) in [(-5, false), (0, false), (9, false), (10, true), (11, true)] {
        let reduced = policy.reduced(&reduced_to(1_488.0), at(START) + seconds(after));
        assert_eq!(reduced.is_some(), counts, "after {after} seconds");
    }
}

#[test]
fn rate_never_falls_below_one_request_a_second() {
    let policy = RateLimitPolicy::under(2_000);
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
    assert_close(policy.rate(&state, at(START)), 27.9, "the lowest rate must not exceed the limit");
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
fn reservations_beyond_the_burst_are_rate_limited() {
    let policy = RateLimitPolicy { requests_per_minute: 600.0, burst: seconds(2) };
    for (ahead_millis, rate_limited) in [(-60_000, false), (0, false), (2_000, false), (2_001, true)] {
        let next_free = at(START) + SignedDuration::from_millis(ahead_millis);
        let state = RateLimitState { next_free, reduced: None };
        assert_eq!(policy.is_exhausted(&state, at(START)), rate_limited, "{ahead_millis} ms ahead");
    }
}
