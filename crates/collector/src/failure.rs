//! Everything that can go wrong between Microsoft and the archive, classified once.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use jiff::SignedDuration;
use serde::Serialize;

/// What went wrong: `kind` for the program, `message` for a person.
///
/// `{}` shows the message, `{:#}` the message and the whole chain of causes: logs and reports use the latter, once.
#[derive(Debug, Clone, Serialize)]
#[serde(into = "SerializedFailure")]
pub struct Failure {
    /// Decides what happens next.
    pub kind: FailureKind,
    /// What failed, why, and what to do about it. Never contains a secret or a token.
    pub message: String,
    /// How long the server asked us to wait: a lower bound for the next try.
    pub retry_after: Option<SignedDuration>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// A failure as a report shows it.
#[derive(Serialize)]
struct SerializedFailure {
    kind: FailureKind,
    message: String,
}

impl From<Failure> for SerializedFailure {
    fn from(failure: Failure) -> Self {
        Self { kind: failure.kind, message: format!("{failure:#}") }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if f.alternate() {
            let mut shown = self.message.clone();
            let mut next = self.source();
            while let Some(cause) = next {
                let text = cause.to_string();
                // Wrapper errors often repeat the text of their source.
                if !shown.ends_with(&text) {
                    write!(f, ": {text}")?;
                    shown = text;
                }
                next = cause.source();
            }
        }
        Ok(())
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Two failures are equal if a person sees the same.
impl PartialEq for Failure {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.retry_after == other.retry_after && format!("{self:#}") == format!("{other:#}")
    }
}

impl Eq for Failure {}

/// Each of Microsoft's error codes belongs to exactly one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Microsoft throttles the tenant (AF429).
    Throttled,
    /// Our own rate limiter held the request back, so that Microsoft does not throttle the tenant.
    RateLimited,
    /// Goes away by itself: time-outs, 5xx, AF50000, incomplete bodies.
    Transient,
    /// No answer for as long as a run waits for a tenant that answered in the run before.
    Unanswered,
    /// Entra rejects the tenant's credentials: they are wrong, have expired, or were rotated.
    CredentialsRejected,
    /// The application lacks a permission for this content type (AF10001, or a fresh token is rejected).
    Permission,
    /// The tenant cannot be collected as configured (AF20010 to AF20013): wrong tenant, no licence, auditing off.
    Tenant,
    /// The subscription is missing or disabled (AF20022, AF20023).
    SubscriptionDisabled,
    /// The window is outside the span that Microsoft lists (AF20030, AF20055).
    WindowOutOfRange,
    /// The content expired or does not exist (AF20050, AF20051): it never comes back.
    ContentGone,
    /// The content was not found, and no code says that it is gone (404): it may come back.
    ContentNotFound,
    /// The content's body is not a complete JSON array of valid records, or holds none.
    MalformedBody,
    /// Microsoft rejects our request as malformed: a defect of this program.
    RequestRejected,
    /// The tenant's secret is missing, unreadable, or does not hold a valid tenant.
    InvalidSecret,
    /// The queue message is not one of ours, or points to an address that must not see the token.
    InvalidMessage,
    /// An AWS service failed after the SDK's own retries.
    AwsService,
}

/// What a fetcher does with a message after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Postpone it without counting the attempt: nothing is wrong with this content.
    Postpone,
    /// Retry with exponential backoff. Attempts count; after the last one, SQS moves the message to the dead-letter
    /// queue.
    Retry,
    /// Record the content as lost and do not retry.
    GiveUp,
}

impl Failure {
    /// Without a `retry_after`.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None, source: None }
    }

    #[must_use]
    pub fn with_retry_after(self, retry_after: Option<SignedDuration>) -> Self {
        Self { retry_after, ..self }
    }

    /// With the error that caused it, which must hold no secret.
    #[must_use]
    pub fn caused_by(self, source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }

    /// Puts `context` (what was being done, for whom) before the message.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }
}

impl FailureKind {
    /// Whether the other windows of the feed would fail for the same reason.
    #[must_use]
    pub fn concerns_whole_feed(self) -> bool {
        match self {
            Self::Throttled
            | Self::RateLimited
            | Self::Unanswered
            | Self::CredentialsRejected
            | Self::Permission
            | Self::Tenant
            | Self::SubscriptionDisabled
            | Self::InvalidSecret
            | Self::AwsService => true,
            Self::Transient
            | Self::WindowOutOfRange
            | Self::ContentGone
            | Self::ContentNotFound
            | Self::MalformedBody
            | Self::RequestRejected
            | Self::InvalidMessage => false,
        }
    }

    #[must_use]
    pub fn disposition(self, is_last_receive: bool) -> Disposition {
        match self {
            Self::ContentNotFound if is_last_receive => Disposition::GiveUp,
            Self::Throttled | Self::RateLimited => Disposition::Postpone,
            Self::ContentGone => Disposition::GiveUp,
            // Where a person must act, the dead-letter queue holds the message until they have.
            Self::Transient
            | Self::Unanswered
            | Self::CredentialsRejected
            | Self::Permission
            | Self::Tenant
            | Self::SubscriptionDisabled
            | Self::WindowOutOfRange
            | Self::ContentNotFound
            | Self::MalformedBody
            | Self::RequestRejected
            | Self::InvalidSecret
            | Self::InvalidMessage
            | Self::AwsService => Disposition::Retry,
        }
    }
}
