//! Completeness as a figure: one report per feed and day, from which "do I have everything?" can be answered.

use std::collections::BTreeSet;
use std::iter::successors;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::feed::{ContentType, FeedId, TenantId};
use crate::loss::Loss;
use crate::window_record::WindowRecord;

/// What one feed published in one UTC day, and what of it is in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayReport {
    /// Whose feed it is.
    pub tenant_id: TenantId,
    /// Which of the tenant's feeds it is.
    pub content_type: ContentType,
    /// The day on which the windows start.
    pub day: Date,
    /// When this report was made.
    pub reported_at: Timestamp,
    /// Windows listed.
    pub windows: u64,
    /// Windows whose contents are all archived or known to be lost.
    pub windows_settled: u64,
    /// Contents that any listing named.
    pub contents_listed: u64,
    /// Contents whose object was seen.
    pub contents_archived: u64,
    /// Contents that appeared after the first listing of their window.
    pub contents_late: u64,
    /// Contents without an object.
    pub contents_missing: u64,
    /// Contents that can never be collected.
    pub contents_lost: u64,
    /// Every window of the day, oldest first. What no window covers was not asked for yet, or stands in `lost`.
    pub window_reports: Vec<WindowReport>,
    /// Spans of which something is lost, or may be.
    pub lost: Vec<Loss>,
}

/// One window in a [`DayReport`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WindowReport {
    /// The first instant inside.
    pub start: Timestamp,
    /// The first instant after.
    pub end: Timestamp,
    /// Contents that any listing named.
    pub listed: u64,
    /// Contents whose object was seen.
    pub archived: u64,
    /// Contents that can never be collected.
    pub lost: u64,
    /// When all others were seen in the archive: the time of proof.
    pub settled_at: Option<Timestamp>,
}

impl DayReport {
    /// Where the report goes, below the archive's prefix.
    #[must_use]
    pub fn key(&self) -> String {
        format!("completeness/day={}/tenant={}/{}.json", self.day, self.tenant_id, self.content_type)
    }
}

/// The reports of `days`, each by the instant at which it begins.
pub(super) fn day_reports(
    feed: FeedId,
    windows: &[WindowRecord],
    losses: &[Loss],
    days: &BTreeSet<Timestamp>,
    now: Timestamp,
) -> Vec<DayReport> {
    days.iter().map(|day| day_report(feed, windows, losses, *day, now)).collect()
}

fn day_report(feed: FeedId, windows: &[WindowRecord], losses: &[Loss], day: Timestamp, now: Timestamp) -> DayReport {
    let windows: Vec<&WindowRecord> = windows.iter().filter(|record| day_of(record.window.start()) == day).collect();
    let sum = |figure: fn(&WindowRecord) -> u64| windows.iter().map(|record| figure(record)).sum();
    DayReport {
        tenant_id: feed.tenant_id,
        content_type: feed.content_type,
        day: day.to_zoned(TimeZone::UTC).date(),
        reported_at: now,
        windows: windows.len() as u64,
        windows_settled: sum(|record| u64::from(record.settled_at.is_some())),
        contents_listed: sum(|record| record.digests.len() as u64),
        contents_archived: sum(WindowRecord::archived),
        contents_late: sum(|record| record.late),
        contents_missing: sum(|record| record.missing.len() as u64),
        contents_lost: sum(|record| record.lost),
        window_reports: windows.iter().map(|record| window_report(record)).collect(),
        lost: losses.iter().filter(|loss| days_of(loss.from, loss.to).any(|touched| touched == day)).cloned().collect(),
    }
}

fn window_report(record: &WindowRecord) -> WindowReport {
    WindowReport {
        start: record.window.start(),
        end: record.window.end(),
        listed: record.digests.len() as u64,
        archived: record.archived(),
        lost: record.lost,
        settled_at: record.settled_at,
    }
}

/// The UTC days that a span touches, each by the instant at which it begins.
pub(super) fn days_of(from: Timestamp, to: Timestamp) -> impl Iterator<Item = Timestamp> {
    const DAY: SignedDuration = SignedDuration::from_hours(24);
    successors(Some(day_of(from)), |day| Some(*day + DAY)).take_while(move |day| *day < to)
}

/// The instant at which the UTC day of `instant` begins.
pub(super) fn day_of(instant: Timestamp) -> Timestamp {
    const DAY: i64 = 86_400;
    Timestamp::from_second(instant.as_second().div_euclid(DAY) * DAY).unwrap_or(instant)
}
