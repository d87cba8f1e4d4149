//! What a reconciliation found: the reconciler's answer, its log line, and the source of its metrics.

use jiff::Timestamp;
use serde::Serialize;

use crate::content::Content;
use crate::failure::Failure;
use crate::feed::{ContentType, FeedId, TenantId};
use crate::loss::Loss;
use crate::window_record::WindowRecord;

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ReconcileReport {
    /// The deadline was reached: the next run continues.
    pub more_to_do: bool,
    /// Every feed of every tenant.
    pub feeds: Vec<FeedReconciliation>,
    /// What became of the dead letters.
    pub dead_letters: DeadLetterReport,
}

/// One feed in one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedReconciliation {
    /// Whose feed it is.
    pub tenant_id: TenantId,
    /// Which of the tenant's feeds it is.
    pub content_type: ContentType,
    /// Windows rechecked.
    pub windows_checked: u64,
    /// Content that was not there when its window was listed before; it has been queued.
    pub late: Vec<LateContent>,
    /// Contents without an object; those that Microsoft still lists have been queued again.
    pub missing: u64,
    /// What was found to be lost in this run, and what was lost earlier and not reported.
    pub lost: Vec<Loss>,
    /// Windows whose contents are not all archived or known to be lost.
    pub windows_open: u64,
    /// The deadline was reached: windows are left for the next run.
    pub more_to_do: bool,
    /// What failed first.
    pub error: Option<Failure>,
}

/// Content that became visible after its window had been listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LateContent {
    /// Its id.
    pub content_id: String,
    /// When Microsoft says that it was made available.
    pub content_created: Timestamp,
    /// Seconds after that at which it was still not listed.
    pub not_listed_after_seconds: i64,
    /// Seconds after that at which it was.
    pub listed_after_seconds: i64,
}

/// What became of the messages in the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DeadLetterReport {
    /// Sent back to the fetchers.
    pub redriven: u64,
    /// Taken away because their object is in the archive.
    pub archived_meanwhile: u64,
    /// Taken away because their content has expired; kept as losses, which the next run tells with their feed's.
    pub lost: u64,
    /// Left where they are: not readable, or their tenant still cannot be collected.
    pub kept: u64,
    /// What stopped it.
    pub error: Option<Failure>,
}

impl LateContent {
    pub(super) fn new(content: &Content, record: &WindowRecord, now: Timestamp) -> Self {
        let seconds_after = |instant: Timestamp| instant.duration_since(content.created).as_secs();
        Self {
            content_id: content.id.clone(),
            content_created: content.created,
            not_listed_after_seconds: seconds_after(record.relisted_at.unwrap_or(record.listed_at)),
            listed_after_seconds: seconds_after(now),
        }
    }
}

impl ReconcileReport {
    /// All errors of the run.
    pub fn errors(&self) -> impl Iterator<Item = &Failure> {
        self.feeds.iter().filter_map(|feed| feed.error.as_ref()).chain(&self.dead_letters.error)
    }

    /// There are feeds, and not one could be rechecked at.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        let failed = |feed: &FeedReconciliation| feed.error.is_some() && feed.windows_checked == 0;
        !self.feeds.is_empty() && self.feeds.iter().all(failed)
    }

    pub(super) fn close(&mut self) {
        self.more_to_do = self.feeds.iter().any(|feed| feed.more_to_do);
    }
}

impl FeedReconciliation {
    #[must_use]
    pub fn id(&self) -> FeedId {
        FeedId { tenant_id: self.tenant_id, content_type: self.content_type }
    }

    pub(super) fn waiting(feed: FeedId) -> Self {
        Self {
            tenant_id: feed.tenant_id,
            content_type: feed.content_type,
            windows_checked: 0,
            late: Vec::new(),
            missing: 0,
            lost: Vec::new(),
            windows_open: 0,
            more_to_do: true,
            error: None,
        }
    }
}
