//! The reconciler: lists recorded windows again and compares them with the archive.

mod config;
mod handler;

use aws_adapters::{DynamoDbState, S3Archive, Sdk, SecretsManagerTenants, SqsQueue};
use collector::reconcile::{Reconcile, ReconcileReport};
use lambda_runtime::{Error, service_fn};
use lambda_support::{RandomJitter, SystemClock, start_logging};
use management_api::Client;

use crate::config::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging();
    let config = Config::read(|name| std::env::var(name).ok())
        .inspect_err(|error| tracing::error!(problems = ?error.problems, "the reconciler does not start: {error}"))?;
    let common = config.common;
    let sdk = Sdk::load(common.path_style).await;
    let reconcile = Reconcile {
        tenants: SecretsManagerTenants::new(sdk.secrets_manager(), &common.tenant_secret_prefix, SystemClock),
        management_api: Client::new(config.client, SystemClock, RandomJitter)?,
        state: DynamoDbState::new(sdk.dynamodb(), &common.state_table, SystemClock),
        queue: SqsQueue::new(sdk.sqs(), &common.fetch_queue_url),
        archive: S3Archive::new(sdk.s3(), &config.archive_bucket, &config.archive_prefix),
        dead_letters: config.dead_letter_queue_url.map(|url| SqsQueue::new(sdk.sqs(), url)),
        clock: SystemClock,
        policy: config.policy,
    };
    let run = async |deadline| reconcile.run(deadline).await;
    let mark_losses_reported = async |report: &ReconcileReport| reconcile.mark_losses_reported(report).await;
    lambda_runtime::run(service_fn(|event| handler::handle(event, &run, &mark_losses_reported, &common.metrics))).await
}
