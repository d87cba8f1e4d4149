//! The poller: lists what every tenant published since the last poll and queues it for the fetchers.

mod config;
mod handler;

use aws_adapters::{DynamoDbState, Sdk, SecretsManagerTenants, SqsQueue};
use collector::poll::{Poll, PollReport};
use lambda_runtime::{Error, service_fn};
use lambda_support::{RandomJitter, SystemClock, start_logging};
use management_api::Client;

use crate::config::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging();
    let config = Config::read(|name| std::env::var(name).ok())
        .inspect_err(|error| tracing::error!(problems = ?error.problems, "the poller does not start: {error}"))?;
    let common = config.common;
    let sdk = Sdk::load(common.path_style).await;
    let poll = Poll {
        tenants: SecretsManagerTenants::new(sdk.secrets_manager(), &common.tenant_secret_prefix, SystemClock),
        management_api: Client::new(config.client, SystemClock, RandomJitter)?,
        state: DynamoDbState::new(sdk.dynamodb(), &common.state_table, SystemClock),
        queue: SqsQueue::new(sdk.sqs(), &common.fetch_queue_url),
        clock: SystemClock,
        policy: config.policy,
    };
    let run = async |shard, deadline| poll.run(shard, deadline).await;
    let mark_losses_reported = async |report: &PollReport| poll.mark_losses_reported(report).await;
    lambda_runtime::run(service_fn(|event| handler::handle(event, &run, &mark_losses_reported, &common.metrics))).await
}
