//! Loss as a value: what cannot be collected any more is returned by the code that decides it, kept, and reported.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::content::ContentDigest;

/// A span of publication time of which something is lost, or may be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Loss {
    /// The first instant concerned.
    pub from: Timestamp,
    /// The first instant no longer concerned.
    pub to: Timestamp,
    /// Why.
    pub reason: LossReason,
    /// The content concerned, as Microsoft named it; `None` where nobody can say which there was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

impl Loss {
    /// The digest of the content concerned.
    #[must_use]
    pub fn content_digest(&self) -> Option<ContentDigest> {
        self.content.as_deref().map(ContentDigest::from_id_or_placeholder)
    }
}

/// A loss as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LossRecord {
    /// What is lost.
    pub loss: Loss,
    /// When it was noticed.
    pub noticed_at: Timestamp,
    /// Whether somebody was reported: whoever noticed it may have been stopped before.
    pub reported: bool,
}

/// Why content can never be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReason {
    /// It was published more than 7 days ago and was not listed in time.
    RetentionExpired,
    /// It may have come late: its window was not listed again at all the ages at which that would have been seen.
    NotRechecked,
    /// The subscription was off: what is published then is never listed.
    SubscriptionDisabled,
    /// Microsoft listed content without an id and without a URI.
    MalformedEntry,
    /// Microsoft says that the content expired or does not exist (AF20050, AF20051).
    ContentGone,
}

impl LossReason {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::RetentionExpired,
        Self::NotRechecked,
        Self::SubscriptionDisabled,
        Self::MalformedEntry,
        Self::ContentGone,
    ];

    /// The name in reports, logs and state.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RetentionExpired => "retention_expired",
            Self::NotRechecked => "not_rechecked",
            Self::SubscriptionDisabled => "subscription_disabled",
            Self::MalformedEntry => "malformed_entry",
            Self::ContentGone => "content_gone",
        }
    }

    /// What the person who reads of it should know or do.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::RetentionExpired => {
                "content older than 7 days can no longer be listed; find out why the collector did not poll in time"
            }
            Self::NotRechecked => {
                "content that appeared late was not looked for in time; find out why the reconciler did not look back"
            }
            Self::SubscriptionDisabled => {
                "content published while the subscription was off is never listed; find out who stopped it"
            }
            Self::MalformedEntry => "a listing held an entry without id and URI; open a ticket with Microsoft",
            Self::ContentGone => "the content had expired or was withdrawn; open a ticket with Microsoft naming it",
        }
    }
}

impl fmt::Display for LossReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
