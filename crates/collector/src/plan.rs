//! Which window to list next, as a pure function of the feed's state, the time and the policy.

use jiff::{SignedDuration, Timestamp};

use crate::feed_state::FeedState;
use crate::loss::Loss;
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

    /// How many contents a window should hold, so that listing it takes less than a minute: 25 pages of 200, each about a
    /// second, with the messages that it puts into the queue. A second is twice what a page usually takes, and a window
    /// may hold twice as much as expected.
    pub const CONTENTS_PER_WINDOW: u64 = 5_000;

    /// How long the windows of a feed are that lists so many contents an hour, as long as there is that much to list: a
    /// whole number of minutes that divides the hour, so that no window crosses a full hour. An hour if it is not known.
    #[must_use]
    pub fn window_length(contents_per_hour: Option<u64>) -> SignedDuration {
        const MINUTES: [u64; 11] = [60, 30, 20, 15, 12, 10, 6, 5, 4, 3, 2];
        let is_light = |minutes: &u64| {
            let contents = u128::from(contents_per_hour.unwrap_or_default()) * u128::from(*minutes);
            contents <= u128::from(Self::CONTENTS_PER_WINDOW) * 60
        };
        SignedDuration::from_mins(MINUTES.into_iter().find(is_light).unwrap_or(1) as i64)
    }

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
    /// The span whose retention expired before it was listed. The caller records it before it lists the window.
    pub lost: Option<Loss>,
    /// Begins where the cursor, or the loss, ends. If the cursor has recorded a window, it is that one, with its recorded
    /// bounds. `None` if everything is listed.
    ///
    /// While a feed catches up, windows end at multiples of their [length](PlanPolicy::window_length) within the hour, so
    /// that they do not depend on when polls ran.
    pub window: Option<Window>,
}

/// Plans the next window of a feed. Plans of the same `now`, each made when the cursor has moved past the window before,
/// follow each other without gaps or overlaps up to the last stable second.
///
/// A clock that went backwards, or a cursor in the future, results in an empty plan: the cursor only moves forward.
#[must_use]
pub fn plan(feed: &FeedState, now: Timestamp, policy: &PlanPolicy) -> Plan {
    let until = whole_second(now - policy.stabilization_delay);
    let retention_edge = round_up(now - PlanPolicy::RETENTION + policy.retention_margin);
    let next = |from| next_window(from, until, PlanPolicy::window_length(feed.contents_per_hour));
    let Some(cursor) = feed.cursor else {
        // At least one second, even without backfill: a feed that gets no window never gets a cursor.
        let start = round_up(now - policy.backfill).max(retention_edge).min(until - SignedDuration::from_secs(1));
        return Plan { window: next(start), ..Plan::default() };
    };

    if cursor.listed_until < retention_edge && cursor.never_listed {
        // The backfill begins when listing works; what Microsoft never gave cannot be lost.
        return Plan { window: next(retention_edge), ..Plan::default() };
    }
    if cursor.listed_until < retention_edge {
        // A recorded window is dropped: it starts at the cursor, so Microsoft would refuse it.
        let lost = Loss::expired(cursor.listed_until, retention_edge);
        return Plan { lost: Some(lost), window: next(retention_edge) };
    }
    let recorded = cursor.planned_until.and_then(|end| Window::new(cursor.listed_until, end).ok());
    let window = match recorded {
        // A poller whose clock is ahead of ours recorded it: wait until it has ended by our clock, too.
        Some(window) if window.end() > until => None,
        Some(window) => Some(window),
        None => next(cursor.listed_until),
    };
    Plan { window, ..Plan::default() }
}

/// From `start` to `end` if that is no longer than `length`, otherwise up to the next multiple of `length`. `None` if there
/// is nothing in between.
fn next_window(start: Timestamp, end: Timestamp, length: SignedDuration) -> Option<Window> {
    let to = if end.duration_since(start) <= length { end } else { next_multiple(start, length) };
    // Only a cursor that is not on a whole second makes this fail; such a feed gets no windows.
    Window::new(start, to).ok()
}

/// The first whole multiple of `length` after `instant`: on the hour, or between two hours if `length` divides the hour.
fn next_multiple(instant: Timestamp, length: SignedDuration) -> Timestamp {
    let seconds = length.as_secs();
    Timestamp::from_second((instant.as_second().div_euclid(seconds) + 1) * seconds).unwrap_or(Timestamp::MAX)
}

fn round_up(instant: Timestamp) -> Timestamp {
    let floor = whole_second(instant);
    if floor < instant { floor + SignedDuration::from_secs(1) } else { floor }
}
