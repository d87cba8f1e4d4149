//! Which run of a function works on which shard.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::failure::Failure;
use crate::lease::{Handover, Lease};
use crate::shard::Shard;

/// What becomes of an attempt to acquire a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acquisition {
    Acquired(Lease),
    /// Another run holds it, until this instant at the latest.
    HeldUntil(Timestamp),
}

/// The leases of one function.
pub trait Leases {
    /// Acquires the lease of `shard` until `until`, unless another run holds it.
    async fn acquire(&self, shard: Shard, until: Timestamp) -> Result<Acquisition, Failure>;

    /// Releases a lease, and leaves `handover` for the next run. Changes nothing if the lease has ended and another run holds
    /// it.
    async fn release(&self, shard: Shard, lease: &Lease, handover: &Handover) -> Result<(), Failure>;

    /// When the last run of each other shard began, by its index. One that never had a run counts from now on.
    async fn other_runs(&self, shard: Shard) -> Result<BTreeMap<u64, Timestamp>, Failure>;
}
