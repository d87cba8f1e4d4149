//! The fetcher: brings the content blobs that the queue names into the archive.

mod config;
mod handler;

use aws_adapters::{DynamoDbRateLimiter, DynamoDbState, S3Archive, Sdk, SecretsManagerTenants, SqsQueue};
use collector::fetch::{Fetch, FetchOutcome};
use lambda_runtime::{Error, service_fn};
use lambda_support::{RandomJitter, SystemClock, start_logging};
use management_api::Client;

use crate::config::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging();
    let config = Config::read(|name| std::env::var(name).ok())
        .inspect_err(|error| tracing::error!(problems = ?error.problems, "the fetcher does not start: {error}"))?;
    let common = config.common;
    let sdk = Sdk::load(common.path_style).await;
    let queue = SqsQueue::new(sdk.sqs(), &common.fetch_queue_url);
    let fetch = Fetch {
        tenants: SecretsManagerTenants::new(sdk.secrets_manager(), &common.tenant_secret_prefix, SystemClock),
        management_api: Client::new(config.client, SystemClock, RandomJitter)?,
        state: DynamoDbState::new(sdk.dynamodb(), &common.state_table, SystemClock),
        queue: queue.clone(),
        archive: S3Archive::new(sdk.s3(), &config.archive_bucket, &config.archive_prefix),
        rate_limiter: DynamoDbRateLimiter::new(sdk.dynamodb(), &common.state_table, config.rate_limit, SystemClock),
        jitter: RandomJitter,
    };
    let handler = handler::Handler {
        admit: async |bodies: &[&str]| fetch.admit(bodies).await,
        fetch: async |body: &str, receive_count, admission| fetch.run(body, receive_count, admission).await,
        mark_losses_reported: async |outcome: &FetchOutcome| fetch.mark_losses_reported(outcome).await,
        change_visibility: async |receipt: &str, duration| queue.change_visibility(receipt, duration).await,
        metrics: common.metrics,
    };
    lambda_runtime::run(service_fn(|event| handler.handle(event))).await
}
