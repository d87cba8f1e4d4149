//! What the one who looks back reads of the state table, and writes to it.

use audit_feed::failure::Failure;
use audit_feed::feed::FeedId;
use audit_feed::loss::KeptLoss;
use audit_feed::ports::{Clock, WindowLog};
use audit_feed::window::whole_second;
use audit_feed::window_record::WindowRecord;
use jiff::Timestamp;

use crate::dynamodb::DynamoDbState;
use crate::failure::{aws, unexpected};
use crate::items::{Item, LOOKED_BACK, LOST, WINDOW, instant, kept_loss, key, string, window_records, window_rows};

impl<C: Clock> DynamoDbState<C> {
    /// The rows of a feed whose sort key is `kind` and an instant not before `since`.
    async fn range(&self, feed: FeedId, kind: &str, since: Timestamp) -> Result<Vec<Item>, Failure> {
        let request = self.client.query().table_name(&self.table).consistent_read(true);
        let pages = request
            .key_condition_expression("pk = :feed AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":feed", string(feed))
            .expression_attribute_values(":from", string(format_args!("{kind}{}", whole_second(since))))
            .expression_attribute_values(":to", string(format_args!("{kind}~")))
            .into_paginator()
            .items()
            .send();
        pages
            .try_collect()
            .await
            .map_err(|error| aws(format_args!("reading {kind} rows of table {}", self.table), &error))
    }
}

impl<C: Clock> WindowLog for DynamoDbState<C> {
    async fn windows(&self, feed: FeedId, since: Timestamp) -> Result<Vec<WindowRecord>, Failure> {
        let rows = self.range(feed, WINDOW, since).await?;
        window_records(&rows).ok_or_else(|| {
            unexpected(format_args!("reading the windows of {feed}"), "a row is damaged; restore the table")
        })
    }

    async fn keep_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure> {
        let (row, parts) = window_rows(feed, record);
        for part in parts {
            self.put(part).await?;
        }
        self.put(row).await
    }

    async fn losses(&self, feed: FeedId, since: Timestamp) -> Result<Vec<KeptLoss>, Failure> {
        let rows = self.range(feed, LOST, since).await?;
        rows.iter().map(kept_loss).collect::<Option<_>>().ok_or_else(|| {
            unexpected(format_args!("reading the losses of {feed}"), "a row is damaged; restore the table")
        })
    }

    async fn looked_back_until(&self, feed: FeedId) -> Result<Option<Timestamp>, Failure> {
        let rows = self.rows(vec![key(feed, LOOKED_BACK)]).await?;
        Ok(rows.first().and_then(|row| instant(row, "looked_back_until")))
    }

    async fn keep_looked_back_until(&self, feed: FeedId, until: Timestamp) -> Result<(), Failure> {
        let mut row = key(feed, LOOKED_BACK);
        row.insert("looked_back_until".into(), string(until));
        self.put(row).await
    }
}
