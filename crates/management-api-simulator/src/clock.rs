//! The simulator's own time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Where the simulator's "now" comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// The time of the machine.
    #[default]
    Real,
    /// Stands still until it is set or advanced.
    Manual(Timestamp),
    /// The time of the machine, moved by this much.
    Offset(SignedDuration),
}

impl Clock {
    /// What this clock says now.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::Real => Timestamp::now(),
            Clock::Manual(at) => *at,
            Clock::Offset(by) => Timestamp::now().checked_add(*by).unwrap_or(Timestamp::MAX),
        }
    }

    /// This clock, `by` later. A real clock becomes one with an offset.
    pub(crate) fn advanced(self, by: Duration) -> Self {
        let signed = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        match self {
            Clock::Real => Clock::Offset(signed),
            Clock::Manual(at) => Clock::Manual(plus(at, by)),
            Clock::Offset(offset) => Clock::Offset(offset.saturating_add(signed)),
        }
    }
}

/// `at` + `by`, stopping at the end of time.
pub(crate) fn plus(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// `at` - `by`, stopping at the beginning of time.
pub(crate) fn minus(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// `at` without what is below a millisecond: Microsoft's instants have no more.
pub(crate) fn to_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// `at` as a listing writes it: `2026-11-22T10:03:07.123Z`.
pub(crate) fn format_for_listing(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
