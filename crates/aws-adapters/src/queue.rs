//! The queue.

use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use collector::failure::{Failure, FailureKind};
use collector::message::ContentMessage;
use collector::ports::{DeadLetters, Queue};
use futures::stream::{self, TryStreamExt};
use jiff::SignedDuration;

use crate::failure::{aws, unexpected};

/// One SQS standard queue.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The queue at `url`.
    #[must_use]
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// SQS may take some messages of a batch and refuse others: those alone are sent again.
    async fn send_batch(&self, messages: &[ContentMessage]) -> Result<(), Failure> {
        const TRIES: usize = 4;
        let operation = format!("sending to queue {}", self.url);
        let mut left = HashMap::new();
        for (place, message) in messages.iter().enumerate() {
            let id = place.to_string();
            let entry = SendMessageBatchRequestEntry::builder().id(&id).message_body(body(message)?);
            let entry = entry.message_group_id(message.tenant_id.to_string()).build();
            left.insert(id, entry.map_err(|error| aws(&operation, &error))?);
        }
        let mut reason = String::new();
        for _ in 0..TRIES {
            let entries = left.values().cloned().collect();
            let request = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
            let response = request.send().await.map_err(|error| aws(&operation, &error))?;
            for sent in response.successful() {
                left.remove(sent.id());
            }
            if left.is_empty() {
                return Ok(());
            }
            if let Some(failed) = response.failed().first() {
                reason = format!("{}: {}", failed.code(), failed.message().unwrap_or_default());
            }
        }
        Err(unexpected(
            operation,
            format_args!("SQS did not take {} of {} messages ({reason})", left.len(), messages.len()),
        ))
    }
}

impl Queue for SqsQueue {
    async fn send(&self, messages: &[ContentMessage]) -> Result<(), Failure> {
        /// SQS's own limit.
        const BATCH: usize = 10;
        const AT_ONCE: usize = 8;
        stream::iter(messages.chunks(BATCH).map(Ok))
            .try_for_each_concurrent(AT_ONCE, |batch| self.send_batch(batch))
            .await
    }

    async fn send_delayed(&self, message: &ContentMessage, delay: SignedDuration) -> Result<(), Failure> {
        let request = self.client.send_message().queue_url(&self.url).message_body(body(message)?);
        let request = request.delay_seconds(i32::try_from(delay.as_secs()).unwrap_or(i32::MAX));
        match request.message_group_id(message.tenant_id.to_string()).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(aws(format_args!("sending a delayed copy to queue {}", self.url), &error)),
        }
    }

    async fn change_visibility(&self, receipt: &str, timeout: SignedDuration) -> Result<(), Failure> {
        /// SQS allows 12 hours from the receive.
        const LONGEST: SignedDuration = SignedDuration::from_hours(11);
        let seconds = i32::try_from(timeout.min(LONGEST).as_secs()).unwrap_or_default().max(0);
        let request = self.client.change_message_visibility().queue_url(&self.url);
        match request.receipt_handle(receipt).visibility_timeout(seconds).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(aws(format_args!("changing a message's visibility in queue {}", self.url), &error)),
        }
    }
}

impl DeadLetters for SqsQueue {
    type Receipt = String;

    async fn receive(&self) -> Result<Vec<(String, String)>, Failure> {
        /// Long enough for one run to see each message once, short enough for the alarm on them not to flap.
        const HIDDEN_FOR_SECONDS: i32 = 120;
        let request = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
        let response = request.visibility_timeout(HIDDEN_FOR_SECONDS).send().await;
        let response = response.map_err(|error| aws(format_args!("reading dead letters of {}", self.url), &error))?;
        let messages = response.messages.unwrap_or_default().into_iter();
        Ok(messages.filter_map(|message| Some((message.receipt_handle?, message.body.unwrap_or_default()))).collect())
    }

    async fn remove(&self, receipt: String) -> Result<(), Failure> {
        match self.client.delete_message().queue_url(&self.url).receipt_handle(receipt).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(aws(format_args!("removing a dead letter of {}", self.url), &error)),
        }
    }
}

fn body(message: &ContentMessage) -> Result<String, Failure> {
    serde_json::to_string(message).map_err(|error| {
        Failure::new(FailureKind::InvalidMessage, format!("a message cannot be written as JSON: {error}"))
    })
}
