//! The queue and its dead-letter queue: SQS, and memory.

use std::collections::BTreeSet;

use aws_adapters::SqsQueue;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use collector::message::ContentMessage;
use collector::ports::{DeadLetters, DelayedCopy, Queue};
use jiff::{SignedDuration, Timestamp};
use testkit::{MemoryQueue, TENANT, contracts, message};

use crate::local_aws::{clock, sdk, unique};

async fn queue() -> (aws_sdk_sqs::Client, String) {
    let client = sdk().await.sqs();
    let queue = client.create_queue().queue_name(unique("fetch")).send().await.unwrap();
    (client, queue.queue_url.unwrap())
}

async fn receive_all(client: &aws_sdk_sqs::Client, url: &str) -> Vec<aws_sdk_sqs::types::Message> {
    let mut all = Vec::new();
    loop {
        let receive = client.receive_message().queue_url(url).max_number_of_messages(10);
        let group = MessageSystemAttributeName::MessageGroupId;
        let receive = receive.message_attribute_names("slot");
        let messages = receive.message_system_attribute_names(group).send().await.unwrap().messages.unwrap_or_default();
        if messages.is_empty() {
            return all;
        }
        all.extend(messages);
    }
}

#[tokio::test]
async fn sends_every_message_in_its_tenants_group() {
    let (client, url) = queue().await;
    let messages: Vec<ContentMessage> =
        (0..37).map(|number| message(&format!("content-{number}"), "2026-11-22T10:03:07.123Z")).collect();

    SqsQueue::new(client.clone(), &url).send(&messages).await.unwrap();

    let received = receive_all(&client, &url).await;
    let bodies: Vec<ContentMessage> =
        received.iter().map(|message| ContentMessage::parse(message.body().unwrap()).unwrap()).collect();
    let ids = |messages: &[ContentMessage]| -> BTreeSet<String> {
        messages.iter().map(|message| message.content_id.clone()).collect()
    };
    assert_eq!(bodies.len(), 37);
    assert_eq!(ids(&bodies), ids(&messages));
    for message in &received {
        let group = message.attributes().unwrap().get(&MessageSystemAttributeName::MessageGroupId);
        assert_eq!(group, Some(&TENANT.to_string()), "fair queues share capacity by message group");
    }
}

#[tokio::test]
async fn send_delayed_does_not_deliver_at_once() {
    let (client, url) = queue().await;
    let delay = SignedDuration::from_secs(60);
    let message = message("content", "2026-11-22T10:03:07.123Z");

    let copies = [DelayedCopy { message: &message, delay, slot: None }];
    SqsQueue::new(client.clone(), &url).send_delayed(&copies).await.unwrap();

    let delayed = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
    let attributes =
        client.get_queue_attributes().queue_url(&url).attribute_names(delayed.clone()).send().await.unwrap();
    assert_eq!(attributes.attributes().unwrap().get(&delayed).map(String::as_str), Some("1"));
    assert_eq!(receive_all(&client, &url).await.len(), 0);
}

/// Eleven copies are two batches.
#[tokio::test]
async fn a_copy_carries_its_slot() {
    let (client, url) = queue().await;
    let slot: Timestamp = "2026-11-22T12:00:00.036Z".parse().unwrap();
    let message = message("content", "2026-11-22T10:03:07.123Z");
    let copy = DelayedCopy { message: &message, delay: SignedDuration::ZERO, slot: Some(slot) };

    SqsQueue::new(client.clone(), &url).send_delayed(&[copy; 11]).await.unwrap();

    let received = receive_all(&client, &url).await;
    assert_eq!(received.len(), 11);
    for message in &received {
        let attribute = message.message_attributes().and_then(|attributes| attributes.get("slot"));
        let text = attribute.and_then(|attribute| attribute.string_value());
        assert_eq!(text, Some(slot.as_millisecond().to_string().as_str()));
    }
}

#[tokio::test]
async fn dead_letters_stay_until_removed() {
    let (client, url) = queue().await;
    let queue = SqsQueue::new(client.clone(), &url);
    client.send_message().queue_url(&url).message_body("not a content message").send().await.unwrap();

    let (receipt, body) = queue.receive().await.unwrap().remove(0);
    assert_eq!(body, "not a content message");
    assert_eq!(queue.receive().await.unwrap(), [], "a received message is invisible for a while");
    queue.change_visibility(&receipt, SignedDuration::ZERO).await.unwrap();
    let (receipt, _) = queue.receive().await.unwrap().remove(0);
    queue.remove(receipt).await.unwrap();

    let all = QueueAttributeName::All;
    let attributes = client.get_queue_attributes().queue_url(&url).attribute_names(all).send().await.unwrap();
    let not_visible = attributes.attributes().unwrap().get(&QueueAttributeName::ApproximateNumberOfMessagesNotVisible);
    assert_eq!(not_visible.map(String::as_str), Some("0"));
}

#[tokio::test]
async fn counts_what_waits() {
    contracts::queue::counts_what_waits(&MemoryQueue::new(&clock())).await;

    let (client, url) = queue().await;
    contracts::queue::counts_what_waits(&SqsQueue::new(client, url)).await;
}
