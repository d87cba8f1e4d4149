//! Cursors in the state table.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use collector::content::Listing;
use collector::cursor::Cursor;
use collector::failure::Failure;
use collector::feed::FeedId;
use collector::feed_state::{CursorMove, FeedState, Passed, Subscription};
use collector::ports::{Clock, ConditionalWrite, Cursors};
use collector::window::Window;
use collector::window_record::WindowRecord;

use crate::dynamodb::DynamoDbState;
use crate::failure::{damaged_row, sdk_failure};
use crate::items::{CURSOR, Item, SUBSCRIPTION, cursor, instant, key, string, subscription, text};
use crate::losses::{loss_update, unprocessed_update};
use crate::row_update::RowUpdate;
use crate::windows::window_rows;

/// The condition that the cursor is still `expected`, with its names and values.
fn is_still(update: RowUpdate, expected: Cursor) -> (RowUpdate, &'static str) {
    let update = update.name("listed_until").name("planned_until").value("expected", string(expected.listed_until));
    match expected.planned_until {
        None => (update, "#listed_until = :expected AND attribute_not_exists(#planned_until)"),
        Some(planned) => {
            (update.value("planned", string(planned)), "#listed_until = :expected AND #planned_until = :planned")
        }
    }
}

/// Moves the cursor, on the condition that it is still `expected`.
fn cursor_update(feed: FeedId, expected: Cursor, to: &CursorMove) -> RowUpdate {
    let update = RowUpdate::of(key(feed, CURSOR))
        .set("listed_until", string(to.listed_until))
        .remove("planned_until")
        .remove("never_listed")
        .set_or_remove("empty_since", to.empty_since.map(string));
    let update = match &to.passed {
        Passed::Listed(Listing { listed_at, .. }) | Passed::Empty(listed_at) => {
            update.set("listed_at", string(listed_at)).remove("lost_since")
        }
        Passed::Lost(loss) => update.set("lost_since", string(loss.from)),
    };
    let (update, is_still) = is_still(update, expected);
    update.only_if(is_still)
}

fn feed_state(feed: FeedId, cursor_row: Option<&Item>, subscription_row: Option<&Item>) -> Result<FeedState, Failure> {
    let mut state = FeedState::default();
    if let Some(row) = cursor_row {
        state.cursor = Some(cursor(row).ok_or_else(|| damaged_row("the cursor", feed))?);
        state.listed_at = instant(row, "listed_at");
        state.empty_since = instant(row, "empty_since");
        state.lost_since = instant(row, "lost_since");
    }
    state.subscription = subscription_row.map(subscription).unwrap_or_default();
    Ok(state)
}

impl<C: Clock> Cursors for DynamoDbState<C> {
    async fn feeds(&self, feeds: &[FeedId]) -> Result<Vec<Result<FeedState, Failure>>, Failure> {
        /// Two keys each, of at most 100 that DynamoDB reads at once.
        const BATCH: usize = 50;
        let mut states = Vec::with_capacity(feeds.len());
        for batch in feeds.chunks(BATCH) {
            let keys = batch.iter().flat_map(|feed| [key(*feed, CURSOR), key(*feed, SUBSCRIPTION)]).collect();
            let rows = self
                .rows(keys)
                .await?
                .into_iter()
                .filter_map(|row| Some(((text(&row, "pk")?, text(&row, "sk")?), row)));
            let rows: HashMap<(String, String), Item> = rows.collect();
            states.extend(batch.iter().map(|feed| {
                let row = |sk: &str| rows.get(&(feed.to_string(), sk.to_owned()));
                feed_state(*feed, row(CURSOR), row(SUBSCRIPTION))
            }));
        }
        Ok(states)
    }

    async fn record_window(
        &self,
        feed: FeedId,
        expected: Option<Cursor>,
        window: Window,
    ) -> Result<ConditionalWrite, Failure> {
        let update = RowUpdate::of(key(feed, CURSOR))
            .set("listed_until", string(window.start()))
            .set("planned_until", string(window.end()));
        let update = match expected {
            None => update.set("never_listed", AttributeValue::Bool(true)).only_if("attribute_not_exists(pk)"),
            Some(cursor) => {
                let (update, is_still) = is_still(update, cursor);
                if cursor.planned_until.is_none() {
                    update.only_if(is_still)
                } else {
                    update.name("never_listed").only_if(format!("{is_still} AND attribute_exists(#never_listed)"))
                }
            }
        };
        update.send(&self.client, &self.table).await
    }

    async fn move_cursor(&self, feed: FeedId, expected: Cursor, to: &CursorMove) -> Result<ConditionalWrite, Failure> {
        let cursor = cursor_update(feed, expected, to);
        let mut writes = Vec::new();
        let listed = if let Passed::Listed(listing) = &to.passed { Some(listing) } else { None };
        for listing in to.empty.iter().chain(listed) {
            let (row, parts) = window_rows(feed, &WindowRecord::new(listing));
            // Before the transaction: parts without their window's row are ignored, but a row without its parts is
            // incomplete.
            for part in parts {
                self.put(part).await?;
            }
            let put = Put::builder().table_name(&self.table).set_item(Some(row));
            let put = put.build().map_err(|error| sdk_failure("building a transaction", error))?;
            writes.push(TransactWriteItem::builder().put(put).build());
        }
        if let Passed::Lost(loss) = &to.passed {
            let now = self.clock.now();
            writes.push(unprocessed_update(feed, loss, now).in_transaction(&self.table)?);
            writes.push(loss_update(feed, loss, now).in_transaction(&self.table)?);
        }
        if writes.is_empty() {
            return cursor.send(&self.client, &self.table).await;
        }
        writes.push(cursor.in_transaction(&self.table)?);
        self.write_transaction(feed, writes).await
    }

    async fn save_subscription(&self, feed: FeedId, before: Subscription, now: Subscription) -> Result<(), Failure> {
        let mut update = RowUpdate::of(key(feed, SUBSCRIPTION));
        for (name, before, now) in [
            ("started_at", before.started_at, now.started_at),
            ("not_before", before.not_before, now.not_before),
            ("refused_since", before.refused_since, now.refused_since),
        ] {
            if before != now {
                update = update.set_or_remove(name, now.map(string));
            }
        }
        if before != now {
            let (ConditionalWrite::Applied | ConditionalWrite::Conflict) =
                update.send(&self.client, &self.table).await?;
        }
        Ok(())
    }
}

impl<C: Clock> DynamoDbState<C> {
    async fn write_transaction(
        &self,
        feed: FeedId,
        writes: Vec<TransactWriteItem>,
    ) -> Result<ConditionalWrite, Failure> {
        match self.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(ConditionalWrite::Applied),
            Err(error) if is_conflict(&error) => Ok(ConditionalWrite::Conflict),
            Err(error) => {
                let operation = format_args!("moving the cursor of {feed} in table {}", self.table);
                Err(sdk_failure(operation, error))
            }
        }
    }
}

/// Whether the condition failed or two transactions collided. Either way another process works on this feed; if that
/// one does not commit the window, it stays recorded and the next poll lists it again.
fn is_conflict<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
        return false;
    };
    canceled
        .cancellation_reasons()
        .iter()
        .any(|reason| matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict")))
}
