//! The contract of `OpenContents`.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use collector::content::{Content, ContentDigest};
use collector::feed::FeedId;
use collector::loss::{Loss, LossReason};
use collector::open_content::OpenContent;
use collector::ports::{Losses, OpenContents};
use collector::window::Window;

use super::state::another;
use crate::samples::{at, content, window};

/// Five minutes from 10:00 on, an adjacent window from 10:05 on, and one from 11:00 on.
fn windows() -> [Window; 3] {
    [("10:00", "10:05"), ("10:05", "10:10"), ("11:00", "11:05")]
        .map(|(start, end)| window(&format!("2026-11-22T{start}:00Z"), &format!("2026-11-22T{end}:00Z")))
}

/// A content that no listing has named.
fn unnamed(window: Window, id: &str) -> OpenContent {
    OpenContent {
        window,
        digest: ContentDigest::of(id),
        content: None,
        hours: BTreeSet::from([at("2026-11-22T10:00:00Z"), at("2026-11-22T11:00:00Z")]),
        attempts: 1,
        next_attempt: at("2026-11-22T18:00:00Z"),
    }
}

/// A content as a listing named it.
fn named(window: Window, id: &str) -> OpenContent {
    let content: Content = content(id, "2026-11-22T10:03:07.123Z");
    OpenContent { hours: BTreeSet::from([content.hour()]), content: Some(content), ..unnamed(window, id) }
}

async fn all(state: &impl OpenContents, feed: FeedId) -> Vec<OpenContent> {
    state.open_contents(feed, None, 1_000).await.unwrap()
}

/// `contents`, in the order in which they are read.
fn sorted(mut contents: Vec<OpenContent>) -> Vec<OpenContent> {
    contents.sort_by_key(OpenContent::key);
    contents
}

/// A content is open until it is removed, and is as it was stored last.
pub async fn stores_open_contents(state: &impl OpenContents, feed: FeedId) {
    let [window, next, _] = windows();
    let (first, second) = (named(window, "first"), unnamed(next, "second"));
    assert_eq!(all(state, feed).await, []);
    state.put_open(feed, &[]).await.unwrap();
    state.put_open(feed, &[second.clone(), first.clone()]).await.unwrap();
    assert_eq!(all(state, feed).await, [first.clone(), second.clone()]);

    let repeated = OpenContent { attempts: 2, next_attempt: at("2026-11-23T06:00:00Z"), ..named(next, "second") };
    state.put_open(feed, slice::from_ref(&repeated)).await.unwrap();
    assert_eq!(all(state, feed).await, [first.clone(), repeated.clone()], "it is replaced");

    state.put_open_if_absent(feed, &second).await.unwrap();
    assert_eq!(all(state, feed).await, [first.clone(), repeated.clone()], "what is stored stays");
    let third = named(next, "third");
    state.put_open_if_absent(feed, &third).await.unwrap();
    assert_eq!(all(state, feed).await, sorted(vec![first.clone(), repeated.clone(), third.clone()]));
    state.remove_open(feed, &[third]).await.unwrap();
    let forgotten = OpenContent { content: None, ..first.clone() };
    state.put_open(feed, slice::from_ref(&forgotten)).await.unwrap();
    assert_eq!(all(state, feed).await[0], forgotten, "nothing is left of what it replaced");

    state.remove_open(feed, &[]).await.unwrap();
    state.remove_open(feed, &[second, unnamed(window, "never stored")]).await.unwrap();
    assert_eq!(all(state, feed).await, [forgotten], "removed by window and digest, whatever else is known");
    state.remove_open(feed, &[first]).await.unwrap();
    assert_eq!(all(state, feed).await, []);
}

/// Open contents are read in pages, by their windows and then by their digests, and any number is stored or removed at once.
pub async fn pages_through_open_contents(state: &impl OpenContents, feed: FeedId) {
    let contents = (0..80).map(|number| unnamed(windows()[number % 3], &format!("content-{}", number / 3)));
    let contents: Vec<OpenContent> = contents.collect();
    state.put_open(feed, &contents).await.unwrap();
    let sorted = sorted(contents);
    for limit in [1, 27, 80, 81] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = state.open_contents(feed, after, limit).await.unwrap();
            assert!(page.len() <= limit, "{} contents, not {limit}", page.len());
            let Some(last) = page.last() else { break };
            after = Some(last.key());
            found.extend(page);
        }
        assert_eq!(found, sorted, "in pages of {limit}");
    }
    assert_eq!(state.open_contents(feed, None, 0).await.unwrap(), []);

    state.remove_open(feed, &sorted[..60]).await.unwrap();
    assert_eq!(all(state, feed).await, sorted[60..]);
    let removed = Some(sorted[10].key());
    assert_eq!(state.open_contents(feed, removed, 100).await.unwrap(), sorted[60..], "after one that is gone");
}

/// Open contents are counted by window, for windows that start at `from` or later and before `before`.
pub async fn counts_open_contents_by_window(state: &impl OpenContents, feed: FeedId) {
    let [first, second, third] = windows();
    let contents = [unnamed(first, "a"), named(second, "a"), named(second, "b"), named(third, "a")];
    state.put_open(feed, &contents).await.unwrap();
    let counts = [(first, 1), (second, 2), (third, 1)];
    for (from, before, expected) in [
        ("10:00:00Z", "11:00:01Z", &counts[..]),
        ("10:00:00Z", "11:00:00Z", &counts[..2]),
        ("10:00:00.5Z", "11:00:00.5Z", &counts[1..]),
        ("10:05:00Z", "10:05:00Z", &[]),
        ("11:00:00Z", "10:00:00Z", &[]),
    ] {
        let (from, before) = (at(&format!("2026-11-22T{from}")), at(&format!("2026-11-22T{before}")));
        let found = state.open_counts(feed, from, before).await.unwrap();
        assert_eq!(found, BTreeMap::from_iter(expected.iter().copied()), "from {from} before {before}");
    }
}

/// The open contents of one feed are not those of another.
pub async fn separates_feeds(state: &impl OpenContents, feed: FeedId) {
    let other = another(feed);
    let [window, ..] = windows();
    let (own, others) = (named(window, "own"), named(window, "other"));
    state.put_open(feed, slice::from_ref(&own)).await.unwrap();
    state.put_open(other, &[own.clone(), others.clone()]).await.unwrap();
    state.remove_open(other, slice::from_ref(&own)).await.unwrap();
    assert_eq!(all(state, feed).await, slice::from_ref(&own));
    assert_eq!(all(state, other).await, [others]);
    for feed in [feed, other] {
        let counts = state.open_counts(feed, window.start(), window.end()).await.unwrap();
        assert_eq!(counts, BTreeMap::from([(window, 1)]), "open of {feed}");
    }
}

/// A content that is recorded as lost is no longer open; losses that are not of this content change nothing.
pub async fn removes_what_is_lost<S: OpenContents + Losses>(state: &S, feed: FeedId) {
    let [window, next, _] = windows();
    let bounds = (window.start(), window.end());
    let contents = sorted(vec![named(window, "gone"), unnamed(window, "placeholder"), named(window, "malformed")]);
    state.put_open(feed, &contents).await.unwrap();
    let gone = Loss::of_content(bounds, "gone".to_owned(), Vec::new());
    let span = Loss { content: None, reason: LossReason::SubscriptionDisabled, ..gone.clone() };
    let unusable = Loss { reason: LossReason::MalformedEntry, ..gone.clone() };
    let elsewhere = Loss::of_content((next.start(), next.end()), "gone".to_owned(), Vec::new());
    for loss in [span, unusable, elsewhere] {
        state.record_loss(feed, &loss).await.unwrap();
        assert_eq!(all(state, feed).await, contents, "{loss:?} is not of an open content");
    }
    state.record_loss(another(feed), &gone).await.unwrap();
    assert_eq!(all(state, feed).await, contents, "another feed's content is lost");

    let malformed = Loss::of_content(bounds, "malformed".to_owned(), vec!["malformed/object".to_owned()]);
    state.record_loss(feed, &malformed).await.unwrap();
    state.record_loss(feed, &gone).await.unwrap();
    let unnamed_loss = Loss::of_content(bounds, ContentDigest::of("placeholder").placeholder_id(), Vec::new());
    assert_eq!(all(state, feed).await, [unnamed(window, "placeholder")]);
    state.record_loss(feed, &unnamed_loss).await.unwrap();
    assert_eq!(all(state, feed).await, []);

    state.put_open(feed, &[named(window, "gone")]).await.unwrap();
    state.record_loss(feed, &gone).await.unwrap();
    assert_eq!(all(state, feed).await, [], "also where the loss is on record already");
}
