//! SQS in memory: at-least-once delivery in any order, visibility timeouts, and a redrive policy of six receives.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use collector::content::ContentDigest;
use collector::feed::FeedId;
use collector::message::ContentMessage;
use jiff::{SignedDuration, Timestamp};

use crate::faults::Faults;
use crate::time::SimulatedTime;

const VISIBILITY: SignedDuration = SignedDuration::from_mins(30);
const RETENTION: SignedDuration = SignedDuration::from_hours(10 * 24);
const DEAD_LETTER_VISIBILITY: SignedDuration = SignedDuration::from_mins(2);
const MAX_RECEIVES: u32 = 6;

/// The queue and its dead-letter queue. Clones share their messages.
#[derive(Debug, Clone)]
pub(crate) struct Queues {
    state: Rc<RefCell<QueueState>>,
    time: SimulatedTime,
    faults: Rc<Faults>,
}

#[derive(Debug, Default)]
struct QueueState {
    queue: Vec<QueuedMessage>,
    dead_letters: Vec<QueuedMessage>,
    last_id: u64,
    /// The last message that was sent for each content.
    contents: BTreeMap<ContentDigest, ContentMessage>,
}

#[derive(Debug, Clone)]
pub(crate) struct QueuedMessage {
    id: u64,
    pub(crate) body: String,
    sent_at: Timestamp,
    visible_at: Timestamp,
    pub(crate) receives: u32,
}

impl Queues {
    pub(crate) fn new(time: &SimulatedTime, faults: &Rc<Faults>) -> Self {
        Self { state: Rc::default(), time: time.clone(), faults: Rc::clone(faults) }
    }

    pub(crate) fn send(&self, message: &ContentMessage, delay: SignedDuration) {
        assert!(delay <= SignedDuration::from_mins(15), "SQS delays at most 15 minutes, not {delay}");
        let body = serde_json::to_string(message).unwrap();
        let now = self.time.now();
        let random = &self.faults.random;
        let mut deliveries = vec![now + delay];
        if self.faults.happens("SQS: delayed delivery", 0.02) {
            deliveries[0] += SignedDuration::from_mins(random.between("delivery delay", 1, 600));
        }
        if self.faults.happens("SQS: duplicate delivery", 0.04) {
            deliveries.push(now + delay + SignedDuration::from_mins(random.between("second delivery delay", 0, 1_440)));
        }
        let mut state = self.state.borrow_mut();
        state.contents.insert(ContentDigest::of(&message.content_id), message.clone());
        for visible_at in deliveries {
            state.last_id += 1;
            let message =
                QueuedMessage { id: state.last_id, body: body.clone(), sent_at: now, visible_at, receives: 0 };
            state.queue.push(message);
        }
    }

    /// Up to ten messages, in random order.
    pub(crate) fn receive(&self) -> Vec<QueuedMessage> {
        let now = self.time.now();
        let state = &mut *self.state.borrow_mut();
        state.queue.retain(|message| now < message.sent_at + RETENTION);
        let exhausted = |message: &mut QueuedMessage| message.visible_at <= now && message.receives >= MAX_RECEIVES;
        let dead: Vec<QueuedMessage> = state.queue.extract_if(.., exhausted).collect();
        dead.iter().for_each(|_| self.faults.count("SQS: moved to the dead-letter queue"));
        state.dead_letters.extend(dead);
        let mut visible: Vec<&mut QueuedMessage> =
            state.queue.iter_mut().filter(|message| message.visible_at <= now).collect();
        let mut batch = Vec::new();
        while !visible.is_empty() && batch.len() < 10 {
            let index = self.faults.random.between("next message", 0, visible.len() as i64 - 1) as usize;
            let message = visible.swap_remove(index);
            message.receives += 1;
            message.visible_at = now + VISIBILITY;
            batch.push(message.clone());
        }
        batch
    }

    pub(crate) fn delete(&self, message: &QueuedMessage) {
        if !self.faults.happens("SQS: processed message not deleted", 0.01) {
            self.state.borrow_mut().queue.retain(|queued| queued.id != message.id);
        }
    }

    pub(crate) fn change_visibility(&self, message: &QueuedMessage, duration: SignedDuration) {
        let until = self.time.now() + duration;
        self.state.borrow_mut().queue.iter_mut().filter(|queued| queued.id == message.id).for_each(|queued| {
            queued.visible_at = until;
        });
    }

    /// Up to ten dead letters, which become visible again if they are not removed.
    pub(crate) fn receive_dead_letters(&self) -> Vec<(u64, String)> {
        let now = self.time.now();
        let mut state = self.state.borrow_mut();
        let visible = state.dead_letters.iter_mut().filter(|message| message.visible_at <= now).take(10);
        visible
            .map(|message| {
                message.visible_at = now + DEAD_LETTER_VISIBILITY;
                (message.id, message.body.clone())
            })
            .collect()
    }

    pub(crate) fn remove_dead_letter(&self, id: u64) {
        self.state.borrow_mut().dead_letters.retain(|message| message.id != id);
    }

    /// The numbers of messages and of dead letters.
    pub(crate) fn lengths(&self) -> (usize, usize) {
        let state = self.state.borrow();
        (state.queue.len(), state.dead_letters.len())
    }

    /// The last message for each content of a feed.
    pub(crate) fn messages_of(&self, feed: FeedId) -> Vec<ContentMessage> {
        let state = self.state.borrow();
        state.contents.values().filter(|message| message.feed() == feed).cloned().collect()
    }

    /// The last message for this content.
    pub(crate) fn message_for(&self, digest: ContentDigest) -> Option<ContentMessage> {
        self.state.borrow().contents.get(&digest).cloned()
    }
}
