//! Leases: of two runs of one function and shard only one works, and it hands over to the next.

use std::cell::Cell;
use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::feed::FeedId;

/// A run's exclusive right to its shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The run's deadline, at which the lease ends if nobody releases it.
    pub until: Timestamp,
    /// When the run before this one began.
    pub previous_run: Option<Timestamp>,
    /// What that run left.
    pub handover: Handover,
}

/// What a run leaves for the next run of its shard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handover {
    /// The secret of the last tenant that had a turn: the next run begins after it, so that nobody is always last.
    pub last_served: Option<String>,
    /// The same of the tenants with failing feeds, which have turns of their own.
    pub last_failing_served: Option<String>,
    /// The feeds that failed.
    pub failed: BTreeSet<FeedId>,
}

/// How far a run has got in the order of the tenants, which are sorted by the names of their secrets.
#[derive(Debug)]
pub(crate) struct Rotation {
    /// Where the run begins.
    first: usize,
    /// How many tenants there are.
    count: usize,
    /// The last of the tenants that had a turn, counted from the first.
    served: Cell<Option<usize>>,
}

impl Rotation {
    /// Begins after the tenant whose secret is `last`.
    pub(crate) fn after<'a>(last: Option<&str>, secret_ids: impl ExactSizeIterator<Item = &'a str>) -> Self {
        let count = secret_ids.len();
        let first = last.map_or(0, |last| secret_ids.take_while(|name| *name <= last).count());
        Self { first: if first < count { first } else { 0 }, count, served: Cell::new(None) }
    }

    /// The place of the tenant at `index` in the order of the run.
    pub(crate) fn position(&self, index: usize) -> usize {
        (index + self.count - self.first) % self.count.max(1)
    }

    pub(crate) fn note_served(&self, position: usize) {
        self.served.set(self.served.get().max(Some(position)));
    }

    /// The index of the last tenant that had a turn.
    pub(crate) fn last_served(&self) -> Option<usize> {
        Some((self.first + self.served.get()?) % self.count)
    }
}
