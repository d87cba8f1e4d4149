//! What a poll did: the poller's answer, its log line, and the source of its metrics. Tasks write into it; it decides
//! nothing.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::failure::Failure;
use crate::feed::{ContentType, FeedId, TenantId};
use crate::loss::Loss;
use crate::patience::not_tried_again;
use crate::tenant::Tenant;
use crate::window::Window;

/// One poll.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PollReport {
    /// Another run has the lease, until this instant at the latest: this one did nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_run_until: Option<Timestamp>,
    /// Shards that nobody polls. Their tenants fall behind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overdue_shards: Vec<u64>,
    /// Why the lease could not be released: it ends at its deadline, and the next poll begins where this one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_error: Option<Failure>,
    /// The deadline was reached: the next poll continues where this one stopped.
    pub more_to_do: bool,
    /// How far Microsoft's clock is ahead of ours, in seconds, where it is more than a minute. Windows are planned by
    /// Microsoft's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_offset_seconds: Option<i64>,
    /// Every tenant of the shard.
    pub tenants: Vec<TenantReport>,
}

/// One tenant in one poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TenantReport {
    pub secret_id: String,
    /// `None` if the secret is invalid.
    pub tenant_id: Option<TenantId>,
    /// The error that stopped the whole tenant.
    pub error: Option<Failure>,
    /// Why the list of its subscriptions could not be read. Its feeds are listed all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscriptions_error: Option<Failure>,
    /// Its feeds had no turn, or have windows left.
    pub more_to_do: bool,
    /// Its feeds; empty if the tenant itself failed.
    pub content_types: Vec<FeedReport>,
}

/// One feed in one poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedReport {
    pub content_type: ContentType,
    /// Windows listed completely and committed.
    pub windows_listed: u64,
    /// How often a recorded window was replaced by its first half, because it could not be listed or took too long. Records
    /// of it that were queued before may be archived twice, under different content ids.
    pub windows_halved: u64,
    /// Windows of a minute or less that were passed over, because they could not be listed and others of the feed could.
    /// Rechecks list them until Microsoft no longer does; then they are lost.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub windows_unlisted: Vec<UnlistedWindow>,
    /// Messages sent to the queue, including those of windows that were not committed.
    pub contents_queued: u64,
    /// Everything published before this instant is in the queue or beyond.
    pub cursor: Option<Timestamp>,
    /// How far the cursor is behind the end of the poll, in seconds.
    pub cursor_lag_seconds: Option<i64>,
    /// What can never be collected.
    pub lost: Vec<Loss>,
    /// Its subscription was not enabled, and has been started.
    pub subscription_started: bool,
    /// Why its subscription could not be started, although the feed can be listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_error: Option<Failure>,
    /// Another poller moved the cursor, so the feed was left to it.
    pub lost_race: bool,
    /// Windows are left for the next poll.
    pub more_to_do: bool,
    /// What stopped it.
    pub error: Option<Failure>,
}

/// A window that was passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnlistedWindow {
    pub window: Window,
    /// Why it could not be listed the last time.
    pub error: Failure,
}

impl PollReport {
    /// There are tenants, and not one feed of them could be polled.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        !self.tenants.is_empty()
            && self.tenants.iter().all(|tenant| tenant.errors().next().is_some() && !tenant.polled())
    }

    /// Every feed, with the tenant it belongs to.
    pub fn feeds(&self) -> impl Iterator<Item = (&TenantReport, &FeedReport)> {
        self.tenants.iter().flat_map(|tenant| tenant.content_types.iter().map(move |feed| (tenant, feed)))
    }

    pub(super) fn failed(&self) -> impl Iterator<Item = FeedId> {
        let failed = self.feeds().filter(|(_, feed)| feed.error.is_some());
        failed
            .filter_map(|(tenant, feed)| Some(FeedId { tenant_id: tenant.tenant_id?, content_type: feed.content_type }))
    }

    /// Feeds that `failed_before`, and for which there was no time, go on failing: they must not drop out of sight.
    pub(super) fn close(&mut self, now: Timestamp, clock_offset: SignedDuration, failed_before: &BTreeSet<FeedId>) {
        const WORTH_REPORTING: SignedDuration = SignedDuration::from_mins(1);
        self.clock_offset_seconds = (clock_offset.abs() > WORTH_REPORTING).then_some(clock_offset.as_secs());
        for tenant in &mut self.tenants {
            for feed in &mut tenant.content_types {
                let id = tenant.tenant_id.map(|tenant_id| FeedId { tenant_id, content_type: feed.content_type });
                if feed.is_waiting() && id.is_some_and(|id| failed_before.contains(&id)) {
                    feed.error.get_or_insert_with(not_tried_again);
                }
                feed.cursor_lag_seconds = feed.cursor.map(|cursor| now.duration_since(cursor).as_secs().max(0));
            }
            tenant.more_to_do = tenant.content_types.iter().any(|feed| feed.more_to_do);
            self.more_to_do |= tenant.more_to_do;
        }
    }
}

impl TenantReport {
    pub(super) fn waiting(tenant: &Tenant) -> Self {
        Self {
            secret_id: tenant.secret_id.clone(),
            tenant_id: Some(tenant.id),
            error: None,
            subscriptions_error: None,
            more_to_do: true,
            content_types: tenant.content_types.iter().map(|content_type| FeedReport::waiting(*content_type)).collect(),
        }
    }

    pub(super) fn failed(secret_id: String, tenant_id: Option<TenantId>, failure: Failure) -> Self {
        Self {
            secret_id,
            tenant_id,
            error: Some(failure),
            subscriptions_error: None,
            more_to_do: false,
            content_types: Vec::new(),
        }
    }

    /// The tenant's own error and those of its feeds.
    pub fn errors(&self) -> impl Iterator<Item = &Failure> {
        self.error.iter().chain(self.content_types.iter().filter_map(|feed| feed.error.as_ref()))
    }

    fn polled(&self) -> bool {
        self.content_types.iter().any(|feed| feed.error.is_none())
    }
}

impl FeedReport {
    /// No turn yet.
    pub(super) fn waiting(content_type: ContentType) -> Self {
        Self {
            content_type,
            windows_listed: 0,
            windows_halved: 0,
            windows_unlisted: Vec::new(),
            contents_queued: 0,
            cursor: None,
            cursor_lag_seconds: None,
            lost: Vec::new(),
            subscription_started: false,
            subscription_error: None,
            lost_race: false,
            more_to_do: true,
            error: None,
        }
    }

    /// Whether there was no time for it, or not enough.
    fn is_waiting(&self) -> bool {
        self.more_to_do && self.windows_listed == 0
    }
}
