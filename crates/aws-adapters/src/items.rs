//! Converts between domain values and the rows of the state table.
//!
//! `pk` is `{tenant_id}#{content_type}`. `sk` is `cursor`, `subscription`, `rechecks`, `window#{start}#{end}` (plus
//! `…#part{n}` for digests that do not fit into one row), `open#{start}#{end}#{digest}`, `lost#span#{from}#{reason}` or
//! `lost#content#{from}#{reason}#{digest}`. A loss that the reconciler has not processed has a second row, `unprocessed#…` in
//! place of `lost#…`.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use collector::content::ContentDigest;
use collector::cursor::Cursor;
use collector::feed::FeedId;
use collector::feed_state::Subscription;
use collector::window::{Window, whole_second};
use jiff::{SignedDuration, Timestamp};

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) const CURSOR: &str = "cursor";
/// The sort key of the row that says when the subscription was started.
pub(crate) const SUBSCRIPTION: &str = "subscription";
/// The sort key of the row that says how far the feed has been rechecked.
pub(crate) const RECHECKS: &str = "rechecks";

pub(crate) fn key(feed: FeedId, sk: &str) -> Item {
    Item::from([("pk".into(), string(feed)), ("sk".into(), string(sk))])
}

pub(crate) fn string(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

/// `None` if the row is damaged.
pub(crate) fn cursor(row: &Item) -> Option<Cursor> {
    let planned_until = match row.get("planned_until") {
        Some(_) => Some(instant(row, "planned_until")?),
        None => None,
    };
    let never_listed = row.contains_key("never_listed");
    Some(Cursor { listed_until: instant(row, "listed_until")?, planned_until, never_listed })
}

/// What is missing or damaged counts as unknown: the next poll finds it out again.
pub(crate) fn subscription(row: &Item) -> Subscription {
    Subscription {
        started_at: instant(row, "started_at"),
        not_before: instant(row, "not_before"),
        refused_since: instant(row, "refused_since"),
    }
}

pub(crate) fn instant(row: &Item, attribute: &str) -> Option<Timestamp> {
    row.get(attribute)?.as_s().ok()?.parse().ok()
}

pub(crate) fn bytes(digests: &[ContentDigest]) -> AttributeValue {
    AttributeValue::B(Blob::new(digests.iter().flat_map(|digest| digest.0).collect::<Vec<u8>>()))
}

pub(crate) fn list(texts: impl IntoIterator<Item = impl ToString>) -> AttributeValue {
    AttributeValue::L(texts.into_iter().map(string).collect())
}

/// A list of values; `None` if one of them is damaged, empty if the attribute is missing.
pub(crate) fn parsed<T: FromStr, C: FromIterator<T>>(row: &Item, attribute: &str) -> Option<C> {
    strings(row, attribute).iter().map(|text| text.parse().ok()).collect()
}

/// A window in the form of `{start}#{end}`.
pub(crate) fn window(text: &str) -> Option<Window> {
    let (start, end) = text.split_once('#')?;
    Window::new(start.parse().ok()?, end.parse().ok()?).ok()
}

pub(crate) fn window_key(window: Window) -> String {
    format!("{}#{}", window.start(), window.end())
}

/// The first whole second from `instant` on: the bound in a range of keys. Instants are in order as text only where they are
/// whole seconds, as those of windows are: `10:00:00.5Z` comes before `10:00:00Z`.
pub(crate) fn next_second(instant: Timestamp) -> Timestamp {
    let second = whole_second(instant);
    if second < instant { second + SignedDuration::from_secs(1) } else { second }
}

pub(crate) fn text(row: &Item, attribute: &str) -> Option<String> {
    row.get(attribute)?.as_s().ok().cloned()
}

/// A list of strings; empty if the attribute is missing.
pub(crate) fn strings(row: &Item, attribute: &str) -> Vec<String> {
    let list = row.get(attribute).and_then(|list| list.as_l().ok());
    list.into_iter().flatten().filter_map(|value| value.as_s().ok().cloned()).collect()
}

pub(crate) fn count(row: &Item, attribute: &str) -> Option<u64> {
    row.get(attribute)?.as_n().ok()?.parse().ok()
}

/// An instant in milliseconds since the epoch.
pub(crate) fn millisecond(row: &Item, attribute: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(row.get(attribute)?.as_n().ok()?.parse().ok()?).ok()
}

pub(crate) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(crate) fn epoch_seconds(instant: Timestamp) -> AttributeValue {
    number(instant.as_second())
}
