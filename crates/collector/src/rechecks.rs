//! When windows are listed again: for each age a cursor of its own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::plan::PlanPolicy;
use crate::window::Window;
use crate::window_record::WindowRecord;

/// How far the windows of one feed have been rechecked.
///
/// For each age there is one instant: every window that ended before it has been rechecked at that age, or was passed
/// over. An instant only moves forward, and is never behind that of an older age.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rechecks {
    /// By age, counted from a window's first listing.
    pub checked_until: BTreeMap<SignedDuration, Timestamp>,
    /// Windows that could not be listed at the oldest age, while others could, and those that were never listed at all and
    /// could not be listed at some age. Each run tries them again.
    pub passed_over: BTreeSet<Window>,
    /// Where the span of unchecked windows begins that ends at the oldest age's instant.
    pub unchecked_since: Option<Timestamp>,
    /// Days whose completeness report may be out of date, each by the instant at which it begins.
    pub stale_days: BTreeSet<Timestamp>,
    /// How often this was saved.
    pub revision: u64,
}

impl Rechecks {
    /// The last recheck is due this long before Microsoft stops listing the window, so that a run falls between the two
    /// even if runs are rare.
    const LAST_RECHECK: SignedDuration = SignedDuration::from_hours(4);

    /// When to recheck a window at an age: no later than four hours before it can no longer be listed, and not before it was
    /// listed for the first time.
    #[must_use]
    pub fn due_at(record: &WindowRecord, age: SignedDuration) -> Timestamp {
        record.listed_at.max((record.listed_at + age).min(Self::last_recheck(record.window)))
    }

    /// Every window that is due at an age starts before this instant.
    #[must_use]
    pub fn due_before(age: SignedDuration, now: Timestamp) -> Timestamp {
        let last_recheck = now - PlanPolicy::RETENTION + PlanPolicy::RETENTION_MARGIN + Self::LAST_RECHECK;
        (now - age).max(last_recheck + SignedDuration::from_secs(1))
    }

    /// Whether the window was first listed so late that its last recheck was due by then.
    #[must_use]
    pub fn was_first_listed_near_the_edge(record: &WindowRecord) -> bool {
        Self::last_recheck(record.window) <= record.listed_at
    }

    fn last_recheck(window: Window) -> Timestamp {
        PlanPolicy::listable_until(window) - Self::LAST_RECHECK
    }

    /// Takes over the ages that are configured. A new age starts at the instant of the next older one, so that nothing is
    /// missed. A new oldest age starts where windows can still be listed for hours: older windows are not unchecked,
    /// because nobody had asked for this age.
    pub fn set_ages(&mut self, ages: &[SignedDuration], now: Timestamp) {
        let listable = now - PlanPolicy::RETENTION + PlanPolicy::RETENTION_MARGIN + Self::LAST_RECHECK;
        // Where nothing was rechecked yet, all windows are still to be rechecked.
        let known = std::mem::take(&mut self.checked_until);
        let oldest_before = known.values().copied().min();
        let mut older = known.values().copied().min().map_or(Timestamp::UNIX_EPOCH, |first| first.min(listable));
        for age in ages.iter().copied().collect::<BTreeSet<_>>().into_iter().rev() {
            older = known.get(&age).copied().unwrap_or(older).max(older);
            self.checked_until.insert(age, older);
        }
        // The span ends at the oldest age's instant, whichever age that is.
        if self.checked_until.values().copied().min() != oldest_before {
            self.unchecked_since = None;
        }
    }

    /// The ages, oldest first.
    #[must_use]
    pub fn ages(&self) -> Vec<SignedDuration> {
        self.checked_until.keys().rev().copied().collect()
    }

    /// At the first age contents are compared with the archive.
    #[must_use]
    pub fn is_first(&self, age: SignedDuration) -> bool {
        self.checked_until.first_key_value().is_some_and(|(first, _)| *first == age)
    }

    /// After the oldest age nobody looks for late content.
    #[must_use]
    pub fn is_oldest(&self, age: SignedDuration) -> bool {
        self.checked_until.last_key_value().is_some_and(|(oldest, _)| *oldest == age)
    }

    /// The ages at which a window is still to be rechecked, of those up to `age`.
    #[must_use]
    pub fn ages_left(&self, window: Window, age: SignedDuration) -> Vec<SignedDuration> {
        let up_to = self.checked_until.range(..=age);
        up_to.filter(|(_, until)| **until < window.end()).map(|(age, _)| *age).collect()
    }

    /// The contents of every window that ended before this instant have been compared with the archive.
    #[must_use]
    pub fn compared_until(&self) -> Option<Timestamp> {
        self.checked_until.first_key_value().map(|(_, until)| *until)
    }

    /// Every window that ended up to `end` is done with at `age`, and thereby at all younger ones.
    pub fn advance(&mut self, age: SignedDuration, end: Timestamp) {
        self.checked_until.range_mut(..=age).for_each(|(_, until)| *until = end.max(*until));
    }

    /// The earliest time at which the window may have been listed last: what is listed now was not listed then.
    #[must_use]
    pub fn last_listing(&self, record: &WindowRecord) -> Timestamp {
        let done = self.checked_until.iter().filter(|(_, until)| record.window.end() <= **until);
        done.map(|(age, _)| Self::due_at(record, *age)).fold(record.listed_at, Timestamp::max)
    }
}
