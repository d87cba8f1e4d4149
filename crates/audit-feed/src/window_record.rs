//! What is known of a window that was listed, and when to look at it again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::content::{ContentDigest, Listing};
use crate::plan::PlanPolicy;
use crate::window::Window;

/// Everything known of one committed window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowRecord {
    /// The bounds with which it is asked for again: these very ones.
    pub window: Window,
    /// All contents that any listing of it named.
    pub digests: BTreeSet<ContentDigest>,
    /// When it was listed first.
    pub listed_at: Timestamp,
    /// When it was looked at last.
    pub looked_at: Option<Timestamp>,
    /// How many contents appeared after the first listing.
    pub late: u64,
    /// Contents without an object, by their ids as the last listing gave them.
    pub missing: BTreeMap<ContentDigest, String>,
    /// Contents that can never be collected.
    pub lost: u64,
    /// When every content had its object, or was known to be lost.
    pub settled_at: Option<Timestamp>,
}

impl WindowRecord {
    /// The record of a window that was listed just now.
    #[must_use]
    pub fn new(listing: &Listing) -> Self {
        Self {
            window: listing.window,
            digests: listing.digests.clone(),
            listed_at: listing.listed_at,
            looked_at: None,
            late: 0,
            missing: BTreeMap::new(),
            lost: 0,
            settled_at: None,
        }
    }

    /// When it was listed, or at least looked at, last.
    fn seen_at(&self) -> Timestamp {
        self.looked_at.unwrap_or(self.listed_at)
    }

    /// Contents whose object was seen.
    #[must_use]
    pub fn archived(&self) -> u64 {
        let open = self.missing.len() as u64 + self.lost;
        if self.looked_at.is_none() { 0 } else { (self.digests.len() as u64).saturating_sub(open) }
    }
}

/// The ages at which a window is looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookingBack {
    /// Ages since the first listing.
    pub ages: Vec<SignedDuration>,
}

impl LookingBack {
    /// Whether a look is due: an age was reached since the last look, or the last look left something open. Ages that
    /// passed unseen are made up for by one look.
    #[must_use]
    pub fn is_due(&self, record: &WindowRecord, now: Timestamp) -> bool {
        let Some(looked_at) = record.looked_at else {
            return self.ages.iter().any(|age| record.listed_at + *age <= now);
        };
        let reached = self.ages.iter().map(|age| record.listed_at + *age).any(|due| looked_at < due && due <= now);
        reached || record.settled_at.is_none()
    }

    /// Whether nothing is left to find out about the window.
    #[must_use]
    pub fn is_done_with(&self, record: &WindowRecord) -> bool {
        record.settled_at.is_some() && !self.is_look_left(record)
    }

    /// Whether content that came late to the window may not have been seen, though nothing was late for longer than the
    /// last of the ages: a look was left when Microsoft ceased to list the window.
    #[must_use]
    pub fn may_have_missed_late_content(&self, record: &WindowRecord) -> bool {
        let last_age = self.ages.iter().max().copied().unwrap_or_default();
        self.is_look_left(record) && record.seen_at() < record.window.end() + last_age
    }

    /// Whether an age comes, or has come, after the window was seen last and while Microsoft lists it.
    fn is_look_left(&self, record: &WindowRecord) -> bool {
        let listable_until = PlanPolicy::listable_until(record.window);
        let mut looks = self.ages.iter().map(|age| record.listed_at + *age);
        looks.any(|look| record.seen_at() < look && look <= listable_until)
    }
}
