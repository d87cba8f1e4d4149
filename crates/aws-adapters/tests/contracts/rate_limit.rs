//! The request quota: DynamoDB and memory.

use aws_adapters::DynamoDbRateLimiter;
use collector::rate_limit::RateLimitPolicy;
use jiff::SignedDuration;
use testkit::{MemoryRateLimiter, TENANT, contracts};

use crate::local_aws::clock;
use crate::state::table;

#[tokio::test]
async fn spreads_requests_over_the_minute() {
    let policy = RateLimitPolicy { requests_per_minute: 600.0, burst: SignedDuration::from_secs(2) };
    let time = clock();
    let memory = MemoryRateLimiter::new(policy, &time);
    contracts::rate_limit::spreads_requests_over_the_minute(&memory, TENANT, &time).await;

    let (client, table) = table().await;
    let time = clock();
    let quota = DynamoDbRateLimiter::new(client, table, policy, time.clone());
    contracts::rate_limit::spreads_requests_over_the_minute(&quota, TENANT, &time).await;
}
