//! Everything that can go wrong on the way of the data, classified once.

use std::fmt;

use jiff::SignedDuration;
use serde::Serialize;

/// What went wrong, for the code (`kind`), for a person (`message`), and when to try again at the earliest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure it is, which decides what happens next.
    pub kind: FailureKind,
    /// What failed, why, and what to do. Never holds a secret or a token.
    pub message: String,
    /// The server's wish to wait: a lower bound.
    #[serde(skip)]
    pub retry_after: Option<SignedDuration>,
}

/// The kinds of failure. Each Microsoft code belongs to exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Microsoft refuses the tenant's requests for now (AF429).
    Throttled,
    /// We ourselves hold the tenant's requests back, so that Microsoft does not refuse them.
    RateLimited,
    /// Will pass by itself: time-outs, 5xx, AF50000, broken bodies.
    Transient,
    /// The tenant's credentials are refused: they are wrong, expired, or were rotated.
    CredentialsRejected,
    /// The application lacks a permission for this content type (AF10001, or a fresh token is refused).
    Permission,
    /// The tenant cannot be collected as configured (AF20010 to AF20013): wrong tenant, no licence, auditing off.
    Tenant,
    /// The subscription is missing or disabled (AF20022, AF20023).
    SubscriptionDisabled,
    /// The window lies outside of what Microsoft lists (AF20030, AF20055).
    WindowOutOfRange,
    /// The content expired or does not exist (AF20050, AF20051, 404): it never comes back.
    ContentGone,
    /// Microsoft calls our request wrong: a defect of this program.
    RequestRejected,
    /// The tenant's secret is missing, unreadable, or not a tenant.
    InvalidSecret,
    /// The queue message is not one of ours.
    InvalidMessage,
    /// An AWS service failed after the SDK's own retries.
    AwsService,
}

/// What a fetcher does about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Put it off without counting the try: nothing is wrong with this content.
    Postpone,
    /// Try again, soon at first, then ever later; the tries count, and the last one ends in the dead-letter queue.
    Retry,
    /// It is lost: say so, and do not try again.
    GiveUp,
}

impl Failure {
    /// A failure with no wish to wait.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None }
    }

    /// The same failure, with `context` (what was being done, for whom) before its message.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }
}

impl FailureKind {
    /// What a fetcher does about a failure of this kind.
    #[must_use]
    pub fn disposition(self) -> Disposition {
        match self {
            Self::Throttled | Self::RateLimited => Disposition::Postpone,
            Self::ContentGone => Disposition::GiveUp,
            // Where a person must act, the dead-letter queue keeps the message until they have.
            Self::Transient
            | Self::CredentialsRejected
            | Self::Permission
            | Self::Tenant
            | Self::SubscriptionDisabled
            | Self::WindowOutOfRange
            | Self::RequestRejected
            | Self::InvalidSecret
            | Self::InvalidMessage
            | Self::AwsService => Disposition::Retry,
        }
    }
}
