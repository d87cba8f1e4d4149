//! The queue in memory.

use std::sync::{Arc, Mutex};

use collector::failure::Failure;
use collector::message::ContentMessage;
use collector::ports::Queue;
use jiff::SignedDuration;

/// A queue. Clones are the same queue.
#[derive(Debug, Clone, Default)]
pub struct MemoryQueue(Arc<Mutex<Vec<(ContentMessage, SignedDuration)>>>);

impl MemoryQueue {
    /// All that was sent, in order, each with its delay.
    #[must_use]
    pub fn sent(&self) -> Vec<(ContentMessage, SignedDuration)> {
        self.0.lock().unwrap().clone()
    }

    /// The ids of the contents that were sent, in order.
    #[must_use]
    pub fn content_ids(&self) -> Vec<String> {
        self.sent().into_iter().map(|(message, _)| message.content_id).collect()
    }

    /// Takes everything out, delays disregarded.
    #[must_use]
    pub fn drain(&self) -> Vec<ContentMessage> {
        self.0.lock().unwrap().drain(..).map(|(message, _)| message).collect()
    }
}

impl Queue for MemoryQueue {
    async fn send(&self, messages: &[ContentMessage]) -> Result<(), Failure> {
        let undelayed = messages.iter().map(|message| (message.clone(), SignedDuration::ZERO));
        self.0.lock().unwrap().extend(undelayed);
        Ok(())
    }

    async fn send_delayed(&self, message: &ContentMessage, delay: SignedDuration) -> Result<(), Failure> {
        assert!(delay <= SignedDuration::from_mins(15), "SQS delays at most 15 minutes, not {delay}");
        self.0.lock().unwrap().push((message.clone(), delay));
        Ok(())
    }
}
