//! Keeps subscriptions enabled, and finds out what was missed while one was disabled.
//!
//! Whether a subscription is enabled is decided by the listing, not by the list of subscriptions: the two disagree at
//! times. And a gap is reported when listing works again: a feed that never worked has none.

use futures::{FutureExt, StreamExt, pin_mut};
use jiff::{SignedDuration, Timestamp};

use super::Poll;
use super::feed::FeedPoll;
use crate::failure::{Failure, FailureKind};
use crate::feed::FeedId;
use crate::feed_state::{FeedState, Subscription};
use crate::listing::list_and_charge;
use crate::loss::{Loss, LossReason};
use crate::ports::{Cursors, Losses, ManagementApi, Ports};
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
    pub(super) async fn start_subscription(&self, feed: &mut FeedPoll<'_>) -> Result<(), Failure> {
        let now = self.now();
        let (id, before) = (feed.id(), feed.state.subscription);
        let cooled_down = before.started_at.is_none_or(|at| now.duration_since(at) >= COOL_DOWN);
        if !cooled_down || before.not_before.is_some_and(|instant| now < instant) {
            return Ok(());
        }
        // Remembered first: after a crash in between, a second start would come too early.
        let started = Subscription { started_at: Some(now), not_before: None, ..before };
        self.save_subscription(id, &mut feed.state.subscription, started).await?;
        let start = self.management_api.start_subscription(&feed.tenant, id.content_type);
        let Err(failure) = feed.patience.wait_for(&self.clock, start).await else {
            feed.report.subscription_started = true;
            return Ok(());
        };
        if failure.kind == FailureKind::Unanswered {
            // It may have taken effect.
            return Err(failure);
        }
        let not_before = failure.retry_after.and_then(|wait| now.checked_add(wait).ok());
        let failed = Subscription { not_before, ..before };
        self.save_subscription(id, &mut feed.state.subscription, failed).await?;
        Err(failure)
    }

    /// Microsoft refused to list the feed because its subscription is missing or disabled: remembers since when, and
    /// starts it.
    pub(super) async fn on_refused_listing(&self, feed: &mut FeedPoll<'_>, refusal: Failure) -> Result<(), Failure> {
        let worked_until = feed.worked_until();
        if feed.state.subscription.refused_since.is_none() && worked_until.is_some() {
            let refused = Subscription { refused_since: worked_until, ..feed.state.subscription };
            self.save_subscription(feed.id(), &mut feed.state.subscription, refused).await?;
        }
        if let Some(failure) = feed.report.subscription_error.take() {
            return Err(failure);
        }
        self.start_subscription(feed).await?;
        let Subscription { started_at, not_before, .. } = &feed.state.subscription;
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

    /// Whether `window` of the feed can be listed: its first page. What is listed here is not used, so the window need
    /// not be on record.
    pub(super) async fn probe(&self, feed: &FeedPoll<'_>, window: Window) -> Result<(), Failure> {
        let ports = (&self.management_api, &self.rate_limiter, &self.clock);
        let pages = list_and_charge(ports, &feed.tenant, feed.id().content_type, window);
        pin_mut!(pages);
        feed.patience.wait_for(&self.clock, pages.next().map(Option::transpose)).await.map(|_| ())
    }

    /// Listing works again: what was published while it was refused is lost, from the last good listing to the start that
    /// took effect. Content of that span that is listed after all is archived as usual, and does not shorten the span: Microsoft
    /// may list content late, so it shows that the subscription was enabled at some time, not that it was when the content
    /// was created.
    ///
    /// To be called before the window is committed: a crash in between repeats it.
    pub(super) async fn record_gap(&self, feed: &mut FeedPoll<'_>) -> Result<(), Failure> {
        let Some(from) = feed.state.subscription.refused_since else { return Ok(()) };
        // A subscription that somebody else enabled has been enabled since now at the latest.
        let to = feed.state.subscription.started_at.filter(|at| *at > from).unwrap_or_else(|| self.now());
        if from < to {
            let reason = LossReason::SubscriptionDisabled;
            let loss = Loss { from, to, reason, content: None, objects: Vec::new() };
            self.losses.record_loss(feed.id(), &loss).await?;
            feed.report.lost.push(loss);
        }
        let works = Subscription { refused_since: None, ..feed.state.subscription };
        self.save_subscription(feed.id(), &mut feed.state.subscription, works).await
    }

    async fn save_subscription(
        &self,
        feed: FeedId,
        subscription: &mut Subscription,
        now: Subscription,
    ) -> Result<(), Failure> {
        self.cursors.save_subscription(feed, *subscription, now).await?;
        *subscription = now;
        Ok(())
    }
}

pub(super) fn is_refused(failure: &Failure) -> bool {
    failure.kind == FailureKind::SubscriptionDisabled
}
