//! One feed in one run: what is known of it, and what is left to look at.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use super::LateContent;
use super::completeness::{day_of, days_of};
use crate::content::ContentDigest;
use crate::feed::FeedId;
use crate::loss::{KeptLoss, Loss, LossReason};
use crate::plan::PlanPolicy;
use crate::tenant::Tenant;
use crate::window_record::{LookingBack, WindowRecord};

/// What is still to be looked at of one feed in this run, and what was found so far.
pub(super) struct FeedAudit {
    /// Where its report stands.
    pub(super) place: usize,
    pub(super) tenant: Rc<Tenant>,
    pub(super) feed: FeedId,
    pub(super) windows: Vec<WindowRecord>,
    pub(super) losses: Vec<Loss>,
    /// Places in `windows`.
    due: VecDeque<usize>,
    /// The days whose report is out of date.
    pub(super) stale_days: BTreeSet<Timestamp>,
    /// What the archive holds, by hour: windows of one hour share one listing.
    pub(super) hours: HashMap<Timestamp, HashSet<ContentDigest>>,
    failures: u64,
    pub(super) found: Found,
}

/// What is known of a feed at the start of a run.
pub(super) struct History {
    /// The beginning of the first day of which all windows are here.
    pub(super) since: Timestamp,
    pub(super) windows: Vec<WindowRecord>,
    pub(super) losses: Vec<KeptLoss>,
}

/// What a run found in one feed.
#[derive(Default)]
pub(super) struct Found {
    pub(super) windows_checked: u64,
    pub(super) late: Vec<LateContent>,
    pub(super) missing: u64,
    pub(super) lost: Vec<Loss>,
}

impl History {
    /// Windows whose looks were missed, and that no loss tells yet. They are told day by day, when no window of the day
    /// can be listed any more: an outage is one loss, and not one in every run.
    pub(super) fn not_listed_again(&self, looking_back: &LookingBack, now: Timestamp) -> Vec<Loss> {
        let reason = LossReason::NotListedAgain;
        let told = |record: &WindowRecord| {
            let covers = |loss: &Loss| loss.from <= record.window.start() && record.window.end() <= loss.to;
            self.losses.iter().any(|kept| kept.loss.reason == reason && covers(&kept.loss))
        };
        let mut losses: Vec<Loss> = Vec::new();
        for record in self.windows.iter().take_while(|record| record.window.end() <= days_told_until(now)) {
            if !looking_back.has_missed_looks(record, now) || told(record) {
                continue;
            }
            let (from, to) = (record.window.start(), record.window.end());
            match losses.last_mut() {
                Some(before) if before.to == from => before.to = to,
                Some(_) | None => losses.push(Loss { from, to, reason, content: None }),
            }
        }
        losses
    }

    /// Up to where nothing is left to find out and nobody left to tell. `None` where nothing is known.
    pub(super) fn done_until(&self, looking_back: &LookingBack, now: Timestamp) -> Option<Timestamp> {
        let is_done = |record: &WindowRecord| {
            let all_seen = !looking_back.is_look_left(record) || record.window.end() <= days_told_until(now);
            record.settled_at.is_some() && all_seen
        };
        let open = self.windows.iter().find(|record| !is_done(record)).map(|record| record.window.start());
        let end = open.or_else(|| self.windows.last().map(|record| record.window.end()))?;
        let untold = self.losses.iter().filter(|kept| !kept.told).map(|kept| kept.loss.from);
        Some(untold.fold(end, Timestamp::min))
    }
}

/// The end of the last UTC day of which no window can be listed any more.
fn days_told_until(now: Timestamp) -> Timestamp {
    day_of(now - PlanPolicy::REACH)
}

impl FeedAudit {
    pub(super) fn new(
        place: usize,
        tenant: Rc<Tenant>,
        feed: FeedId,
        history: History,
        now: Timestamp,
        looking_back: &LookingBack,
    ) -> Self {
        /// The one who noticed a loss is at work for that long at most, and then has told or never will.
        const TELLING: SignedDuration = SignedDuration::from_mins(15);
        /// What changed so lately may not stand in a report yet: the run that saw it may have been cut short.
        const LATELY: SignedDuration = SignedDuration::from_hours(3);
        let History { since, windows, losses } = history;
        let due = (0..windows.len()).filter(|place| looking_back.is_due(&windows[*place], now)).collect();
        let untold = losses.iter().filter(|kept| !kept.told && kept.noticed_at + TELLING <= now);
        let lost: Vec<Loss> = untold.map(|kept| kept.loss.clone()).collect();
        let lately_lost = losses.iter().filter(|kept| !kept.told || kept.noticed_at + LATELY > now);
        let lately_seen = windows.iter().filter(|record| record.looked_at.is_some_and(|at| at + LATELY > now));
        let stale_days = lately_lost
            .flat_map(|kept| days_of(kept.loss.from, kept.loss.to))
            .chain(lately_seen.map(|record| day_of(record.window.start())))
            .filter(|day| *day >= since)
            .collect();
        let found = Found { lost, ..Found::default() };
        let losses = losses.into_iter().map(|kept| kept.loss).collect();
        Self { place, tenant, feed, windows, losses, due, stale_days, hours: HashMap::new(), failures: 0, found }
    }

    /// The place of the next window to be looked at.
    pub(super) fn next(&mut self) -> Option<usize> {
        self.due.pop_front()
    }

    /// Whether nothing is left to do in this run.
    pub(super) fn is_finished(&self) -> bool {
        self.due.is_empty() && self.stale_days.is_empty()
    }

    /// Whether so much failed, and so little went well, that it would be in vain to go on in this run.
    pub(super) fn is_given_up(&self) -> bool {
        const MOST_FAILURES: u64 = 8;
        self.failures >= self.found.windows_checked + MOST_FAILURES
    }

    /// A window that failed waits for the next run. Its neighbours may fail as well, in every run: this one goes on
    /// elsewhere, and the next one elsewhere again, so that they do not hold up the others.
    pub(super) fn note_failure(&mut self, now: Timestamp) {
        const HOUR: i64 = 3_600;
        self.failures += 1;
        if !self.due.is_empty() {
            let hour = now.as_second().div_euclid(HOUR).unsigned_abs() as usize;
            self.due.rotate_left(hour % self.due.len());
        }
    }
}
