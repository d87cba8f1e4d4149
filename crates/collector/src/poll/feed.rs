//! The windows of one feed, in order: record, list, enqueue, commit.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use futures::{StreamExt, pin_mut};
use jiff::Timestamp;

use super::{FeedReport, Poll};
use crate::content::Listing;
use crate::cursor::Cursor;
use crate::failure::Failure;
use crate::feed::FeedId;
use crate::loss::{Loss, LossReason};
use crate::message::ContentMessage;
use crate::plan::{Plan, PlanPolicy, plan};
use crate::ports::{Clock, ConditionalWrite, Cursors, Losses, ManagementApi, Ports, Queue};
use crate::tenant::Tenant;
use crate::window::Window;

/// What one feed has left to list in this poll, and its row of the report.
pub(super) struct FeedPoll<'report> {
    tenant: Rc<Tenant>,
    cursor: Option<Cursor>,
    lost: Option<Loss>,
    windows: VecDeque<Window>,
    pub(super) report: &'report mut FeedReport,
}

impl<'report> FeedPoll<'report> {
    pub(super) fn plan(
        tenant: Rc<Tenant>,
        cursor: Option<Cursor>,
        now: Timestamp,
        policy: &PlanPolicy,
        report: &'report mut FeedReport,
    ) -> Self {
        let Plan { lost, windows } = plan(cursor, now, policy);
        report.more_to_do = lost.is_some() || !windows.is_empty();
        Self { tenant, cursor, lost, windows: windows.into(), report }
    }

    fn id(&self) -> FeedId {
        self.tenant.feed(self.report.content_type)
    }

    fn moved_to(&mut self, listed_until: Timestamp) {
        self.cursor = Some(Cursor::at(listed_until));
        self.report.cursor = Some(listed_until);
    }
}

impl<P: Ports> Poll<P> {
    /// Lists the feed's next window. The feed has more to do unless it failed, is finished, or another poller moved its
    /// cursor: then it is left to that poller.
    pub(super) async fn poll_next_window(&self, feed: &mut FeedPoll<'_>) {
        match self.try_poll_next_window(feed).await {
            Ok(ConditionalWrite::Applied) => feed.report.more_to_do = !feed.windows.is_empty(),
            Ok(ConditionalWrite::Conflict) => {
                feed.report.lost_race = true;
                feed.report.more_to_do = false;
            }
            Err(failure) => {
                feed.report.error = Some(failure);
                feed.report.more_to_do = false;
            }
        }
    }

    /// A crash anywhere in here repeats work and loses nothing: the window is on record before it is listed, and the
    /// cursor moves when all of its messages are in the queue.
    async fn try_poll_next_window(&self, feed: &mut FeedPoll<'_>) -> Result<ConditionalWrite, Failure> {
        if let (Some(loss), Some(cursor)) = (feed.lost.take(), feed.cursor) {
            if self.cursors.skip(feed.id(), cursor, &loss).await? == ConditionalWrite::Conflict {
                return Ok(ConditionalWrite::Conflict);
            }
            feed.moved_to(loss.to);
            feed.report.lost.push(loss);
        }
        let Some(window) = feed.windows.front().copied() else { return Ok(ConditionalWrite::Applied) };
        let is_recorded = feed.cursor == Some(Cursor::recording(window));
        if !is_recorded
            && self.cursors.record_window(feed.id(), feed.cursor, window).await? == ConditionalWrite::Conflict
        {
            return Ok(ConditionalWrite::Conflict);
        }
        let listing = self.list_and_enqueue(feed, window).await?;
        if self.cursors.commit_window(feed.id(), &listing).await? == ConditionalWrite::Conflict {
            return Ok(ConditionalWrite::Conflict);
        }
        feed.moved_to(window.end());
        feed.windows.pop_front();
        feed.report.windows_listed += 1;
        Ok(ConditionalWrite::Applied)
    }

    /// Puts a message for every content of the window into the queue, page by page.
    async fn list_and_enqueue(&self, feed: &mut FeedPoll<'_>, window: Window) -> Result<Listing, Failure> {
        let id = feed.id();
        let tenant = Rc::clone(&feed.tenant);
        let mut digests = BTreeSet::new();
        let pages = self.management_api.list(&tenant, id.content_type, window);
        pin_mut!(pages);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|failure| failure.context(format_args!("window {window}")))?;
            let messages: Vec<ContentMessage> = page
                .contents
                .into_iter()
                .filter(|content| digests.insert(content.digest()))
                .map(|content| ContentMessage::new(&tenant.secret_id, id, window, content))
                .collect();
            self.queue.send(&messages).await?;
            feed.report.contents_queued += messages.len() as u64;
            for entry in page.malformed {
                let reason = LossReason::MalformedEntry;
                let loss = Loss { from: window.start(), to: window.end(), reason, content: Some(entry) };
                self.losses.record_loss(id, &loss).await?;
                feed.report.lost.push(loss);
            }
        }
        Ok(Listing { window, digests, listed_at: self.now() })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
