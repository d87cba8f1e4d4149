//! The rate limiter: DynamoDB and memory.

use aws_adapters::DynamoDbRateLimiter;
use collector::rate_limit::RateLimitPolicy;
use jiff::SignedDuration;
use testkit::{MemoryRateLimiter, TENANT, contracts};

use crate::local_aws::clock;
use crate::state::table;

#[tokio::test]
async fn spreads_requests_over_the_minute() {
    let policy = RateLimitPolicy { requests_per_minute: 600.0, burst: SignedDuration::from_secs(2) };
    let memory_clock = clock();
    let memory = MemoryRateLimiter::new(policy, &memory_clock);
    contracts::rate_limit::spreads_requests_over_the_minute(&memory, TENANT, &memory_clock).await;

    let (client, table) = table().await;
    let dynamodb_clock = clock();
    let dynamodb = DynamoDbRateLimiter::new(client, table, policy, dynamodb_clock.clone());
    contracts::rate_limit::spreads_requests_over_the_minute(&dynamodb, TENANT, &dynamodb_clock).await;
}
