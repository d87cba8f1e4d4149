//! Shards that nobody runs.

use jiff::{SignedDuration, Timestamp};

use crate::failure::Failure;
use crate::lease::Lease;
use crate::ports::Leases;
use crate::shard::Shard;

/// The other shards whose runs stay away: the last one began more than two of this shard's intervals ago.
pub(crate) async fn overdue_shards(
    leases: &impl Leases,
    shard: Shard,
    lease: &Lease,
    now: Timestamp,
) -> Result<Vec<u64>, Failure> {
    /// Invocations of one schedule do not begin at the same instant.
    const TOLERANCE: SignedDuration = SignedDuration::from_mins(1);
    if shard.is_whole() {
        return Ok(Vec::new());
    }
    let others = leases.other_runs(shard).await?;
    let Some(previous_run) = lease.previous_run else { return Ok(Vec::new()) };
    let longest = now.duration_since(previous_run) * 2 + TOLERANCE;
    let overdue = others.into_iter().filter(|(_, last_run)| now.duration_since(*last_run) > longest);
    Ok(overdue.map(|(index, _)| index).collect())
}
