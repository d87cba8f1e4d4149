//! Leases: of two runs of one function and shard only one works, and it hands over to the next.

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
    /// The feeds that failed, as many as the row has room for.
    pub failed: BTreeSet<FeedId>,
}

impl Handover {
    /// Each is up to 63 bytes of the 400 kB that a row of DynamoDB holds.
    pub const MOST_FAILED: usize = 4_000;
}
