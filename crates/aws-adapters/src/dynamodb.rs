//! The state table.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{KeysAndAttributes, Put, TransactWriteItem, Update};
use collector::content::Listing;
use collector::cursor::Cursor;
use collector::failure::Failure;
use collector::feed::{ContentType, FeedId, TenantId};
use collector::loss::Loss;
use collector::ports::{Clock, ConditionalWrite, Cursors, FeedState};
use collector::window::Window;
use collector::window_record::WindowRecord;
use jiff::Timestamp;

use crate::failure::{aws, unexpected};
use crate::items::{CURSOR, Item, SUBSCRIPTION, cursor, instant, key, loss_row, string, window_rows};

/// The state in one DynamoDB table.
#[derive(Debug, Clone)]
pub struct DynamoDbState<C> {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) clock: C,
}

impl<C: Clock> DynamoDbState<C> {
    /// The state in `table`.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>, clock: C) -> Self {
        Self { client, table: table.into(), clock }
    }

    /// Rows by their keys, as they are now. FaultKind DynamoDB leaves out for its own reasons is asked for again.
    pub(crate) async fn rows(&self, keys: Vec<Item>) -> Result<Vec<Item>, Failure> {
        const ROUNDS: usize = 5;
        let operation = format!("reading rows of table {}", self.table);
        let mut keys = keys;
        let mut rows = Vec::new();
        for _ in 0..ROUNDS {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let wanted = wanted.map_err(|error| aws(&operation, &error))?;
            let request = self.client.batch_get_item().request_items(&self.table, wanted);
            let response = request.send().await.map_err(|error| aws(&operation, &error))?;
            rows.extend(response.responses.unwrap_or_default().remove(&self.table).unwrap_or_default());
            match response.unprocessed_keys.unwrap_or_default().remove(&self.table) {
                Some(left) if !left.keys.is_empty() => keys = left.keys,
                _ => return Ok(rows),
            }
        }
        Err(unexpected(operation, "DynamoDB keeps leaving rows out; the table may be throttled"))
    }

    pub(crate) async fn put(&self, row: Item) -> Result<(), Failure> {
        let request = self.client.put_item().table_name(&self.table).set_item(Some(row));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(aws(format_args!("writing to table {}", self.table), &error)),
        }
    }

    /// A change of the cursor row, on the condition that it still is as `expected`.
    fn moving(&self, feed: FeedId, expected: Cursor, to: Timestamp) -> Result<Update, Failure> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(feed, CURSOR)))
            .update_expression("SET listed_until = :to REMOVE planned_until")
            .expression_attribute_values(":to", string(to))
            .expression_attribute_values(":from", string(expected.listed_until));
        let update = match expected.planned_until {
            None => update.condition_expression("listed_until = :from AND attribute_not_exists(planned_until)"),
            Some(planned) => update
                .condition_expression("listed_until = :from AND planned_until = :planned")
                .expression_attribute_values(":planned", string(planned)),
        };
        update.build().map_err(|error| aws("moving a cursor", &error))
    }

    /// The row and the cursor's move: both, or neither.
    async fn write_and_move(&self, feed: FeedId, row: Item, update: Update) -> Result<ConditionalWrite, Failure> {
        let operation = format!("moving the cursor of {feed} in table {}", self.table);
        let put = Put::builder().table_name(&self.table).set_item(Some(row)).build();
        let put = put.map_err(|error| aws(&operation, &error))?;
        let request = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(put).build())
            .transact_items(TransactWriteItem::builder().update(update).build());
        match request.send().await {
            Ok(_) => Ok(ConditionalWrite::Applied),
            Err(error) if someone_else_moved_it(&error) => Ok(ConditionalWrite::Conflict),
            Err(error) => Err(aws(operation, &error)),
        }
    }
}

impl<C: Clock> Cursors for DynamoDbState<C> {
    async fn feeds(&self, tenant_id: TenantId, content_types: &[ContentType]) -> Result<Vec<FeedState>, Failure> {
        let feeds = || content_types.iter().map(|content_type| FeedId { tenant_id, content_type: *content_type });
        let keys = feeds().flat_map(|feed| [key(feed, CURSOR), key(feed, SUBSCRIPTION)]).collect();
        let rows = self.rows(keys).await?;
        let find = |feed, sk| {
            let wanted = key(feed, sk);
            rows.iter().find(|row| wanted.iter().all(|(name, value)| row.get(name) == Some(value)))
        };
        let state = |feed| {
            let cursor = match find(feed, CURSOR) {
                None => None,
                Some(row) => Some(cursor(row).ok_or_else(|| {
                    unexpected(format_args!("reading the cursor of {feed}"), "its row is damaged; restore the table")
                })?),
            };
            let subscription_started_at = find(feed, SUBSCRIPTION).and_then(|row| instant(row, "started_at"));
            Ok(FeedState { cursor, subscription_started_at })
        };
        feeds().map(state).collect()
    }

    async fn record_window(
        &self,
        feed: FeedId,
        expected: Option<Cursor>,
        window: Window,
    ) -> Result<ConditionalWrite, Failure> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(feed, CURSOR)))
            .update_expression("SET listed_until = :start, planned_until = :end")
            .expression_attribute_values(":start", string(window.start()))
            .expression_attribute_values(":end", string(window.end()));
        let request = match expected {
            None => request.condition_expression("attribute_not_exists(pk)"),
            Some(cursor) => request
                .condition_expression("listed_until = :expected AND attribute_not_exists(planned_until)")
                .expression_attribute_values(":expected", string(cursor.listed_until)),
        };
        match request.send().await {
            Ok(_) => Ok(ConditionalWrite::Applied),
            Err(error) if is_condition_failed(&error) => Ok(ConditionalWrite::Conflict),
            Err(error) => Err(aws(format_args!("recording a window of {feed} in table {}", self.table), &error)),
        }
    }

    async fn commit_window(&self, feed: FeedId, listing: &Listing) -> Result<ConditionalWrite, Failure> {
        let (row, parts) = window_rows(feed, &WindowRecord::new(listing));
        for part in parts {
            self.put(part).await?;
        }
        let update = self.moving(feed, Cursor::recording(listing.window), listing.window.end())?;
        self.write_and_move(feed, row, update).await
    }

    async fn skip(&self, feed: FeedId, expected: Cursor, loss: &Loss) -> Result<ConditionalWrite, Failure> {
        let update = self.moving(feed, expected, loss.to)?;
        self.write_and_move(feed, loss_row(feed, loss, self.clock.now()), update).await
    }

    async fn remember_subscription_start(&self, feed: FeedId, at: Option<Timestamp>) -> Result<(), Failure> {
        let mut row = key(feed, SUBSCRIPTION);
        row.extend(at.map(|at| ("started_at".to_owned(), string(at))));
        self.put(row).await
    }
}

/// The condition failed, or two wrote at once: either way somebody else is at this feed, and a window that nobody
/// committed stays recorded.
fn someone_else_moved_it<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
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
