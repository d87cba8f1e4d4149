//! The dead-letter queue in memory.

use std::sync::{Arc, Mutex};

use collector::failure::Failure;
use collector::ports::DeadLetters;

/// A dead-letter queue: what was received stays hidden until [`MemoryDeadLetters::reappear`]. Clones are the same queue.
#[derive(Debug, Clone, Default)]
pub struct MemoryDeadLetters(Arc<Mutex<Letters>>);

#[derive(Debug, Default)]
struct Letters {
    /// How many there ever were: the next one's number.
    numbered: u64,
    seen: Vec<(u64, String)>,
    unseen: Vec<(u64, String)>,
}

/// As many as SQS gives at once.
const AT_ONCE: usize = 10;

impl MemoryDeadLetters {
    /// Puts a dead letter into the queue.
    pub fn put(&self, body: impl Into<String>) {
        let mut messages = self.0.lock().unwrap();
        messages.numbered += 1;
        let number = messages.numbered;
        messages.unseen.push((number, body.into()));
    }

    /// All that are there, the hidden ones too, oldest first.
    #[must_use]
    pub fn bodies(&self) -> Vec<String> {
        let messages = self.0.lock().unwrap();
        let mut all: Vec<&(u64, String)> = messages.seen.iter().chain(&messages.unseen).collect();
        all.sort();
        all.into_iter().map(|(_, body)| body.clone()).collect()
    }

    /// The time for which messages stay hidden is over.
    pub fn reappear(&self) {
        let mut messages = self.0.lock().unwrap();
        let mut seen = std::mem::take(&mut messages.seen);
        seen.append(&mut messages.unseen);
        messages.unseen = seen;
    }
}

impl DeadLetters for MemoryDeadLetters {
    type Receipt = u64;

    async fn receive(&self) -> Result<Vec<(u64, String)>, Failure> {
        let mut messages = self.0.lock().unwrap();
        let many = messages.unseen.len().min(AT_ONCE);
        let received: Vec<(u64, String)> = messages.unseen.drain(..many).collect();
        messages.seen.extend(received.iter().cloned());
        Ok(received)
    }

    async fn remove(&self, receipt: u64) -> Result<(), Failure> {
        let mut messages = self.0.lock().unwrap();
        let before = messages.seen.len();
        messages.seen.retain(|(number, _)| *number != receipt);
        assert_eq!(messages.seen.len() + 1, before, "message {receipt} was not received, or is gone already");
        Ok(())
    }
}
