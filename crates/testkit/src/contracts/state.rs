//! What the contracts of the state share: those of [`Cursors`](super::cursors), [`Windows`](super::windows),
//! [`OpenContents`](super::open_contents) and [`Losses`](super::losses).

use collector::content::{ContentDigest, Listing};
use collector::cursor::Cursor;
use collector::feed::{ContentType, FeedId};
use collector::feed_state::FeedState;
use collector::ports::{ConditionalWrite, Cursors};

use crate::samples::{at, window};

/// A listing of `contents` contents.
#[must_use]
pub fn listing(start: &str, end: &str, contents: usize) -> Listing {
    let hours = (contents > 0).then(|| at(start)).into_iter().collect();
    let digests = (0..contents).map(|number| ContentDigest::of(&format!("content-{number}"))).collect();
    Listing { window: window(start, end), digests, hours, listed_at: at("2026-11-22T12:00:00Z") }
}

/// Another feed of the same tenant.
pub(super) fn another(feed: FeedId) -> FeedId {
    FeedId { content_type: ContentType::Dlp, ..feed }
}

pub(super) async fn feed_state(cursors: &impl Cursors, feed: FeedId) -> FeedState {
    cursors.feeds(&[feed]).await.unwrap().remove(0).unwrap()
}

/// Records the listing's window and moves the cursor past it. The feed must then be as [`FeedState::moved`] says.
pub(super) async fn commit(cursors: &impl Cursors, feed: FeedId, listing: &Listing) {
    let before = feed_state(cursors, feed).await;
    let recorded = cursors.record_window(feed, before.cursor, listing.window).await.unwrap();
    assert_eq!(recorded, ConditionalWrite::Applied, "the window {} is recorded", listing.window);
    let to = before.move_past_window(listing.clone());
    let moved = cursors.move_cursor(feed, Cursor::recording(listing.window), &to).await.unwrap();
    assert_eq!(moved, ConditionalWrite::Applied, "the cursor moves past {}", listing.window);
    assert_eq!(feed_state(cursors, feed).await, before.moved(&to), "the state behind {}", listing.window);
}
