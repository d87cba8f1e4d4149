//! What can never be collected, in the state table.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use collector::failure::Failure;
use collector::feed::FeedId;
use collector::loss::{Loss, LossRecord};
use collector::ports::{Clock, Losses};

use crate::dynamodb::{DynamoDbState, is_condition_failed};
use crate::failure::{sdk_failure, unexpected_response};
use crate::items::{LOST, loss_key, loss_record, loss_row, string};

impl<C: Clock> Losses for DynamoDbState<C> {
    async fn record_loss(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(loss_row(feed, loss, self.clock.now())))
            // Recording the same loss again must not replace the row, which may say that it was reported.
            .condition_expression("attribute_not_exists(pk) OR lost_to < :to")
            .expression_attribute_values(":to", string(loss.to));
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(())
            }
            Err(error) => Err(sdk_failure(format_args!("writing to table {}", self.table), error)),
        }
    }

    async fn mark_reported(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(loss_key(feed, loss)))
            .update_expression("SET reported_at = :now")
            // A gap that has grown since then has not been reported in full.
            .condition_expression("lost_to = :to")
            .expression_attribute_values(":to", string(loss.to))
            .expression_attribute_values(":now", string(self.clock.now()));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failed(&error) => Ok(()),
            Err(error) => Err(sdk_failure(format_args!("writing to table {}", self.table), error)),
        }
    }

    async fn losses(&self, feed: FeedId) -> Result<Vec<LossRecord>, Failure> {
        let rows = self.range(feed, LOST, LOST).await?;
        rows.iter().map(loss_record).collect::<Option<_>>().ok_or_else(|| {
            unexpected_response(
                format_args!("reading the losses of {feed}"),
                "a row is damaged; restore the table from a backup",
            )
        })
    }
}
