//! One feed in one run: what is known of it, and what is left to recheck.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use super::FeedReconciliation;
use super::completeness::{day_of, days_of};
use crate::content::ContentDigest;
use crate::failure::Failure;
use crate::feed::FeedId;
use crate::loss::{Loss, LossReason, LossRecord};
use crate::plan::PlanPolicy;
use crate::ports::ReconcileProgress;
use crate::tenant::Tenant;
use crate::window_record::{RecheckSchedule, WindowRecord};

/// What is still to be rechecked of one feed in this run, and what was found so far.
pub(super) struct FeedReconcile<'report> {
    pub(super) tenant: Rc<Tenant>,
    pub(super) id: FeedId,
    pub(super) windows: Vec<WindowRecord>,
    pub(super) losses: Vec<Loss>,
    /// The contents that the losses name.
    pub(super) lost_contents: HashSet<ContentDigest>,
    /// Indexes into `windows`.
    due: VecDeque<usize>,
    /// An earlier run was cut short before it wrote its reports.
    pub(super) reports_first: bool,
    /// Not all reports of this run could be stored.
    pub(super) reports_failed: bool,
    /// The days whose report is out of date.
    pub(super) stale_days: BTreeSet<Timestamp>,
    /// What the archive holds, by hour: windows of one hour share one listing.
    pub(super) hours: HashMap<Timestamp, HashSet<ContentDigest>>,
    failures: u64,
    /// Failures since a window was rechecked.
    failures_in_a_row: u64,
    pub(super) progress: ReconcileProgress,
    pub(super) report: &'report mut FeedReconciliation,
}

/// What is known of a feed at the start of a run.
pub(super) struct History {
    pub(super) progress: ReconcileProgress,
    /// The beginning of the first day of which all windows are here.
    pub(super) since: Timestamp,
    pub(super) windows: Vec<WindowRecord>,
    pub(super) losses: Vec<LossRecord>,
}

impl History {
    /// Windows that can no longer be listed though a recheck is left, and that no loss names yet. They are reported when no
    /// window of their UTC day can be listed any more: what goes on for days is a loss a day, and not one in every run.
    pub(super) fn not_rechecked(&self, schedule: &RecheckSchedule, now: Timestamp) -> Vec<Loss> {
        let reason = LossReason::NotRechecked;
        let is_lost_already = |record: &WindowRecord| {
            let covers = |loss: &Loss| loss.from <= record.window.start() && record.window.end() <= loss.to;
            self.losses.iter().any(|record| record.loss.reason == reason && covers(&record.loss))
        };
        let mut losses: Vec<Loss> = Vec::new();
        for record in self.windows.iter().take_while(|record| record.window.end() <= days_expired_until(now)) {
            if !schedule.has_recheck_left(record) || self.is_done_with(record) || is_lost_already(record) {
                continue;
            }
            let (from, to) = (record.window.start(), record.window.end());
            match losses.last_mut() {
                Some(before) if before.to == from => before.to = to,
                Some(_) | None => losses.push(Loss { from, to, reason, content: None, objects: Vec::new() }),
            }
        }
        losses
    }

    /// Up to where nothing is left to find out about the windows. `None` where nothing is known.
    pub(super) fn done_until(&self, schedule: &RecheckSchedule, now: Timestamp) -> Option<Timestamp> {
        let is_open = |record: &&WindowRecord| {
            let may_be_late = schedule.has_recheck_left(record) && record.window.end() > days_expired_until(now);
            let is_over = now > PlanPolicy::listable_until(record.window);
            let is_left = record.settled_at.is_none() || may_be_late || self.is_recheck_missing_from_report(record);
            is_left && !(is_over && self.is_done_with(record))
        };
        let open = self.windows.iter().find(is_open).map(|record| record.window.start());
        open.or_else(|| self.windows.last().map(|record| record.window.end()))
    }

    /// Whether the report of its day may not have the last recheck at the window.
    fn is_recheck_missing_from_report(&self, record: &WindowRecord) -> bool {
        record.checked_at.is_some_and(|at| self.progress.reported_at.is_none_or(|reported_at| reported_at <= at))
    }

    /// Whether all windows of the day are here: a report takes the place of an earlier one.
    fn is_complete(&self, day: Timestamp, now: Timestamp) -> bool {
        self.since <= day && now < day + WindowRecord::TTL
    }

    /// Whether an earlier run was done with the window. Should the ages have been lengthened since, more is rechecked for
    /// where that is possible, and nothing is reported of the others.
    fn is_done_with(&self, record: &WindowRecord) -> bool {
        self.progress.done_until.is_some_and(|until| record.window.end() <= until)
    }
}

/// The start of the first day that matters: of those whose windows can be listed, of those in which something is left to
/// do since somebody rechecked back, and of those whose losses are unreported or in no report.
pub(super) fn first_day(progress: ReconcileProgress, losses: &[LossRecord], now: Timestamp) -> Timestamp {
    let open = losses
        .iter()
        .filter(|record| !record.reported || is_missing_from_report(record, progress))
        .map(|record| record.loss.from);
    let windows = progress.done_until.unwrap_or(Timestamp::UNIX_EPOCH).min(now - PlanPolicy::RETENTION);
    day_of(open.fold(windows, Timestamp::min))
}

/// Whether the reports of its days may not have the loss.
fn is_missing_from_report(record: &LossRecord, progress: ReconcileProgress) -> bool {
    /// It was noticed by others, during the last run perhaps, and by a clock that may be behind.
    const OTHERS: SignedDuration = SignedDuration::from_mins(15);
    progress.reported_at.is_none_or(|reported_at| reported_at < record.noticed_at + OTHERS)
}

/// The end of the last UTC day of which no window can be listed any more.
fn days_expired_until(now: Timestamp) -> Timestamp {
    day_of(now - PlanPolicy::RETENTION)
}

impl<'report> FeedReconcile<'report> {
    pub(super) fn new(
        tenant: Rc<Tenant>,
        history: History,
        newly_lost: Vec<Loss>,
        now: Timestamp,
        schedule: &RecheckSchedule,
        report: &'report mut FeedReconciliation,
    ) -> Self {
        /// A process that recorded a loss has at most this long until it reports it, or never will.
        const TIME_TO_REPORT: SignedDuration = SignedDuration::from_mins(15);
        let lost = history.losses.iter().filter(|record| is_missing_from_report(record, history.progress));
        let rechecked = history.windows.iter().filter(|record| history.is_recheck_missing_from_report(record));
        let stale_days: BTreeSet<Timestamp> = lost
            .flat_map(|record| days_of(record.loss.from, record.loss.to))
            .chain(rechecked.map(|record| day_of(record.window.start())))
            .filter(|day| history.is_complete(*day, now))
            .collect();
        let History { progress, windows, losses, .. } = history;
        // What can still be listed comes first, and of that what expires first.
        let (mut due, can_wait): (Vec<usize>, Vec<usize>) = (0..windows.len())
            .filter(|index| schedule.is_due(&windows[*index], now))
            .partition(|index| now <= PlanPolicy::listable_until(windows[*index].window));
        due.extend(can_wait);
        let unreported = losses.iter().filter(|record| !record.reported && record.noticed_at + TIME_TO_REPORT <= now);
        report.lost.extend(unreported.map(|record| record.loss.clone()));
        report.lost.extend(newly_lost);
        let losses: Vec<Loss> = losses.into_iter().map(|record| record.loss).collect();
        let feed = Self {
            tenant,
            id: report.id(),
            windows,
            lost_contents: losses.iter().filter_map(Loss::content_digest).collect(),
            losses,
            due: due.into(),
            reports_first: !stale_days.is_empty(),
            reports_failed: false,
            stale_days,
            hours: HashMap::new(),
            failures: 0,
            failures_in_a_row: 0,
            progress,
            report,
        };
        feed.report.windows_open = feed.windows_open();
        feed.report.more_to_do = !feed.is_finished();
        feed
    }

    /// The index of the next window to recheck; `None` where it is time for the reports.
    pub(super) fn next(&mut self) -> Option<usize> {
        if std::mem::take(&mut self.reports_first) { None } else { self.due.pop_front() }
    }

    /// Whether nothing is left to do in this run.
    pub(super) fn is_finished(&self) -> bool {
        self.due.is_empty() && self.stale_days.is_empty()
    }

    /// Whether so much failed, and so little succeeded, that it would be in vain to go on in this run.
    pub(super) fn is_given_up(&self) -> bool {
        const MOST_FAILURES: u64 = 8;
        self.failures >= self.report.windows_checked + MOST_FAILURES
    }

    pub(super) fn windows_open(&self) -> u64 {
        let is_open = |record: &&WindowRecord| record.checked_at.is_some() && record.settled_at.is_none();
        self.windows.iter().filter(is_open).count() as u64
    }

    pub(super) fn note_success(&mut self) {
        self.failures_in_a_row = 0;
    }

    /// A window that failed waits for the next run. Where its neighbours fail as well, perhaps in every run, this run
    /// goes on elsewhere, and the next one elsewhere again: they must not hold up the others.
    pub(super) fn note_failure(&mut self, failure: Failure, now: Timestamp) {
        const HOUR: i64 = 3_600;
        const NEIGHBOURS: u64 = 4;
        self.report.error.get_or_insert(failure);
        self.failures += 1;
        self.failures_in_a_row += 1;
        if self.failures_in_a_row.is_multiple_of(NEIGHBOURS) && !self.due.is_empty() {
            let hour = now.as_second().div_euclid(HOUR).unsigned_abs() as usize;
            self.due.rotate_left(hour % self.due.len());
        }
    }
}
