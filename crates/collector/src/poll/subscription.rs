//! Keeps subscriptions enabled, and finds out what was missed while one was disabled.
//!
//! Whether a subscription is enabled is decided by the listing, not by the list of subscriptions: the two disagree at
//! times. And what was missed is decided when listing works again: a listing may still bring what was published meanwhile.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::feed::FeedPoll;
use super::{FeedReport, Poll};
use crate::failure::{Failure, FailureKind};
use crate::feed::FeedId;
use crate::loss::{Loss, LossReason};
use crate::ports::{Cursors, FeedState, Gap, Losses, ManagementApi, Ports, Subscription};
use crate::tenant::Tenant;
use crate::window::Window;

/// Microsoft asks for this long between two starts of one subscription.
const COOL_DOWN: SignedDuration = SignedDuration::from_mins(15);

/// The list of subscriptions is asked for when a feed is new, and in the first poll of each hour: often enough to start
/// what is missing, and of no consequence otherwise.
pub(super) fn is_list_due(states: &[FeedState], now: Timestamp) -> bool {
    const HOUR: i64 = 3_600;
    let hour = |instant: Timestamp| instant.as_second().div_euclid(HOUR);
    let last_poll = states.iter().filter_map(|state| state.cursor).map(|cursor| cursor.listed_until).max();
    states.iter().any(|state| state.cursor.is_none()) || last_poll.is_none_or(|last| hour(last) != hour(now))
}

impl<P: Ports> Poll<P> {
    /// Starts the subscription, unless it was started less than 15 minutes ago or Microsoft asked to wait. A start that
    /// failed is not remembered: the next poll tries again, as soon as Microsoft allows.
    pub(super) async fn start_subscription(
        &self,
        tenant: &Tenant,
        feed: FeedId,
        subscription: &mut Subscription,
        report: &mut FeedReport,
    ) -> Result<(), Failure> {
        let now = self.now();
        let before = subscription.clone();
        let cooled_down = before.started_at.is_none_or(|at| now.duration_since(at) >= COOL_DOWN);
        if !cooled_down || before.not_before.is_some_and(|instant| now < instant) {
            return Ok(());
        }
        // Remembered first: after a crash in between, a second start would come too early.
        subscription.started_at = Some(now);
        subscription.not_before = None;
        self.cursors.save_subscription(feed, subscription).await?;
        let Err(failure) = self.management_api.start_subscription(tenant, feed.content_type).await else {
            report.subscription_started = true;
            return Ok(());
        };
        subscription.started_at = before.started_at;
        subscription.not_before = failure.retry_after.and_then(|wait| now.checked_add(wait).ok());
        self.cursors.save_subscription(feed, subscription).await?;
        Err(failure)
    }

    /// Microsoft refused to list the feed because its subscription is missing or disabled: remembers since when, and
    /// starts it.
    pub(super) async fn on_refused_listing(&self, feed: &mut FeedPoll<'_>, refusal: Failure) -> Result<(), Failure> {
        let worked_until = feed.worked_until();
        if feed.subscription.refused_since.is_none() && worked_until.is_some() {
            feed.subscription.refused_since = worked_until;
            self.cursors.save_subscription(feed.id(), &feed.subscription).await?;
        }
        if let Some(failure) = feed.report.subscription_error.take() {
            return Err(failure);
        }
        let id = feed.id();
        self.start_subscription(&feed.tenant, id, &mut feed.subscription, feed.report).await?;
        let Subscription { started_at, not_before, .. } = &feed.subscription;
        match (not_before, started_at) {
            _ if feed.report.subscription_started => Ok(()),
            (Some(instant), _) => {
                Err(refusal
                    .context(format_args!("its subscription is not started before {instant}, as Microsoft asked")))
            }
            (None, Some(at)) => {
                Err(refusal.context(format_args!("its subscription was started at {at}, without effect yet")))
            }
            (None, None) => Err(refusal),
        }
    }

    /// Before a feed whose listings were refused skips what fell out of the retention: whether listing works again. If not,
    /// nothing is lost yet that a later listing might bring. What is listed here is not used.
    pub(super) async fn listing_works(&self, feed: &FeedPoll<'_>) -> Result<(), Failure> {
        let Some(window) = feed.windows.front().copied() else { return Ok(()) };
        let pages = self.management_api.list(&feed.tenant, feed.id().content_type, window);
        futures::pin_mut!(pages);
        match futures::StreamExt::next(&mut pages).await {
            Some(Err(failure)) => Err(failure),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// Listing works again: what was published while it was refused, and is not listed now, is lost. `created` has when the
    /// contents of `window` were created.
    ///
    /// To be called before the window is committed: a crash in between repeats it.
    pub(super) async fn check_gaps(
        &self,
        feed: &mut FeedPoll<'_>,
        window: Window,
        created: &BTreeSet<Timestamp>,
    ) -> Result<(), Failure> {
        let mut gaps = feed.subscription.gaps.clone();
        gaps.extend(self.ended_refusal(&feed.subscription));
        let mut left = Vec::new();
        for gap in gaps {
            left.extend(self.check_gap(feed, gap, window, created).await?);
        }
        let subscription = Subscription { refused_since: None, gaps: left, ..feed.subscription.clone() };
        if subscription == feed.subscription {
            return Ok(());
        }
        feed.subscription = subscription;
        self.cursors.save_subscription(feed.id(), &feed.subscription).await
    }

    /// The gap of listings that were refused until now. It ends at the start that took effect. A subscription that somebody
    /// else enabled has been enabled since now at the latest.
    fn ended_refusal(&self, subscription: &Subscription) -> Option<Gap> {
        let from = subscription.refused_since?;
        let to = subscription.started_at.filter(|at| *at > from).unwrap_or_else(|| self.now());
        Some(Gap { from, to })
    }

    /// Records what the gap cost in the window. Up to the latest content before the gap's end the subscription was enabled
    /// after all; from there on, windows without such content extend one loss. Returns what is left for later windows.
    async fn check_gap(
        &self,
        feed: &mut FeedPoll<'_>,
        gap: Gap,
        window: Window,
        created: &BTreeSet<Timestamp>,
    ) -> Result<Option<Gap>, Failure> {
        let latest = created.range(..gap.to).next_back().copied();
        let from = latest.map_or(gap.from, |latest| latest.max(gap.from));
        let to = window.end().min(gap.to);
        let is_last_window = window.end() >= gap.to;
        if from < to && (latest.is_none() || is_last_window) {
            let reason = LossReason::SubscriptionDisabled;
            let loss = Loss { from, to, reason, content: None, objects: Vec::new() };
            self.losses.record_loss(feed.id(), &loss).await?;
            feed.report.lost.retain(|known| (known.from, known.reason) != (loss.from, loss.reason));
            feed.report.lost.push(loss);
        }
        Ok((!is_last_window).then_some(Gap { from, to: gap.to }))
    }
}

impl Subscription {
    /// What expired unlisted may be lost for either cause. That it expired is certain, so a gap begins after it.
    pub(super) fn skip_until(&mut self, expired: Timestamp) {
        self.refused_since = self.refused_since.map(|since| since.max(expired));
        self.gaps.retain(|gap| gap.to > expired);
        self.gaps.iter_mut().for_each(|gap| gap.from = gap.from.max(expired));
    }
}

pub(super) fn is_refused(failure: &Failure) -> bool {
    failure.kind == FailureKind::SubscriptionDisabled
}
