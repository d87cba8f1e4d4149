//! One turn of one feed: what is known of it is read, worked on, and saved.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::completeness::{day_of, days_of};
use super::{FeedReconciliation, Reconcile, Run};
use crate::failure::Failure;
use crate::feed::FeedId;
use crate::loss::{Loss, LossReason, LossRecord};
use crate::patience::Patience;
use crate::ports::{Clock, ConditionalWrite, Losses, Ports, Windows};
use crate::rechecks::Rechecks;
use crate::tenant::Tenant;
use crate::window::Window;

/// The most losses of a feed that a run reports.
const LOSSES_PER_FEED: usize = 1_000;

/// A feed in its turn.
pub(super) struct FeedReconcile<'report> {
    pub(super) tenant: Arc<Tenant>,
    pub(super) id: FeedId,
    /// How long a listing may stay without an answer.
    pub(super) patience: Patience,
    /// No window is begun after this instant.
    pub(super) turn_ends: Timestamp,
    pub(super) rechecks: Rechecks,
    /// As they are stored.
    saved: Rechecks,
    /// The spans of unchecked windows that were found in this turn, or go on in it.
    unchecked: Vec<Loss>,
    /// How many windows Microsoft was asked for in this turn.
    pub(super) listings: usize,
    /// How many more windows to recheck in this turn.
    pub(super) windows_left: usize,
    /// The turn was cut short: another one follows.
    pub(super) more_to_do: bool,
    /// Another run has saved the feed meanwhile: it is left to that one, and to the next.
    pub(super) lost_race: bool,
    pub(super) report: &'report mut FeedReconciliation,
}

impl<'report> FeedReconcile<'report> {
    /// Few enough that what a turn holds in memory, and loses if it is cut off, is little.
    const WINDOWS_PER_TURN: usize = 50;

    pub(super) fn new(
        tenant: Arc<Tenant>,
        patience: Patience,
        now: Timestamp,
        report: &'report mut FeedReconciliation,
    ) -> Self {
        let (id, rechecks, saved) = (report.id(), Rechecks::default(), Rechecks::default());
        Self {
            tenant,
            id,
            patience,
            turn_ends: now + patience.turn,
            rechecks,
            saved,
            unchecked: Vec::new(),
            listings: 0,
            windows_left: Self::WINDOWS_PER_TURN,
            more_to_do: false,
            lost_race: false,
            report,
        }
    }

    /// The first failure of a run is reported.
    pub(super) fn note_failure(&mut self, failure: Failure) {
        self.report.error.get_or_insert(failure);
    }

    pub(super) fn note_stale(&mut self, window: Window) {
        self.rechecks.stale_days.insert(day_of(window.start()));
    }

    /// The window is done with at `age`. Once this is true of a whole day, its report says so.
    pub(super) fn advance(&mut self, age: SignedDuration, window: Window) {
        self.rechecks.advance(age, window.end());
        if day_of(window.start()) < day_of(window.end()) {
            self.note_stale(window);
        }
    }

    /// Whether a turn that is cut off here leaves its days to the next one.
    pub(super) fn are_stale_days_saved(&self) -> bool {
        self.rechecks.stale_days.is_subset(&self.saved.stale_days)
    }

    /// The window was checked at the oldest age, so that a span of unchecked ones ends.
    pub(super) fn note_checked(&mut self) {
        self.rechecks.unchecked_since = None;
    }

    /// The window can no longer be listed, and was not rechecked at the oldest age, which had got to `until`.
    pub(super) fn note_unchecked(&mut self, window: Window, until: Timestamp) {
        let goes_on = self.rechecks.unchecked_since.filter(|_| until == window.start());
        let from = goes_on.unwrap_or(window.start());
        self.rechecks.unchecked_since = Some(from);
        match self.unchecked.last_mut() {
            Some(span) if span.from == from => span.to = window.end(),
            Some(_) | None => self.unchecked.push(unchecked(from, window.end())),
        }
    }
}

pub(super) fn unchecked(from: Timestamp, to: Timestamp) -> Loss {
    Loss { from, to, reason: LossReason::Unchecked, content: None, objects: Vec::new() }
}

impl<P: Ports> Reconcile<P> {
    /// What one part of the work cannot do does not keep the others from being done.
    pub(super) async fn reconcile(&self, run: &Run, feed: &mut FeedReconcile<'_>) -> Result<(), Failure> {
        feed.saved = self.windows.rechecks(feed.id).await?;
        feed.rechecks = feed.saved.clone();
        feed.rechecks.set_ages(&self.policy.ages, self.clock.now());
        let reported = self.report_losses(run, feed).await;
        let rechecked = self.recheck_due_windows(run, feed).await;
        // Before it is saved how far the feed is rechecked: what was passed unchecked must not be forgotten.
        for span in std::mem::take(&mut feed.unchecked) {
            self.lose(feed, span).await?;
        }
        let settled = self.settle_open_contents(run, feed).await;
        let stored = self.store_reports(feed).await;
        self.save(feed).await?;
        let losses = reported?;
        if stored.is_ok() {
            for record in losses.iter().filter(|record| record.is_reported()) {
                self.losses.mark_processed(feed.id, &record.loss).await?;
            }
        }
        rechecked.and(settled).and(stored)
    }

    /// Saves how far the feed is rechecked. If another run has saved it meanwhile, its work stands, and that of this turn is
    /// done again.
    pub(super) async fn save(&self, feed: &mut FeedReconcile<'_>) -> Result<(), Failure> {
        if feed.rechecks != feed.saved {
            match self.windows.save_rechecks(feed.id, &mut feed.rechecks).await? {
                ConditionalWrite::Applied => feed.saved = feed.rechecks.clone(),
                ConditionalWrite::Conflict => feed.lost_race = true,
            }
        }
        Ok(())
    }

    /// Reports what others have recorded and not reported, and what has grown for a day. The completeness reports of the days
    /// concerned are written again.
    async fn report_losses(&self, run: &Run, feed: &mut FeedReconcile<'_>) -> Result<Vec<LossRecord>, Failure> {
        // Once in a run: what it reports is not processed before the next one.
        let is_first_turn = run.reported.borrow_mut().insert(feed.id);
        let limit = if is_first_turn { run.losses_left.get().min(LOSSES_PER_FEED) } else { 0 };
        // Taken before they are read, because other feeds read theirs meanwhile; what is left over is given back.
        run.losses_left.set(run.losses_left.get() - limit);
        let losses = if limit > 0 { self.losses.unprocessed(feed.id, limit).await } else { Ok(Vec::new()) };
        let read = losses.as_ref().map_or(0, Vec::len);
        run.losses_left.set(run.losses_left.get() + limit - read);
        let losses = losses?;
        let now = self.clock.now();
        for record in &losses {
            feed.rechecks.stale_days.extend(days_of(record.new_since(), record.loss.to));
            if record.is_report_due(now) && !feed.report.lost.contains(&record.loss) {
                feed.report.lost.push(record.loss.clone());
            }
        }
        Ok(losses)
    }

    /// Records a loss that this run has found, unless it is on record. One that has grown is reported once a day, from its row;
    /// what a run has no room for, the next one reports.
    pub(super) async fn lose(&self, feed: &mut FeedReconcile<'_>, loss: Loss) -> Result<(), Failure> {
        if !self.losses.record_loss(feed.id, &loss).await? {
            return Ok(());
        }
        feed.rechecks.stale_days.extend(days_of(loss.from, loss.to));
        let is_growing = loss.content.is_none() && feed.saved.unchecked_since == Some(loss.from);
        let lost = &mut feed.report.lost;
        let has_room = lost.len() < LOSSES_PER_FEED;
        match lost.iter_mut().find(|known| known.is_same(&loss)) {
            Some(known) => *known = loss,
            None if is_growing => {}
            None if has_room => lost.push(loss),
            None => feed.report.lost_omitted += 1,
        }
        Ok(())
    }
}
