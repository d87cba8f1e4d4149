//! The fetch queue and its dead-letter queue on SQS.

use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry};
use collector::failure::{Failure, FailureKind};
use collector::message::ContentMessage;
use collector::ports::{DeadLetters, DelayedCopy, Queue};
use futures::stream::{self, TryStreamExt};
use jiff::{SignedDuration, Timestamp};

use crate::failure::{sdk_failure, unexpected_response};

/// A standard queue.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    #[must_use]
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Sends copies in batches, several at once.
    async fn send_all(&self, copies: impl Iterator<Item = DelayedCopy<'_>>) -> Result<(), Failure> {
        /// The limit of SQS.
        const BATCH: usize = 10;
        const CONCURRENCY: usize = 8;
        let copies: Vec<DelayedCopy<'_>> = copies.collect();
        stream::iter(copies.chunks(BATCH).map(Ok))
            .try_for_each_concurrent(CONCURRENCY, |batch| self.send_batch(batch))
            .await
    }

    /// Sends at most ten copies. SQS may accept some of them and reject others: only the rejected ones are sent again.
    async fn send_batch(&self, copies: &[DelayedCopy<'_>]) -> Result<(), Failure> {
        const MAX_ATTEMPTS: usize = 4;
        let operation = format!("sending to queue {}", self.url);
        let mut unsent = HashMap::new();
        for (index, copy) in copies.iter().enumerate() {
            let id = index.to_string();
            unsent.insert(id.clone(), entry(id, copy).map_err(|error| error.context(&operation))?);
        }
        let mut reason = String::new();
        for _ in 0..MAX_ATTEMPTS {
            let entries = unsent.values().cloned().collect();
            let send_batch = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
            let response = send_batch.send().await.map_err(|error| sdk_failure(&operation, error))?;
            for sent in response.successful() {
                unsent.remove(sent.id());
            }
            if unsent.is_empty() {
                return Ok(());
            }
            if let Some(failed) = response.failed().first() {
                reason = format!("{}: {}", failed.code(), failed.message().unwrap_or_default());
            }
        }
        Err(unexpected_response(
            operation,
            format_args!("SQS rejected {} of {} messages ({reason})", unsent.len(), copies.len()),
        ))
    }
}

impl Queue for SqsQueue {
    async fn send(&self, messages: &[ContentMessage]) -> Result<(), Failure> {
        let at_once = |message| DelayedCopy { message, delay: SignedDuration::ZERO, slot: None };
        self.send_all(messages.iter().map(at_once)).await
    }

    async fn send_delayed(&self, copies: &[DelayedCopy<'_>]) -> Result<(), Failure> {
        self.send_all(copies.iter().copied()).await
    }

    async fn waiting(&self) -> Result<u64, Failure> {
        const ATTRIBUTES: [QueueAttributeName; 2] =
            [QueueAttributeName::ApproximateNumberOfMessages, QueueAttributeName::ApproximateNumberOfMessagesDelayed];
        let read = self.client.get_queue_attributes().queue_url(&self.url).set_attribute_names(Some(ATTRIBUTES.into()));
        let response =
            read.send().await.map_err(|error| sdk_failure(format_args!("reading queue {}", self.url), error))?;
        let numbers = response.attributes.unwrap_or_default();
        Ok(ATTRIBUTES.iter().filter_map(|name| numbers.get(name)?.parse::<u64>().ok()).sum())
    }

    async fn change_visibility(&self, receipt: &str, timeout: SignedDuration) -> Result<(), Failure> {
        /// SQS allows 12 hours in total since the message was received.
        const LONGEST: SignedDuration = SignedDuration::from_hours(11);
        let seconds = i32::try_from(timeout.min(LONGEST).as_secs()).unwrap_or_default().max(0);
        let change_visibility = self.client.change_message_visibility().queue_url(&self.url);
        match change_visibility.receipt_handle(receipt).visibility_timeout(seconds).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(sdk_failure(format_args!("changing the visibility of a message in queue {}", self.url), error))
            }
        }
    }
}

impl DeadLetters for SqsQueue {
    type Receipt = String;

    async fn receive(&self) -> Result<Vec<(String, String)>, Failure> {
        /// Long enough for one run to see each message once, short enough for the alarm on them not to flap.
        const VISIBILITY_TIMEOUT_SECONDS: i32 = 120;
        /// Any wait makes SQS ask all of its servers, instead of some.
        const LONG_POLLING_SECONDS: i32 = 1;
        let receive = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
        let response = receive
            .visibility_timeout(VISIBILITY_TIMEOUT_SECONDS)
            .wait_time_seconds(LONG_POLLING_SECONDS)
            .send()
            .await
            .map_err(|error| sdk_failure(format_args!("receiving dead letters from {}", self.url), error))?;
        let messages = response.messages.unwrap_or_default().into_iter();
        Ok(messages.filter_map(|message| Some((message.receipt_handle?, message.body.unwrap_or_default()))).collect())
    }

    async fn remove(&self, receipt: String) -> Result<(), Failure> {
        match self.client.delete_message().queue_url(&self.url).receipt_handle(receipt).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(sdk_failure(format_args!("deleting a dead letter from {}", self.url), error)),
        }
    }
}

fn entry(id: String, copy: &DelayedCopy<'_>) -> Result<SendMessageBatchRequestEntry, Failure> {
    let entry = SendMessageBatchRequestEntry::builder()
        .id(id)
        .message_body(body(copy.message)?)
        .delay_seconds(i32::try_from(copy.delay_seconds()).unwrap_or(i32::MAX))
        .set_message_attributes(copy.slot.map(slot_attribute).transpose()?)
        // Fair queues: a tenant with many messages does not delay the others.
        .message_group_id(copy.message.tenant_id.to_string());
    entry.build().map_err(|error| sdk_failure("building a message", error))
}

/// The attribute `slot`: the instant for which the request is reserved, in milliseconds since the epoch.
fn slot_attribute(slot: Timestamp) -> Result<HashMap<String, MessageAttributeValue>, Failure> {
    let milliseconds = slot.as_millisecond().to_string();
    let attribute = MessageAttributeValue::builder().data_type("Number").string_value(milliseconds).build();
    let attribute = attribute.map_err(|error| sdk_failure("building a message's attribute", error))?;
    Ok(HashMap::from([("slot".to_owned(), attribute)]))
}

fn body(message: &ContentMessage) -> Result<String, Failure> {
    serde_json::to_string(message).map_err(|error| {
        Failure::new(FailureKind::InvalidMessage, format!("a content message cannot be serialized: {error}"))
    })
}
