//! The request quota of a tenant, shared by all fetchers: Microsoft refuses who asks too fast, and refusals count too.

use jiff::{SignedDuration, Timestamp};

/// How the quota is shared out.
///
/// Requests are spread evenly over time: each one books its part of a minute, and who finds the next seconds booked
/// out comes back later. A counter per minute would let two minutes' worth meet at the turn of the minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimitPolicy {
    /// Requests per minute that are booked at most; below Microsoft's limit by what pollers and reconcilers need.
    pub requests_per_minute: f64,
    /// How far burst of the time state may run: the size of a burst.
    pub burst: SignedDuration,
}

/// What is booked, for one tenant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimitState {
    /// The instant up to which all requests are booked.
    pub next_free: Timestamp,
    /// The rate after the last refusal, and when that was.
    pub reduced: Option<(f64, Timestamp)>,
}

impl RateLimitPolicy {
    /// The part of Microsoft's limit that fetchers use, so that the rest of the collector has some of it, too.
    const FETCHER_SHARE: f64 = 0.93;
    /// What a refusal leaves of the rate.
    const DECREASE_FACTOR: f64 = 0.8;
    /// What a minute without refusal adds to the rate, as a part of the full one.
    const RECOVERY_PER_MINUTE: f64 = 0.05;
    /// Refusals in so short a time are one: they come in swarms.
    const THROTTLE_DEBOUNCE: SignedDuration = SignedDuration::from_secs(10);

    /// The policy under Microsoft's `limit` of requests per minute and tenant.
    #[must_use]
    pub fn under(limit: u32) -> Self {
        Self { requests_per_minute: f64::from(limit) * Self::FETCHER_SHARE, burst: SignedDuration::from_secs(2) }
    }

    /// The rate now, in requests per minute: the full one, or what has been regained since the last refusal.
    #[must_use]
    pub fn rate(&self, state: &RateLimitState, now: Timestamp) -> f64 {
        let Some((rate, since)) = state.reduced else { return self.requests_per_minute };
        let minutes = now.duration_since(since).as_secs_f64().max(0.0) / 60.0;
        (rate + minutes * Self::RECOVERY_PER_MINUTE * self.requests_per_minute).min(self.requests_per_minute)
    }

    /// How much time `requests` book.
    #[must_use]
    pub fn span(&self, requests: u32, state: &RateLimitState, now: Timestamp) -> SignedDuration {
        SignedDuration::from_secs_f64(f64::from(requests) * 60.0 / self.rate(state, now))
    }

    /// Whether nothing more can be booked now.
    #[must_use]
    pub fn is_exhausted(&self, state: &RateLimitState, now: Timestamp) -> bool {
        state.next_free > now + self.burst
    }

    /// The rate after a refusal; `None` if it belongs to one that has been taken into account.
    #[must_use]
    pub fn reduced(&self, state: &RateLimitState, now: Timestamp) -> Option<f64> {
        let is_same_swarm = state.reduced.is_some_and(|(_, since)| now.duration_since(since) < Self::THROTTLE_DEBOUNCE);
        // At least one request in a second: a tenant that is never asked never recovers.
        (!is_same_swarm).then(|| (self.rate(state, now) * Self::DECREASE_FACTOR).max(60.0))
    }
}
