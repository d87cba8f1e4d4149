//! Which windows to list next, as a pure function of the cursor, the time and the policy.

use jiff::{SignedDuration, Timestamp};

use crate::cursor::Cursor;
use crate::loss::{Loss, LossReason};
use crate::window::{Window, whole_second};

/// The settings of planning, which stay the same from poll to poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanPolicy {
    /// How far back a feed without a cursor starts.
    pub backfill: SignedDuration,
    /// How long before now a window ends: what was published just now may not be listable yet.
    pub stabilization_delay: SignedDuration,
    /// How far inside [`Self::RETENTION`] the oldest window starts.
    pub retention_margin: SignedDuration,
}

impl PlanPolicy {
    /// How long Microsoft lists content after its publication.
    pub const RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);

    /// How far inside [`Self::RETENTION`] a window must start to be listed: five minutes allow for slow requests, ten
    /// for a clock that is behind Microsoft's. With a smaller margin, a collector with such a clock would list a window
    /// that Microsoft refuses, move on to the end of the retention by its own clock, and be refused again.
    pub const RETENTION_MARGIN: SignedDuration = SignedDuration::from_mins(15);

    /// The last instant at which we list `window`.
    #[must_use]
    pub fn listable_until(window: Window) -> Timestamp {
        window.start() + Self::RETENTION - Self::RETENTION_MARGIN
    }

    /// Backfills `hours`, capped at the 168 of Microsoft's retention.
    #[must_use]
    pub fn with_backfill_hours(hours: u8) -> Self {
        Self {
            backfill: SignedDuration::from_hours(i64::from(hours)).min(Self::RETENTION),
            stabilization_delay: SignedDuration::from_secs(5),
            retention_margin: Self::RETENTION_MARGIN,
        }
    }
}

/// What to do next for one feed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The span whose retention expired before it was listed. The caller records it before it lists the windows.
    pub lost: Option<Loss>,
    /// Oldest first, without gaps or overlaps. A window that the cursor has recorded comes first, with its recorded
    /// bounds. While a feed catches up, windows end on the hour, so that the windows of a day do not depend on when
    /// polls ran.
    pub windows: Vec<Window>,
}

/// Plans the next windows of a feed; `cursor` is `None` if the feed was never polled.
///
/// A clock that went backwards, or a cursor in the future, results in an empty plan: the cursor only moves forward.
#[must_use]
pub fn plan(cursor: Option<Cursor>, now: Timestamp, policy: &PlanPolicy) -> Plan {
    let until = whole_second(now - policy.stabilization_delay);
    let retention_edge = round_up(now - PlanPolicy::RETENTION + policy.retention_margin);
    let Some(cursor) = cursor else {
        // At least one second, even without backfill: a feed that gets no window never gets a cursor.
        let start = round_up(now - policy.backfill).max(retention_edge).min(until - SignedDuration::from_secs(1));
        return Plan { windows: windows(start, until), ..Plan::default() };
    };

    if cursor.listed_until < retention_edge && cursor.never_listed {
        // The backfill begins when listing works; what Microsoft never gave cannot be lost.
        return Plan { windows: windows(retention_edge, until), ..Plan::default() };
    }
    if cursor.listed_until < retention_edge {
        // A recorded window is dropped: it starts at the cursor, so Microsoft would refuse it.
        let (from, to) = (cursor.listed_until, retention_edge);
        let lost = Loss { from, to, reason: LossReason::RetentionExpired, content: None, objects: Vec::new() };
        return Plan { lost: Some(lost), windows: windows(retention_edge, until) };
    }
    let recorded = cursor.planned_until.and_then(|end| Window::new(cursor.listed_until, end).ok());
    match recorded {
        // A poller whose clock is ahead of ours recorded it: wait until it has ended by our clock, too.
        Some(window) if window.end() > until => Plan::default(),
        Some(window) => {
            let mut planned = vec![window];
            planned.extend(windows(window.end(), until));
            Plan { lost: None, windows: planned }
        }
        None => Plan { windows: windows(cursor.listed_until, until), ..Plan::default() },
    }
}

/// One window from `start` to `end` if it is short enough, otherwise one up to each full hour.
fn windows(start: Timestamp, end: Timestamp) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut from = start;
    while from < end {
        let to = if end.duration_since(from) <= Window::LONGEST { end } else { next_full_hour(from) };
        // Only a cursor that is not on a whole second makes this fail; such a feed gets no windows.
        let Ok(window) = Window::new(from, to) else { break };
        windows.push(window);
        from = to;
    }
    windows
}

fn next_full_hour(instant: Timestamp) -> Timestamp {
    const HOUR: i64 = 3_600;
    Timestamp::from_second((instant.as_second().div_euclid(HOUR) + 1) * HOUR).unwrap_or(Timestamp::MAX)
}

fn round_up(instant: Timestamp) -> Timestamp {
    let floor = whole_second(instant);
    if floor < instant { floor + SignedDuration::from_secs(1) } else { floor }
}
