//! Rate limiting of a tenant's requests: GCRA (the generic cell rate algorithm), whose rate follows Microsoft's
//! throttling by multiplicative decrease and additive recovery.
//!
//! All fetchers of a tenant share one [`RateLimitState`]. Staying below Microsoft's limit matters, because throttled
//! requests count against it as well.

use jiff::{SignedDuration, Timestamp};

/// The parameters of the rate limiter.
///
/// GCRA spreads requests evenly over time: each request moves [`RateLimitState::next_free`] (GCRA's theoretical arrival
/// time) forward by its share of a minute, and is rate limited if that instant is already more than a burst ahead of
/// now. A counter per minute would instead admit two minutes' worth of requests around the turn of a minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimitPolicy {
    /// The full rate: Microsoft's limit, less what pollers and reconcilers need.
    pub requests_per_minute: f64,
    /// How far `next_free` may be ahead of now: GCRA's burst tolerance.
    pub burst: SignedDuration,
}

/// The state of one tenant's rate limiter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimitState {
    /// GCRA's theoretical arrival time: the time before it is reserved for requests already admitted.
    pub next_free: Timestamp,
    /// The rate after the last decrease, and when that was; `None` if there was none.
    pub reduced: Option<(f64, Timestamp)>,
}

impl RateLimitPolicy {
    /// The share of Microsoft's limit for fetchers; the rest is for pollers and reconcilers, which are not rate
    /// limited.
    const FETCHER_SHARE: f64 = 0.93;
    /// Multiplicative decrease: throttling multiplies the current rate by this.
    const DECREASE_FACTOR: f64 = 0.8;
    /// Additive recovery: each minute without throttling adds this fraction of the full rate.
    const RECOVERY_PER_MINUTE: f64 = 0.05;
    /// Concurrent requests are throttled together: responses that arrive within this time of a decrease do not cause
    /// another.
    const THROTTLE_DEBOUNCE: SignedDuration = SignedDuration::from_secs(10);

    /// `limit` is Microsoft's, in requests per minute and tenant.
    #[must_use]
    pub fn under(limit: u32) -> Self {
        Self { requests_per_minute: f64::from(limit) * Self::FETCHER_SHARE, burst: SignedDuration::from_secs(2) }
    }

    /// The current rate in requests per minute, with the recovery since the last decrease.
    #[must_use]
    pub fn rate(&self, state: &RateLimitState, now: Timestamp) -> f64 {
        let Some((rate, since)) = state.reduced else { return self.requests_per_minute };
        // Not below zero: the clock of the process that decreased the rate may be ahead of ours.
        let minutes = now.duration_since(since).as_secs_f64().max(0.0) / 60.0;
        (rate + minutes * Self::RECOVERY_PER_MINUTE * self.requests_per_minute).min(self.requests_per_minute)
    }

    /// By how much `requests` move `next_free`: GCRA's emission interval, times their number.
    #[must_use]
    pub fn span(&self, requests: u32, state: &RateLimitState, now: Timestamp) -> SignedDuration {
        SignedDuration::from_secs_f64(f64::from(requests) * 60.0 / self.rate(state, now))
    }

    /// Whether a request is rate limited now.
    #[must_use]
    pub fn is_exhausted(&self, state: &RateLimitState, now: Timestamp) -> bool {
        state.next_free > now + self.burst
    }

    /// The decreased rate after a throttled request; `None` if the last decrease covers that request, too.
    #[must_use]
    pub fn reduced(&self, state: &RateLimitState, now: Timestamp) -> Option<f64> {
        let is_debounced = state.reduced.is_some_and(|(_, since)| now.duration_since(since) < Self::THROTTLE_DEBOUNCE);
        // At least one request a second, so that a tenant's fetchers still make progress at the lowest rate.
        (!is_debounced).then(|| (self.rate(state, now) * Self::DECREASE_FACTOR).max(60.0))
    }
}
