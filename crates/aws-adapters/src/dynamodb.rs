//! The state table: how its rows are read and written. What they hold is in the files of the ports.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use collector::failure::Failure;
use collector::feed::FeedId;
use collector::ports::Clock;
use futures::{Stream, StreamExt, stream};

use crate::failure::{sdk_failure, unexpected_response};
use crate::items::{Item, string};

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

    /// The rows of a feed with sort keys from `from` to `to`, in order, each with these attributes or, if there are none,
    /// whole. `page` is how many the caller is going to read.
    pub(crate) fn range(
        &self,
        feed: FeedId,
        from: &str,
        to: &str,
        attributes: &[&str],
        page: usize,
    ) -> impl Stream<Item = Result<Item, Failure>> + use<C> {
        let mut query = self.client.query().table_name(&self.table).consistent_read(true);
        query = query
            .key_condition_expression("pk = :feed AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":feed", string(feed))
            .expression_attribute_values(":from", string(from))
            .expression_attribute_values(":to", string(to))
            .set_limit(i32::try_from(page).ok());
        for attribute in attributes {
            query = query.expression_attribute_names(format!("#{attribute}"), *attribute);
        }
        if !attributes.is_empty() {
            let projection: Vec<String> = attributes.iter().map(|attribute| format!("#{attribute}")).collect();
            query = query.projection_expression(projection.join(", "));
        }
        let operation = format!("reading rows of table {}", self.table);
        // DynamoDB refuses a range that ends before it begins.
        let rows = (from <= to).then(|| query.into_paginator().items().send());
        let rows = stream::unfold(rows, async |rows| {
            let mut rows = rows?;
            Some((rows.next().await?, Some(rows)))
        });
        rows.map(move |row| row.map_err(|error| sdk_failure(&operation, error)))
    }
}
