//! Rate limiting of a tenant's requests: GCRA (the generic cell rate algorithm), whose rate follows Microsoft's
//! throttling by multiplicative decrease and additive recovery.
//!
//! All functions share one [`RateLimitState`] for each tenant. Staying below Microsoft's limit matters, because throttled
//! requests count against it as well.

use jiff::{SignedDuration, Timestamp};

/// The parameters of the rate limiter.
///
/// GCRA spreads requests evenly over time: each request moves [`RateLimitState::next_free`] (GCRA's theoretical arrival
/// time) forward by its share of a minute, and its slot is that instant, less the burst tolerance. A counter per minute would
/// instead admit two minutes' worth of requests around the turn of a minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimitPolicy {
    /// The full rate, at which slots follow one another.
    pub requests_per_minute: f64,
    /// How far `next_free` may be ahead of a request that goes at once: GCRA's burst tolerance.
    pub burst: SignedDuration,
}

/// The state of one tenant's rate limiter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimitState {
    /// GCRA's theoretical arrival time: the time before it is reserved.
    pub next_free: Timestamp,
    /// The rate after the last decrease, and when that was; `None` if there was none.
    pub reduced: Option<(f64, Timestamp)>,
}

impl RateLimitPolicy {
    /// The share of Microsoft's limit that may go at once.
    const BURST_SHARE: f64 = 1.0 / 8.0;
    /// A request may come so many seconds after its slot: queues deliver late.
    const LATENESS_SECONDS: f64 = 3.0;
    /// How far ahead slots are reserved: the longest delay of SQS.
    pub const HORIZON: SignedDuration = SignedDuration::from_mins(15);
    /// A request that is this much late, or early by another clock, has lost its slot.
    pub const SLOT_TOLERANCE: SignedDuration = SignedDuration::from_secs(10);
    /// A limiter that does not answer within this time holds nothing up.
    pub const TIMEOUT: SignedDuration = SignedDuration::from_secs(2);
    /// Multiplicative decrease: throttling multiplies the current rate by this.
    const DECREASE_FACTOR: f64 = 0.8;
    /// Additive recovery: each minute without throttling adds this fraction of the full rate.
    const RECOVERY_PER_MINUTE: f64 = 0.05;
    /// Concurrent requests are throttled together: responses that arrive within this time of a decrease do not cause
    /// another. For as long, no slot is free.
    const THROTTLE_DEBOUNCE: SignedDuration = SignedDuration::from_secs(10);

    /// The fastest that stays below `limit`, which is Microsoft's, in requests per minute and tenant: in any 60 seconds there
    /// are at most a burst, and the slots of 60 seconds and of those from which requests may come late.
    #[must_use]
    pub fn under(limit: u32) -> Self {
        let burst_requests = f64::from(limit) * Self::BURST_SHARE;
        let requests_per_minute = (f64::from(limit) - burst_requests) * 60.0 / (60.0 + Self::LATENESS_SECONDS);
        let interval = 60.0 / requests_per_minute;
        // The first request of a burst needs no tolerance.
        let burst = SignedDuration::from_secs_f64((burst_requests - 1.0).max(0.0) * interval);
        Self { requests_per_minute, burst }
    }

    /// The current rate in requests per minute, with the recovery since the last decrease.
    #[must_use]
    pub fn rate(&self, state: &RateLimitState, now: Timestamp) -> f64 {
        let Some((rate, since)) = state.reduced else { return self.requests_per_minute };
        // Not below zero: the clock of the process that decreased the rate may be ahead of ours.
        let minutes = now.duration_since(since).as_secs_f64().max(0.0) / 60.0;
        (rate + minutes * Self::RECOVERY_PER_MINUTE * self.requests_per_minute).min(self.requests_per_minute)
    }

    /// By how much `requests` move `next_free`: GCRA's emission interval, times their number, rounded up to the whole
    /// milliseconds in which `next_free` is stored.
    #[must_use]
    pub fn span(&self, requests: u32, state: &RateLimitState, now: Timestamp) -> SignedDuration {
        let milliseconds = f64::from(requests) * 60_000.0 / self.rate(state, now);
        // What is a whole number but for the error of the division is that number.
        SignedDuration::from_millis((milliseconds - 1e-6).ceil() as i64)
    }

    /// The latest `next_free` at which a reservation still ends before the horizon.
    #[must_use]
    pub fn latest(&self, span: SignedDuration, now: Timestamp) -> Timestamp {
        now + Self::HORIZON + self.burst - span
    }

    /// The slots of `requests` that reserved `span` from `from` on, each at `now` at the earliest.
    #[must_use]
    pub fn slots(&self, from: Timestamp, span: SignedDuration, requests: u32, now: Timestamp) -> Vec<Timestamp> {
        let interval = span.as_secs_f64() / f64::from(requests);
        let arrival = |request: u32| from + SignedDuration::from_secs_f64(f64::from(request) * interval);
        (0..requests).map(|request| now.max(arrival(request) - self.burst)).collect()
    }

    /// The decreased rate after a throttled request; `None` if the last decrease covers that request, too.
    #[must_use]
    pub fn reduced(&self, state: &RateLimitState, now: Timestamp) -> Option<f64> {
        let is_debounced = state.reduced.is_some_and(|(_, since)| now.duration_since(since) < Self::THROTTLE_DEBOUNCE);
        // At least one request a second, so that a tenant's fetchers still make progress at the lowest rate.
        (!is_debounced).then(|| (self.rate(state, now) * Self::DECREASE_FACTOR).max(60.0))
    }

    /// `next_free` after a throttled request. What was reserved beyond is taken back, and the first slot comes when Microsoft
    /// allows.
    #[must_use]
    pub fn next_free_after_throttling(&self, retry_after: Option<SignedDuration>, now: Timestamp) -> Timestamp {
        let pause = retry_after.unwrap_or_default().clamp(Self::THROTTLE_DEBOUNCE, Self::HORIZON);
        now + self.burst + pause
    }
}
