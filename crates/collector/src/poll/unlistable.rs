//! A recorded window that takes too long, or cannot be listed while others of its feed can be: it is halved, again and
//! again, and passed over when it is a minute long. So nothing that is wrong with one window holds up the feed.

use jiff::SignedDuration;

use super::feed::FeedPoll;
use super::{Poll, UnlistedWindow};
use crate::cursor::Cursor;
use crate::failure::{Failure, FailureKind};
use crate::ports::{ConditionalWrite, Cursors, Ports};
use crate::window::{Window, whole_second};

/// So many polls in a row must fail to list a window before it is halved or passed over: what goes away by itself usually
/// does so within a quarter of an hour.
const MOST_FAILURES: u64 = 3;

/// Cut off so often, a window must be listed before it can be cut off once more. One more than an outage of Microsoft's
/// leaves behind: it is not why a listing takes long afterwards.
const MOST_CUT_OFFS: u64 = MOST_FAILURES + 1;

/// How long a window may be listed before it is halved. A poll takes four minutes at most: what takes half of them may be
/// cut off by the deadline again and again, and would never be listed whole. It is five times what [a window should
/// take](crate::plan::PlanPolicy::CONTENTS_PER_WINDOW).
const LISTING_LIMIT: SignedDuration = SignedDuration::from_mins(2);

/// What takes less is never cut off by the deadline, because no task is started in the last 15 seconds before it.
const NEVER_CUT_OFF: SignedDuration = SignedDuration::from_secs(10);

/// Whether to give up a listing that took so long already, and goes on. A window that cannot be halved has all the time that
/// there is, until it has been cut off often.
pub(super) fn is_too_long(feed: &FeedPoll<'_>, window: Window, took: SignedDuration) -> bool {
    let is_cut_off_often = feed.state.failed_listings >= MOST_CUT_OFFS && !feed.is_counted;
    match window.first_half() {
        Some(_) => took > LISTING_LIMIT || took > NEVER_CUT_OFF && is_cut_off_often,
        None => took > LISTING_LIMIT && is_cut_off_often,
    }
}

impl<P: Ports> Poll<P> {
    /// Counts a listing that may be cut off as failed, before it can be. When it ends, the count is forgotten.
    pub(super) async fn note_long_listing(
        &self,
        feed: &mut FeedPoll<'_>,
        window: Window,
        took: SignedDuration,
    ) -> Result<ConditionalWrite, Failure> {
        let may_be_cut_off = took > NEVER_CUT_OFF;
        if may_be_cut_off {
            self.count_failure(feed, window, MOST_CUT_OFFS).await
        } else {
            Ok(ConditionalWrite::Applied)
        }
    }

    /// Once a poll, and not beyond `most`: a long outage writes no more.
    async fn count_failure(
        &self,
        feed: &mut FeedPoll<'_>,
        window: Window,
        most: u64,
    ) -> Result<ConditionalWrite, Failure> {
        if feed.is_counted || feed.state.failed_listings >= most {
            return Ok(ConditionalWrite::Applied);
        }
        let failed_listings = feed.state.failed_listings + 1;
        let saved = self.cursors.save_failed_listings(feed.id(), window, failed_listings).await?;
        if saved == ConditionalWrite::Applied {
            feed.state.failed_listings = failed_listings;
            feed.is_counted = true;
        }
        Ok(saved)
    }

    /// `failure` has stopped the listing of `window`, which is recorded. Returns it, unless the window has failed often
    /// enough and the feed can be listed all the same.
    pub(super) async fn on_failed_listing(
        &self,
        feed: &mut FeedPoll<'_>,
        window: Window,
        failure: Failure,
    ) -> Result<ConditionalWrite, Failure> {
        let half = window.first_half();
        // A half need not fail as often as the window did; before a minute is passed over, it must.
        if !feed.is_half_of_failing || half.is_none() {
            if self.count_failure(feed, window, MOST_FAILURES).await? == ConditionalWrite::Conflict {
                return Ok(ConditionalWrite::Conflict);
            }
            if feed.state.failed_listings < MOST_FAILURES {
                return Err(failure);
            }
            let Some(recent) = most_recent_minute(feed) else { return Err(failure) };
            if self.probe(feed, recent).await.is_err() {
                return Err(failure);
            }
        }
        let Some(half) = half else { return self.pass_over(feed, window, failure).await };
        let halved = self.halve_window(feed, window, half).await?;
        feed.is_half_of_failing = halved == ConditionalWrite::Applied;
        Ok(halved)
    }

    /// The window [takes too long](is_too_long): it is halved, or passed over.
    pub(super) async fn on_too_long(
        &self,
        feed: &mut FeedPoll<'_>,
        window: Window,
    ) -> Result<ConditionalWrite, Failure> {
        match window.first_half() {
            Some(first_half) => self.halve_window(feed, window, first_half).await,
            None => {
                let problem = format!("listing window {window} took longer than a poll, again and again");
                self.pass_over(feed, window, Failure::new(FailureKind::Transient, problem)).await
            }
        }
    }

    /// Replaces the recorded window by its first half, which is listed in the feed's next turn. What has been queued of the
    /// window stays queued: the halves may hold the same records under other content ids.
    pub(super) async fn halve_window(
        &self,
        feed: &mut FeedPoll<'_>,
        window: Window,
        first_half: Window,
    ) -> Result<ConditionalWrite, Failure> {
        let replaced = self.cursors.replace_window(feed.id(), window, first_half).await?;
        if replaced == ConditionalWrite::Applied {
            feed.advance(feed.state.recording(first_half));
            feed.report.windows_halved += 1;
        }
        Ok(replaced)
    }

    /// Moves the cursor past a window that is too short to be halved. Its row says that it was never listed; rechecks do
    /// that.
    async fn pass_over(
        &self,
        feed: &mut FeedPoll<'_>,
        window: Window,
        error: Failure,
    ) -> Result<ConditionalWrite, Failure> {
        let to = feed.state.move_past_unlisted(window, self.now());
        let moved = self.move_cursor(feed, Cursor::recording(window), &to).await?;
        if moved == ConditionalWrite::Applied {
            feed.report.windows_unlisted.push(UnlistedWindow { window, error });
        }
        Ok(moved)
    }
}

/// The last minute that this poll could list.
fn most_recent_minute(feed: &FeedPoll<'_>) -> Option<Window> {
    let end = whole_second(feed.opened_at - feed.policy.stabilization_delay);
    Window::new(end - SignedDuration::from_mins(1), end).ok()
}
