//! Open contents, in each run: those with an object are settled, those that have expired are lost, and what is due of the
//! rest is queued again.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::completeness::day_of;
use super::feed::FeedReconcile;
use super::{Reconcile, Run};
use crate::failure::Failure;
use crate::loss::Loss;
use crate::open_content::{OpenContent, OpenKey};
use crate::ports::{Clock, MalformedBodies, OpenContents, Ports, Queue};

impl<P: Ports> Reconcile<P> {
    /// Page by page, so that the memory does not depend on how many contents are open: first settles what needs no message,
    /// then queues what is due of the rest.
    pub(super) async fn settle_open_contents(&self, run: &Run, feed: &mut FeedReconcile<'_>) -> Result<(), Failure> {
        feed.report.missing = 0;
        let mut after = None;
        let (mut due, mut waiting) = (0, None);
        while let Some(page) = self.next_page(run, feed, &mut after).await? {
            if waiting.is_none() {
                // Before the archive is listed: what is archived meanwhile still counts as waiting.
                waiting = Some(self.fewest_waiting(run).await?);
                self.save(feed).await?;
            }
            due += self.settle_page(run, feed, page).await?;
        }
        if due == 0 {
            return Ok(());
        }
        // While as many messages wait in the queue as contents are due, these are probably among them.
        let may_queue = waiting.is_some_and(|waiting| waiting < due);
        let mut after = None;
        while let Some(page) = self.next_page(run, feed, &mut after).await? {
            self.queue_due(run, feed, page, may_queue).await?;
        }
        Ok(())
    }

    /// `None` after the last page, and when the time is over.
    async fn next_page(
        &self,
        run: &Run,
        feed: &mut FeedReconcile<'_>,
        after: &mut Option<OpenKey>,
    ) -> Result<Option<Vec<OpenContent>>, Failure> {
        const PAGE: usize = 500;
        if !self.is_in_time(run) {
            feed.more_to_do = true;
            return Ok(None);
        }
        let page = self.open_contents.open_contents(feed.id, *after, PAGE).await?;
        *after = page.last().map(OpenContent::key);
        Ok((!page.is_empty()).then_some(page))
    }

    async fn fewest_waiting(&self, run: &Run) -> Result<u64, Failure> {
        let waiting = self.queue.waiting().await?;
        let fewest = run.fewest_waiting.get().map_or(waiting, |fewest| fewest.min(waiting));
        run.fewest_waiting.set(Some(fewest));
        Ok(fewest)
    }

    /// Returns how many contents of the page are due.
    async fn settle_page(
        &self,
        run: &Run,
        feed: &mut FeedReconcile<'_>,
        page: Vec<OpenContent>,
    ) -> Result<u64, Failure> {
        let now = self.clock.now();
        let (mut archived, mut due) = (Vec::new(), 0);
        for content in page {
            if run.hours.contain(&self.archive, feed.id, &content.hours, content.digest).await? {
                archived.push(content);
            } else if content.is_expired(now) {
                if !self.is_in_time(run) {
                    break;
                }
                self.lose_expired(feed, &content).await?;
            } else {
                // What was listed late is queued for the first time in this run: nothing is wrong with it yet.
                feed.report.missing += u64::from(!run.late.borrow().contains(&(feed.id, content.digest)));
                due += u64::from(content.next_attempt <= now);
            }
        }
        if !archived.is_empty() {
            // On record before the contents are gone, so that their report is written even if this run is cut short.
            archived.iter().for_each(|content| feed.note_stale(content.window));
            if !feed.are_stale_days_saved() {
                self.save(feed).await?;
            }
            self.open_contents.remove_open(feed.id, &archived).await?;
        }
        Ok(due)
    }

    /// What has expired and has no object will never have one.
    async fn lose_expired(&self, feed: &mut FeedReconcile<'_>, content: &OpenContent) -> Result<(), Failure> {
        let days: BTreeSet<Timestamp> = content.hours.iter().map(|hour| day_of(*hour)).collect();
        let mut malformed = Vec::new();
        for day in days {
            malformed.extend(self.archive.malformed(feed.id, content.digest, day).await?);
        }
        let window = (content.window.start(), content.window.end());
        self.lose(feed, Loss::of_content(window, content.id(), malformed)).await
    }

    /// Queues what is due, if the feed can be listed at all: otherwise the fetchers would fail, too. In its last day a content
    /// is queued whatever waits in the queue.
    async fn queue_due(
        &self,
        run: &Run,
        feed: &mut FeedReconcile<'_>,
        page: Vec<OpenContent>,
        may_queue: bool,
    ) -> Result<(), Failure> {
        const LAST_DAY: SignedDuration = SignedDuration::from_hours(24);
        let now = self.clock.now();
        let is_urgent = |content: &OpenContent| content.expiration().duration_since(now) <= LAST_DAY;
        let is_due = |content: &OpenContent| content.next_attempt <= now && (may_queue || is_urgent(content));
        let mut due: Vec<OpenContent> = page.into_iter().filter(is_due).collect();
        self.find_unnamed(run, feed, &mut due).await?;
        if due.is_empty() || !run.listed.borrow().contains(&feed.id) {
            return Ok(());
        }
        let (named, unnamed): (Vec<_>, Vec<_>) = due.into_iter().partition(|content| content.content.is_some());
        let postponed: Vec<OpenContent> = unnamed.into_iter().map(|content| content.postponed(now)).collect();
        self.open_contents.put_open(feed.id, &postponed).await?;
        let queued: Vec<OpenContent> = named.into_iter().map(|content| content.queued_at(now)).collect();
        self.queue_open(feed, &queued).await
    }

    /// Lists the windows of contents that no listing has named yet, and one window of a feed of which none was listed in
    /// this run. A window that cannot be listed does not hold up the others.
    async fn find_unnamed(
        &self,
        run: &Run,
        feed: &mut FeedReconcile<'_>,
        due: &mut [OpenContent],
    ) -> Result<(), Failure> {
        /// So many failures show that the feed cannot be listed, unless it was in this run.
        const MOST_FAILURES: usize = 4;
        let mut failures = 0;
        for window in due.iter().map(|content| content.window).collect::<BTreeSet<_>>() {
            let of_window = |content: &&mut OpenContent| content.window == window;
            let is_unnamed = due.iter().any(|content| content.window == window && content.content.is_none());
            if !is_unnamed && run.listed.borrow().contains(&feed.id) || !self.is_in_time(run) || self.has_ended(feed) {
                continue;
            }
            let listed = match self.list_if_possible(run, feed, window).await {
                Ok(Some(listed)) => listed,
                Ok(None) => continue,
                Err(failure) if failure.kind.concerns_whole_feed() => return Err(failure),
                Err(failure) => {
                    feed.note_failure(failure);
                    failures += 1;
                    if failures >= MOST_FAILURES && !run.listed.borrow().contains(&feed.id) {
                        break;
                    }
                    continue;
                }
            };
            for content in due.iter_mut().filter(of_window) {
                if let Some(now) = listed.get(&content.digest) {
                    content.content = Some(now.clone());
                }
            }
        }
        Ok(())
    }
}
