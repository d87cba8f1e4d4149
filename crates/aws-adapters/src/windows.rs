//! What committed windows held, and how far they have been reconciled, in the state table.

use collector::failure::Failure;
use collector::feed::FeedId;
use collector::ports::{Clock, ReconcileProgress, Windows};
use collector::window::whole_second;
use collector::window_record::WindowRecord;
use jiff::Timestamp;

use crate::dynamodb::DynamoDbState;
use crate::failure::{sdk_failure, unexpected_response};
use crate::items::{Item, RECONCILED, WINDOW, instant, key, string, window_records, window_rows};

impl<C: Clock> DynamoDbState<C> {
    /// The rows of a feed whose sort key begins with `prefix` and is at least `from`, in order.
    pub(crate) async fn range(&self, feed: FeedId, prefix: &str, from: &str) -> Result<Vec<Item>, Failure> {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        query
            .key_condition_expression("pk = :feed AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":feed", string(feed))
            .expression_attribute_values(":from", string(from))
            // Sorts after all characters that occur in the keys.
            .expression_attribute_values(":to", string(format_args!("{prefix}~")))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| sdk_failure(format_args!("reading {prefix} rows of table {}", self.table), error))
    }
}

impl<C: Clock> Windows for DynamoDbState<C> {
    async fn windows(&self, feed: FeedId, since: Timestamp) -> Result<Vec<WindowRecord>, Failure> {
        let rows = self.range(feed, WINDOW, &format!("{WINDOW}{}", whole_second(since))).await?;
        window_records(&rows).ok_or_else(|| {
            unexpected_response(
                format_args!("reading the windows of {feed}"),
                "a row is damaged; restore the table from a backup",
            )
        })
    }

    async fn update_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure> {
        let (row, parts) = window_rows(feed, record);
        for part in parts {
            self.put(part).await?;
        }
        self.put(row).await
    }

    async fn progress(&self, feed: FeedId) -> Result<ReconcileProgress, Failure> {
        let rows = self.rows(vec![key(feed, RECONCILED)]).await?;
        let attribute = |name| rows.first().and_then(|row| instant(row, name));
        Ok(ReconcileProgress { done_until: attribute("done_until"), reported_at: attribute("reported_at") })
    }

    async fn save_progress(&self, feed: FeedId, progress: ReconcileProgress) -> Result<(), Failure> {
        let mut row = key(feed, RECONCILED);
        row.extend(progress.done_until.map(|at| ("done_until".to_owned(), string(at))));
        row.extend(progress.reported_at.map(|at| ("reported_at".to_owned(), string(at))));
        self.put(row).await
    }
}
