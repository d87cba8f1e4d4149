//! Windows: the spans of publication time that are listed.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// A half-open span of publication time in whole seconds of UTC: never empty, and at most [`Window::LONGEST`] long.
///
/// A content id depends on the window in which it was listed, so a window is recorded and reused, never recomputed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Window {
    start: Timestamp,
    end: Timestamp,
}

/// Two instants that do not form a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{start} to {end} is not a valid window: it must be 1 second to 1 hour long, and start and end on whole seconds"
)]
pub struct InvalidWindow {
    start: Timestamp,
    end: Timestamp,
}

impl Window {
    /// Microsoft allows 24 hours; an hour keeps a listing small enough to repeat cheaply.
    pub const LONGEST: SignedDuration = SignedDuration::from_hours(1);

    /// A window that is no longer than this is not halved.
    pub const INDIVISIBLE: SignedDuration = SignedDuration::from_mins(1);

    /// # Errors
    /// [`InvalidWindow`] where the bounds are not whole seconds, not in order, or more than [`Window::LONGEST`] apart.
    pub fn new(start: Timestamp, end: Timestamp) -> Result<Self, InvalidWindow> {
        let whole = start.subsec_nanosecond() == 0 && end.subsec_nanosecond() == 0;
        let length = end.duration_since(start);
        if whole && length > SignedDuration::ZERO && length <= Self::LONGEST {
            Ok(Self { start, end })
        } else {
            Err(InvalidWindow { start, end })
        }
    }

    /// The first half of a window that is longer than [`Window::INDIVISIBLE`]; `None` of any other. It ends on a whole
    /// minute where one lies between the start and the middle, on a whole second otherwise.
    #[must_use]
    pub fn first_half(&self) -> Option<Self> {
        const MINUTE: i64 = 60;
        let length = self.end.duration_since(self.start);
        if length <= Self::INDIVISIBLE {
            return None;
        }
        let middle = self.start.as_second() + length.as_secs() / 2;
        let whole_minute = middle.div_euclid(MINUTE) * MINUTE;
        let end = if whole_minute > self.start.as_second() { whole_minute } else { middle };
        Self::new(self.start, Timestamp::from_second(end).ok()?).ok()
    }

    /// Inclusive.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// Exclusive.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.end
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.start, self.end)
    }
}

/// `instant` truncated to whole seconds, the precision of Microsoft's window bounds.
#[must_use]
pub fn whole_second(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}
