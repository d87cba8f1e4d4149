//! Open contents: listed by Microsoft, without an object in the archive, and not lost.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::content::{Content, ContentDigest};
use crate::feed::FeedId;
use crate::loss::Loss;
use crate::message::ContentMessage;
use crate::plan::PlanPolicy;
use crate::window::Window;
use crate::window_record::WindowRecord;

/// Names an open content within its feed. Ordered by windows.
pub type OpenKey = (Window, ContentDigest);

/// A content that is owed: it is queued again until it has an object or is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenContent {
    /// Where it was listed.
    pub window: Window,
    pub digest: ContentDigest,
    /// As of its last listing; `None` if no listing named it since its window was committed.
    pub content: Option<Content>,
    /// The UTC hours under one of which its object belongs.
    pub hours: BTreeSet<Timestamp>,
    /// How often it has been queued.
    pub attempts: u32,
    /// When to queue it again, at the earliest.
    pub next_attempt: Timestamp,
}

impl OpenContent {
    /// Until a message has been received ten times, or was dropped, about four hours pass: until then it is not repeated.
    const FIRST_GAP: SignedDuration = SignedDuration::from_hours(6);
    const SHORTEST_GAP: SignedDuration = SignedDuration::from_hours(1);

    /// A content of `record`, which is queued at `sent_at` for the first time.
    #[must_use]
    pub fn new(record: &WindowRecord, digest: ContentDigest, content: Option<Content>, sent_at: Timestamp) -> Self {
        let hours = content.as_ref().map_or_else(|| record.hours.clone(), |content| BTreeSet::from([content.hour()]));
        let (window, attempts, next_attempt) = (record.window, 0, sent_at);
        Self { window, digest, content, hours, attempts, next_attempt }.queued_at(sent_at)
    }

    /// The content of a dead letter: at once due again. `None` if its window is not a valid one.
    #[must_use]
    pub fn of_dead_letter(message: &ContentMessage, now: Timestamp) -> Option<Self> {
        let content = Content {
            id: message.content_id.clone(),
            uri: message.content_uri.clone(),
            created: message.content_created,
            expiration: message.content_expiration,
        };
        let window = Window::new(message.window_start, message.window_end).ok()?;
        let hours = BTreeSet::from([content.hour()]);
        let digest = content.digest();
        Some(Self { window, digest, content: Some(content), hours, attempts: 1, next_attempt: now })
    }

    /// The open content that is lost by `loss`, if it is the loss of one.
    #[must_use]
    pub fn lost_by(loss: &Loss) -> Option<OpenKey> {
        let window = Window::new(loss.from, loss.to).ok().filter(|_| loss.is_of_content())?;
        Some((window, loss.content_digest()?))
    }

    #[must_use]
    pub fn key(&self) -> OpenKey {
        (self.window, self.digest)
    }

    /// The content's id, or a placeholder for it.
    #[must_use]
    pub fn id(&self) -> String {
        self.content.as_ref().map_or_else(|| self.digest.placeholder_id(), |content| content.id.clone())
    }

    /// When it can no longer be fetched; without a listing that says so, seven days after its window.
    #[must_use]
    pub fn expiration(&self) -> Timestamp {
        self.content.as_ref().map_or(self.window.end() + PlanPolicy::RETENTION, |content| content.expiration)
    }

    /// Whether it is certain that no object will come: a fetch that began in time has ended, whatever our clock says.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        const GRACE: SignedDuration = SignedDuration::from_hours(1);
        self.expiration() + GRACE <= now
    }

    /// It could not be queued at `now`, because no listing names it.
    #[must_use]
    pub fn postponed(self, now: Timestamp) -> Self {
        Self { next_attempt: now + Self::SHORTEST_GAP, ..self }
    }

    /// After it was queued at `now`: the next attempt follows after 6 hours, and then after gaps that double; each at most
    /// half of the time left until it expires, and at least an hour.
    #[must_use]
    pub fn queued_at(self, now: Timestamp) -> Self {
        let doubled = Self::FIRST_GAP * 2_i32.saturating_pow(self.attempts.min(8));
        let half_of_rest = self.expiration().duration_since(now) / 2;
        let gap = doubled.min(half_of_rest).max(Self::SHORTEST_GAP);
        Self { attempts: self.attempts + 1, next_attempt: now + gap, ..self }
    }

    /// Its queue message, if a listing has named it.
    #[must_use]
    pub fn message(&self, secret_id: &str, feed: FeedId) -> Option<ContentMessage> {
        Some(ContentMessage::new(secret_id, feed, self.window, self.content.clone()?))
    }
}
