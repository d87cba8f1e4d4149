//! The rows of the state table, there and back.
//!
//! `pk` is `{tenant_id}#{content_type}`. `sk` is `cursor`, `subscription`, `window#{start}#{end}` (with
//! `…#part{n}` for what does not fit into one row) or `lost#{from}#{reason}` (with `#{digest}` for one content).

use std::collections::HashMap;

use audit_feed::content::{ContentDigest, Listing};
use audit_feed::cursor::Cursor;
use audit_feed::feed::FeedId;
use audit_feed::loss::Loss;
use audit_feed::window::Window;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The sort key of a feed's cursor.
pub(crate) const CURSOR: &str = "cursor";
/// The sort key of when a feed's subscription was started.
pub(crate) const SUBSCRIPTION: &str = "subscription";

/// 240 kB of digests: well below DynamoDB's 400 kB for an item.
const DIGESTS_PER_ROW: usize = 15_000;
/// How long a window's row is kept: longer than anything can still be done about it.
const WINDOW_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long a loss is kept: a year, for those who ask later.
const LOSS_KEPT: SignedDuration = SignedDuration::from_hours(365 * 24);

pub(crate) fn key(feed: FeedId, sk: &str) -> Item {
    Item::from([("pk".into(), string(feed)), ("sk".into(), string(sk))])
}

pub(crate) fn string(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

/// The rows of a listing: the one that goes with the cursor, then those that must be written before it.
pub(crate) fn window_rows(feed: FeedId, listing: &Listing) -> (Item, Vec<Item>) {
    let name = window_key(listing.window);
    let digests: Vec<ContentDigest> = listing.digests.iter().copied().collect();
    let mut parts = digests.chunks(DIGESTS_PER_ROW);
    let expires_at = epoch_seconds(listing.listed_at + WINDOW_KEPT);
    let row = |sk: &str, digests: &[ContentDigest]| {
        let mut row = key(feed, sk);
        let bytes: Vec<u8> = digests.iter().flat_map(|digest| digest.0).collect();
        row.insert("digests".into(), AttributeValue::B(Blob::new(bytes)));
        row.insert("expires_at".into(), expires_at.clone());
        row
    };
    let mut first = row(&name, parts.next().unwrap_or_default());
    let rest: Vec<Item> = parts.enumerate().map(|(part, digests)| row(&format!("{name}#part{part:04}"), digests)).collect();
    first.insert("contents".into(), AttributeValue::N(listing.digests.len().to_string()));
    first.insert("parts".into(), AttributeValue::N(rest.len().to_string()));
    first.insert("listed_at".into(), string(listing.listed_at));
    (first, rest)
}

pub(crate) fn window_key(window: Window) -> String {
    format!("window#{}#{}", window.start(), window.end())
}

/// One loss is one row, whoever notices it how often. A gap whose end still moves keeps its key.
pub(crate) fn loss_row(feed: FeedId, loss: &Loss, now: Timestamp) -> Item {
    let content = loss.content.as_deref().map(|content| format!("#{}", ContentDigest::of(content))).unwrap_or_default();
    let mut row = key(feed, &format!("lost#{}#{}{content}", loss.from, loss.reason));
    row.insert("lost_from".into(), string(loss.from));
    row.insert("lost_to".into(), string(loss.to));
    row.insert("reason".into(), string(loss.reason));
    row.insert("noticed_at".into(), string(now));
    row.insert("expires_at".into(), epoch_seconds(now + LOSS_KEPT));
    row.extend(loss.content.iter().map(|content| ("content".to_owned(), string(content))));
    row
}

/// The cursor in a row; `None` for a row that is not one.
pub(crate) fn cursor(row: &Item) -> Option<Cursor> {
    let planned_until = match row.get("planned_until") {
        Some(_) => Some(instant(row, "planned_until")?),
        None => None,
    };
    Some(Cursor { listed_until: instant(row, "listed_until")?, planned_until })
}

pub(crate) fn instant(row: &Item, attribute: &str) -> Option<Timestamp> {
    row.get(attribute)?.as_s().ok()?.parse().ok()
}

fn epoch_seconds(instant: Timestamp) -> AttributeValue {
    AttributeValue::N(instant.as_second().to_string())
}
