//! Loss as a value: the code that decides that content can no longer be collected returns a [`Loss`], which is then
//! recorded and reported. No loss is only a log line.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::content::ContentDigest;

/// A span of publication time in which something is lost, or may be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Loss {
    /// Inclusive.
    pub from: Timestamp,
    /// Exclusive.
    pub to: Timestamp,
    pub reason: LossReason,
    /// The id of the lost content, or a placeholder for it; `None` if it is not known which contents there were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The keys of the objects, below the archive's prefix, that hold what could be stored of a malformed body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<String>,
}

impl Loss {
    /// The loss of one content, listed in `window`. `malformed` are the keys of the objects that hold what could be stored
    /// of a malformed body, if there are any.
    #[must_use]
    pub fn of_content(window: (Timestamp, Timestamp), content: String, malformed: Vec<String>) -> Self {
        let reason = if malformed.is_empty() { LossReason::ContentGone } else { LossReason::Malformed };
        Self { from: window.0, to: window.1, reason, content: Some(content), objects: malformed }
    }

    #[must_use]
    pub fn content_digest(&self) -> Option<ContentDigest> {
        self.content.as_deref().map(ContentDigest::from_id_or_placeholder)
    }
}

/// A loss as recorded in the state table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LossRecord {
    pub loss: Loss,
    pub noticed_at: Timestamp,
    /// Whether it has been reported: the process that recorded it may have crashed before it could do so.
    pub reported: bool,
}

/// Why content can never be archived, or may have been missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReason {
    /// It was not listed within the 7 days in which Microsoft lists content.
    RetentionExpired,
    /// It may have appeared late: its window was not rechecked at every planned age, so nobody would have noticed.
    NotRechecked,
    /// The subscription was disabled: Microsoft never lists what is published in that time.
    SubscriptionDisabled,
    /// Microsoft listed an entry without an id and without a usable URI.
    MalformedEntry,
    /// Microsoft answered that the content has expired or does not exist (AF20050, AF20051).
    ContentGone,
    /// It expired, and until then its body was not a complete JSON array of valid records, however often it was fetched.
    Malformed,
}

impl LossReason {
    pub const ALL: [Self; 6] = [
        Self::RetentionExpired,
        Self::NotRechecked,
        Self::SubscriptionDisabled,
        Self::MalformedEntry,
        Self::ContentGone,
        Self::Malformed,
    ];

    /// The name in reports, logs and the state table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RetentionExpired => "retention_expired",
            Self::NotRechecked => "not_rechecked",
            Self::SubscriptionDisabled => "subscription_disabled",
            Self::MalformedEntry => "malformed_entry",
            Self::ContentGone => "content_gone",
            Self::Malformed => "malformed",
        }
    }

    /// What the person who reads about the loss should know or do.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::RetentionExpired => {
                "content older than 7 days can no longer be listed; find out why the collector did not poll in time"
            }
            Self::NotRechecked => {
                "content that appeared late may have been missed; find out why the reconciler did not recheck in time"
            }
            Self::SubscriptionDisabled => {
                "content published while the subscription was disabled is never listed; find out who stopped it"
            }
            Self::MalformedEntry => "a listing contained an entry without id and URI; open a ticket with Microsoft",
            Self::ContentGone => {
                "the content had expired or was withdrawn; open a ticket with Microsoft and quote the content id"
            }
            Self::Malformed => {
                "Microsoft never sent a well-formed body; what it sent, and its whole records, are in the named objects"
            }
        }
    }
}

impl fmt::Display for LossReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
