//! The simulator's own time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The source of the simulator's current time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// The system clock.
    #[default]
    Real,
    /// A fixed time that changes only when it is set or advanced.
    Manual(Timestamp),
    /// The system clock plus an offset.
    Offset(SignedDuration),
}

impl Clock {
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::Real => Timestamp::now(),
            Clock::Manual(at) => *at,
            Clock::Offset(by) => Timestamp::now().checked_add(*by).unwrap_or(Timestamp::MAX),
        }
    }

    /// The same clock, advanced by `by`. A real clock becomes one with an offset.
    pub(crate) fn advanced(self, by: Duration) -> Self {
        let signed = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        match self {
            Clock::Real => Clock::Offset(signed),
            Clock::Manual(at) => Clock::Manual(plus(at, by)),
            Clock::Offset(offset) => Clock::Offset(offset.saturating_add(signed)),
        }
    }
}

/// `at + by`, saturating at the latest timestamp.
pub(crate) fn plus(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// `at - by`, saturating at the earliest timestamp.
pub(crate) fn minus(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// `at` truncated to milliseconds, the precision of Microsoft's timestamps.
pub(crate) fn to_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// Formats a timestamp for the header `Date`: `Sun, 22 Nov 2026 12:00:00 GMT`.
pub(crate) fn format_for_http(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Formats a timestamp for a listing entry: `2026-11-22T10:03:07.123Z`.
pub(crate) fn format_for_listing(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
