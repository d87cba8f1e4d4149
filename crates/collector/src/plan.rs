//! Which windows to ask for next, as a pure function of the cursor, the time and the policy.

use jiff::{SignedDuration, Timestamp};

use crate::cursor::Cursor;
use crate::loss::{Loss, LossReason};
use crate::window::{Window, whole_second};

/// What does not change from poll to poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanPolicy {
    /// How far back a feed without a cursor starts.
    pub backfill: SignedDuration,
    /// How far in the past a window ends: results near "now" are unstable.
    pub stabilization_delay: SignedDuration,
    /// How far inside Microsoft's limit the oldest window starts.
    pub retention_margin: SignedDuration,
}

impl PlanPolicy {
    /// How long Microsoft keeps content listable.
    pub const RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);

    /// How far inside of [`Self::RETENTION`] a window must start to be asked for: five minutes for slow requests, ten for a
    /// clock behind Microsoft's. With less, such a clock asks for what is refused, falls back, and is refused again.
    pub const RETENTION_MARGIN: SignedDuration = SignedDuration::from_mins(15);

    /// The last instant at which `window` is asked for.
    #[must_use]
    pub fn listable_until(window: Window) -> Timestamp {
        window.start() + Self::RETENTION - Self::RETENTION_MARGIN
    }

    /// The policy of a collector that starts `hours` back, at most the 168 that Microsoft keeps.
    #[must_use]
    pub fn with_backfill_hours(hours: u8) -> Self {
        Self {
            backfill: SignedDuration::from_hours(i64::from(hours)).min(Self::RETENTION),
            stabilization_delay: SignedDuration::from_secs(5),
            retention_margin: Self::RETENTION_MARGIN,
        }
    }
}

/// What to do for one feed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// What fell off the 7-day edge: must be kept before the windows are asked for.
    pub lost: Option<Loss>,
    /// Without gap or overlap, oldest first; a window that the cursor has recorded comes first, as it was recorded.
    /// While catching up they end on the hour, so that a day's windows are the
    /// same whoever asks.
    pub windows: Vec<Window>,
}

/// Plans the next windows of a feed whose cursor is `cursor` (`None`: never polled).
///
/// A clock that went backwards, or a cursor in the future, gives an empty plan: the cursor only moves forward.
#[must_use]
pub fn plan(cursor: Option<Cursor>, now: Timestamp, policy: &PlanPolicy) -> Plan {
    let until = whole_second(now - policy.stabilization_delay);
    let edge = round_up(now - PlanPolicy::RETENTION + policy.retention_margin);
    let Some(cursor) = cursor else {
        // A second at least: a feed that gets no window never gets a cursor.
        let start = round_up(now - policy.backfill).max(edge).min(until - SignedDuration::from_secs(1));
        return Plan { windows: windows(start, until), ..Plan::default() };
    };

    if cursor.listed_until < edge {
        let lost = Loss { from: cursor.listed_until, to: edge, reason: LossReason::RetentionExpired, content: None };
        return Plan { lost: Some(lost), windows: windows(edge, until) };
    }
    let recorded = cursor.planned_until.and_then(|end| Window::new(cursor.listed_until, end).ok());
    match recorded {
        // Recorded by a clock ahead of ours: it is asked for when it has ended for us too.
        Some(window) if window.end() > until => Plan::default(),
        Some(window) => {
            let mut planned = vec![window];
            planned.extend(windows(window.end(), until));
            Plan { lost: None, windows: planned }
        }
        None => Plan { windows: windows(cursor.listed_until, until), ..Plan::default() },
    }
}

/// Windows from `start` to `end`: one if it fits, else up to each full hour.
fn windows(start: Timestamp, end: Timestamp) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut from = start;
    while from < end {
        let to = if end.duration_since(from) <= Window::LONGEST { end } else { next_full_hour(from) };
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
