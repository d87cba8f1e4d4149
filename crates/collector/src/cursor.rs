//! How far a feed has been read.

use jiff::Timestamp;

use crate::window::Window;

/// How far a feed has been listed, and what is being listed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Everything published before this instant is in the queue or beyond.
    pub listed_until: Timestamp,
    /// The end of the window that was recorded and not yet committed: it must be asked for again with the same bounds.
    pub planned_until: Option<Timestamp>,
}

impl Cursor {
    /// A cursor with nothing recorded.
    #[must_use]
    pub fn at(listed_until: Timestamp) -> Self {
        Self { listed_until, planned_until: None }
    }

    /// The cursor once `window` has been recorded.
    #[must_use]
    pub fn recording(window: Window) -> Self {
        Self { listed_until: window.start(), planned_until: Some(window.end()) }
    }
}
