//! The spans of time that Microsoft is asked for.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// A span of publication time, half-open, in whole seconds of UTC, never empty and at most [`Window::LONGEST`].
///
/// A content id depends on the window that was asked for, so a window is a fact to be kept, not a value to recompute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Window {
    start: Timestamp,
    end: Timestamp,
}

/// Why two instants are no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{start} to {end} is no window: it must be whole seconds, not empty, not reversed and at most an hour long")]
pub struct InvalidWindow {
    start: Timestamp,
    end: Timestamp,
}

impl Window {
    /// Microsoft allows 24 hours; an hour keeps a listing small enough to be repeated cheaply.
    pub const LONGEST: SignedDuration = SignedDuration::from_hours(1);

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

    /// The first instant inside.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The first instant after.
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

/// `instant` without its fraction of a second: the precision that Microsoft's window bounds have.
#[must_use]
pub fn whole_second(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}
