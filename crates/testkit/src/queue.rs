//! SQS in memory: a standard queue with visibility timeouts and receive counts, and its dead-letter queue.

use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use collector::failure::Failure;
use collector::fetch::Delivery;
use collector::message::ContentMessage;
use collector::ports::{Clock, DeadLetters, DelayedCopy, Queue};
use jiff::{SignedDuration, Timestamp};

use crate::clock::ManualClock;
use crate::template::QUEUES;

/// A queue. Clones share their messages.
#[derive(Debug, Clone)]
pub struct MemoryQueue {
    messages: Arc<Mutex<Messages>>,
    clock: ManualClock,
    dead_letters: Option<Rc<MemoryQueue>>,
    behavior: Rc<dyn QueueBehavior>,
}

#[derive(Debug, Default)]
struct Messages {
    /// How many were ever sent, which is the id of the last one.
    sent: u64,
    stored: Vec<Stored>,
}

#[derive(Debug, Clone)]
struct Stored {
    id: u64,
    body: String,
    delay: SignedDuration,
    slot: Option<Timestamp>,
    sent_at: Timestamp,
    visible_at: Timestamp,
    receive_count: u32,
}

/// A message, as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub receipt: String,
    pub body: String,
    pub receive_count: u32,
    pub sent_at: Timestamp,
    pub slot: Option<Timestamp>,
}

impl Received {
    /// The message as a fetcher gets it.
    #[must_use]
    pub fn delivery(&self) -> Delivery<'_> {
        Delivery {
            id: Some(&self.receipt),
            body: &self.body,
            receive_count: self.receive_count,
            receipt: Some(&self.receipt),
            sent_at: Some(self.sent_at),
            slot: self.slot,
        }
    }
}

/// What a standard queue may do: deliver late, twice, in any order, and again after a deletion.
pub trait QueueBehavior: fmt::Debug {
    /// When each copy of a message that was sent, due at `due`, becomes visible.
    fn deliveries(&self, body: &str, due: Timestamp) -> Vec<Timestamp> {
        let _ = body;
        vec![due]
    }

    /// Which of `visible` messages (at least one) is received next.
    fn next(&self, visible: usize) -> usize {
        let _ = visible;
        0
    }

    /// Whether a deletion has no effect.
    fn loses_deletion(&self) -> bool {
        false
    }

    /// Called when a message moves to the dead-letter queue.
    fn became_dead_letter(&self) {}
}

#[derive(Debug)]
struct InOrder;

impl QueueBehavior for InOrder {}

/// The most messages that SQS returns at once.
const BATCH: usize = 10;

impl MemoryQueue {
    /// A queue without a dead-letter queue that delivers in order.
    #[must_use]
    pub fn new(clock: &ManualClock) -> Self {
        Self { messages: Arc::default(), clock: clock.clone(), dead_letters: None, behavior: Rc::new(InOrder) }
    }

    /// Moves messages that were received as often as the template's redrive policy allows to `dead_letters`.
    #[must_use]
    pub fn with_dead_letters(self, dead_letters: &Self) -> Self {
        Self { dead_letters: Some(Rc::new(dead_letters.clone())), ..self }
    }

    #[must_use]
    pub fn with_behavior(self, behavior: impl QueueBehavior + 'static) -> Self {
        Self { behavior: Rc::new(behavior), ..self }
    }

    /// Sends any text.
    pub fn put(&self, body: impl Into<String>) {
        self.put_delayed(body, SignedDuration::ZERO, None);
    }

    fn put_delayed(&self, body: impl Into<String>, delay: SignedDuration, slot: Option<Timestamp>) {
        assert!(delay <= DelayedCopy::LONGEST_DELAY, "SQS delays at most 15 minutes, not {delay}");
        let (body, sent_at) = (body.into(), self.clock.now());
        let mut messages = self.messages.lock().unwrap();
        for visible_at in self.behavior.deliveries(&body, sent_at + delay) {
            messages.sent += 1;
            let id = messages.sent;
            messages.stored.push(Stored { id, body: body.clone(), delay, slot, sent_at, visible_at, receive_count: 0 });
        }
    }

    /// Up to ten visible messages, which are then invisible for the template's visibility timeout.
    #[must_use]
    pub fn receive_batch(&self) -> Vec<Received> {
        let now = self.clock.now();
        let mut messages = self.messages.lock().unwrap();
        messages.stored.retain(|message| now < message.sent_at + QUEUES.retention);
        if let Some(dead_letters) = &self.dead_letters {
            let max = QUEUES.max_receive_count;
            let exhausted = |message: &mut Stored| message.visible_at <= now && message.receive_count >= max;
            for message in messages.stored.extract_if(.., exhausted) {
                self.behavior.became_dead_letter();
                dead_letters.put(message.body);
            }
        }
        let mut visible: Vec<&mut Stored> =
            messages.stored.iter_mut().filter(|message| message.visible_at <= now).collect();
        let mut batch = Vec::new();
        while !visible.is_empty() && batch.len() < BATCH {
            let message = visible.remove(self.behavior.next(visible.len()));
            message.receive_count += 1;
            message.visible_at = now + QUEUES.visibility_timeout;
            let (body, receive_count) = (message.body.clone(), message.receive_count);
            let (receipt, sent_at, slot) = (message.id.to_string(), message.sent_at, message.slot);
            batch.push(Received { receipt, body, receive_count, sent_at, slot });
        }
        batch
    }

    /// Deletes a message. As in SQS, it is not an error if the message is gone already.
    ///
    /// # Panics
    /// For a receipt that this queue never issued.
    pub fn delete(&self, receipt: &str) {
        let mut messages = self.messages.lock().unwrap();
        let id = messages.id(receipt);
        if !self.behavior.loses_deletion() {
            messages.stored.retain(|message| message.id != id);
        }
    }

    /// All messages in the queue, invisible ones too, in the order in which they were sent.
    #[must_use]
    pub fn bodies(&self) -> Vec<String> {
        self.messages.lock().unwrap().stored.iter().map(|message| message.body.clone()).collect()
    }

    /// All content messages in the queue, in the order in which they were sent, each with its delay.
    #[must_use]
    pub fn sent(&self) -> Vec<(ContentMessage, SignedDuration)> {
        let messages = self.messages.lock().unwrap();
        messages.stored.iter().map(|message| (parse(&message.body), message.delay)).collect()
    }

    /// The slot of each message in the queue, in the order in which they were sent.
    #[must_use]
    pub fn slots(&self) -> Vec<Option<Timestamp>> {
        self.messages.lock().unwrap().stored.iter().map(|message| message.slot).collect()
    }

    /// The ids of the contents in the queue, in the order in which they were sent.
    #[must_use]
    pub fn content_ids(&self) -> Vec<String> {
        self.sent().into_iter().map(|(message, _)| message.content_id).collect()
    }

    /// Removes and returns all messages, whatever their delay.
    #[must_use]
    pub fn drain(&self) -> Vec<ContentMessage> {
        self.messages.lock().unwrap().stored.drain(..).map(|message| parse(&message.body)).collect()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.lock().unwrap().stored.len()
    }

    /// How much longer each message stays invisible; zero or negative for those that are visible.
    #[must_use]
    pub fn invisible_for(&self) -> Vec<SignedDuration> {
        let now = self.clock.now();
        let messages = self.messages.lock().unwrap();
        messages.stored.iter().map(|message| message.visible_at.duration_since(now)).collect()
    }
}

impl Messages {
    fn id(&self, receipt: &str) -> u64 {
        let id = receipt.parse().unwrap_or_else(|_| panic!("{receipt} is not a receipt of this queue"));
        assert!(id <= self.sent, "receipt {receipt} was never issued");
        id
    }
}

fn parse(body: &str) -> ContentMessage {
    ContentMessage::parse(body).unwrap()
}

impl Queue for MemoryQueue {
    async fn send(&self, messages: &[ContentMessage]) -> Result<(), Failure> {
        messages.iter().for_each(|message| self.put(serde_json::to_string(message).unwrap()));
        Ok(())
    }

    async fn send_delayed(&self, copies: &[DelayedCopy<'_>]) -> Result<(), Failure> {
        for copy in copies {
            let delay = SignedDuration::from_secs(copy.delay_seconds());
            self.put_delayed(serde_json::to_string(copy.message).unwrap(), delay, copy.slot);
        }
        Ok(())
    }

    async fn waiting(&self) -> Result<u64, Failure> {
        let now = self.clock.now();
        let messages = self.messages.lock().unwrap();
        let waits = |message: &&Stored| message.visible_at <= now || message.receive_count == 0;
        Ok(messages.stored.iter().filter(waits).count() as u64)
    }

    async fn change_visibility(&self, receipt: &str, timeout: SignedDuration) -> Result<(), Failure> {
        let mut messages = self.messages.lock().unwrap();
        let (id, until) = (messages.id(receipt), self.clock.now() + timeout);
        messages.stored.iter_mut().filter(|message| message.id == id).for_each(|message| message.visible_at = until);
        Ok(())
    }
}

impl DeadLetters for MemoryQueue {
    type Receipt = String;

    async fn receive(&self) -> Result<Vec<(String, String)>, Failure> {
        let batch = self.receive_batch();
        let timeout = QUEUES.dead_letter_visibility_timeout;
        for message in &batch {
            self.change_visibility(&message.receipt, timeout).await?;
        }
        Ok(batch.into_iter().map(|message| (message.receipt, message.body)).collect())
    }

    async fn remove(&self, receipt: String) -> Result<(), Failure> {
        self.delete(&receipt);
        Ok(())
    }
}
