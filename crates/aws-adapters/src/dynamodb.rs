//! Cursors, windows and losses in the state table.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, Put, TransactWriteItem, Update};
use collector::content::Listing;
use collector::cursor::Cursor;
use collector::failure::Failure;
use collector::feed::{ContentType, FeedId, TenantId};
use collector::loss::Loss;
use collector::ports::{Clock, ConditionalWrite, Cursors, FeedState, Subscription};
use collector::window::Window;
use collector::window_record::WindowRecord;
use jiff::Timestamp;

use crate::failure::{sdk_failure, unexpected_response};
use crate::items::{
    CURSOR, Item, SUBSCRIPTION, cursor, instant, key, loss_row, string, subscription, subscription_row, window_rows,
};

#[derive(Debug, Clone)]
pub struct DynamoDbState<C> {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) clock: C,
}

impl<C: Clock> DynamoDbState<C> {
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>, clock: C) -> Self {
        Self { client, table: table.into(), clock }
    }

    /// Reads rows by their keys, consistently. Requests the keys that DynamoDB leaves unprocessed again.
    pub(crate) async fn rows(&self, keys: Vec<Item>) -> Result<Vec<Item>, Failure> {
        const MAX_ATTEMPTS: usize = 5;
        let operation = format!("reading rows of table {}", self.table);
        let mut keys = keys;
        let mut rows = Vec::new();
        for _ in 0..MAX_ATTEMPTS {
            let consistent_read = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
            let keys_to_read = consistent_read.build().map_err(|error| sdk_failure(&operation, error))?;
            let batch_get = self.client.batch_get_item().request_items(&self.table, keys_to_read);
            let response = batch_get.send().await.map_err(|error| sdk_failure(&operation, error))?;
            rows.extend(response.responses.unwrap_or_default().remove(&self.table).unwrap_or_default());
            match response.unprocessed_keys.unwrap_or_default().remove(&self.table) {
                Some(unprocessed) if !unprocessed.keys.is_empty() => keys = unprocessed.keys,
                _ => return Ok(rows),
            }
        }
        Err(unexpected_response(operation, "DynamoDB keeps leaving keys unprocessed; the table may be throttled"))
    }

    pub(crate) async fn put(&self, row: Item) -> Result<(), Failure> {
        match self.client.put_item().table_name(&self.table).set_item(Some(row)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(sdk_failure(format_args!("writing to table {}", self.table), error)),
        }
    }

    /// Moves the cursor to `to`, on the condition that it is still `expected`; `listed_at` is when its window was listed, if
    /// it moves because of a listing.
    fn cursor_update(
        &self,
        feed: FeedId,
        expected: Cursor,
        to: Timestamp,
        listed_at: Option<Timestamp>,
    ) -> Result<Update, Failure> {
        let update = Update::builder().table_name(&self.table).set_key(Some(key(feed, CURSOR)));
        let update = match listed_at {
            None => update.update_expression("SET listed_until = :to REMOVE planned_until, never_listed"),
            Some(at) => update
                .update_expression("SET listed_until = :to, listed_at = :listed_at REMOVE planned_until, never_listed")
                .expression_attribute_values(":listed_at", string(at)),
        };
        let update = update
            .expression_attribute_values(":to", string(to))
            .expression_attribute_values(":from", string(expected.listed_until));
        let conditional_update = match expected.planned_until {
            None => update.condition_expression("listed_until = :from AND attribute_not_exists(planned_until)"),
            Some(planned) => update
                .condition_expression("listed_until = :from AND planned_until = :planned")
                .expression_attribute_values(":planned", string(planned)),
        };
        conditional_update.build().map_err(|error| sdk_failure("moving a cursor", error))
    }

    /// Writes the row and moves the cursor in one transaction.
    async fn write_and_move(&self, feed: FeedId, row: Item, update: Update) -> Result<ConditionalWrite, Failure> {
        let operation = format!("moving the cursor of {feed} in table {}", self.table);
        let put = Put::builder().table_name(&self.table).set_item(Some(row));
        let put = put.build().map_err(|error| sdk_failure(&operation, error))?;
        let transaction = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(put).build())
            .transact_items(TransactWriteItem::builder().update(update).build());
        match transaction.send().await {
            Ok(_) => Ok(ConditionalWrite::Applied),
            Err(error) if is_conflict(&error) => Ok(ConditionalWrite::Conflict),
            Err(error) => Err(sdk_failure(operation, error)),
        }
    }
}

impl<C: Clock> Cursors for DynamoDbState<C> {
    async fn feeds(&self, tenant_id: TenantId, content_types: &[ContentType]) -> Result<Vec<FeedState>, Failure> {
        let feeds = || content_types.iter().map(|content_type| FeedId { tenant_id, content_type: *content_type });
        let keys = feeds().flat_map(|feed| [key(feed, CURSOR), key(feed, SUBSCRIPTION)]).collect();
        let rows = self.rows(keys).await?;
        let find = |feed, sk| {
            let row_key = key(feed, sk);
            rows.iter().find(|row| row_key.iter().all(|(name, value)| row.get(name) == Some(value)))
        };
        let state = |feed| {
            let cursor = match find(feed, CURSOR) {
                None => None,
                Some(row) => Some(cursor(row).ok_or_else(|| {
                    unexpected_response(
                        format_args!("reading the cursor of {feed}"),
                        "its row is damaged; restore the table from a backup",
                    )
                })?),
            };
            let listed_at = find(feed, CURSOR).and_then(|row| instant(row, "listed_at"));
            let subscription = find(feed, SUBSCRIPTION).map(subscription).unwrap_or_default();
            Ok(FeedState { cursor, listed_at, subscription })
        };
        feeds().map(state).collect()
    }

    async fn record_window(
        &self,
        feed: FeedId,
        expected: Option<Cursor>,
        window: Window,
    ) -> Result<ConditionalWrite, Failure> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(feed, CURSOR)))
            .expression_attribute_values(":start", string(window.start()))
            .expression_attribute_values(":end", string(window.end()));
        const SET: &str = "SET listed_until = :start, planned_until = :end";
        let conditional_update = match expected {
            None => update
                .update_expression(format!("{SET}, never_listed = :never_listed"))
                .expression_attribute_values(":never_listed", AttributeValue::Bool(true))
                .condition_expression("attribute_not_exists(pk)"),
            Some(cursor) => update
                .update_expression(SET)
                .condition_expression(
                    "listed_until = :expected AND (attribute_not_exists(planned_until) OR attribute_exists(never_listed))",
                )
                .expression_attribute_values(":expected", string(cursor.listed_until)),
        };
        match conditional_update.send().await {
            Ok(_) => Ok(ConditionalWrite::Applied),
            Err(error) if is_condition_failed(&error) => Ok(ConditionalWrite::Conflict),
            Err(error) => Err(sdk_failure(format_args!("recording a window of {feed} in table {}", self.table), error)),
        }
    }

    async fn commit_window(&self, feed: FeedId, listing: &Listing) -> Result<ConditionalWrite, Failure> {
        let (row, parts) = window_rows(feed, &WindowRecord::new(listing));
        // Before the transaction: parts without their window's row are ignored, but a row without its parts is
        // incomplete.
        for part in parts {
            self.put(part).await?;
        }
        let update =
            self.cursor_update(feed, Cursor::recording(listing.window), listing.window.end(), Some(listing.listed_at))?;
        self.write_and_move(feed, row, update).await
    }

    async fn skip(&self, feed: FeedId, expected: Cursor, loss: &Loss) -> Result<ConditionalWrite, Failure> {
        let update = self.cursor_update(feed, expected, loss.to, None)?;
        self.write_and_move(feed, loss_row(feed, loss, self.clock.now()), update).await
    }

    async fn save_subscription(&self, feed: FeedId, subscription: &Subscription) -> Result<(), Failure> {
        self.put(subscription_row(feed, subscription)).await
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

pub(crate) fn is_condition_failed<R>(error: &SdkError<UpdateItemError, R>) -> bool {
    error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}
