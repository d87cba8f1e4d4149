//! Losses that a person has been told of.

use futures::stream::{self, StreamExt};

use crate::feed::FeedId;
use crate::loss::Loss;
use crate::ports::Losses;

/// Marks losses that were logged as reported. One that cannot be marked is reported again, by the reconciler.
pub(crate) async fn mark_reported<'a>(losses: &impl Losses, reported: impl Iterator<Item = (FeedId, &'a Loss)>) {
    const CONCURRENCY: usize = 16;
    let mark = async |(feed, loss)| drop(losses.mark_reported(feed, loss).await);
    stream::iter(reported).for_each_concurrent(CONCURRENCY, mark).await;
}
