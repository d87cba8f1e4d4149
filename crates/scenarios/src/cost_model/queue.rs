//! A queue that only counts and keeps what was sent, and delivers in random order.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use collector::failure::Failure;
use collector::message::ContentMessage;
use collector::ports::{DelayedCopy, Queue};
use jiff::SignedDuration;

/// Clones share their messages.
#[derive(Clone, Default)]
pub(super) struct WaitingMessages {
    messages: Rc<RefCell<Vec<ContentMessage>>>,
    sent: Rc<Cell<u64>>,
    taken: Rc<Cell<usize>>,
}

impl WaitingMessages {
    pub(super) fn len(&self) -> usize {
        self.messages.borrow().len()
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent.get()
    }

    /// Removes and returns messages from anywhere in the queue.
    pub(super) fn take(&self, limit: usize) -> Vec<ContentMessage> {
        let mut messages = self.messages.borrow_mut();
        let count = limit.min(messages.len());
        (0..count)
            .map(|_| {
                let index = self.random() % messages.len();
                messages.swap_remove(index)
            })
            .collect()
    }

    /// Knuth's multiplicative hash of a counter: the same in every run.
    fn random(&self) -> usize {
        const MULTIPLIER: usize = 2_654_435_761;
        self.taken.set(self.taken.get() + 1);
        self.taken.get().wrapping_mul(MULTIPLIER) >> 7
    }
}

impl Queue for WaitingMessages {
    async fn send(&self, messages: &[ContentMessage]) -> Result<(), Failure> {
        self.messages.borrow_mut().extend(messages.iter().cloned());
        self.sent.set(self.sent.get() + messages.len() as u64);
        Ok(())
    }

    async fn send_delayed(&self, copies: &[DelayedCopy<'_>]) -> Result<(), Failure> {
        for copy in copies {
            self.send(std::slice::from_ref(copy.message)).await?;
        }
        Ok(())
    }

    async fn waiting(&self) -> Result<u64, Failure> {
        Ok(self.len() as u64)
    }

    async fn change_visibility(&self, _receipt: &str, _timeout: SignedDuration) -> Result<(), Failure> {
        Ok(())
    }
}
