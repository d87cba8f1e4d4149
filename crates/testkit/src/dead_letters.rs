//! The dead-letter queue in memory.

use std::sync::{Arc, Mutex};

use audit_feed::failure::Failure;
use audit_feed::ports::DeadLetters;

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
        let mut letters = self.0.lock().unwrap();
        letters.numbered += 1;
        let number = letters.numbered;
        letters.unseen.push((number, body.into()));
    }

    /// All that are there, the hidden ones too, oldest first.
    #[must_use]
    pub fn bodies(&self) -> Vec<String> {
        let letters = self.0.lock().unwrap();
        let mut all: Vec<&(u64, String)> = letters.seen.iter().chain(&letters.unseen).collect();
        all.sort();
        all.into_iter().map(|(_, body)| body.clone()).collect()
    }

    /// The time for which letters stay hidden is over.
    pub fn reappear(&self) {
        let mut letters = self.0.lock().unwrap();
        let mut seen = std::mem::take(&mut letters.seen);
        seen.append(&mut letters.unseen);
        letters.unseen = seen;
    }
}

impl DeadLetters for MemoryDeadLetters {
    type Receipt = u64;

    async fn receive(&self) -> Result<Vec<(u64, String)>, Failure> {
        let mut letters = self.0.lock().unwrap();
        let many = letters.unseen.len().min(AT_ONCE);
        let received: Vec<(u64, String)> = letters.unseen.drain(..many).collect();
        letters.seen.extend(received.iter().cloned());
        Ok(received)
    }

    async fn remove(&self, receipt: u64) -> Result<(), Failure> {
        let mut letters = self.0.lock().unwrap();
        let before = letters.seen.len();
        letters.seen.retain(|(number, _)| *number != receipt);
        assert_eq!(letters.seen.len() + 1, before, "letter {receipt} was not received, or is gone already");
        Ok(())
    }
}
