//! Completeness as a figure: one report per feed and day, from which "do I have everything?" can be answered.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::successors;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Reconcile;
use super::feed::FeedReconcile;
use super::report::LOSSES_IN_REPORT;
use crate::failure::Failure;
use crate::feed::{ContentType, FeedId, TenantId};
use crate::loss::{Loss, LossRecord};
use crate::ports::{ArchiveIndex, Clock, Losses, OpenContents, Ports, Windows};
use crate::rechecks::Rechecks;
use crate::window::Window;
use crate::window_record::{WindowCounts, WindowRecord};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What one feed published in one UTC day, and what of it is in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayReport {
    pub tenant_id: TenantId,
    pub content_type: ContentType,
    /// The day on which the windows start.
    pub day: Date,
    pub reported_at: Timestamp,
    pub windows: u64,
    /// Windows whose contents are all archived or known to be lost.
    pub windows_settled: u64,
    /// Windows that could not be listed yet, or never could be: what they held is not known.
    pub windows_unlisted: u64,
    /// By age in minutes: windows that are done with at that age. Those of which it could not be done are lost as `unchecked`, or
    /// are tried again.
    pub windows_rechecked: BTreeMap<i64, u64>,
    /// Contents that any listing named.
    pub contents_listed: u64,
    /// Contents that have an object. Those of windows that were not compared with the archive yet do not count.
    pub contents_archived: u64,
    /// Contents that appeared after the first listing of their window.
    pub contents_late: u64,
    /// Contents without an object.
    pub contents_missing: u64,
    /// Contents that can never be collected.
    pub contents_lost: u64,
    /// Every window of the day, oldest first. What no window covers was not asked for yet, held nothing in the last hour, or
    /// stands in `lost`.
    pub window_reports: Vec<WindowReport>,
    /// Spans of which something is lost, or may be: the first hundred.
    pub lost: Vec<Loss>,
    /// How many more there are.
    pub lost_omitted: u64,
}

/// One window in a [`DayReport`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct WindowReport {
    /// Inclusive.
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    pub listed: u64,
    pub archived: u64,
    pub missing: u64,
    pub lost: u64,
    /// Whether every content is archived or lost.
    pub settled: bool,
    /// Whether it was never listed, so that what it held is not known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unlisted: bool,
}

/// What is stored of the windows that start on one day.
struct DayState {
    windows: Vec<WindowCounts>,
    open: BTreeMap<Window, u64>,
    losses: Vec<LossRecord>,
}

impl DayReport {
    /// Where the report goes, below the archive's prefix.
    #[must_use]
    pub fn key(&self) -> String {
        format!("completeness/day={}/tenant={}/{}.json", self.day, self.tenant_id, self.content_type)
    }

    fn of(feed: FeedId, day: Timestamp, state: DayState, rechecks: &Rechecks, reported_at: Timestamp) -> Self {
        let window_reports: Vec<WindowReport> =
            state.windows.iter().map(|window| WindowReport::of(window, &state, rechecks)).collect();
        let sum = |figure: fn(&WindowReport) -> u64| window_reports.iter().map(figure).sum();
        let rechecked = |until: Timestamp| state.windows.iter().filter(|counts| counts.window.end() <= until).count();
        let mut lost: Vec<Loss> = state.losses.iter().map(|record| record.loss.clone()).collect();
        let lost_omitted = lost.len().saturating_sub(LOSSES_IN_REPORT) as u64;
        lost.truncate(LOSSES_IN_REPORT);
        Self {
            tenant_id: feed.tenant_id,
            content_type: feed.content_type,
            day: day.to_zoned(TimeZone::UTC).date(),
            reported_at,
            windows: window_reports.len() as u64,
            windows_settled: sum(|window| u64::from(window.settled)),
            windows_unlisted: sum(|window| u64::from(window.unlisted)),
            windows_rechecked: rechecks
                .checked_until
                .iter()
                .map(|(age, until)| (age.as_mins(), rechecked(*until) as u64))
                .collect(),
            contents_listed: sum(|window| window.listed),
            contents_archived: sum(|window| window.archived),
            contents_late: state.windows.iter().map(|counts| counts.late).sum(),
            contents_missing: sum(|window| window.missing),
            contents_lost: sum(|window| window.lost),
            window_reports,
            lost,
            lost_omitted,
        }
    }
}

impl WindowReport {
    fn of(counts: &WindowCounts, state: &DayState, rechecks: &Rechecks) -> Self {
        let (start, end) = (counts.window.start(), counts.window.end());
        let is_compared = rechecks.compared_until().is_some_and(|until| end <= until);
        let missing = state.open.get(&counts.window).copied().unwrap_or_default();
        let is_here = |record: &&LossRecord| record.loss.from == start && record.loss.is_of_content();
        let lost = state.losses.iter().filter(is_here).count() as u64;
        let archived = if is_compared { counts.contents.saturating_sub(missing + lost) } else { 0 };
        let settled = is_compared && missing == 0 && !counts.unlisted;
        Self { start, end, listed: counts.contents, archived, missing, lost, settled, unlisted: counts.unlisted }
    }
}

impl<P: Ports> Reconcile<P> {
    /// Writes the reports of the days concerned. Those that cannot be stored are left to the next run.
    pub(super) async fn store_reports(&self, feed: &mut FeedReconcile<'_>) -> Result<(), Failure> {
        let now = self.clock.now();
        for day in feed.rechecks.stale_days.clone() {
            // A report takes the place of an earlier one, so all windows of its day must still be on record.
            if now < day + WindowRecord::TTL {
                let state = DayState {
                    windows: self.windows.window_counts(feed.id, day, day + DAY).await?,
                    open: self.open_contents.open_counts(feed.id, day, day + DAY).await?,
                    losses: self.losses.losses(feed.id, day, day + DAY).await?,
                };
                let report = DayReport::of(feed.id, day, state, &feed.rechecks, now);
                let json = serde_json::to_vec(&report).unwrap_or_default();
                self.archive.store_report(&report.key(), json).await?;
            }
            feed.rechecks.stale_days.remove(&day);
        }
        Ok(())
    }
}

/// The UTC days that a span touches, each by the instant at which it begins.
pub(super) fn days_of(from: Timestamp, to: Timestamp) -> BTreeSet<Timestamp> {
    successors(Some(day_of(from)), |day| Some(*day + DAY)).take_while(|day| *day < to).collect()
}

/// The instant at which the UTC day of `instant` begins.
pub(super) fn day_of(instant: Timestamp) -> Timestamp {
    const DAY: i64 = 86_400;
    Timestamp::from_second(instant.as_second().div_euclid(DAY) * DAY).unwrap_or(instant)
}
