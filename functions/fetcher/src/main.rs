//! The fetcher: brings the content blobs that the queue names into the archive.

mod config;
mod handler;

use audit_feed::fetch::{Fetch, FetchOutcome};
use aws_adapters::{DynamoDbQuota, DynamoDbState, S3Archive, Sdk, SecretsManagerTenants, SqsQueue};
use lambda_runtime::{Error, service_fn};
use lambda_shell::{SystemClock, ThreadDice, start_logging};
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
        management_api: Client::new(config.client, SystemClock, ThreadDice)?,
        state: DynamoDbState::new(sdk.dynamodb(), &common.state_table, SystemClock),
        queue: queue.clone(),
        archive: S3Archive::new(sdk.s3(), &config.archive_bucket, &config.archive_prefix),
        quota: DynamoDbQuota::new(sdk.dynamodb(), &common.state_table, config.quota, SystemClock),
        dice: ThreadDice,
    };
    let handler = handler::Handler {
        admit: async |bodies: &[&str]| fetch.admit(bodies).await,
        fetch: async |body: &str, receive_count, admission| fetch.run(body, receive_count, admission).await,
        told: async |outcome: &FetchOutcome| fetch.told(outcome).await,
        hide: async |receipt: &str, duration| queue.hide(receipt, duration).await,
        metrics: common.metrics,
    };
    lambda_runtime::run(service_fn(|event| handler.handle(event))).await
}
