//! The rate limiter: DynamoDB and memory.

use aws_adapters::DynamoDbRateLimiter;
use collector::ports::RateLimiter;
use futures::future::join_all;
use testkit::contracts::rate_limit::{POLICY, reserves_one_slot_after_the_other, slows_down_after_a_refusal};
use testkit::{ManualClock, MemoryRateLimiter, TENANT};

use crate::local_aws::clock;
use crate::state::table;

fn in_memory() -> (MemoryRateLimiter, ManualClock) {
    let clock = clock();
    (MemoryRateLimiter::new(POLICY, &clock), clock)
}

async fn in_dynamodb() -> (DynamoDbRateLimiter<ManualClock>, ManualClock) {
    let ((client, table), clock) = (table().await, clock());
    (DynamoDbRateLimiter::new(client, table, POLICY, clock.clone()), clock)
}

#[tokio::test]
async fn each_request_gets_the_next_slot() {
    let (limiter, clock) = in_memory();
    reserves_one_slot_after_the_other(&limiter, TENANT, &clock).await;
    let (limiter, clock) = in_dynamodb().await;
    reserves_one_slot_after_the_other(&limiter, TENANT, &clock).await;
}

#[tokio::test]
async fn a_refusal_slows_all_down() {
    let (limiter, clock) = in_memory();
    slows_down_after_a_refusal(&limiter, TENANT, &clock).await;
    let (limiter, clock) = in_dynamodb().await;
    slows_down_after_a_refusal(&limiter, TENANT, &clock).await;
}

#[tokio::test]
async fn no_slot_is_given_to_two_processes() {
    let (client, table) = table().await;
    let clock = clock();
    let process = || DynamoDbRateLimiter::new(client.clone(), table.clone(), POLICY, clock.clone());
    let processes: Vec<_> = (0..8).map(|_| process()).collect();
    let reserved = join_all(processes.iter().map(|process| process.reserve(TENANT, 10))).await;
    let mut slots: Vec<_> = reserved.into_iter().flat_map(|slots| slots.unwrap().unwrap()).collect();
    slots.sort();
    slots.dedup();
    // Twenty at once, and sixty slots after them.
    assert_eq!(slots.len(), 1 + 60);
}
