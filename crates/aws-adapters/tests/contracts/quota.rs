//! The request quota: DynamoDB and memory.

use audit_feed::quota::QuotaPolicy;
use aws_adapters::DynamoDbQuota;
use jiff::SignedDuration;
use testkit::{MemoryQuota, TENANT, contracts};

use crate::local_aws::clock;
use crate::state::table;

#[tokio::test]
async fn spreads_requests_over_the_minute() {
    let policy = QuotaPolicy { requests_per_minute: 600.0, ahead: SignedDuration::from_secs(2) };
    let time = clock();
    let memory = MemoryQuota::new(policy, &time);
    contracts::quota::spreads_requests_over_the_minute(&memory, TENANT, &time).await;

    let (client, table) = table().await;
    let time = clock();
    let quota = DynamoDbQuota::new(client, table, policy, time.clone());
    contracts::quota::spreads_requests_over_the_minute(&quota, TENANT, &time).await;
}
