//! A run that has its shard for itself.

use jiff::{SignedDuration, Timestamp};

use crate::failure::Failure;
use crate::lease::{Handover, Lease};
use crate::ports::{Acquisition, Clock, Leases};
use crate::shard::Shard;
use crate::time_limit::within;

/// What became of a run.
pub(crate) enum LeasedRun<R> {
    Ran {
        report: R,
        /// See [`overdue_shards`].
        overdue_shards: Vec<u64>,
        /// Why the lease could not be released. It ends at its deadline, and the next run begins where this one did.
        lease_error: Option<Failure>,
    },
    /// Another run has the lease, until this instant at the latest.
    HeldUntil(Timestamp),
}

/// Acquires the lease of `shard` for `run`, which changes what it hands over to the next one.
///
/// # Errors
/// If the lease cannot be acquired, and those of `run`.
pub(crate) async fn with_lease<R>(
    leases: &impl Leases,
    clock: &impl Clock,
    shard: Shard,
    deadline: Timestamp,
    run: impl AsyncFnOnce(&mut Handover) -> Result<R, Failure>,
) -> Result<LeasedRun<R>, Failure> {
    /// For what is not worth a run's time, before and after it. Less than what a function reserves for its answer.
    const TIMEOUT: SignedDuration = SignedDuration::from_secs(2);
    let lease = match leases.acquire(shard, deadline).await? {
        Acquisition::Acquired(lease) => lease,
        Acquisition::HeldUntil(until) => return Ok(LeasedRun::HeldUntil(until)),
    };
    // Which shards stay away is of no use to this one, so that it does not fail for it.
    // Boxed, like those below: they are large, and each is there for a part of the run only.
    let others = Box::pin(overdue_shards(leases, shard, &lease, clock.now()));
    let others = within(clock, TIMEOUT, others).await;
    let mut handover = lease.handover.clone();
    let report = Box::pin(run(&mut handover)).await;
    let released = Box::pin(leases.release(shard, &lease, &handover));
    let released = within(clock, TIMEOUT, released).await;
    let lease_error = released.and_then(Result::err);
    Ok(LeasedRun::Ran { report: report?, overdue_shards: others.and_then(Result::ok).unwrap_or_default(), lease_error })
}

/// The other shards whose runs stay away: the last one began more than two of this shard's intervals ago.
async fn overdue_shards(
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
