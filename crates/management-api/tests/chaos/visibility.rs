//! What a listing could have shown.

use audit_feed::feed::FeedId;
use audit_feed::plan::PlanPolicy;
use audit_feed::window_record::WindowRecord;
use jiff::{SignedDuration, Timestamp};
use management_api_simulator::Published;

use crate::life::Life;
use crate::runs::AGES_MINUTES;

/// Why no listing named a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// Its window was listed before the slice was visible, and never again while that was possible.
    NeverListedAgain,
    /// Its window was listed again, but not after the slice had become visible.
    NotListedLateEnough,
}

impl Life {
    /// Why no listing could have named this slice, if so. What was not visible yet when its window was listed is looked
    /// for at certain ages; if no look succeeds from then on until the window is too old to be listed, nobody knows of it.
    pub(crate) fn unseen(&self, feed: FeedId, slice: &Published) -> Option<Unseen> {
        /// No poll lasts longer.
        const POLLING: SignedDuration = SignedDuration::from_mins(10);
        let windows = self.collector.table.rows.committed(feed);
        let inside =
            |record: &&WindowRecord| record.window.start() <= slice.created && slice.created < record.window.end();
        let record = windows.iter().find(inside)?;
        let listed_at = *self.collector.table.listed.borrow().get(&(feed, record.window))?;
        let skew = SignedDuration::from_mins(self.collector.shape.skew);
        let edge = record.window.start() + PlanPolicy::REACH - PlanPolicy::EDGE_MARGIN - skew;
        if slice.visible_at < listed_at - POLLING || self.collector.time.now() < edge {
            return None;
        }
        // Two clocks: the poller's says when it was listed, the reconciler's how long ago that is.
        let ages = AGES_MINUTES.map(|age| listed_at + SignedDuration::from_mins(age) + skew * 2);
        let looks = self.collector.looks.borrow();
        let seen_after =
            |instant: Timestamp| looks.iter().any(|(at, feeds)| instant <= *at && *at < edge && feeds.contains(&feed));
        if ages.into_iter().find(|age| slice.visible_at <= *age).is_some_and(seen_after) {
            None
        } else if seen_after(ages[0]) {
            Some(Unseen::NotListedLateEnough)
        } else {
            Some(Unseen::NeverListedAgain)
        }
    }
}
