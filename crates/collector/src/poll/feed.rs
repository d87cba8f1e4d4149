//! The windows of one feed, in order: record, list, enqueue, commit.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{FutureExt, StreamExt, pin_mut};
use jiff::{SignedDuration, Timestamp};

use super::subscription::is_refused;
use super::unlistable::is_too_long;
use super::{FeedReport, Poll};
use crate::content::{Content, Listing};
use crate::cursor::Cursor;
use crate::failure::{Failure, FailureKind};
use crate::feed::FeedId;
use crate::feed_state::{CursorMove, FeedState};
use crate::listing::list_and_charge;
use crate::loss::{Loss, LossReason};
use crate::message::ContentMessage;
use crate::patience::Patience;
use crate::plan::{Plan, PlanPolicy, plan};
use crate::ports::{Clock, ConditionalWrite, Cursors, Losses, ManagementApi, Ports, Queue};
use crate::tenant::Tenant;
use crate::window::Window;

/// What one feed has left to list in this poll, and its row of the report.
pub(super) struct FeedPoll<'report> {
    pub(super) tenant: Arc<Tenant>,
    pub(super) state: FeedState,
    /// The list of subscriptions lacks it.
    is_listed_as_missing: bool,
    /// How long a call may stay without an answer.
    pub(super) patience: Patience,
    /// The recorded window is a half of one that failed often, while a probe in this turn has shown that the feed can be
    /// listed.
    pub(super) is_half_of_failing: bool,
    /// This poll's attempt at the recorded window is among those that the state counts as failed.
    pub(super) is_counted: bool,
    /// What to do next.
    pub(super) plan: Plan,
    /// Up to when this turn lists.
    pub(super) opened_at: Timestamp,
    pub(super) policy: PlanPolicy,
    pub(super) report: &'report mut FeedReport,
}

/// How far a listing came.
enum Listed {
    Whole(Listing),
    /// It takes too long.
    TooLong,
    /// Another poller works on the window.
    LostRace,
}

impl<'report> FeedPoll<'report> {
    pub(super) fn plan(
        tenant: Arc<Tenant>,
        state: FeedState,
        is_listed_as_missing: bool,
        patience: Patience,
        now: Timestamp,
        policy: &PlanPolicy,
        report: &'report mut FeedReport,
    ) -> Self {
        let plan = plan(&state, now, policy);
        report.more_to_do = plan.lost.is_some() || plan.window.is_some();
        report.cursor = state.cursor.map(|cursor| cursor.listed_until);
        Self {
            tenant,
            state,
            is_listed_as_missing,
            patience,
            is_half_of_failing: false,
            is_counted: false,
            plan,
            opened_at: now,
            policy: *policy,
            report,
        }
    }

    /// The feed is in `state` now. What is left to do is planned anew: how long the next window is depends on what the
    /// last ones held.
    pub(super) fn advance(&mut self, state: FeedState) {
        self.state = state;
        (self.is_half_of_failing, self.is_counted) = (false, false);
        self.plan = plan(&self.state, self.opened_at, &self.policy);
    }

    pub(super) fn id(&self) -> FeedId {
        self.tenant.feed(self.report.content_type)
    }

    /// Up to when its subscription was certainly enabled; `None` if the feed was never listed.
    pub(super) fn worked_until(&self) -> Option<Timestamp> {
        /// What was published shortly before a listing may not have been in it.
        const PUBLICATION_DELAY: SignedDuration = SignedDuration::from_mins(1);
        let listed_until = self.state.cursor.filter(|cursor| !cursor.never_listed)?.listed_until;
        // A feed that catches up lists old windows: when it was listed counts, not what.
        Some(self.state.listed_at.map_or(listed_until, |at| listed_until.max(at - PUBLICATION_DELAY)))
    }
}

impl<P: Ports> Poll<P> {
    /// Starts the subscription of a feed that was never listed, and lists the feed's next window. A feed whose start fails is
    /// listed all the same: the listing decides. The feed has more to do unless it failed, is finished, or another poller
    /// moved its cursor: then it is left to that poller.
    pub(super) async fn poll_feed(&self, feed: &mut FeedPoll<'_>) {
        if feed.is_listed_as_missing && feed.state.cursor.is_none_or(|cursor| cursor.never_listed) {
            feed.report.subscription_error = self.start_subscription(feed).await.err();
        }
        let polled = match self.try_poll_next_window(feed).await {
            Ok(ConditionalWrite::Applied) => {
                self.start_missing_subscription(feed).await;
                feed.report.more_to_do = feed.plan.window.is_some();
                return;
            }
            Ok(ConditionalWrite::Conflict) => {
                feed.report.lost_race = true;
                Ok(())
            }
            Err(refusal) if is_refused(&refusal) => self.on_refused_listing(feed, refusal).await,
            Err(failure) => Err(failure),
        };
        feed.report.more_to_do = false;
        feed.report.error = polled.err();
    }

    /// Starts a subscription that the list lacks although its feed could be listed. Not before: the refusal of a listing is
    /// what shows a gap, and a start could end it unseen.
    async fn start_missing_subscription(&self, feed: &mut FeedPoll<'_>) {
        if std::mem::take(&mut feed.is_listed_as_missing) {
            feed.report.subscription_error = self.start_subscription(feed).await.err();
        }
    }

    /// A crash anywhere in here repeats work and loses nothing: the window is on record before it is listed, and the
    /// cursor moves when all of its messages are in the queue.
    async fn try_poll_next_window(&self, feed: &mut FeedPoll<'_>) -> Result<ConditionalWrite, Failure> {
        if self.skip_expired(feed).await? == ConditionalWrite::Conflict {
            return Ok(ConditionalWrite::Conflict);
        }
        let Some(window) = feed.plan.window else { return Ok(ConditionalWrite::Applied) };
        let is_recorded = feed.state.cursor.is_some_and(|cursor| cursor.records(window));
        if !is_recorded {
            if self.cursors.record_window(feed.id(), feed.state.cursor, window).await? == ConditionalWrite::Conflict {
                return Ok(ConditionalWrite::Conflict);
            }
            feed.state = feed.state.recording(window);
        }
        let known_losses = feed.report.lost.len();
        let listing = match self.list_and_enqueue(feed, window).await {
            Ok(Listed::Whole(listing)) => listing,
            Ok(Listed::TooLong) => return self.on_too_long(feed, window).await,
            Ok(Listed::LostRace) => return Ok(ConditionalWrite::Conflict),
            Err(failure) if failure.kind == FailureKind::Transient => {
                return self.on_failed_listing(feed, window, failure).await;
            }
            Err(failure) => return Err(failure),
        };
        let has_malformed_entries = feed.report.lost.len() > known_losses;
        self.record_gap(feed).await?;
        let to = if has_malformed_entries {
            // Its losses are named after its bounds, which a recheck must find again.
            feed.state.move_past_listed(listing)
        } else {
            feed.state.move_past_window(listing)
        };
        if self.move_cursor(feed, Cursor::recording(window), &to).await? == ConditionalWrite::Conflict {
            return Ok(ConditionalWrite::Conflict);
        }
        feed.report.windows_listed += 1;
        Ok(ConditionalWrite::Applied)
    }

    /// What fell out of the retention before it was listed is lost.
    async fn skip_expired(&self, feed: &mut FeedPoll<'_>) -> Result<ConditionalWrite, Failure> {
        let (Some(lost), Some(cursor)) = (feed.plan.lost.take(), feed.state.cursor) else {
            return Ok(ConditionalWrite::Applied);
        };
        if feed.state.subscription.refused_since.is_some() {
            // If listing does not work again, nothing is lost yet that a later listing might bring.
            if let Some(window) = feed.plan.window {
                self.probe(feed, window).await?;
            }
        }
        // What expired unlisted may be lost for either cause. That it expired is certain, so a gap begins after it.
        let subscription = &mut feed.state.subscription;
        subscription.refused_since = subscription.refused_since.map(|since| since.max(lost.to));
        let is_growing = feed.state.lost_since.is_some();
        let loss = Loss { from: feed.state.lost_since.unwrap_or(lost.from), ..lost };
        let to = feed.state.move_past_loss(cursor, loss.clone());
        if self.move_cursor(feed, cursor, &to).await? == ConditionalWrite::Conflict {
            return Ok(ConditionalWrite::Conflict);
        }
        // A loss that grows from poll to poll is reported by the reconciler, once a day.
        if !is_growing {
            feed.report.lost.push(loss);
        }
        Ok(ConditionalWrite::Applied)
    }

    pub(super) async fn move_cursor(
        &self,
        feed: &mut FeedPoll<'_>,
        expected: Cursor,
        to: &CursorMove,
    ) -> Result<ConditionalWrite, Failure> {
        let moved = self.cursors.move_cursor(feed.id(), expected, to).await?;
        if moved == ConditionalWrite::Applied {
            feed.advance(feed.state.moved(to));
            feed.report.cursor = Some(to.listed_until);
        }
        Ok(moved)
    }

    /// Puts a message for every content of the window into the queue, page by page.
    async fn list_and_enqueue(&self, feed: &mut FeedPoll<'_>, window: Window) -> Result<Listed, Failure> {
        let (id, started_at) = (feed.id(), self.now());
        let tenant = Arc::clone(&feed.tenant);
        let (mut digests, mut hours) = (BTreeSet::new(), BTreeSet::new());
        let pages =
            list_and_charge((&self.management_api, &self.rate_limiter, &self.clock), &tenant, id.content_type, window);
        pin_mut!(pages);
        // How long the pages before this one took: what the last page brings is not thrown away, however late it comes.
        let mut took = SignedDuration::ZERO;
        while let Some(page) =
            feed.patience.wait_for(&self.clock, pages.next().map(Option::transpose)).await.transpose()
        {
            if is_too_long(feed, window, took) {
                return Ok(Listed::TooLong);
            }
            if self.note_long_listing(feed, window, took).await? == ConditionalWrite::Conflict {
                return Ok(Listed::LostRace);
            }
            let page = page.map_err(|failure| failure.context(format_args!("window {window}")))?;
            hours.extend(page.contents.iter().map(Content::hour));
            let messages: Vec<ContentMessage> = page
                .contents
                .into_iter()
                .filter(|content| digests.insert(content.digest()))
                .map(|content| ContentMessage::new(&tenant.secret_id, id, window, content))
                .collect();
            if !messages.is_empty() {
                self.queue.send(&messages).await?;
            }
            feed.report.contents_queued += messages.len() as u64;
            for entry in page.malformed {
                let (from, to, reason) = (window.start(), window.end(), LossReason::MalformedEntry);
                let loss = Loss { from, to, reason, content: Some(entry), objects: Vec::new() };
                self.losses.record_loss(id, &loss).await?;
                feed.report.lost.push(loss);
            }
            took = self.now().duration_since(started_at);
        }
        Ok(Listed::Whole(Listing { window, digests, hours, listed_at: self.now() }))
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Microsoft decides by its own clock what can be listed.
    pub(super) fn microsoft_now(&self) -> Timestamp {
        self.now() + self.management_api.clock_offset()
    }
}
