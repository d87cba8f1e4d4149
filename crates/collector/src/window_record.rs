//! What is known about a listed window.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::content::{ContentDigest, Listing};
use crate::window::Window;

/// Everything known about one committed window, or about adjacent windows that held nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowRecord {
    /// A recheck lists exactly these bounds again, because content ids depend on them.
    pub window: Window,
    /// All contents that appeared in any listing of the window.
    pub digests: BTreeSet<ContentDigest>,
    /// The start of each UTC hour under which one of the contents is archived.
    pub hours: BTreeSet<Timestamp>,
    /// When the poller listed it, or passed it over.
    pub listed_at: Timestamp,
    /// How many contents appeared after the first listing.
    pub late: u64,
    /// No listing of it has ever been complete: the poller passed it over, because it could not list it and could list
    /// others of the feed. What it held is not known until a recheck lists it; then all of its contents are late.
    pub unlisted: bool,
}

impl WindowRecord {
    /// How long a record is stored after the first listing: long enough for a reconciler that was down to report the
    /// windows that it did not recheck.
    pub const TTL: SignedDuration = SignedDuration::from_hours(90 * 24);

    /// The record of a window that has just been listed for the first time.
    #[must_use]
    pub fn new(listing: &Listing) -> Self {
        let Listing { window, digests, hours, listed_at } = listing.clone();
        Self { window, digests, hours, listed_at, late: 0, unlisted: false }
    }

    /// The record of a window that the poller passed over.
    #[must_use]
    pub fn unlisted(window: Window, passed_over_at: Timestamp) -> Self {
        let (digests, hours) = (BTreeSet::new(), BTreeSet::new());
        Self { window, digests, hours, listed_at: passed_over_at, late: 0, unlisted: true }
    }
}

/// What a [`WindowRecord`] holds, without its digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowCounts {
    pub window: Window,
    pub contents: u64,
    pub late: u64,
    pub unlisted: bool,
}

impl From<&WindowRecord> for WindowCounts {
    fn from(record: &WindowRecord) -> Self {
        let WindowRecord { window, digests, late, unlisted, .. } = record;
        Self { window: *window, contents: digests.len() as u64, late: *late, unlisted: *unlisted }
    }
}
