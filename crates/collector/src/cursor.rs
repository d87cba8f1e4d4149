//! How far a feed has been listed.

use jiff::Timestamp;

use crate::window::Window;

/// How far a feed has been listed, and the window that is being listed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Everything published before this instant has been queued, or is recorded as lost.
    pub listed_until: Timestamp,
    /// The end of the window that is recorded but not yet committed. Until it is committed, it must be listed again
    /// with exactly these bounds.
    pub planned_until: Option<Timestamp>,
}

impl Cursor {
    /// Without a recorded window.
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
