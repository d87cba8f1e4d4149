//! The rows of the state table, there and back.
//!
//! `pk` is `{tenant_id}#{content_type}`. `sk` is `cursor`, `subscription`, `reconciled`, `window#{start}#{end}` (with
//! `…#part{n}` for what does not fit into one row) or `lost#{from}#{reason}` (with `#{digest}` for one content).

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use collector::content::ContentDigest;
use collector::cursor::Cursor;
use collector::feed::FeedId;
use collector::loss::{Loss, LossReason, LossRecord};
use collector::window::Window;
use collector::window_record::WindowRecord;
use jiff::{SignedDuration, Timestamp};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The sort key of a feed's cursor.
pub(crate) const CURSOR: &str = "cursor";
/// The sort key of when a feed's subscription was started.
pub(crate) const SUBSCRIPTION: &str = "subscription";
/// The sort key of how far looking back got.
pub(crate) const RECONCILED: &str = "reconciled";

/// How the sort keys of windows begin.
pub(crate) const WINDOW: &str = "window#";
/// How the sort keys of losses begin.
pub(crate) const LOST: &str = "lost#";
/// What follows a window's sort key where its digests did not fit into one row.
const PART: &str = "#part";

/// The ids of missing contents that a row keeps for people; of the others, which no ticket will list, the digests are.
const MISSING_IDS: usize = 500;
/// All of them missing, 256 kB; and 75 kB of ids. DynamoDB takes items of 400 kB.
const DIGESTS_PER_ROW: usize = 8_000;
/// How long a loss is kept: a year, for those who ask later.
const LOSS_TTL: SignedDuration = SignedDuration::from_hours(365 * 24);

pub(crate) fn key(feed: FeedId, sk: &str) -> Item {
    Item::from([("pk".into(), string(feed)), ("sk".into(), string(sk))])
}

pub(crate) fn string(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

/// The rows of a window: the one that goes with the cursor, then those that must be written before it, in this order.
pub(crate) fn window_rows(feed: FeedId, record: &WindowRecord) -> (Item, Vec<Item>) {
    let name = format!("{WINDOW}{}#{}", record.window.start(), record.window.end());
    let digests: Vec<ContentDigest> = record.digests.iter().copied().collect();
    let expires_at = epoch_seconds(record.listed_at + WindowRecord::TTL);
    let row = |sk: &str, digests: &[ContentDigest]| {
        let missing: Vec<ContentDigest> =
            digests.iter().copied().filter(|digest| record.missing.contains_key(digest)).collect();
        let ids = missing.iter().take(MISSING_IDS).map(|digest| (digest.to_string(), string(&record.missing[digest])));
        let mut row = key(feed, sk);
        row.insert("missing_ids".into(), AttributeValue::M(ids.collect()));
        row.insert("missing".into(), bytes(&missing));
        row.insert("digests".into(), bytes(digests));
        row.insert("expires_at".into(), expires_at.clone());
        row
    };
    let mut parts = digests.chunks(DIGESTS_PER_ROW);
    let mut first = row(&name, parts.next().unwrap_or_default());
    let rest = parts.enumerate().map(|(part, digests)| row(&format!("{name}{PART}{part:04}"), digests));
    // What is new moves others to later rows: these are written first, so that none is ever in no row.
    let rest = rest.collect::<Vec<_>>().into_iter().rev().collect();
    first.insert("contents".into(), number(record.digests.len()));
    first.insert("listed_at".into(), string(record.listed_at));
    first.insert("late".into(), number(record.late));
    first.insert("lost".into(), number(record.lost));
    first.extend(record.checked_at.map(|at| ("checked_at".to_owned(), string(at))));
    first.extend(record.relisted_at.map(|at| ("relisted_at".to_owned(), string(at))));
    first.extend(record.settled_at.map(|at| ("settled_at".to_owned(), string(at))));
    (first, rest)
}

fn bytes(digests: &[ContentDigest]) -> AttributeValue {
    AttributeValue::B(Blob::new(digests.iter().flat_map(|digest| digest.0).collect::<Vec<u8>>()))
}

/// The windows in rows, which come sorted: a window's parts right behind it.
pub(crate) fn window_records(rows: &[Item]) -> Option<Vec<WindowRecord>> {
    let mut records: Vec<WindowRecord> = Vec::new();
    for row in rows {
        let sk = row.get("sk")?.as_s().ok()?;
        if sk.contains(PART) {
            // A part without its window was written by a poller that did not get to commit.
            let owner = records.last_mut().filter(|record| {
                sk.starts_with(&format!("{WINDOW}{}#{}#", record.window.start(), record.window.end()))
            });
            if let Some(record) = owner {
                record.digests.extend(digests(row, "digests")?);
                record.missing.extend(missing(row)?);
            }
        } else {
            records.push(window_record(sk, row)?);
        }
    }
    Some(records)
}

fn window_record(sk: &str, row: &Item) -> Option<WindowRecord> {
    let (start, end) = sk.strip_prefix(WINDOW)?.split_once('#')?;
    Some(WindowRecord {
        window: Window::new(start.parse().ok()?, end.parse().ok()?).ok()?,
        digests: digests(row, "digests")?.collect(),
        listed_at: instant(row, "listed_at")?,
        checked_at: instant(row, "checked_at"),
        relisted_at: instant(row, "relisted_at"),
        late: count(row, "late")?,
        missing: missing(row)?.collect(),
        lost: count(row, "lost")?,
        settled_at: instant(row, "settled_at"),
    })
}

fn missing(row: &Item) -> Option<impl Iterator<Item = (ContentDigest, String)>> {
    let ids = row.get("missing_ids").and_then(|ids| ids.as_m().ok());
    let missing = digests(row, "missing")?.map(move |digest| {
        let id = ids.and_then(|ids| ids.get(&digest.to_string())?.as_s().ok().cloned());
        (digest, id.unwrap_or_else(|| digest.placeholder_id()))
    });
    Some(missing)
}

fn digests(row: &Item, attribute: &str) -> Option<impl Iterator<Item = ContentDigest>> {
    let bytes = row.get(attribute)?.as_b().ok()?.as_ref();
    Some(bytes.chunks_exact(ContentDigest::BYTES).filter_map(|digest| digest.try_into().ok().map(ContentDigest)))
}

/// The key of a loss.
pub(crate) fn loss_key(feed: FeedId, loss: &Loss) -> Item {
    let content = loss.content.as_deref().map(|content| format!("#{}", ContentDigest::of(content))).unwrap_or_default();
    key(feed, &format!("{LOST}{}#{}{content}", loss.from, loss.reason))
}

/// One loss is one row, whoever notices it how often. A gap whose end still moves keeps its key.
pub(crate) fn loss_row(feed: FeedId, loss: &Loss, now: Timestamp) -> Item {
    let mut row = loss_key(feed, loss);
    row.insert("lost_from".into(), string(loss.from));
    row.insert("lost_to".into(), string(loss.to));
    row.insert("reason".into(), string(loss.reason));
    row.insert("noticed_at".into(), string(now));
    row.insert("expires_at".into(), epoch_seconds(now + LOSS_TTL));
    row.extend(loss.content.iter().map(|content| ("content".to_owned(), string(content))));
    row
}

/// The loss in a row; `None` for a row that is not one.
pub(crate) fn loss_record(row: &Item) -> Option<LossRecord> {
    let reason = row.get("reason")?.as_s().ok()?;
    let loss = Loss {
        from: instant(row, "lost_from")?,
        to: instant(row, "lost_to")?,
        reason: LossReason::ALL.into_iter().find(|known| known.as_str() == reason)?,
        content: row.get("content").and_then(|content| content.as_s().ok().cloned()),
    };
    Some(LossRecord { loss, noticed_at: instant(row, "noticed_at")?, reported: row.contains_key("reported_at") })
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

fn count(row: &Item, attribute: &str) -> Option<u64> {
    row.get(attribute)?.as_n().ok()?.parse().ok()
}

pub(crate) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(crate) fn epoch_seconds(instant: Timestamp) -> AttributeValue {
    number(instant.as_second())
}
