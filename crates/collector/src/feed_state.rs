//! The state of a feed, how its cursor moves, and what is stored of the time that it passes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::content::Listing;
use crate::cursor::Cursor;
use crate::loss::Loss;
use crate::window::Window;
use crate::window_record::WindowRecord;

/// The state of one feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeedState {
    /// `None` before the first window.
    pub cursor: Option<Cursor>,
    /// When its last window was listed.
    pub listed_at: Option<Timestamp>,
    /// Where the span of empty windows before the cursor begins, for which no row is written yet.
    pub empty_since: Option<Timestamp>,
    /// Where the loss that ends at the cursor begins.
    pub lost_since: Option<Timestamp>,
    /// How many contents an hour of publication time holds, as of the last listed windows: what the length of the next ones
    /// depends on. `None` if no window was listed yet.
    pub contents_per_hour: Option<u64>,
    /// How many polls in a row could not list the recorded window, for a reason that may lie in it: they failed with
    /// [`Transient`](crate::failure::FailureKind::Transient), or were at it for so long that the deadline may have cut
    /// them off. Counted no further than until the window is halved or passed over.
    pub failed_listings: u64,
    pub subscription: Subscription,
}

/// What is known of one feed's subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Subscription {
    /// When the collector last started it: Microsoft asks for 15 minutes between starts.
    pub started_at: Option<Timestamp>,
    /// Microsoft asked not to start it before this instant.
    pub not_before: Option<Timestamp>,
    /// Listings have been refused, and what was published since this instant may be lost: the subscription was enabled when
    /// the feed was last listed. `None` while listing works, and for a feed that was never listed.
    pub refused_since: Option<Timestamp>,
}

/// Where a cursor moves, and what became of the time that it passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorMove {
    pub listed_until: Timestamp,
    /// What was listed; a loss otherwise.
    pub passed: Passed,
    /// Where the span of empty windows before the cursor begins now.
    pub empty_since: Option<Timestamp>,
    /// The span of empty windows that ends where the passed time, or the new span, begins: it gets its row now.
    pub empty: Option<Listing>,
    /// How dense the feed is now; see [`FeedState::contents_per_hour`].
    pub contents_per_hour: Option<u64>,
}

/// The time that a cursor passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passed {
    /// A window that held something. The caller has put all of its messages into the queue.
    Listed(Listing),
    /// A window that was listed at this time and held nothing.
    Empty(Timestamp),
    /// A window that could not be listed, while others of the feed could, and when it was passed over. Rechecks list it.
    Unlisted(Window, Timestamp),
    /// Up to the cursor, nothing can be listed any more.
    Lost(Loss),
}

impl CursorMove {
    /// The windows that get a row of their own.
    #[must_use]
    pub fn records(&self) -> Vec<WindowRecord> {
        let passed = match &self.passed {
            Passed::Listed(listing) => Some(WindowRecord::new(listing)),
            Passed::Unlisted(window, at) => Some(WindowRecord::unlisted(*window, *at)),
            Passed::Empty(_) | Passed::Lost(_) => None,
        };
        self.empty.iter().map(WindowRecord::new).chain(passed).collect()
    }
}

impl FeedState {
    /// Past a window that was listed. Many empty windows are one: where nothing was listed, no content id depends on the
    /// bounds, so a row is written for the whole span, which is an hour long at most.
    #[must_use]
    pub fn move_past_window(&self, listing: Listing) -> CursorMove {
        if !listing.digests.is_empty() {
            return self.move_past_listed(listing);
        }
        let window = listing.window;
        let since = self.empty_since.unwrap_or(window.start());
        let is_too_long = window.end().duration_since(since) > Window::LONGEST;
        CursorMove {
            listed_until: window.end(),
            passed: Passed::Empty(listing.listed_at),
            empty_since: Some(if is_too_long { window.start() } else { since }),
            empty: if is_too_long { self.empty_until(window.start()) } else { None },
            contents_per_hour: Some(self.contents_per_hour_with(&listing)),
        }
    }

    /// Past a window that has a row of its own.
    #[must_use]
    pub fn move_past_listed(&self, listing: Listing) -> CursorMove {
        let (listed_until, empty) = (listing.window.end(), self.empty_until(listing.window.start()));
        let contents_per_hour = Some(self.contents_per_hour_with(&listing));
        CursorMove { listed_until, passed: Passed::Listed(listing), empty_since: None, empty, contents_per_hour }
    }

    /// Past a window that cannot be listed.
    #[must_use]
    pub fn move_past_unlisted(&self, window: Window, now: Timestamp) -> CursorMove {
        CursorMove {
            listed_until: window.end(),
            passed: Passed::Unlisted(window, now),
            empty_since: None,
            empty: self.empty_until(window.start()),
            contents_per_hour: self.contents_per_hour,
        }
    }

    /// Past a loss that ends behind `cursor`.
    #[must_use]
    pub fn move_past_loss(&self, cursor: Cursor, loss: Loss) -> CursorMove {
        let empty = self.empty_until(cursor.listed_until);
        let contents_per_hour = self.contents_per_hour;
        CursorMove { listed_until: loss.to, passed: Passed::Lost(loss), empty_since: None, empty, contents_per_hour }
    }

    /// The state after the cursor has moved.
    #[must_use]
    pub fn moved(&self, to: &CursorMove) -> Self {
        let (listed_at, lost_since) = match &to.passed {
            Passed::Listed(listing) => (Some(listing.listed_at), None),
            Passed::Empty(listed_at) => (Some(*listed_at), None),
            Passed::Unlisted(..) => (self.listed_at, None),
            Passed::Lost(loss) => (self.listed_at, Some(loss.from)),
        };
        let CursorMove { listed_until, empty_since, contents_per_hour, .. } = *to;
        let cursor = Some(Cursor::at(listed_until));
        Self { cursor, listed_at, empty_since, lost_since, contents_per_hour, failed_listings: 0, ..*self }
    }

    /// The state once `window` is recorded: the next one, or the first half of the recorded one.
    #[must_use]
    pub fn recording(&self, window: Window) -> Self {
        let never_listed = self.cursor.is_none_or(|cursor| cursor.never_listed);
        Self { cursor: Some(Cursor { never_listed, ..Cursor::recording(window) }), failed_listings: 0, ..*self }
    }

    /// A denser window counts at once, an emptier one by half: the windows that follow a burst are short for a while, and
    /// those of a feed that is quiet again soon as long as before.
    fn contents_per_hour_with(&self, listing: &Listing) -> u64 {
        const HOUR: u64 = 3_600;
        let seconds = listing.window.end().duration_since(listing.window.start()).as_secs().unsigned_abs().max(1);
        let listed = (listing.digests.len() as u64).saturating_mul(HOUR).div_ceil(seconds);
        self.contents_per_hour.map_or(listed, |before| listed.max(before.midpoint(listed)))
    }

    fn empty_until(&self, end: Timestamp) -> Option<Listing> {
        let window = Window::new(self.empty_since?, end).ok()?;
        let (digests, hours) = (BTreeSet::new(), BTreeSet::new());
        Some(Listing { window, digests, hours, listed_at: self.listed_at.unwrap_or(end) })
    }
}
