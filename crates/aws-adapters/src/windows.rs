//! What committed windows held, and how far they have been rechecked, in the state table.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use collector::content::ContentDigest;
use collector::failure::Failure;
use collector::feed::FeedId;
use collector::ports::{Clock, ConditionalWrite, Windows};
use collector::rechecks::Rechecks;
use collector::window_record::{WindowCounts, WindowRecord};
use futures::{TryStreamExt, pin_mut};
use jiff::{SignedDuration, Timestamp};

use crate::dynamodb::DynamoDbState;
use crate::failure::{damaged_row, sdk_failure};
use crate::items::{
    Item, RECHECKS, bytes, count, epoch_seconds, instant, key, list, next_second, number, parsed, string, strings,
    text, window, window_key,
};

/// The prefix of the sort keys of windows.
const WINDOW: &str = "window#";
/// Follows a window's sort key in the rows for digests that do not fit into its first row.
const PART: &str = "#part";
/// The attribute of a window that was never listed.
const UNLISTED: &str = "unlisted";
/// DynamoDB allows 400 kB for a row.
const DIGESTS_PER_ROW: usize = 20_000;

impl<C: Clock> Windows for DynamoDbState<C> {
    async fn windows(
        &self,
        feed: FeedId,
        from: Timestamp,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<WindowRecord>, Failure> {
        let rows = self.range(feed, &start_key(from), &start_key(before), &[], limit.saturating_add(1));
        pin_mut!(rows);
        let mut records: Vec<WindowRecord> = Vec::new();
        while let Some(row) = rows.try_next().await? {
            let sk = text(&row, "sk").unwrap_or_default();
            if !sk.contains(PART) {
                if records.len() == limit {
                    break;
                }
                records.push(window_record(&sk, &row).ok_or_else(|| damaged_row("a window", feed))?);
            } else if let Some(record) = records.last_mut()
                && sk.starts_with(&format!("{WINDOW}{}{PART}", window_key(record.window)))
            {
                // A poller that crashed before the commit has written parts without a first row: they are ignored.
                record.digests.extend(digests(&row).ok_or_else(|| damaged_row("a window", feed))?);
            }
        }
        Ok(records)
    }

    async fn window_counts(
        &self,
        feed: FeedId,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<Vec<WindowCounts>, Failure> {
        let rows =
            self.range(feed, &start_key(from), &start_key(before), &["sk", "contents", "late", UNLISTED], usize::MAX);
        pin_mut!(rows);
        let mut counts = Vec::new();
        while let Some(row) = rows.try_next().await? {
            let sk = text(&row, "sk").unwrap_or_default();
            if !sk.contains(PART) {
                counts.push(window_counts(&sk, &row).ok_or_else(|| damaged_row("a window", feed))?);
            }
        }
        Ok(counts)
    }

    async fn update_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure> {
        let (row, parts) = window_rows(feed, record);
        for part in parts {
            self.put(part).await?;
        }
        self.put(row).await
    }

    async fn rechecks(&self, feed: FeedId) -> Result<Rechecks, Failure> {
        let rows = self.rows(vec![key(feed, RECHECKS)]).await?;
        rows.first().map_or_else(
            || Ok(Rechecks::default()),
            |row| rechecks(row).ok_or_else(|| damaged_row("how far it was rechecked", feed)),
        )
    }

    async fn save_rechecks(&self, feed: FeedId, rechecks: &mut Rechecks) -> Result<ConditionalWrite, Failure> {
        let next = Rechecks { revision: rechecks.revision + 1, ..rechecks.clone() };
        let put = self.client.put_item().table_name(&self.table).set_item(Some(rechecks_row(feed, &next)));
        let put = if rechecks.revision == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("revision = :known")
                .expression_attribute_values(":known", number(rechecks.revision))
        };
        match put.send().await {
            Ok(_) => {
                *rechecks = next;
                Ok(ConditionalWrite::Applied)
            }
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(ConditionalWrite::Conflict)
            }
            Err(error) => Err(sdk_failure(format_args!("writing to table {}", self.table), error)),
        }
    }
}

fn start_key(start: Timestamp) -> String {
    format!("{WINDOW}{}", next_second(start))
}

/// The rows of a window: its first row, and the rows that must be written before it, in this order.
pub(crate) fn window_rows(feed: FeedId, record: &WindowRecord) -> (Item, Vec<Item>) {
    let first_key = format!("{WINDOW}{}", window_key(record.window));
    let digests: Vec<ContentDigest> = record.digests.iter().copied().collect();
    let expires_at = epoch_seconds(record.listed_at + WindowRecord::TTL);
    let row = |sk: &str, digests: &[ContentDigest]| {
        let mut row = key(feed, sk);
        row.insert("digests".into(), bytes(digests));
        row.insert("expires_at".into(), expires_at.clone());
        row
    };
    let mut parts = digests.chunks(DIGESTS_PER_ROW);
    let mut first = row(&first_key, parts.next().unwrap_or_default());
    let rest = parts.enumerate().map(|(part, digests)| row(&format!("{first_key}{PART}{part:04}"), digests));
    // Digests are sorted, so a new one moves others to later rows. Writing the later rows first means that a digest is
    // at no time in no row.
    let last_first = rest.collect::<Vec<_>>().into_iter().rev().collect();
    first.insert("contents".into(), number(record.digests.len()));
    first.insert("hours".into(), list(&record.hours));
    first.insert("listed_at".into(), string(record.listed_at));
    first.insert("late".into(), number(record.late));
    if record.unlisted {
        first.insert(UNLISTED.into(), AttributeValue::Bool(true));
    }
    (first, last_first)
}

fn window_record(sk: &str, row: &Item) -> Option<WindowRecord> {
    Some(WindowRecord {
        window: window(sk.strip_prefix(WINDOW)?)?,
        digests: digests(row)?.collect(),
        hours: parsed(row, "hours")?,
        listed_at: instant(row, "listed_at")?,
        late: count(row, "late")?,
        unlisted: row.contains_key(UNLISTED),
    })
}

fn window_counts(sk: &str, row: &Item) -> Option<WindowCounts> {
    let window = window(sk.strip_prefix(WINDOW)?)?;
    let (contents, late) = (count(row, "contents")?, count(row, "late")?);
    Some(WindowCounts { window, contents, late, unlisted: row.contains_key(UNLISTED) })
}

fn digests(row: &Item) -> Option<impl Iterator<Item = ContentDigest>> {
    let bytes = row.get("digests")?.as_b().ok()?.as_ref();
    Some(bytes.chunks_exact(ContentDigest::BYTES).filter_map(|digest| digest.try_into().ok().map(ContentDigest)))
}

fn rechecks_row(feed: FeedId, rechecks: &Rechecks) -> Item {
    let Rechecks { checked_until, passed_over, unchecked_since, stale_days, revision } = rechecks;
    let checked = checked_until.iter().map(|(age, until)| (age.as_mins().to_string(), string(until)));
    let mut row = key(feed, RECHECKS);
    row.insert("checked_until".into(), AttributeValue::M(checked.collect()));
    row.insert("passed_over".into(), list(passed_over.iter().map(|window| window_key(*window))));
    row.extend(unchecked_since.map(|since| ("unchecked_since".to_owned(), string(since))));
    row.insert("stale_days".into(), list(stale_days));
    row.insert("revision".into(), number(revision));
    row
}

fn rechecks(row: &Item) -> Option<Rechecks> {
    let mut checked_until = BTreeMap::new();
    for (minutes, until) in row.get("checked_until")?.as_m().ok()? {
        checked_until.insert(SignedDuration::from_mins(minutes.parse().ok()?), until.as_s().ok()?.parse().ok()?);
    }
    Some(Rechecks {
        checked_until,
        passed_over: strings(row, "passed_over").iter().map(|text| window(text)).collect::<Option<_>>()?,
        unchecked_since: instant(row, "unchecked_since"),
        stale_days: parsed(row, "stale_days")?,
        revision: count(row, "revision")?,
    })
}
