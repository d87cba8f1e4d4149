//! What a reconciliation found: the reconciler's answer, its log line, and the source of its metrics.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::content::Content;
use crate::failure::Failure;
use crate::feed::{ContentType, FeedId, TenantId};
use crate::loss::Loss;
use crate::patience::not_tried_again;

/// The most losses that a report lists of a feed. The rest are counted, and in the state table.
pub const LOSSES_IN_REPORT: usize = 100;
const MOST_LATE: usize = 100;

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ReconcileReport {
    /// Another run has the lease, until this instant at the latest: this one did nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_run_until: Option<Timestamp>,
    /// Shards that nobody reconciles. Nobody looks for what is late or missing there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overdue_shards: Vec<u64>,
    /// Why the lease could not be released: it ends at its deadline, and the next run begins where this one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_error: Option<Failure>,
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
    /// Content that was not there when its window was listed before; it has been queued. The first hundred.
    pub late: Vec<LateContent>,
    /// How many more there are.
    pub late_omitted: u64,
    /// Contents without an object in the archive that are not lost.
    pub missing: u64,
    /// What was found to be lost in this run, and what was lost earlier and not reported. The answer has the first hundred.
    #[serde(serialize_with = "first_hundred")]
    pub lost: Vec<Loss>,
    /// How many more there are.
    pub lost_omitted: u64,
    /// The deadline was reached: something is left for the next run.
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
    /// Removed because their content is now on record as open: it is queued again.
    pub reopened: u64,
    /// Removed because their object is in the archive.
    pub archived_meanwhile: u64,
    /// Removed because their content has expired; the loss is recorded, and reported by the next run.
    pub lost: u64,
    /// Left where they are: not readable, or not of a feed that is collected.
    pub left: u64,
    /// What stopped it.
    pub error: Option<Failure>,
}

impl LateContent {
    /// Content that was still not listed at `not_listed_at`.
    pub(super) fn new(content: &Content, not_listed_at: Timestamp, now: Timestamp) -> Self {
        let seconds_after = |instant: Timestamp| instant.duration_since(content.created).as_secs();
        Self {
            content_id: content.id.clone(),
            content_created: content.created,
            not_listed_after_seconds: seconds_after(not_listed_at),
            listed_after_seconds: seconds_after(now),
        }
    }
}

fn first_hundred<S: Serializer>(lost: &[Loss], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(lost.iter().take(LOSSES_IN_REPORT))
}

impl ReconcileReport {
    /// All errors of the run.
    pub fn errors(&self) -> impl Iterator<Item = &Failure> {
        self.feeds.iter().filter_map(|feed| feed.error.as_ref()).chain(&self.dead_letters.error)
    }

    /// There are feeds, and not one could be rechecked.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        let failed = |feed: &FeedReconciliation| feed.error.is_some() && feed.windows_checked == 0;
        !self.feeds.is_empty() && self.feeds.iter().all(failed)
    }

    pub(super) fn failed(&self) -> impl Iterator<Item = FeedId> {
        self.feeds.iter().filter(|feed| feed.error.is_some()).map(FeedReconciliation::id)
    }

    /// Feeds that `failed_before`, and for which there was no time, go on failing: they must not drop out of sight.
    pub(super) fn close(&mut self, failed_before: &BTreeSet<FeedId>) {
        self.more_to_do = self.feeds.iter().any(|feed| feed.more_to_do);
        for feed in &mut self.feeds {
            if feed.more_to_do && feed.windows_checked == 0 && failed_before.contains(&feed.id()) {
                feed.error.get_or_insert_with(not_tried_again);
            }
            feed.lost_omitted += feed.lost.len().saturating_sub(LOSSES_IN_REPORT) as u64;
        }
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
            late_omitted: 0,
            missing: 0,
            lost: Vec::new(),
            lost_omitted: 0,
            more_to_do: true,
            error: None,
        }
    }
    pub(super) fn note_late(&mut self, late: impl ExactSizeIterator<Item = LateContent>) {
        let (count, room) = (late.len(), MOST_LATE - self.late.len());
        self.late.extend(late.take(room));
        self.late_omitted += count.saturating_sub(room) as u64;
    }
}
