//! What can never be collected, in the state table.
//!
//! A loss has a row for a year, and a second one until the reconciler has processed it: what was processed is not read again.

use collector::failure::Failure;
use collector::feed::FeedId;
use collector::loss::{Loss, LossReason, LossRecord};
use collector::open_content::OpenContent;
use collector::ports::{Clock, ConditionalWrite, Losses};
use collector::window::whole_second;
use collector::window_record::WindowRecord;
use futures::{StreamExt, TryStreamExt, pin_mut};
use jiff::{SignedDuration, Timestamp};

use crate::dynamodb::DynamoDbState;
use crate::failure::{damaged_row, sdk_failure};
use crate::items::{Item, epoch_seconds, instant, key, list, next_second, string, strings, text};
use crate::open_contents::open_key;
use crate::row_update::RowUpdate;

/// The prefixes of the sort keys of losses.
const LOST: &str = "lost#";
const UNPROCESSED: &str = "unprocessed#";
/// A loss stays on record for a year, for audits.
const LOSS_TTL: SignedDuration = SignedDuration::from_hours(365 * 24);

impl<C: Clock> Losses for DynamoDbState<C> {
    async fn record_loss(&self, feed: FeedId, loss: &Loss) -> Result<bool, Failure> {
        let mut is_new = false;
        if !self.is_on_record(feed, loss).await? {
            let now = self.clock.now();
            // Another process may record the same loss now, or a longer one.
            let has_grown = "attribute_not_exists(pk) OR #lost_to < :lost_to";
            // In this order: a loss must not be on record without being processed.
            for update in [unprocessed_update(feed, loss, now), loss_update(feed, loss, now)] {
                let written = update.only_if(has_grown).send(&self.client, &self.table).await?;
                is_new = written == ConditionalWrite::Applied;
            }
        }
        if let Some((window, digest)) = OpenContent::lost_by(loss) {
            let delete = self.client.delete_item().table_name(&self.table);
            let delete = delete.set_key(Some(open_key(feed, window, digest)));
            delete.send().await.map_err(|error| sdk_failure(format_args!("writing to table {}", self.table), error))?;
        }
        Ok(is_new)
    }

    async fn mark_reported(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        let is_news = "attribute_not_exists(#reported_until) OR #reported_until <= :reported_until";
        let reported = RowUpdate::of(key(feed, &format!("{LOST}{}", name(loss))))
            .set("reported_at", string(self.clock.now()))
            .set("reported_until", string(loss.to))
            .only_if(format!("attribute_exists(pk) AND ({is_news})"));
        let (ConditionalWrite::Applied | ConditionalWrite::Conflict) = reported.send(&self.client, &self.table).await?;
        Ok(())
    }

    async fn unprocessed(&self, feed: FeedId, limit: usize) -> Result<Vec<LossRecord>, Failure> {
        /// The limit of DynamoDB.
        const KEYS_PER_READ: usize = 100;
        let of_kind = |kind| {
            let prefix = format!("{UNPROCESSED}{kind}#");
            self.range(feed, &prefix, &format!("{prefix}~"), &["sk"], limit)
        };
        // Spans first: contents may be many.
        let rows: Vec<Item> = of_kind("span").chain(of_kind("content")).take(limit).try_collect().await?;
        let names = rows.iter().filter_map(|row| row.get("sk")?.as_s().ok()?.strip_prefix(UNPROCESSED));
        let keys: Vec<Item> = names.map(|name| key(feed, &format!("{LOST}{name}"))).collect();
        let mut losses = Vec::new();
        for keys in keys.chunks(KEYS_PER_READ) {
            for row in self.rows(keys.to_vec()).await? {
                losses.push(loss_record(&row).ok_or_else(|| damaged_row("a loss", feed))?);
            }
        }
        losses.sort_by_key(|record| record.loss.from);
        Ok(losses)
    }

    async fn mark_processed(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(feed, &format!("{UNPROCESSED}{}", name(loss)))))
            // A loss that has grown since then is to be processed again.
            .condition_expression("attribute_not_exists(pk) OR lost_to <= :to")
            .expression_attribute_values(":to", string(loss.to));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(sdk_failure(format_args!("writing to table {}", self.table), error)),
        }
    }

    async fn losses(&self, feed: FeedId, from: Timestamp, before: Timestamp) -> Result<Vec<LossRecord>, Failure> {
        const SECOND: SignedDuration = SignedDuration::from_secs(1);
        let earliest = from.checked_sub(WindowRecord::TTL).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut losses = Vec::new();
        for (kind, first) in [("span", earliest), ("content", from)] {
            // Spans may begin at a fraction of a second, which sorts before the whole one: `10:00:00.5Z` before `10:00:00Z`.
            let first_key = format!("{LOST}{kind}#{}", whole_second(first - SECOND));
            let last_key = format!("{LOST}{kind}#{}", next_second(before));
            let rows = self.range(feed, &first_key, &last_key, &[], usize::MAX);
            pin_mut!(rows);
            while let Some(row) = rows.try_next().await? {
                let record = loss_record(&row).ok_or_else(|| damaged_row("a loss", feed))?;
                let loss = &record.loss;
                if (first..before).contains(&loss.from) && (loss.content.is_some() || from < loss.to) {
                    losses.push(record);
                }
            }
        }
        losses.sort_by_key(|record| record.loss.from);
        Ok(losses)
    }
}

impl<C: Clock> DynamoDbState<C> {
    /// Whether the loss is on record with this end or a later one. What is on record was to be processed once.
    async fn is_on_record(&self, feed: FeedId, loss: &Loss) -> Result<bool, Failure> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        match get.set_key(Some(key(feed, &format!("{LOST}{}", name(loss))))).send().await {
            Ok(row) => Ok(row.item.and_then(|row| instant(&row, "lost_to")).is_some_and(|to| loss.to <= to)),
            Err(error) => Err(sdk_failure(format_args!("reading a row of table {}", self.table), error)),
        }
    }
}

/// What follows the prefix in the keys of a loss. It contains neither the end of the loss nor the time: recording the same
/// loss again, or with a later end, writes the same row.
fn name(loss: &Loss) -> String {
    match loss.content_digest() {
        None => format!("span#{}#{}", loss.from, loss.reason),
        Some(digest) => format!("content#{}#{}#{digest}", loss.from, loss.reason),
    }
}

pub(crate) fn unprocessed_update(feed: FeedId, loss: &Loss, now: Timestamp) -> RowUpdate {
    RowUpdate::of(key(feed, &format!("{UNPROCESSED}{}", name(loss))))
        .set("lost_to", string(loss.to))
        .set("expires_at", epoch_seconds(now + LOSS_TTL))
}

pub(crate) fn loss_update(feed: FeedId, loss: &Loss, now: Timestamp) -> RowUpdate {
    let update = RowUpdate::of(key(feed, &format!("{LOST}{}", name(loss))))
        .set("lost_from", string(loss.from))
        .set("lost_to", string(loss.to))
        .set("reason", string(loss.reason))
        .set_if_absent("noticed_at", string(now))
        .set("expires_at", epoch_seconds(now + LOSS_TTL));
    let update = match &loss.content {
        Some(content) => update.set("content", string(content)),
        None => update,
    };
    if loss.objects.is_empty() { update } else { update.set("objects", list(&loss.objects)) }
}

/// `None` if the row is damaged.
fn loss_record(row: &Item) -> Option<LossRecord> {
    let reason = row.get("reason")?.as_s().ok()?;
    let loss = Loss {
        from: instant(row, "lost_from")?,
        to: instant(row, "lost_to")?,
        reason: LossReason::ALL.into_iter().find(|known| known.as_str() == reason)?,
        content: text(row, "content"),
        objects: strings(row, "objects"),
    };
    let reported = instant(row, "reported_at").zip(instant(row, "reported_until"));
    Some(LossRecord { loss, noticed_at: instant(row, "noticed_at")?, reported })
}
