//! How the request quota is shared out, by tables.

use collector::rate_limit::{RateLimitPolicy, RateLimitState};
use jiff::SignedDuration;
use testkit::at;

const START: &str = "2026-11-22T12:00:00Z";

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// Nothing booked, and slowed to `rate` at [`START`].
fn slowed_to(rate: f64) -> RateLimitState {
    RateLimitState { reduced: Some((rate, at(START))), ..unslowed() }
}

fn unslowed() -> RateLimitState {
    RateLimitState { next_free: at(START), reduced: None }
}

fn assert_close(actual: f64, expected: f64, title: &str) {
    assert!((actual - expected).abs() < 1e-6, "{title}: {actual}, not {expected}");
}

#[test]
fn the_rate_is_a_part_of_microsofts_limit() {
    for (limit, rate) in [(2_000, 1_860.0), (60_000, 55_800.0), (100, 93.0)] {
        let policy = RateLimitPolicy::under(limit);
        assert_close(policy.rate(&unslowed(), at(START)), rate, &format!("under {limit}"));
        assert_eq!(policy.burst, seconds(2));
    }
}

#[test]
fn what_a_refusal_took_is_regained_by_the_minute() {
    let policy = RateLimitPolicy::under(2_000);
    for (after, rate) in [(-60, 1_488.0), (0, 1_488.0), (30, 1_534.5), (60, 1_581.0), (180, 1_767.0), (240, 1_860.0)] {
        let now = at(START) + seconds(after);
        assert_close(policy.rate(&slowed_to(1_488.0), now), rate, &format!("after {after} seconds"));
    }
}

#[test]
fn the_full_rate_is_never_exceeded() {
    let policy = RateLimitPolicy::under(2_000);
    for after in [241, 3_600, 86_400 * 365] {
        assert_close(
            policy.rate(&slowed_to(1_488.0), at(START) + seconds(after)),
            1_860.0,
            &format!("{after} seconds"),
        );
    }
}

#[test]
fn even_the_slowest_regains_the_full_rate_in_twenty_minutes() {
    for limit in [100, 2_000, 60_000] {
        let policy = RateLimitPolicy::under(limit);
        let rate = policy.rate(&slowed_to(60.0), at(START) + seconds(1_200));
        assert_close(rate, policy.requests_per_minute, &format!("under {limit}"));
    }
}

#[test]
fn each_refusal_takes_a_fifth_of_the_rate_of_that_moment() {
    let policy = RateLimitPolicy::under(2_000);
    for (title, state, after, rate) in [
        ("the first", unslowed(), 0, 1_488.0),
        ("right after the swarm", slowed_to(1_000.0), 10, (1_000.0 + 15.5) * 0.8),
        ("a minute later", slowed_to(1_000.0), 60, 1_093.0 * 0.8),
        ("when all is regained", slowed_to(1_000.0), 3_600, 1_488.0),
    ] {
        assert_close(policy.reduced(&state, at(START) + seconds(after)).unwrap(), rate, title);
    }
}

#[test]
fn the_refusals_of_one_swarm_count_once() {
    let policy = RateLimitPolicy::under(2_000);
    for (after, counts) in [(-5, false), (0, false), (9, false), (10, true), (11, true)] {
        let slowed = policy.reduced(&slowed_to(1_488.0), at(START) + seconds(after));
        assert_eq!(slowed.is_some(), counts, "after {after} seconds");
    }
}

#[test]
fn no_refusal_slows_below_one_request_a_second() {
    let policy = RateLimitPolicy::under(2_000);
    for rate in [0.0, 59.0, 60.0, 61.0] {
        let state = RateLimitState { reduced: Some((rate, at(START) - seconds(10))), ..unslowed() };
        let policy = RateLimitPolicy { requests_per_minute: policy.requests_per_minute.min(75.0), ..policy };
        assert_close(policy.reduced(&state, at(START)).unwrap(), 60.0, &format!("slowed to {rate}"));
    }
}

#[test]
fn a_limit_below_the_floor_stays_the_limit() {
    let policy = RateLimitPolicy::under(30);
    let state = slowed_to(policy.reduced(&unslowed(), at(START)).unwrap());
    assert_close(policy.rate(&state, at(START)), 27.9, "a floor is no licence");
}

#[test]
fn requests_book_their_part_of_a_minute() {
    let policy = RateLimitPolicy { requests_per_minute: 600.0, burst: seconds(2) };
    for (requests, state, millis) in
        [(0, unslowed(), 0), (1, unslowed(), 100), (600, unslowed(), 60_000), (10, slowed_to(120.0), 5_000)]
    {
        let span = policy.span(requests, &state, at(START));
        assert_eq!(span, SignedDuration::from_millis(millis), "{requests} requests");
    }
}

#[test]
fn bookings_run_ahead_of_the_time_by_a_burst_at_most() {
    let policy = RateLimitPolicy { requests_per_minute: 600.0, burst: seconds(2) };
    for (ahead_millis, rate_limited) in [(-60_000, false), (0, false), (2_000, false), (2_001, true)] {
        let next_free = at(START) + SignedDuration::from_millis(ahead_millis);
        let state = RateLimitState { next_free, reduced: None };
        assert_eq!(policy.is_exhausted(&state, at(START)), rate_limited, "{ahead_millis} ms burst");
    }
}
