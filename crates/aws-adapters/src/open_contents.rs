//! Open contents in the state table: a row for each.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use collector::content::{Content, ContentDigest};
use collector::failure::Failure;
use collector::feed::FeedId;
use collector::open_content::{OpenContent, OpenKey};
use collector::ports::{Clock, OpenContents};
use collector::window::Window;
use collector::window_record::WindowRecord;
use futures::{StreamExt, TryStreamExt, pin_mut};
use jiff::Timestamp;

use crate::dynamodb::DynamoDbState;
use crate::failure::{damaged_row, sdk_failure, unexpected_response};
use crate::items::{
    Item, count, epoch_seconds, instant, key, list, next_second, number, parsed, string, text, window, window_key,
};

/// The prefix of the sort keys of open contents.
const OPEN: &str = "open#";
/// Sorts after all characters that occur in the keys.
const LAST: &str = "open#~";

impl<C: Clock> OpenContents for DynamoDbState<C> {
    async fn put_open(&self, feed: FeedId, contents: &[OpenContent]) -> Result<(), Failure> {
        let put = |content| PutRequest::builder().set_item(Some(row(feed, content))).build();
        let request = |put| WriteRequest::builder().put_request(put).build();
        let requests: Result<Vec<WriteRequest>, _> = contents.iter().map(|content| put(content).map(request)).collect();
        self.write_batches(requests.map_err(|error| sdk_failure("storing open contents", error))?).await
    }

    async fn put_open_if_absent(&self, feed: FeedId, content: &OpenContent) -> Result<(), Failure> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(row(feed, content)));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(())
            }
            Err(error) => Err(sdk_failure(format_args!("writing to table {}", self.table), error)),
        }
    }

    async fn remove_open(&self, feed: FeedId, contents: &[OpenContent]) -> Result<(), Failure> {
        let delete = |content: &OpenContent| {
            DeleteRequest::builder().set_key(Some(open_key(feed, content.window, content.digest))).build()
        };
        let request = |delete| WriteRequest::builder().delete_request(delete).build();
        let requests: Result<Vec<WriteRequest>, _> =
            contents.iter().map(|content| delete(content).map(request)).collect();
        self.write_batches(requests.map_err(|error| sdk_failure("removing open contents", error))?).await
    }

    async fn open_contents(
        &self,
        feed: FeedId,
        after: Option<OpenKey>,
        limit: usize,
    ) -> Result<Vec<OpenContent>, Failure> {
        // Nothing sorts between a key and the same key with the first printable character behind it.
        let from = after.map_or(OPEN.to_owned(), |(window, digest)| format!("{OPEN}{}#{digest}!", window_key(window)));
        let rows = self.range(feed, &from, LAST, &[], limit).take(limit);
        let open = rows.map(|row| open_content(&row?).ok_or_else(|| damaged_row("an open content", feed)));
        open.try_collect().await
    }

    async fn open_counts(
        &self,
        feed: FeedId,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<BTreeMap<Window, u64>, Failure> {
        let (from, to) = (format!("{OPEN}{}", next_second(from)), format!("{OPEN}{}", next_second(before)));
        let rows = self.range(feed, &from, &to, &["sk"], usize::MAX);
        pin_mut!(rows);
        let mut counts = BTreeMap::new();
        while let Some(row) = rows.try_next().await? {
            let (window, _) = open_name(&row).ok_or_else(|| damaged_row("an open content", feed))?;
            *counts.entry(window).or_default() += 1;
        }
        Ok(counts)
    }
}

impl<C: Clock> DynamoDbState<C> {
    /// Writes in batches of 25, the limit of DynamoDB. Requests that it leaves unprocessed are sent again.
    async fn write_batches(&self, requests: Vec<WriteRequest>) -> Result<(), Failure> {
        const BATCH: usize = 25;
        const MAX_ATTEMPTS: usize = 5;
        let operation = format!("writing rows of table {}", self.table);
        for batch in requests.chunks(BATCH) {
            let mut left = batch.to_vec();
            for attempt in 1.. {
                let write = self.client.batch_write_item().request_items(&self.table, left);
                let response = write.send().await.map_err(|error| sdk_failure(&operation, error))?;
                left = response.unprocessed_items.unwrap_or_default().remove(&self.table).unwrap_or_default();
                if left.is_empty() {
                    break;
                }
                if attempt == MAX_ATTEMPTS {
                    let problem = "DynamoDB keeps leaving rows unprocessed; the table may be throttled";
                    return Err(unexpected_response(operation, problem));
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn open_key(feed: FeedId, window: Window, digest: ContentDigest) -> Item {
    key(feed, &format!("{OPEN}{}#{digest}", window_key(window)))
}

fn row(feed: FeedId, content: &OpenContent) -> Item {
    let mut row = open_key(feed, content.window, content.digest);
    row.insert("hours".into(), list(&content.hours));
    row.insert("attempts".into(), number(content.attempts));
    row.insert("next_attempt".into(), epoch_seconds(content.next_attempt));
    row.insert("expires_at".into(), epoch_seconds(content.window.end() + WindowRecord::TTL));
    if let Some(Content { id, uri, created, expiration }) = &content.content {
        row.insert("content_id".into(), string(id));
        row.insert("content_uri".into(), string(uri));
        row.insert("content_created".into(), string(created));
        row.insert("content_expiration".into(), string(expiration));
    }
    row
}

fn open_name(row: &Item) -> Option<OpenKey> {
    let (bounds, digest) = row.get("sk")?.as_s().ok()?.strip_prefix(OPEN)?.rsplit_once('#')?;
    Some((window(bounds)?, digest.parse().ok()?))
}

fn open_content(row: &Item) -> Option<OpenContent> {
    let (window, digest) = open_name(row)?;
    let content = match text(row, "content_id") {
        None => None,
        Some(id) => Some(Content {
            id,
            uri: text(row, "content_uri")?.parse().ok()?,
            created: instant(row, "content_created")?,
            expiration: instant(row, "content_expiration")?,
        }),
    };
    Some(OpenContent {
        window,
        digest,
        content,
        hours: parsed(row, "hours")?,
        attempts: count(row, "attempts")?.try_into().ok()?,
        next_attempt: Timestamp::from_second(count(row, "next_attempt")?.try_into().ok()?).ok()?,
    })
}
