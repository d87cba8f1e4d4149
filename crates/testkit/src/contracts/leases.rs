//! The contract of `Leases`.

use std::collections::BTreeMap;

use collector::lease::{Handover, Lease};
use collector::ports::{Acquisition, Clock, Leases};
use collector::shard::Shard;
use jiff::{SignedDuration, Timestamp};

use crate::clock::ManualClock;
use crate::samples::feed;

async fn acquired(leases: &impl Leases, shard: Shard, until: Timestamp) -> Lease {
    match leases.acquire(shard, until).await.unwrap() {
        Acquisition::Acquired(lease) => lease,
        Acquisition::HeldUntil(until) => panic!("{shard:?} is held until {until}"),
    }
}

/// Of two runs one has the lease, until it releases it or its deadline passes.
pub async fn one_run_at_a_time(leases: &impl Leases, clock: &ManualClock) {
    let minutes = SignedDuration::from_mins;
    let (shard, other) = (Shard::new(0, 2).unwrap(), Shard::new(1, 2).unwrap());
    let until = clock.now() + minutes(4);
    let first = acquired(leases, shard, until).await;
    assert_eq!(first, Lease { until, previous_run: None, handover: Handover::default() });
    clock.advance(minutes(1));
    assert_eq!(leases.acquire(shard, clock.now() + minutes(4)).await.unwrap(), Acquisition::HeldUntil(until));
    acquired(leases, shard, until).await;
    acquired(leases, other, clock.now() + minutes(4)).await;

    let left = Handover {
        last_served: Some("m365/contoso".to_owned()),
        last_failing_served: Some("m365/fabrikam".to_owned()),
        failed: [feed()].into(),
    };
    leases.release(shard, &first, &left).await.unwrap();
    let second = acquired(leases, shard, clock.now() + minutes(4)).await;
    assert_eq!(second.previous_run, Some(clock.now() - minutes(1)), "when the run before began");
    assert_eq!(second.handover, left);

    clock.advance(minutes(5));
    let third = acquired(leases, shard, clock.now() + minutes(4)).await;
    assert_eq!(third.handover, left, "a run that was killed leaves what it got");
    leases.release(shard, &second, &Handover::default()).await.unwrap();
    let held = Acquisition::HeldUntil(third.until);
    assert_eq!(
        leases.acquire(shard, clock.now() + minutes(9)).await.unwrap(),
        held,
        "the lease is another run's by now"
    );
    leases.release(shard, &third, &Handover::default()).await.unwrap();
    assert_eq!(acquired(leases, shard, clock.now() + minutes(4)).await.handover, Handover::default());
}

/// Each shard can see when the others ran.
pub async fn tells_when_other_shards_ran(leases: &impl Leases, clock: &ManualClock) {
    let shards = [0, 1, 2].map(|index| Shard::new(index, 3).unwrap());
    let began = clock.now();
    acquired(leases, shards[0], began + SignedDuration::from_mins(4)).await;
    clock.advance(SignedDuration::from_mins(1));
    let seen = clock.now();
    let expected = BTreeMap::from([(0, began), (2, seen)]);
    assert_eq!(leases.other_runs(shards[1]).await.unwrap(), expected, "a shard without a run counts from now");
    clock.advance(SignedDuration::from_mins(1));
    assert_eq!(leases.other_runs(shards[1]).await.unwrap(), expected);
    assert_eq!(
        leases.other_runs(Shard::new(0, 2).unwrap()).await.unwrap().len(),
        1,
        "shards of two are not those of three"
    );
}
