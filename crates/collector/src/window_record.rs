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
    /// When it was looked at last: compared with the archive.
    pub checked_at: Option<Timestamp>,
    /// When it was listed again last: the last time at which late content could be seen.
    pub relisted_at: Option<Timestamp>,
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
    /// How long a record is kept, from its first listing: long enough for a reconciler that stood still to tell what it
    /// did not look at.
    pub const TTL: SignedDuration = SignedDuration::from_hours(90 * 24);

    /// The record of a window that was listed just now.
    #[must_use]
    pub fn new(listing: &Listing) -> Self {
        Self {
            window: listing.window,
            digests: listing.digests.clone(),
            listed_at: listing.listed_at,
            checked_at: None,
            relisted_at: None,
            late: 0,
            missing: BTreeMap::new(),
            lost: 0,
            settled_at: None,
        }
    }

    /// Contents whose object was seen.
    #[must_use]
    pub fn archived(&self) -> u64 {
        let open = self.missing.len() as u64 + self.lost;
        if self.checked_at.is_none() { 0 } else { (self.digests.len() as u64).saturating_sub(open) }
    }
}

/// When a window is looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecheckSchedule {
    /// Ages since the first listing.
    pub ages: Vec<SignedDuration>,
}

impl RecheckSchedule {
    /// So long before Microsoft ceases to list a window is its last look: long enough for a run to come, however seldom
    /// they are.
    const LAST_RECHECK: SignedDuration = SignedDuration::from_hours(4);

    /// Whether a look is due: one that was planned is left, or the last one left something open. Planned looks that were
    /// passed over are made up for by one.
    #[must_use]
    pub fn is_due(&self, record: &WindowRecord, now: Timestamp) -> bool {
        let mut planned = self.rechecks_left(record);
        if now <= PlanPolicy::listable_until(record.window) && planned.any(|look| look <= now) {
            return true;
        }
        let is_reached = |age: &SignedDuration| record.listed_at + *age <= now;
        record.settled_at.is_none() && (record.checked_at.is_some() || self.ages.iter().any(is_reached))
    }

    /// Whether a planned look was not taken. Once it never can be, content that came late may not have been seen.
    #[must_use]
    pub fn has_recheck_left(&self, record: &WindowRecord) -> bool {
        self.rechecks_left(record).next().is_some()
    }

    /// The planned looks that were not taken. Those that Microsoft's limit does not allow are replaced by one just before.
    fn rechecks_left(&self, record: &WindowRecord) -> impl Iterator<Item = Timestamp> {
        let last = PlanPolicy::listable_until(record.window) - Self::LAST_RECHECK;
        let (listed_at, relisted_at) = (record.listed_at, record.relisted_at);
        let planned = self.ages.iter().map(move |age| (listed_at + *age).min(last));
        planned.filter(move |look| relisted_at.map_or(listed_at <= *look, |at| at < *look))
    }
}
