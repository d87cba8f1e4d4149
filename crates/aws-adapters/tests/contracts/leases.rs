//! The leases: DynamoDB and memory.

use aws_adapters::DynamoDbLeases;
use testkit::contracts::leases::{one_run_at_a_time, tells_when_other_shards_ran};
use testkit::{ManualClock, MemoryLeases};

use crate::local_aws::clock;
use crate::state::table;

async fn in_dynamodb() -> (DynamoDbLeases<ManualClock>, ManualClock) {
    let ((client, table), clock) = (table().await, clock());
    (DynamoDbLeases::new(client, table, "poller", clock.clone()), clock)
}

#[tokio::test]
async fn of_two_runs_one_has_the_lease() {
    let clock = clock();
    one_run_at_a_time(&MemoryLeases::new(&clock), &clock).await;
    let (leases, clock) = in_dynamodb().await;
    one_run_at_a_time(&leases, &clock).await;
}

#[tokio::test]
async fn a_shard_sees_when_the_others_ran() {
    let clock = clock();
    tells_when_other_shards_ran(&MemoryLeases::new(&clock), &clock).await;
    let (leases, clock) = in_dynamodb().await;
    tells_when_other_shards_ran(&leases, &clock).await;
}

#[tokio::test]
async fn each_function_has_leases_of_its_own() {
    let ((client, table), clock) = (table().await, clock());
    let until = collector::ports::Clock::now(&clock) + jiff::SignedDuration::from_mins(4);
    for function in ["poller", "reconciler"] {
        let leases = DynamoDbLeases::new(client.clone(), table.clone(), function, clock.clone());
        let acquired = collector::ports::Leases::acquire(&leases, collector::shard::Shard::WHOLE, until).await.unwrap();
        assert!(matches!(acquired, collector::ports::Acquisition::Acquired(_)), "{function}: {acquired:?}");
    }
}
