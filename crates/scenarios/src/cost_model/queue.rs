//! A queue that only counts and keeps what was sent, and delivers in random order.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use collector::failure::Failure;
use collector::message::ContentMessage;
use collector::ports::{Clock, Queue};
use jiff::{SignedDuration, Timestamp};
use testkit::ManualClock;

use super::units::{self, Meter, Unit};

/// Clones share their messages.
#[derive(Clone)]
pub(super) struct WaitingMessages {
    meter: Meter,
    clock: ManualClock,
    messages: Rc<RefCell<Vec<ContentMessage>>>,
    /// Not visible yet: each with the instant from which on it is.
    delayed: Rc<RefCell<Vec<(Timestamp, ContentMessage)>>>,
    sent: Rc<Cell<u64>>,
    taken: Rc<Cell<usize>>,
}

impl WaitingMessages {
    pub(super) fn new(clock: &ManualClock, meter: Meter) -> Self {
        Self {
            meter,
            clock: clock.clone(),
            messages: Rc::default(),
            delayed: Rc::default(),
            sent: Rc::default(),
            taken: Rc::default(),
        }
    }

    /// The same queue, for a caller with this meter.
    pub(super) fn counted_by(&self, meter: Meter) -> Self {
        Self { meter, ..self.clone() }
    }

    pub(super) fn len(&self) -> usize {
        self.messages.borrow().len() + self.delayed.borrow().len()
    }

    /// When the next delayed message becomes visible.
    pub(super) fn next_visible(&self) -> Option<Timestamp> {
        self.delayed.borrow().iter().map(|(at, _)| *at).min()
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent.get()
    }

    /// Removes and returns visible messages from anywhere in the queue.
    pub(super) fn take(&self, limit: usize) -> Vec<ContentMessage> {
        let now = self.clock.now();
        let mut messages = self.messages.borrow_mut();
        messages.extend(self.delayed.borrow_mut().extract_if(.., |(at, _)| *at <= now).map(|(_, message)| message));
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

    fn count(&self, messages: u64) {
        self.sent.set(self.sent.get() + messages);
        self.meter.count((Unit::Message, messages));
    }
}

impl Queue for WaitingMessages {
    async fn send(&self, messages: &[ContentMessage]) -> Result<(), Failure> {
        /// Bytes of a message's JSON with ids and URIs as long as Microsoft's.
        const BODY: u64 = 1_000;
        self.meter.count(units::send(&vec![BODY; messages.len()]));
        self.count(messages.len() as u64);
        self.messages.borrow_mut().extend(messages.iter().cloned());
        Ok(())
    }

    async fn send_delayed(&self, message: &ContentMessage, delay: SignedDuration) -> Result<(), Failure> {
        self.meter.count(units::SQS_REQUEST);
        self.count(1);
        self.delayed.borrow_mut().push((self.clock.now() + delay, message.clone()));
        Ok(())
    }

    async fn waiting(&self) -> Result<u64, Failure> {
        self.meter.count(units::SQS_REQUEST);
        Ok(self.len() as u64)
    }

    async fn change_visibility(&self, _receipt: &str, _timeout: SignedDuration) -> Result<(), Failure> {
        self.meter.count(units::SQS_REQUEST);
        Ok(())
    }
}
