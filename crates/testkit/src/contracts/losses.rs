//! The contract of `Losses`.

use std::slice;

use collector::feed::FeedId;
use collector::loss::{Loss, LossReason, LossRecord};
use collector::ports::{Clock, Losses};
use jiff::SignedDuration;

use super::state::another;
use crate::clock::ManualClock;
use crate::samples::at;

const START: &str = "2026-11-22T10:00:00Z";

fn span(from: &str, to: &str) -> Loss {
    Loss { from: at(from), to: at(to), reason: LossReason::SubscriptionDisabled, content: None, objects: Vec::new() }
}

/// A span that begins at [`START`], with the same one when it has grown.
fn growing() -> (Loss, Loss) {
    (span(START, "2026-11-22T11:00:00Z"), span(START, "2026-11-22T12:00:00Z"))
}

fn content(start: &str, id: &str) -> Loss {
    let start = at(start);
    Loss::of_content((start, start + SignedDuration::from_mins(5)), id.to_owned(), Vec::new())
}

async fn record(state: &impl Losses, feed: FeedId, losses: &[&Loss]) {
    for loss in losses {
        state.record_loss(feed, loss).await.unwrap();
    }
}

/// All losses of the year, each with whether it is reported.
async fn all(state: &impl Losses, feed: FeedId) -> Vec<(Loss, bool)> {
    let records = state.losses(feed, at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")).await.unwrap();
    records.into_iter().map(|record| (record.loss.clone(), record.is_reported())).collect()
}

async fn unprocessed(state: &impl Losses, feed: FeedId) -> Vec<Loss> {
    let records = state.unprocessed(feed, 1_000).await.unwrap();
    let mut losses: Vec<Loss> = records.into_iter().map(|record| record.loss).collect();
    losses.sort_by_key(|loss| (loss.from, loss.content.clone()));
    losses
}

/// A loss that is recorded again is the same loss, one that ends later is the same loss, grown, and any other is another one.
pub async fn records_a_loss_once(state: &impl Losses, feed: FeedId) {
    let (loss, grown) = growing();
    let malformed = vec!["malformed/first".to_owned(), "malformed/second".to_owned()];
    let malformed = Loss::of_content((at("2026-11-22T10:05:00Z"), at("2026-11-22T10:10:00Z")), "id".into(), malformed);
    record(state, feed, &[&loss, &loss, &malformed, &malformed]).await;
    assert_eq!(all(state, feed).await, [(loss.clone(), false), (malformed.clone(), false)]);
    record(state, feed, &[&grown, &loss]).await;
    assert_eq!(all(state, feed).await, [(grown.clone(), false), (malformed.clone(), false)]);

    let other_reason = Loss { reason: LossReason::Unchecked, from: at("2026-11-22T10:00:01Z"), ..loss.clone() };
    let gone = Loss { reason: LossReason::ContentGone, from: at("2026-11-22T10:06:00Z"), ..malformed.clone() };
    let second = Loss { from: at("2026-11-22T10:07:00Z"), content: Some("other".to_owned()), ..gone.clone() };
    record(state, feed, &[&other_reason, &gone, &second]).await;
    let all = all(state, feed).await;
    assert_eq!(all, [grown, other_reason, malformed, gone, second].map(|loss| (loss, false)));
}

/// A loss is known since it was recorded first, and is reported up to the end that it had then.
pub async fn knows_what_was_reported(state: &impl Losses, feed: FeedId, clock: &ManualClock) {
    let (loss, grown) = growing();
    let records = async || state.losses(feed, loss.from, loss.to).await.unwrap();
    let noticed_at = clock.now();
    state.mark_reported(feed, &loss).await.unwrap();
    assert_eq!(records().await, [], "a loss that is not on record is not reported either");
    state.record_loss(feed, &loss).await.unwrap();
    assert_eq!(records().await, [LossRecord { loss: loss.clone(), noticed_at, reported: None }]);

    clock.advance(SignedDuration::from_mins(20));
    let reported = Some((clock.now(), loss.to));
    state.mark_reported(feed, &loss).await.unwrap();
    assert_eq!(records().await, [LossRecord { loss: loss.clone(), noticed_at, reported }]);

    clock.advance(SignedDuration::from_mins(20));
    record(state, feed, &[&loss, &grown]).await;
    assert_eq!(records().await, [LossRecord { loss: grown.clone(), noticed_at, reported }]);
    assert_eq!(all(state, feed).await, [(grown.clone(), false)], "it has grown since it was reported");
    state.mark_reported(feed, &grown).await.unwrap();
    assert_eq!(records().await, [LossRecord { reported: Some((clock.now(), grown.to)), ..records().await[0].clone() }]);
    state.record_loss(feed, &loss).await.unwrap();
    assert_eq!(all(state, feed).await, [(grown.clone(), true)], "a reported loss stays reported");
    state.mark_reported(feed, &loss).await.unwrap();
    assert_eq!(all(state, feed).await, [(grown, true)], "also if a shorter one is marked after it");
}

/// A loss is unprocessed until it is marked, and again when it has grown.
pub async fn knows_what_is_unprocessed(state: &impl Losses, feed: FeedId) {
    let (loss, grown) = growing();
    let gone = content("2026-11-22T10:05:00Z", "gone");
    assert_eq!(unprocessed(state, feed).await, []);
    record(state, feed, &[&gone, &loss]).await;
    assert_eq!(unprocessed(state, feed).await, [loss.clone(), gone.clone()]);
    state.mark_reported(feed, &loss).await.unwrap();
    assert_eq!(unprocessed(state, feed).await, [loss.clone(), gone.clone()], "reported is not processed");

    record(state, feed, &[&grown]).await;
    state.mark_processed(feed, &loss).await.unwrap();
    assert_eq!(unprocessed(state, feed).await, [grown.clone(), gone.clone()], "it has grown since it was read");
    state.mark_processed(feed, &grown).await.unwrap();
    state.mark_processed(feed, &grown).await.unwrap();
    assert_eq!(unprocessed(state, feed).await, slice::from_ref(&gone));
    record(state, feed, &[&loss, &grown]).await;
    assert_eq!(unprocessed(state, feed).await, slice::from_ref(&gone), "it is the same loss, which was processed");

    let longer = Loss { to: at("2026-11-22T13:00:00Z"), ..grown };
    record(state, feed, &[&longer]).await;
    assert_eq!(unprocessed(state, feed).await, [longer.clone(), gone.clone()]);
    state.mark_processed(feed, &gone).await.unwrap();
    state.mark_processed(feed, &longer).await.unwrap();
    assert_eq!(unprocessed(state, feed).await, []);
    assert_eq!(all(state, feed).await, [(longer, false), (gone, false)], "they stay on record");
}

/// However many losses are unprocessed, no more than `limit` are read, and marking those brings the next ones.
pub async fn reads_unprocessed_losses_in_parts(state: &impl Losses, feed: FeedId) {
    let mut left: Vec<Loss> = (0..120).map(|number| content(START, &format!("content-{number:03}"))).collect();
    record(state, feed, &left.iter().collect::<Vec<_>>()).await;
    assert_eq!(state.unprocessed(feed, 0).await.unwrap(), []);
    for expected in [110, 10] {
        let records = state.unprocessed(feed, 110).await.unwrap();
        assert_eq!(records.len(), expected);
        for record in records {
            left.retain(|loss| *loss != record.loss);
            state.mark_processed(feed, &record.loss).await.unwrap();
        }
    }
    assert_eq!(left, [], "each was read once");
    assert_eq!(state.unprocessed(feed, 110).await.unwrap(), []);
}

/// Contents are in the range in which their windows start, spans in each range that they touch, in the order of their beginnings.
pub async fn reads_the_losses_of_a_range(state: &impl Losses, feed: FeedId) {
    let (before, day) = (span("2026-08-23T23:59:59Z", "2026-11-22T00:00:01Z"), "2026-11-22T00:00:00Z");
    let long = span("2026-08-24T00:00:00Z", "2026-11-22T00:00:01Z");
    let ended = span("2026-11-21T23:00:00Z", day);
    let yesterday = content("2026-11-21T23:59:59Z", "yesterday");
    let first = content(day, "first");
    let fraction = span("2026-11-22T00:00:00.5Z", "2026-11-22T10:00:00Z");
    let last = content("2026-11-22T23:59:59Z", "last");
    let tomorrow = span("2026-11-23T00:00:00Z", "2026-11-23T10:00:00Z");
    let fraction_of_tomorrow = span("2026-11-23T00:00:00.5Z", "2026-11-23T10:00:00Z");
    let late = content("2026-11-23T00:00:00Z", "late");
    let all = [&late, &fraction_of_tomorrow, &tomorrow, &last, &fraction, &first, &yesterday, &ended, &long, &before];
    record(state, feed, &all).await;
    let losses = async |from, before| {
        let records = state.losses(feed, at(from), at(before)).await.unwrap();
        records.into_iter().map(|record| record.loss).collect::<Vec<_>>()
    };
    assert_eq!(losses(day, "2026-11-23T00:00:00Z").await, [long, first, fraction.clone(), last]);
    assert_eq!(losses("2026-11-22T00:00:01Z", "2026-11-22T00:00:02Z").await, slice::from_ref(&fraction));
    assert_eq!(losses("2026-11-22T00:00:00.5Z", "2026-11-22T00:00:00.6Z").await, [fraction]);
    assert_eq!(losses("2026-11-24T00:00:00Z", "2026-11-22T00:00:00Z").await, []);
}

/// The losses of one feed are not those of another.
pub async fn separates_feeds(state: &impl Losses, feed: FeedId) {
    let other = another(feed);
    let loss = growing().0;
    record(state, feed, &[&loss]).await;
    assert_eq!((all(state, other).await, unprocessed(state, other).await), (Vec::new(), Vec::new()));
    record(state, other, &[&loss]).await;
    state.mark_reported(other, &loss).await.unwrap();
    state.mark_processed(other, &loss).await.unwrap();
    assert_eq!(
        (all(state, feed).await, unprocessed(state, feed).await),
        (vec![(loss.clone(), false)], vec![loss.clone()])
    );
    assert_eq!((all(state, other).await, unprocessed(state, other).await), (vec![(loss, true)], Vec::new()));
}
