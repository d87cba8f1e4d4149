//! How far Microsoft's clock is from ours.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;

use crate::decode::times::server_time;

/// The offset that the last response showed, in seconds. Microsoft judges windows by its own clock.
#[derive(Debug, Default)]
pub(crate) struct ClockOffset(AtomicI64);

impl ClockOffset {
    /// The bound in either direction: a header further away says more about the server that sent it than about our clock.
    const LARGEST: i64 = 3_600;
    /// The header has whole seconds, and the response takes time to arrive.
    const SMALLEST: i64 = 2;

    /// Remembers the offset that a response received at `now` shows in its `Date` header, if it has one.
    pub(crate) fn observe(&self, headers: &HeaderMap, now: Timestamp) {
        let Some(server_time) = server_time(headers) else { return };
        let seconds = server_time.duration_since(now).as_secs();
        let seconds = if seconds.abs() < Self::SMALLEST { 0 } else { seconds.clamp(-Self::LARGEST, Self::LARGEST) };
        self.0.store(seconds, Ordering::Relaxed);
    }

    /// Microsoft's clock minus ours; zero before the first response.
    pub(crate) fn get(&self) -> SignedDuration {
        SignedDuration::from_secs(self.0.load(Ordering::Relaxed))
    }
}
