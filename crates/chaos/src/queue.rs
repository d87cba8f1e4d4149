//! A queue as SQS is one: at least once, in any order, hidden while in work, and after six receives a dead letter.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use collector::content::ContentDigest;
use collector::feed::FeedId;
use collector::message::ContentMessage;
use jiff::{SignedDuration, Timestamp};

use crate::faults::Faults;
use crate::time::Time;

const VISIBILITY: SignedDuration = SignedDuration::from_mins(30);
const RETENTION: SignedDuration = SignedDuration::from_hours(10 * 24);
const DEAD_VISIBILITY: SignedDuration = SignedDuration::from_mins(2);
const MOST_RECEIVES: u32 = 6;

/// Both queues. Clones are the same queues.
#[derive(Debug, Clone)]
pub(crate) struct Sqs {
    boxes: Rc<RefCell<Boxes>>,
    time: Time,
    faults: Rc<Faults>,
}

#[derive(Debug, Default)]
struct Boxes {
    queue: Vec<Letter>,
    dead: Vec<Letter>,
    sent: u64,
    contents: BTreeMap<ContentDigest, ContentMessage>,
}

/// One message.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    id: u64,
    pub(crate) body: String,
    sent_at: Timestamp,
    visible_at: Timestamp,
    pub(crate) receives: u32,
}

impl Sqs {
    pub(crate) fn new(time: &Time, faults: &Rc<Faults>) -> Self {
        Self { boxes: Rc::default(), time: time.clone(), faults: Rc::clone(faults) }
    }

    pub(crate) fn put(&self, message: &ContentMessage, delay: SignedDuration) {
        assert!(delay <= SignedDuration::from_mins(15), "SQS delays at most 15 minutes, not {delay}");
        let body = serde_json::to_string(message).unwrap();
        let now = self.time.now();
        let chance = &self.faults.chance;
        let mut visible = vec![now + delay];
        if self.faults.happens("SQS: delivered late", 0.02) {
            visible[0] += SignedDuration::from_mins(chance.between("lateness", 1, 600));
        }
        if self.faults.happens("SQS: delivered twice", 0.04) {
            visible.push(now + delay + SignedDuration::from_mins(chance.between("second delivery", 0, 1_440)));
        }
        let mut boxes = self.boxes.borrow_mut();
        boxes.contents.insert(ContentDigest::of(&message.content_id), message.clone());
        for visible_at in visible {
            boxes.sent += 1;
            let message = Letter { id: boxes.sent, body: body.clone(), sent_at: now, visible_at, receives: 0 };
            boxes.queue.push(message);
        }
    }

    /// Up to ten messages, in no order.
    pub(crate) fn receive(&self) -> Vec<Letter> {
        let now = self.time.now();
        let boxes = &mut *self.boxes.borrow_mut();
        boxes.queue.retain(|message| now < message.sent_at + RETENTION);
        let used_up = |message: &mut Letter| message.visible_at <= now && message.receives >= MOST_RECEIVES;
        let dead: Vec<Letter> = boxes.queue.extract_if(.., used_up).collect();
        dead.iter().for_each(|_| self.faults.note("SQS: became a dead letter"));
        boxes.dead.extend(dead);
        let mut visible: Vec<&mut Letter> =
            boxes.queue.iter_mut().filter(|message| message.visible_at <= now).collect();
        let mut batch = Vec::new();
        while !visible.is_empty() && batch.len() < 10 {
            let place = self.faults.chance.between("order", 0, visible.len() as i64 - 1) as usize;
            let message = visible.swap_remove(place);
            message.receives += 1;
            message.visible_at = now + VISIBILITY;
            batch.push(message.clone());
        }
        batch
    }

    pub(crate) fn delete(&self, message: &Letter) {
        if !self.faults.happens("SQS: not deleted when done", 0.01) {
            self.boxes.borrow_mut().queue.retain(|kept| kept.id != message.id);
        }
    }

    pub(crate) fn change_visibility(&self, message: &Letter, duration: SignedDuration) {
        let until = self.time.now() + duration;
        self.boxes.borrow_mut().queue.iter_mut().filter(|kept| kept.id == message.id).for_each(|kept| {
            kept.visible_at = until;
        });
    }

    /// Up to ten dead letters, hidden for a while.
    pub(crate) fn receive_dead(&self) -> Vec<(u64, String)> {
        let now = self.time.now();
        let mut boxes = self.boxes.borrow_mut();
        let visible = boxes.dead.iter_mut().filter(|message| message.visible_at <= now).take(10);
        visible
            .map(|message| {
                message.visible_at = now + DEAD_VISIBILITY;
                (message.id, message.body.clone())
            })
            .collect()
    }

    pub(crate) fn remove_dead(&self, id: u64) {
        self.boxes.borrow_mut().dead.retain(|message| message.id != id);
    }

    /// Messages in the queue, and dead letters.
    pub(crate) fn lengths(&self) -> (usize, usize) {
        let boxes = self.boxes.borrow();
        (boxes.queue.len(), boxes.dead.len())
    }

    /// The last message of each content of a feed.
    pub(crate) fn contents(&self, feed: FeedId) -> Vec<ContentMessage> {
        let boxes = self.boxes.borrow();
        boxes.contents.values().filter(|message| message.feed() == feed).cloned().collect()
    }

    /// The last message that named this content.
    pub(crate) fn content(&self, digest: ContentDigest) -> Option<ContentMessage> {
        self.boxes.borrow().contents.get(&digest).cloned()
    }
}
