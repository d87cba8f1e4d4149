//! The windows of one feed, in order: record, list, hand over, commit.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use futures::{StreamExt, pin_mut};
use jiff::Timestamp;

use super::Poll;
use crate::content::Listing;
use crate::cursor::Cursor;
use crate::failure::Failure;
use crate::feed::{ContentType, FeedId};
use crate::loss::{Loss, LossReason};
use crate::message::ContentMessage;
use crate::plan::{Plan, PlanPolicy, plan};
use crate::ports::{Clock, ConditionalWrite, ManagementApi, Queue, State, Tenants};
use crate::tenant::Tenant;
use crate::window::Window;

/// What is still to be listed of one feed in this poll.
pub(super) struct FeedPoll {
    /// Where its report stands: the tenant's place, and the feed's among the tenant's.
    pub(super) place: (usize, usize),
    tenant: Rc<Tenant>,
    content_type: ContentType,
    cursor: Option<Cursor>,
    lost: Option<Loss>,
    windows: VecDeque<Window>,
}

/// What one turn of a feed brought.
#[derive(Default)]
pub(super) struct Step {
    pub(super) lost: Vec<Loss>,
    pub(super) windows_listed: u64,
    pub(super) contents_queued: u64,
    /// The cursor after it.
    pub(super) listed_until: Option<Timestamp>,
    /// Another poller moved the cursor meanwhile; the feed is left to it.
    pub(super) lost_race: bool,
    /// What stopped it; the rest of the step happened all the same.
    pub(super) failure: Option<Failure>,
}

impl FeedPoll {
    pub(super) fn plan(
        place: (usize, usize),
        tenant: Rc<Tenant>,
        content_type: ContentType,
        cursor: Option<Cursor>,
        now: Timestamp,
        policy: &PlanPolicy,
    ) -> Self {
        let Plan { lost, windows } = plan(cursor, now, policy);
        Self { place, tenant, content_type, cursor, lost, windows: windows.into() }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.lost.is_none() && self.windows.is_empty()
    }

    fn feed(&self) -> FeedId {
        self.tenant.feed(self.content_type)
    }
}

impl<T: Tenants, M: ManagementApi, S: State, Q: Queue, C: Clock> Poll<T, M, S, Q, C> {
    /// A crash anywhere in here repeats work and loses none: the window is on record before it is asked for, and the
    /// cursor moves when all of it is in the queue.
    pub(super) async fn list_next_window(&self, run: &mut FeedPoll, step: &mut Step) -> Result<(), Failure> {
        if let (Some(loss), Some(cursor)) = (run.lost.take(), run.cursor) {
            if self.state.skip(run.feed(), cursor, &loss).await? == ConditionalWrite::Conflict {
                step.lost_race = true;
                return Ok(());
            }
            run.cursor = Some(Cursor::at(loss.to));
            step.listed_until = Some(loss.to);
            step.lost.push(loss);
            // A turn of its own: the loss is in the report even if the deadline drops the listing that follows.
            return Ok(());
        }
        let Some(window) = run.windows.front().copied() else { return Ok(()) };
        let is_recorded = run.cursor == Some(Cursor::recording(window));
        if !is_recorded && self.state.record_window(run.feed(), run.cursor, window).await? == ConditionalWrite::Conflict
        {
            step.lost_race = true;
            return Ok(());
        }
        let listing = self.list_and_enqueue(run, window, step).await?;
        if self.state.commit_window(run.feed(), &listing).await? == ConditionalWrite::Conflict {
            step.lost_race = true;
            return Ok(());
        }
        run.cursor = Some(Cursor::at(window.end()));
        run.windows.pop_front();
        step.windows_listed = 1;
        step.listed_until = Some(window.end());
        Ok(())
    }

    /// Puts a message for every content of the window into the queue, page by page.
    async fn list_and_enqueue(&self, run: &FeedPoll, window: Window, step: &mut Step) -> Result<Listing, Failure> {
        let feed = run.feed();
        let mut digests = BTreeSet::new();
        let pages = self.management_api.list(&run.tenant, run.content_type, window);
        pin_mut!(pages);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|failure| failure.context(format_args!("window {window}")))?;
            let messages: Vec<ContentMessage> = page
                .contents
                .into_iter()
                .filter(|content| digests.insert(content.digest()))
                .map(|content| ContentMessage::new(&run.tenant.secret_id, feed, window, content))
                .collect();
            self.queue.send(&messages).await?;
            step.contents_queued += messages.len() as u64;
            for entry in page.malformed {
                let reason = LossReason::MalformedEntry;
                let loss = Loss { from: window.start(), to: window.end(), reason, content: Some(entry) };
                self.state.record_loss(feed, &loss).await?;
                step.lost.push(loss);
            }
        }
        Ok(Listing { window, digests, listed_at: self.clock.now() })
    }
}
