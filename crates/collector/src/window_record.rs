//! What is known about a listed window, and when to recheck it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::content::{ContentDigest, Listing};
use crate::plan::PlanPolicy;
use crate::window::Window;

/// Everything known about one committed window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowRecord {
    /// A recheck lists exactly these bounds again, because content ids depend on them.
    pub window: Window,
    /// All contents that appeared in any listing of the window.
    pub digests: BTreeSet<ContentDigest>,
    /// The start of each UTC hour under which one of the contents is archived.
    pub hours: BTreeSet<Timestamp>,
    /// When the poller listed it.
    pub listed_at: Timestamp,
    /// When its contents were last compared with the archive.
    pub checked_at: Option<Timestamp>,
    /// When it was last listed again: content that appeared later has not been noticed.
    pub relisted_at: Option<Timestamp>,
    /// How many contents appeared after the first listing.
    pub late: u64,
    /// Contents without an object in the archive, with their ids as of the last listing.
    pub missing: BTreeMap<ContentDigest, String>,
    /// How many contents can never be collected.
    pub lost: u64,
    /// When the last check found that every content has its object or is recorded as lost; `None` if it found some
    /// missing.
    pub settled_at: Option<Timestamp>,
}

impl WindowRecord {
    /// How long a record is stored after the first listing: long enough for a reconciler that was down to report the
    /// windows that it did not recheck.
    pub const TTL: SignedDuration = SignedDuration::from_hours(90 * 24);

    /// The record of a window that has just been listed for the first time.
    #[must_use]
    pub fn new(listing: &Listing) -> Self {
        Self {
            window: listing.window,
            digests: listing.digests.clone(),
            hours: listing.hours.clone(),
            listed_at: listing.listed_at,
            checked_at: None,
            relisted_at: None,
            late: 0,
            missing: BTreeMap::new(),
            lost: 0,
            settled_at: None,
        }
    }

    /// How many contents had an object at the last check.
    #[must_use]
    pub fn archived(&self) -> u64 {
        let not_archived = self.missing.len() as u64 + self.lost;
        if self.checked_at.is_none() { 0 } else { (self.digests.len() as u64).saturating_sub(not_archived) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecheckSchedule {
    /// Ages since the first listing.
    pub ages: Vec<SignedDuration>,
}

impl RecheckSchedule {
    /// The last recheck is planned this long before Microsoft stops listing the window, so that a run falls between the
    /// two even if runs are rare.
    const LAST_RECHECK: SignedDuration = SignedDuration::from_hours(4);

    /// Whether to recheck now. One recheck makes up for all planned ones that were missed.
    #[must_use]
    pub fn is_due(&self, record: &WindowRecord, now: Timestamp) -> bool {
        let mut planned = self.rechecks_left(record);
        if now <= PlanPolicy::listable_until(record.window) && planned.any(|recheck| recheck <= now) {
            return true;
        }
        // The archive must be checked even if the window can no longer be listed, until no content is missing.
        let is_reached = |age: &SignedDuration| record.listed_at + *age <= now;
        record.settled_at.is_none() && (record.checked_at.is_some() || self.ages.iter().any(is_reached))
    }

    /// Whether a planned recheck has not happened. Once it can no longer happen, late content may have been missed.
    #[must_use]
    pub fn has_recheck_left(&self, record: &WindowRecord) -> bool {
        self.rechecks_left(record).next().is_some()
    }

    /// The planned rechecks that have not happened. Those planned for a time at which Microsoft no longer lists the
    /// window are brought forward to the last possible one.
    fn rechecks_left(&self, record: &WindowRecord) -> impl Iterator<Item = Timestamp> {
        let last = PlanPolicy::listable_until(record.window) - Self::LAST_RECHECK;
        let (listed_at, relisted_at) = (record.listed_at, record.relisted_at);
        let planned = self.ages.iter().map(move |age| (listed_at + *age).min(last));
        // A recheck planned for a time before the first listing is pointless: the listing itself came later.
        planned.filter(move |recheck| relisted_at.map_or(listed_at <= *recheck, |at| at < *recheck))
    }
}
