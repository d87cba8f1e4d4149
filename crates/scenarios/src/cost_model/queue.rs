//! A queue that only counts and keeps what was sent, and delivers in random order.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use collector::failure::Failure;
use collector::message::ContentMessage;
use collector::ports::{Clock, DelayedCopy, Queue};
use jiff::{SignedDuration, Timestamp};
use testkit::ManualClock;

use super::units::{self, Meter, Unit};

/// A message, as it was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) message: ContentMessage,
    pub(super) at: Timestamp,
    /// The instant for which its request is reserved.
    pub(super) slot: Option<Timestamp>,
}

/// Clones share their messages.
#[derive(Clone)]
pub(super) struct WaitingMessages {
    meter: Meter,
    clock: ManualClock,
    messages: Rc<RefCell<Vec<Sent>>>,
    /// Not visible yet: each with the instant from which on it is.
    delayed: Rc<RefCell<Vec<(Timestamp, Sent)>>>,
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
    pub(super) fn take(&self, limit: usize) -> Vec<Sent> {
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

/// Bytes of a message's JSON with ids and URIs as long as Microsoft's.
const BODY: u64 = 1_000;

impl Queue for WaitingMessages {
    async fn send(&self, messages: &[ContentMessage]) -> Result<(), Failure> {
        self.meter.count(units::send(&vec![BODY; messages.len()]));
        self.count(messages.len() as u64);
        let at = self.clock.now();
        let sent = messages.iter().map(|message| Sent { message: message.clone(), at, slot: None });
        self.messages.borrow_mut().extend(sent);
        Ok(())
    }

    async fn send_delayed(&self, copies: &[DelayedCopy<'_>]) -> Result<(), Failure> {
        self.meter.count(units::send(&vec![BODY; copies.len()]));
        self.count(copies.len() as u64);
        let at = self.clock.now();
        let sent = copies.iter().map(|copy| {
            let visible_at = at + SignedDuration::from_secs(copy.delay_seconds());
            (visible_at, Sent { message: copy.message.clone(), at, slot: copy.slot })
        });
        self.delayed.borrow_mut().extend(sent);
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
