//! Loss as a value: the code that decides that content can no longer be collected returns a [`Loss`], which is then
//! recorded and reported. No loss is only a log line.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
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

    /// The loss of what was not listed within the retention.
    #[must_use]
    pub fn expired(from: Timestamp, to: Timestamp) -> Self {
        Self { from, to, reason: LossReason::RetentionExpired, content: None, objects: Vec::new() }
    }

    /// Whether the two are one loss, which may have grown.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let is_placeholder = |loss: &Self| loss.content.as_deref().is_some_and(ContentDigest::is_placeholder);
        let is_same_content = || {
            let may_differ_in_form = is_placeholder(self) || is_placeholder(other);
            self.content == other.content || may_differ_in_form && self.content_digest() == other.content_digest()
        };
        (self.from, self.reason) == (other.from, other.reason) && is_same_content()
    }

    /// Whether it is the loss of one content that Microsoft had listed in a window with the loss's bounds.
    #[must_use]
    pub fn is_of_content(&self) -> bool {
        matches!(self.reason, LossReason::ContentGone | LossReason::Malformed)
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
    /// When it was reported last, and its end at that time.
    pub reported: Option<(Timestamp, Timestamp)>,
}

impl LossRecord {
    /// For the process that recorded it.
    const TIME_TO_REPORT: SignedDuration = SignedDuration::from_mins(15);

    /// Where the part begins that may be in no completeness report yet. What the process that recorded it has reported may be
    /// new to the reconciler.
    #[must_use]
    pub fn new_since(&self) -> Timestamp {
        match self.reported {
            Some((at, until)) if self.noticed_at + Self::TIME_TO_REPORT <= at => until.min(self.loss.to),
            Some(_) | None => self.loss.from,
        }
    }

    /// Whether it was reported as it is now. The process that recorded it may have crashed before, or it has grown since.
    #[must_use]
    pub fn is_reported(&self) -> bool {
        self.reported.is_some_and(|(_, until)| self.loss.to <= until)
    }

    /// Whether to report it now. A process that recorded a new loss has 15 minutes to report it, or never will. A loss that
    /// grows is reported once a day.
    #[must_use]
    pub fn is_report_due(&self, now: Timestamp) -> bool {
        const DAY: SignedDuration = SignedDuration::from_hours(24);
        match self.reported {
            None => self.noticed_at + Self::TIME_TO_REPORT <= now,
            Some((reported_at, _)) => !self.is_reported() && reported_at + DAY <= now,
        }
    }
}

/// Why content can never be archived, or may have been missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReason {
    /// It was not listed within the 7 days in which Microsoft lists content.
    RetentionExpired,
    /// It may have appeared late: its window could no longer be listed when its last recheck was due, so nobody looked.
    Unchecked,
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
        Self::Unchecked,
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
            Self::Unchecked => "unchecked",
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
            Self::Unchecked => {
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
