//! Passes an SQS batch to the use case, and turns the outcomes into the response, the logs and the metrics.

use std::convert::Infallible;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use collector::failure::FailureKind;
use collector::fetch::{Archived, Delivery, Fetch, FetchOutcome};
use collector::ports::Ports;
use jiff::Timestamp;
use lambda_runtime::LambdaEvent;
use lambda_support::{Metrics, MetricsLog, deadline, log_loss};

/// Messages that the response does not name are deleted: the object is in the archive, a copy is in the queue, or the
/// loss is recorded. All others are received again.
pub(crate) async fn handle<P: Ports>(
    event: LambdaEvent<SqsEvent>,
    fetch: &Fetch<P>,
    metrics: &MetricsLog,
) -> Result<SqsBatchResponse, Infallible> {
    let messages = event.payload.records;
    let batch: Vec<Delivery<'_>> = messages.iter().map(delivery).collect();
    let outcomes = fetch.run_batch(&batch, deadline(&event.context, Timestamp::now()), log).await;
    metrics.write(&metrics_of(&outcomes));
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures(&messages, &outcomes);
    Ok(response)
}

fn delivery(message: &SqsMessage) -> Delivery<'_> {
    let receive_count = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    Delivery {
        id: message.message_id.as_deref(),
        body: message.body.as_deref().unwrap_or_default(),
        receive_count: receive_count.unwrap_or(1),
        receipt: message.receipt_handle.as_deref(),
        sent_at: message.attributes.get("SentTimestamp").and_then(|text| milliseconds(text)),
        slot: message.message_attributes.get("slot").and_then(|slot| milliseconds(slot.string_value.as_deref()?)),
    }
}

/// An instant in milliseconds since the epoch.
fn milliseconds(text: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(text.parse().ok()?).ok()
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
    let mut sum = Archived::default();
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

fn log(delivery: &Delivery<'_>, outcome: &FetchOutcome) {
    let (message_id, receive_count) = (delivery.id, delivery.receive_count);
    match outcome {
        FetchOutcome::Archived(Archived { records, bytes_in, bytes_out }) => {
            tracing::debug!(message_id, receive_count, records, bytes_in, bytes_out, "archived");
        }
        FetchOutcome::Postponed { failure, delay } if failure.kind == FailureKind::RateLimited => {
            // Usual in a backlog, and not worth a line in the log for each message.
            let delay_seconds = delay.as_secs();
            tracing::debug!(message_id, delay_seconds, "waits for its slot: {failure:#}");
        }
        FetchOutcome::Postponed { failure, delay } => {
            let delay_seconds = delay.as_secs();
            tracing::warn!(message_id, kind = ?failure.kind, delay_seconds, "postponed: {failure:#}");
        }
        FetchOutcome::Lost { feed, loss, failure } => {
            log_loss(*feed, loss);
            tracing::error!(message_id, kind = ?failure.kind, "given up: {failure:#}");
        }
        FetchOutcome::Failed { failure, retry_in, visibility_error } => {
            let retry_in_seconds = retry_in.as_secs();
            tracing::error!(message_id, receive_count, kind = ?failure.kind, retry_in_seconds, "not archived: {failure:#}");
            if let Some(failure) = visibility_error {
                tracing::warn!(message_id, kind = ?failure.kind, "the message returns only after the queue's visibility timeout: {failure:#}");
            }
        }
    }
}
