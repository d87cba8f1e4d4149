//! The request quota of a tenant, shared by all fetchers: Microsoft refuses who asks too fast, and refusals count too.

use jiff::{SignedDuration, Timestamp};

/// How the quota is shared out.
///
/// Requests are spread evenly over time: each one books its part of a minute, and who finds the next seconds booked
/// out comes back later. A counter per minute would let two minutes' worth meet at the turn of the minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuotaPolicy {
    /// Requests per minute that are booked at most; below Microsoft's limit by what pollers and reconcilers need.
    pub requests_per_minute: f64,
    /// How far ahead of the time bookings may run: the size of a burst.
    pub ahead: SignedDuration,
}

/// What is booked, for one tenant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bookings {
    /// The instant up to which all requests are booked.
    pub booked_until: Timestamp,
    /// The rate after the last refusal, and when that was.
    pub slowed: Option<(f64, Timestamp)>,
}

impl QuotaPolicy {
    /// The part of Microsoft's limit that fetchers use, so that the rest of the collector has some of it, too.
    const FETCHERS_PART: f64 = 0.93;
    /// What a refusal leaves of the rate.
    const SLOWER: f64 = 0.8;
    /// What a minute without refusal adds to the rate, as a part of the full one.
    const REGAINED_PER_MINUTE: f64 = 0.05;
    /// Refusals in so short a time are one: they come in swarms.
    const SWARM: SignedDuration = SignedDuration::from_secs(10);

    /// The policy under Microsoft's `limit` of requests per minute and tenant.
    #[must_use]
    pub fn under(limit: u32) -> Self {
        Self { requests_per_minute: f64::from(limit) * Self::FETCHERS_PART, ahead: SignedDuration::from_secs(2) }
    }

    /// The rate now, in requests per minute: the full one, or what has been regained since the last refusal.
    #[must_use]
    pub fn rate(&self, bookings: &Bookings, now: Timestamp) -> f64 {
        let Some((rate, since)) = bookings.slowed else { return self.requests_per_minute };
        let minutes = now.duration_since(since).as_secs_f64().max(0.0) / 60.0;
        (rate + minutes * Self::REGAINED_PER_MINUTE * self.requests_per_minute).min(self.requests_per_minute)
    }

    /// How much time `requests` book.
    #[must_use]
    pub fn span(&self, requests: u32, bookings: &Bookings, now: Timestamp) -> SignedDuration {
        SignedDuration::from_secs_f64(f64::from(requests) * 60.0 / self.rate(bookings, now))
    }

    /// Whether nothing more can be booked now.
    #[must_use]
    pub fn is_booked_out(&self, bookings: &Bookings, now: Timestamp) -> bool {
        bookings.booked_until > now + self.ahead
    }

    /// The rate after a refusal; `None` if it belongs to one that has been taken into account.
    #[must_use]
    pub fn slowed(&self, bookings: &Bookings, now: Timestamp) -> Option<f64> {
        let is_same_swarm = bookings.slowed.is_some_and(|(_, since)| now.duration_since(since) < Self::SWARM);
        // At least one request in a second: a tenant that is never asked never recovers.
        (!is_same_swarm).then(|| (self.rate(bookings, now) * Self::SLOWER).max(60.0))
    }
}
