//! The recheck of windows: each is listed again, and at the first age its contents are compared with the archive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{FutureExt, StreamExt, pin_mut};
use jiff::{SignedDuration, Timestamp};

use super::contents::Contents;
use super::feed::{FeedReconcile, unchecked};
use super::{Reconcile, Run};
use crate::failure::{Failure, FailureKind};
use crate::listing::list_and_charge;
use crate::loss::{Loss, LossReason};
use crate::plan::PlanPolicy;
use crate::ports::{Clock, Losses, ManagementApi, Ports, Windows};
use crate::rechecks::Rechecks;
use crate::window::Window;
use crate::window_record::WindowRecord;

/// A window that could not be listed in this run, at the age at which it was due.
type Unlisted = (WindowRecord, SignedDuration);

impl<P: Ports> Reconcile<P> {
    /// Rechecks what is due, at the oldest age first: what is about to expire comes before the rest. A window that is due at
    /// several ages is listed once.
    ///
    /// A window that cannot be listed holds up those behind it only as long as no other window of the feed can be listed either.
    /// It is passed over then, and comes back at the next age; at the oldest, or if it was never listed at all, in each run.
    pub(super) async fn recheck_due_windows(&self, run: &Run, feed: &mut FeedReconcile<'_>) -> Result<(), Failure> {
        /// So many failures in a row show that it would be in vain to go on at this age.
        const MOST_FAILURES: usize = 4;
        let mut passed_over = feed.rechecks.passed_over.clone();
        let mut unlisted: Vec<Unlisted> = Vec::new();
        let checked_before = feed.report.windows_checked;
        let mut from = Timestamp::UNIX_EPOCH;
        'turn: for age in feed.rechecks.ages() {
            let mut failures = 0;
            from = from.max(feed.rechecks.checked_until[&age]);
            while failures < MOST_FAILURES || self.was_listed(run, feed) {
                if feed.windows_left == 0 || !self.is_in_time(run) || self.has_ended(feed) {
                    // A turn that only waited for answers would do no better a second time.
                    feed.more_to_do = !self.has_ended(feed) || feed.report.windows_checked > checked_before;
                    break 'turn;
                }
                let Some(record) = self.next_due(feed, age, from).await? else { break };
                let window = record.window;
                from = window.end();
                feed.windows_left -= 1;
                // One attempt is enough, also of a window that was passed over at a younger age.
                passed_over.remove(&window);
                match self.list_if_possible(run, feed, window).await {
                    Ok(listed) => {
                        // If this window can no longer be listed, those before it cannot either.
                        self.pass_over(run, feed, &mut unlisted).await?;
                        self.recheck(run, feed, record, age, listed).await?;
                        feed.advance(age, window);
                        feed.rechecks.passed_over.remove(&window);
                        failures = 0;
                    }
                    Err(failure) => {
                        let concerns_feed = failure.kind.concerns_whole_feed();
                        feed.note_failure(failure);
                        if concerns_feed {
                            return Ok(());
                        }
                        unlisted.push((record, age));
                        failures += 1;
                    }
                }
            }
        }
        if self.was_listed(run, feed) {
            self.pass_over(run, feed, &mut unlisted).await?;
        }
        self.recheck_passed_over(run, feed, passed_over).await
    }

    /// The first window from `from` on, if it is due at the age.
    async fn next_due(
        &self,
        feed: &FeedReconcile<'_>,
        age: SignedDuration,
        from: Timestamp,
    ) -> Result<Option<WindowRecord>, Failure> {
        let now = self.clock.now();
        let before = Rechecks::due_before(age, now);
        let next = self.windows.windows(feed.id, from, before, 1).await?.pop();
        Ok(next.filter(|record| Rechecks::due_at(record, age) <= now))
    }

    /// Whether the feed's turn has lasted for its whole time.
    pub(super) fn has_ended(&self, feed: &FeedReconcile<'_>) -> bool {
        feed.turn_ends <= self.clock.now()
    }

    fn was_listed(&self, run: &Run, feed: &FeedReconcile<'_>) -> bool {
        run.listed.borrow().contains(&feed.id)
    }

    /// Rechecks one window at `age` and all younger ones that are left; `listed` is what it holds now, if Microsoft still lists
    /// it. The caller moves the instants on.
    async fn recheck(
        &self,
        run: &Run,
        feed: &mut FeedReconcile<'_>,
        mut record: WindowRecord,
        age: SignedDuration,
        listed: Option<Contents>,
    ) -> Result<(), Failure> {
        let ages = feed.rechecks.ages_left(record.window, age);
        if ages.iter().any(|age| feed.rechecks.is_first(*age)) {
            self.compare_with_archive(run, feed, &record, listed.as_ref()).await?;
        }
        let is_oldest = ages.iter().any(|age| feed.rechecks.is_oldest(*age));
        if is_oldest && listed.is_none() && record.unlisted {
            self.lose(feed, expired(record.window)).await?;
            feed.note_checked();
        } else if is_oldest {
            let is_unchecked = listed.is_none() && !Rechecks::was_first_listed_near_the_edge(&record);
            let until = feed.rechecks.checked_until[&age];
            if is_unchecked {
                feed.note_unchecked(record.window, until);
            } else {
                feed.note_checked();
            }
        }
        if let Some(listed) = listed {
            self.queue_late(run, feed, &mut record, listed).await?;
        }
        feed.report.windows_checked += 1;
        Ok(())
    }

    /// What the window holds now; `None` once Microsoft no longer lists it, by its clock and ours. Where the two disagree, a
    /// later run decides: what is lost must be certain.
    pub(super) async fn list_if_possible(
        &self,
        run: &Run,
        feed: &mut FeedReconcile<'_>,
        window: Window,
    ) -> Result<Option<Contents>, Failure> {
        let (now, until) = (self.clock.now(), PlanPolicy::listable_until(window));
        let microsoft_now = now + self.management_api.clock_offset();
        if now.min(microsoft_now) > until {
            return Ok(None);
        }
        if now.max(microsoft_now) > until {
            let problem = "it can still be listed by one of Microsoft's clock and ours, and no longer by the other";
            return Err(Failure::new(FailureKind::WindowOutOfRange, format!("window {window}: {problem}")));
        }
        let mut contents = BTreeMap::new();
        let mut malformed = Vec::new();
        feed.listings += 1;
        let began = self.clock.now();
        let tenant = Arc::clone(&feed.tenant);
        let pages = list_and_charge(
            (&self.management_api, &self.rate_limiter, &self.clock),
            &tenant,
            feed.id.content_type,
            window,
        );
        pin_mut!(pages);
        while let Some(page) =
            feed.patience.wait_for(&self.clock, pages.next().map(Option::transpose)).await.transpose()
        {
            let is_in_time = self.clock.now() < began + feed.patience.turn;
            let page = page.and_then(|page| if is_in_time { Ok(page) } else { Err(feed.patience.exceeded()) });
            let page = page.map_err(|failure| failure.context(format_args!("window {window}")))?;
            contents.extend(page.contents.into_iter().map(|content| (content.digest(), content)));
            malformed.extend(page.malformed);
        }
        // Entries that name nothing are losses, as they were in the poller, which has reported most of them.
        for entry in malformed {
            let (from, to, reason) = (window.start(), window.end(), LossReason::MalformedEntry);
            let loss = Loss { from, to, reason, content: Some(entry), objects: Vec::new() };
            self.losses.record_loss(feed.id, &loss).await?;
        }
        run.listed.borrow_mut().insert(feed.id);
        Ok(Some(contents))
    }

    /// Another window of the feed could be listed in this run: those that could not do not hold it up. They are compared with
    /// the archive all the same, where this is due.
    async fn pass_over(
        &self,
        run: &Run,
        feed: &mut FeedReconcile<'_>,
        unlisted: &mut Vec<Unlisted>,
    ) -> Result<(), Failure> {
        for (record, age) in std::mem::take(unlisted) {
            let ages = feed.rechecks.ages_left(record.window, age);
            if ages.iter().any(|age| feed.rechecks.is_first(*age)) {
                self.compare_with_archive(run, feed, &record, None).await?;
            }
            let is_oldest = ages.iter().any(|age| feed.rechecks.is_oldest(*age));
            // What was never listed must not be forgotten, even if no older age is left because the ages are changed.
            if is_oldest || record.unlisted {
                feed.rechecks.passed_over.insert(record.window);
            }
            if is_oldest {
                feed.note_checked();
            }
            feed.advance(age, record.window);
        }
        Ok(())
    }

    /// Windows that were passed over in an earlier turn, and must be listed, are tried in each run, until they can no
    /// longer be.
    async fn recheck_passed_over(
        &self,
        run: &Run,
        feed: &mut FeedReconcile<'_>,
        passed_over: BTreeSet<Window>,
    ) -> Result<(), Failure> {
        for window in passed_over {
            if feed.windows_left == 0 || !self.is_in_time(run) || self.has_ended(feed) {
                return Ok(());
            }
            feed.windows_left -= 1;
            let Some(mut record) = self.windows.windows(feed.id, window.start(), window.end(), 1).await?.pop() else {
                feed.rechecks.passed_over.remove(&window);
                continue;
            };
            match self.list_if_possible(run, feed, window).await {
                Ok(Some(listed)) => self.queue_late(run, feed, &mut record, listed).await?,
                Ok(None) if record.unlisted => self.lose(feed, expired(window)).await?,
                Ok(None) if Rechecks::was_first_listed_near_the_edge(&record) => {}
                Ok(None) => self.lose(feed, unchecked(window.start(), window.end())).await?,
                Err(failure) if failure.kind.concerns_whole_feed() => return Err(failure),
                Err(failure) => {
                    feed.note_failure(failure);
                    continue;
                }
            }
            feed.rechecks.passed_over.remove(&window);
        }
        Ok(())
    }
}

/// What is lost of a window that the poller passed over and no recheck could list: everything that it held.
fn expired(window: Window) -> Loss {
    Loss::expired(window.start(), window.end())
}
