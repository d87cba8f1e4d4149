//! The leases in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use collector::failure::Failure;
use collector::lease::{Handover, Lease};
use collector::ports::{Acquisition, Clock, Leases};
use collector::shard::Shard;
use jiff::Timestamp;

use crate::clock::ManualClock;

/// The leases of one function. Clones share their rows.
#[derive(Debug, Clone)]
pub struct MemoryLeases {
    rows: Arc<Mutex<BTreeMap<(u64, u64), Row>>>,
    clock: ManualClock,
    is_exclusive: bool,
}

#[derive(Debug, Clone, Default)]
struct Row {
    until: Option<Timestamp>,
    began: Option<Timestamp>,
    handover: Handover,
}

impl MemoryLeases {
    #[must_use]
    pub fn new(clock: &ManualClock) -> Self {
        Self { rows: Arc::default(), clock: clock.clone(), is_exclusive: true }
    }

    /// Every run gets the lease, as if the one before had ended: what the cursors guarantee must not need a lease.
    #[must_use]
    pub fn of_all(clock: &ManualClock) -> Self {
        Self { is_exclusive: false, ..Self::new(clock) }
    }

    /// What the last run of the only shard left.
    #[must_use]
    pub fn handover(&self) -> Handover {
        self.rows.lock().unwrap().get(&(0, 1)).map(|row| row.handover.clone()).unwrap_or_default()
    }
}

fn key(shard: Shard) -> (u64, u64) {
    (shard.index(), shard.count())
}

impl Leases for MemoryLeases {
    async fn acquire(&self, shard: Shard, until: Timestamp) -> Result<Acquisition, Failure> {
        let (mut rows, now) = (self.rows.lock().unwrap(), self.clock.now());
        let row = rows.entry(key(shard)).or_default();
        if row.until == Some(until) {
            // A retry, whose first attempt took effect: no other run has this deadline.
            return Ok(Acquisition::Acquired(Lease { until, previous_run: None, handover: row.handover.clone() }));
        }
        if let Some(held) = row.until.filter(|held| self.is_exclusive && now < *held) {
            return Ok(Acquisition::HeldUntil(held));
        }
        row.until = Some(until);
        let previous_run = row.began.replace(now);
        Ok(Acquisition::Acquired(Lease { until, previous_run, handover: row.handover.clone() }))
    }

    async fn release(&self, shard: Shard, lease: &Lease, handover: &Handover) -> Result<(), Failure> {
        let mut rows = self.rows.lock().unwrap();
        let row = rows.entry(key(shard)).or_default();
        if row.until == Some(lease.until) {
            row.until = None;
            row.handover = handover.clone();
        }
        Ok(())
    }

    async fn other_runs(&self, shard: Shard) -> Result<BTreeMap<u64, Timestamp>, Failure> {
        let (mut rows, now) = (self.rows.lock().unwrap(), self.clock.now());
        let others = (0..shard.count()).filter(|index| *index != shard.index());
        let run = |index| (index, *rows.entry((index, shard.count())).or_default().began.get_or_insert(now));
        Ok(others.map(run).collect())
    }
}
