//! From an SQS batch to a fetch per message, and from what became of them to the answer, the logs and the metrics.

use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use collector::failure::{Failure, FailureKind};
use collector::fetch::{Admission, Archived, FetchOutcome};
use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Error, LambdaEvent};
use lambda_support::{Metrics, MetricsLog, deadline, log_loss};

/// Messages of a batch in work at once: each holds a connection and up to some 10 MB.
const AT_ONCE: usize = 10;

/// The parts of the fetcher.
pub(crate) struct Handler<A, F, T, H> {
    /// Which messages of a batch may be fetched now, by their bodies.
    pub(crate) admit: A,
    /// What becomes of a message, by its body, receive count and admission.
    pub(crate) fetch: F,
    /// Notes that the loss in an outcome has been told.
    pub(crate) mark_losses_reported: T,
    /// Hides a message, by its receipt handle, for a while.
    pub(crate) change_visibility: H,
    pub(crate) metrics: MetricsLog,
}

impl<A, F, T, H> Handler<A, F, T, H>
where
    A: AsyncFn(&[&str]) -> Vec<Admission>,
    F: AsyncFn(&str, u32, Admission) -> FetchOutcome,
    T: AsyncFn(&FetchOutcome),
    H: AsyncFn(&str, SignedDuration) -> Result<(), Failure>,
{
    /// A message that is not named in the answer is done: its object is in the archive, a copy is in the queue, or its
    /// loss is on record. All others come back.
    pub(crate) async fn handle(&self, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
        let now = Timestamp::now();
        let time_left = Duration::try_from(deadline(&event.context, now).duration_since(now)).unwrap_or_default();
        let messages = event.payload.records;
        let bodies: Vec<&str> = messages.iter().map(body).collect();
        let admissions = (self.admit)(&bodies).await;
        let outcomes: Vec<FetchOutcome> = stream::iter(messages.iter().zip(admissions))
            .map(|(message, admission)| self.fetch_one(message, admission, time_left))
            .buffered(AT_ONCE)
            .collect()
            .await;
        self.metrics.write(&metrics_of(&outcomes));
        for outcome in &outcomes {
            (self.mark_losses_reported)(outcome).await;
        }
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = failures(&messages, &outcomes);
        Ok(response)
    }

    async fn fetch_one(&self, message: &SqsMessage, admission: Admission, time_left: Duration) -> FetchOutcome {
        let receive_count = receive_count(message);
        let fetch = (self.fetch)(body(message), receive_count, admission);
        let outcome = match tokio::time::timeout(time_left, fetch).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let problem = "the function's time was over before the content was archived; it is tried again";
                let retry_in = SignedDuration::from_secs(30);
                FetchOutcome::Failed { failure: Failure::new(FailureKind::Transient, problem), retry_in }
            }
        };
        log(message, receive_count, &outcome);
        if let (FetchOutcome::Failed { retry_in, .. }, Some(receipt)) = (&outcome, &message.receipt_handle)
            && let Err(failure) = (self.change_visibility)(receipt, *retry_in).await
        {
            tracing::warn!(kind = ?failure.kind, "the message comes back when the queue's time-out is over: {failure}");
        }
        outcome
    }
}

fn body(message: &SqsMessage) -> &str {
    message.body.as_deref().unwrap_or_default()
}

fn receive_count(message: &SqsMessage) -> u32 {
    message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1)
}

fn failures(messages: &[SqsMessage], outcomes: &[FetchOutcome]) -> Vec<BatchItemFailure> {
    let failed = messages.iter().zip(outcomes).filter(|(_, outcome)| matches!(outcome, FetchOutcome::Failed { .. }));
    let identifiers = failed.map(|(message, _)| message.message_id.clone().unwrap_or_default());
    identifiers
        .map(|item_identifier| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = item_identifier;
            failure
        })
        .collect()
}

fn metrics_of(outcomes: &[FetchOutcome]) -> Metrics {
    let mut archived = 0_u64;
    let mut sum = Archived { records: 0, bytes_in: 0, bytes_out: 0 };
    let (mut lost, mut throttled) = (0_u64, 0_u64);
    for outcome in outcomes {
        match outcome {
            FetchOutcome::Archived(one) => {
                archived += 1;
                sum.records += one.records;
                sum.bytes_in += one.bytes_in;
                sum.bytes_out += one.bytes_out;
            }
            FetchOutcome::Lost { .. } => lost += 1,
            FetchOutcome::Postponed { failure, .. } | FetchOutcome::Failed { failure, .. } => {
                throttled += u64::from(failure.kind == FailureKind::Throttled);
            }
        }
    }
    Metrics {
        content_archived: Some(archived.into()),
        records: Some(sum.records.into()),
        bytes_in: Some(sum.bytes_in.into()),
        bytes_out: Some(sum.bytes_out.into()),
        content_lost: Some(lost.into()),
        throttled: Some(throttled.into()),
        ..Metrics::default()
    }
}

fn log(message: &SqsMessage, receive_count: u32, outcome: &FetchOutcome) {
    let message_id = message.message_id.as_deref();
    match outcome {
        FetchOutcome::Archived(Archived { records, bytes_in, bytes_out }) => {
            tracing::debug!(message_id, receive_count, records, bytes_in, bytes_out, "archived");
        }
        FetchOutcome::Postponed { failure, delay } => {
            let delay_seconds = delay.as_secs();
            tracing::warn!(message_id, kind = ?failure.kind, delay_seconds, "put off: {failure}");
        }
        FetchOutcome::Lost { feed, loss, failure } => {
            log_loss(*feed, loss);
            tracing::error!(message_id, kind = ?failure.kind, "given up: {failure}");
        }
        FetchOutcome::Failed { failure, retry_in } => {
            let retry_in_seconds = retry_in.as_secs();
            tracing::error!(message_id, receive_count, kind = ?failure.kind, retry_in_seconds, "not archived: {failure}");
        }
    }
}
