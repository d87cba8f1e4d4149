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
    /// No window of the feed was ever committed, so that nothing of it can be lost yet.
    pub never_listed: bool,
}

impl Cursor {
    /// Without a recorded window.
    #[must_use]
    pub fn at(listed_until: Timestamp) -> Self {
        Self { listed_until, planned_until: None, never_listed: false }
    }

    /// The cursor of a feed that has been listed, once `window` has been recorded.
    #[must_use]
    pub fn recording(window: Window) -> Self {
        Self { planned_until: Some(window.end()), ..Self::at(window.start()) }
    }

    /// The cursor of a feed that was never listed, once its first window has been recorded.
    #[must_use]
    pub fn recording_first(window: Window) -> Self {
        Self { never_listed: true, ..Self::recording(window) }
    }

    /// Whether `window` is the recorded one.
    #[must_use]
    pub fn records(&self, window: Window) -> bool {
        self.listed_until == window.start() && self.planned_until == Some(window.end())
    }
}
