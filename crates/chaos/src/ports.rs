//! The ports of the campaign: the real client, and AWS in memory, all of them behind the interceptor that injects faults.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use collector::content::ContentDigest;
use collector::feed::FeedId;
use collector::message::ContentMessage;
use collector::ports::{Jitter, Ports};
use jiff::{SignedDuration, Timestamp};
use management_api::Client;
use testkit::{MemoryArchive, MemoryLeases, MemoryQueue, MemoryRateLimiter, MemoryState, MemoryTenants, QueueBehavior};

use crate::faults::Faults;
use crate::time::SkewedClock;

pub(crate) struct CampaignPorts;

impl Ports for CampaignPorts {
    type Tenants = MemoryTenants;
    type ManagementApi = Client<SkewedClock, SeededJitter>;
    type Cursors = MemoryState;
    type Windows = MemoryState;
    type OpenContents = MemoryState;
    type Losses = MemoryState;
    type Leases = MemoryLeases;
    type Queue = MemoryQueue;
    type DeadLetters = MemoryQueue;
    type Archive = MemoryArchive;
    type ArchiveIndex = MemoryArchive;
    type RateLimiter = MemoryRateLimiter<SkewedClock>;
    type Clock = SkewedClock;
    type Jitter = SeededJitter;
}

#[derive(Debug, Clone)]
pub(crate) struct SeededJitter(pub(crate) Rc<Faults>);

impl Jitter for SeededJitter {
    fn sample(&self) -> f64 {
        self.0.random.sample("jitter")
    }
}

/// A queue that delivers late, twice and in any order, and remembers what was sent.
#[derive(Debug, Clone)]
pub(crate) struct RandomDelivery {
    faults: Rc<Faults>,
    /// The last message that was sent for each content.
    contents: Rc<RefCell<BTreeMap<ContentDigest, ContentMessage>>>,
}

impl RandomDelivery {
    pub(crate) fn new(faults: &Rc<Faults>) -> Self {
        Self { faults: Rc::clone(faults), contents: Rc::default() }
    }

    /// The last message for each content of a feed.
    pub(crate) fn messages_of(&self, feed: FeedId) -> Vec<ContentMessage> {
        self.contents.borrow().values().filter(|message| message.feed() == feed).cloned().collect()
    }

    /// The last message for this content.
    pub(crate) fn message_for(&self, digest: ContentDigest) -> Option<ContentMessage> {
        self.contents.borrow().get(&digest).cloned()
    }
}

impl QueueBehavior for RandomDelivery {
    fn deliveries(&self, body: &str, due: Timestamp) -> Vec<Timestamp> {
        let message = ContentMessage::parse(body).unwrap();
        self.contents.borrow_mut().insert(ContentDigest::of(&message.content_id), message);
        let random = &self.faults.random;
        let mut deliveries = vec![due];
        if self.faults.happens("SQS: delayed delivery", 0.02) {
            deliveries[0] += SignedDuration::from_mins(random.between("delivery delay", 1, 600));
        }
        if self.faults.happens("SQS: duplicate delivery", 0.04) {
            deliveries.push(due + SignedDuration::from_mins(random.between("second delivery delay", 0, 1_440)));
        }
        deliveries
    }

    fn next(&self, visible: usize) -> usize {
        self.faults.random.between("next message", 0, visible as i64 - 1) as usize
    }

    fn loses_deletion(&self) -> bool {
        self.faults.happens("SQS: processed message not deleted", 0.01)
    }

    fn became_dead_letter(&self) {
        self.faults.count("SQS: moved to the dead-letter queue");
    }
}
