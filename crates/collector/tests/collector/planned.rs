//! Everything that one poll plans, if it lists all of it.

use collector::cursor::Cursor;
use collector::feed_state::FeedState;
use collector::loss::Loss;
use collector::plan::{Plan, PlanPolicy, plan};
use collector::window::Window;
use jiff::Timestamp;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) lost: Option<Loss>,
    pub(crate) windows: Vec<Window>,
}

/// The state of a feed of unknown density.
pub(crate) fn feed_at(cursor: Option<Cursor>) -> FeedState {
    FeedState { cursor, ..FeedState::default() }
}

/// The plans of a poll that lists every window, as dense as `feed` is.
pub(crate) fn plan_all(mut feed: FeedState, now: Timestamp, policy: &PlanPolicy) -> Planned {
    let mut planned = Planned { lost: None, windows: Vec::new() };
    loop {
        let Plan { lost, window } = plan(&feed, now, policy);
        assert!(lost.is_none() || planned.windows.is_empty(), "what is lost comes before all windows");
        planned.lost = planned.lost.or(lost);
        let Some(window) = window else { return planned };
        planned.windows.push(window);
        feed.cursor = Some(Cursor::at(window.end()));
    }
}
