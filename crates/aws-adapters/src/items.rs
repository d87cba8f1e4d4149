//! Converts between domain values and the rows of the state table.
//!
//! `pk` is `{tenant_id}#{content_type}`. `sk` is `cursor`, `subscription`, `reconciled`, `window#{start}#{end}` (plus
//! `…#part{n}` for digests that do not fit into one row) or `lost#{from}#{reason}` (plus `#{digest}` for a single
//! content).

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use collector::content::ContentDigest;
use collector::cursor::Cursor;
use collector::feed::FeedId;
use collector::loss::{Loss, LossReason, LossRecord};
use collector::ports::Subscription;
use collector::window::Window;
use collector::window_record::WindowRecord;
use jiff::{SignedDuration, Timestamp};

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) const CURSOR: &str = "cursor";
/// The sort key of the row that says when the subscription was started.
pub(crate) const SUBSCRIPTION: &str = "subscription";
/// The sort key of the reconciler's progress.
pub(crate) const RECONCILED: &str = "reconciled";

/// The prefix of the sort keys of windows.
pub(crate) const WINDOW: &str = "window#";
/// The prefix of the sort keys of losses.
pub(crate) const LOST: &str = "lost#";
/// Follows a window's sort key in the rows for digests that do not fit into its first row.
const PART: &str = "#part";

/// How many ids of missing contents a row contains, for people who open a ticket with Microsoft. Of the others it
/// contains only the digests.
const MISSING_IDS: usize = 500;
/// DynamoDB allows 400 kB for a row. If all contents are missing, the digests take 256 kB and the ids 75 kB.
const DIGESTS_PER_ROW: usize = 8_000;
/// A loss stays on record for a year, for audits.
const LOSS_TTL: SignedDuration = SignedDuration::from_hours(365 * 24);

pub(crate) fn key(feed: FeedId, sk: &str) -> Item {
    Item::from([("pk".into(), string(feed)), ("sk".into(), string(sk))])
}

pub(crate) fn string(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

/// The rows of a window: its first row, and the rows that must be written before it, in this order.
pub(crate) fn window_rows(feed: FeedId, record: &WindowRecord) -> (Item, Vec<Item>) {
    let window_key = format!("{WINDOW}{}#{}", record.window.start(), record.window.end());
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
    let mut first = row(&window_key, parts.next().unwrap_or_default());
    let rest = parts.enumerate().map(|(part, digests)| row(&format!("{window_key}{PART}{part:04}"), digests));
    // Digests are sorted, so a new one moves others to later rows. Writing the later rows first means that a digest is
    // at no time in no row.
    let last_first = rest.collect::<Vec<_>>().into_iter().rev().collect();
    first.insert("contents".into(), number(record.digests.len()));
    first.insert("hours".into(), AttributeValue::L(record.hours.iter().map(string).collect()));
    first.insert("listed_at".into(), string(record.listed_at));
    first.insert("late".into(), number(record.late));
    first.insert("lost".into(), number(record.lost));
    first.extend(record.checked_at.map(|at| ("checked_at".to_owned(), string(at))));
    first.extend(record.relisted_at.map(|at| ("relisted_at".to_owned(), string(at))));
    first.extend(record.settled_at.map(|at| ("settled_at".to_owned(), string(at))));
    (first, last_first)
}

fn bytes(digests: &[ContentDigest]) -> AttributeValue {
    AttributeValue::B(Blob::new(digests.iter().flat_map(|digest| digest.0).collect::<Vec<u8>>()))
}

/// The windows in `rows`, which must be sorted by key: the parts of a window then follow its first row. `None` if a row
/// is damaged.
pub(crate) fn window_records(rows: &[Item]) -> Option<Vec<WindowRecord>> {
    let mut records: Vec<WindowRecord> = Vec::new();
    for row in rows {
        let sk = row.get("sk")?.as_s().ok()?;
        if sk.contains(PART) {
            // A poller that crashed before the commit has written parts without a first row: they are ignored.
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
        hours: strings(row, "hours").iter().map(|hour| hour.parse().ok()).collect::<Option<_>>()?,
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

pub(crate) fn loss_key(feed: FeedId, loss: &Loss) -> Item {
    let content = loss.content.as_deref().map(|content| format!("#{}", ContentDigest::of(content))).unwrap_or_default();
    key(feed, &format!("{LOST}{}#{}{content}", loss.from, loss.reason))
}

/// The key contains neither the end of the loss nor the time: recording the same loss again, or with a later end,
/// writes the same row.
pub(crate) fn loss_row(feed: FeedId, loss: &Loss, now: Timestamp) -> Item {
    let mut row = loss_key(feed, loss);
    row.insert("lost_from".into(), string(loss.from));
    row.insert("lost_to".into(), string(loss.to));
    row.insert("reason".into(), string(loss.reason));
    row.insert("noticed_at".into(), string(now));
    row.insert("expires_at".into(), epoch_seconds(now + LOSS_TTL));
    row.extend(loss.content.iter().map(|content| ("content".to_owned(), string(content))));
    if !loss.objects.is_empty() {
        row.insert("objects".into(), AttributeValue::L(loss.objects.iter().map(string).collect()));
    }
    row
}

/// `None` if the row is damaged.
pub(crate) fn loss_record(row: &Item) -> Option<LossRecord> {
    let reason = row.get("reason")?.as_s().ok()?;
    let loss = Loss {
        from: instant(row, "lost_from")?,
        to: instant(row, "lost_to")?,
        reason: LossReason::ALL.into_iter().find(|known| known.as_str() == reason)?,
        content: row.get("content").and_then(|content| content.as_s().ok().cloned()),
        objects: strings(row, "objects"),
    };
    Some(LossRecord { loss, noticed_at: instant(row, "noticed_at")?, reported: row.contains_key("reported_at") })
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

pub(crate) fn subscription_row(feed: FeedId, subscription: &Subscription) -> Item {
    let Subscription { started_at, not_before, refused_since } = subscription;
    let mut row = key(feed, SUBSCRIPTION);
    let instants = [("started_at", started_at), ("not_before", not_before), ("refused_since", refused_since)];
    row.extend(instants.into_iter().filter_map(|(name, at)| Some((name.to_owned(), string((*at)?)))));
    row
}

pub(crate) fn instant(row: &Item, attribute: &str) -> Option<Timestamp> {
    row.get(attribute)?.as_s().ok()?.parse().ok()
}

/// A list of strings; empty if the attribute is missing.
fn strings(row: &Item, attribute: &str) -> Vec<String> {
    let list = row.get(attribute).and_then(|list| list.as_l().ok());
    list.into_iter().flatten().filter_map(|value| value.as_s().ok().cloned()).collect()
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
