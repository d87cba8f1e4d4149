//! The leases of a function in the state table: one row for each shard.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use collector::failure::Failure;
use collector::feed::FeedId;
use collector::lease::{Handover, Lease};
use collector::ports::{Acquisition, Clock, Leases};
use collector::shard::Shard;
use jiff::{SignedDuration, Timestamp};

use crate::failure::{sdk_failure, unexpected_response};
use crate::items::{Item, epoch_seconds, list, millisecond, number, string, strings, text};
use crate::row_update::RowUpdate;

/// A shard that has gone, because there are more or fewer now, leaves a row for this long.
const TTL: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Debug, Clone)]
pub struct DynamoDbLeases<C> {
    client: Client,
    table: String,
    function: &'static str,
    clock: C,
}

impl<C: Clock> DynamoDbLeases<C> {
    /// Of the function with this name.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>, function: &'static str, clock: C) -> Self {
        Self { client, table: table.into(), function, clock }
    }

    fn key(&self, index: u64, count: u64) -> Item {
        Item::from([
            ("pk".into(), string(format_args!("lease#{}", self.function))),
            ("sk".into(), string(format_args!("{index}/{count}"))),
        ])
    }

    fn failed(&self, what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Failure {
        sdk_failure(format_args!("{what} of the {} in table {}", self.function, self.table), error)
    }

    /// When the last run of a shard began. A shard without a row gets one.
    async fn began(&self, index: u64, count: u64) -> Result<Timestamp, Failure> {
        let now = self.clock.now();
        let update = self.client.update_item().table_name(&self.table).set_key(Some(self.key(index, count)));
        let update = update
            .update_expression(
                "SET began = if_not_exists(began, :now), expires_at = if_not_exists(expires_at, :expires_at)",
            )
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":expires_at", epoch_seconds(now + TTL))
            .return_values(ReturnValue::AllNew);
        let response = update.send().await.map_err(|error| self.failed("reading a shard's lease", error))?;
        Ok(response.attributes().and_then(|row| millisecond(row, "began")).unwrap_or(now))
    }
}

/// What is damaged counts as unknown: the next run begins with the first tenant.
fn handover(row: &Item) -> Handover {
    let feeds = strings(row, "failed");
    Handover {
        last_served: text(row, "last_served"),
        last_failing_served: text(row, "last_failing_served"),
        failed: feeds.iter().filter_map(|feed| feed.parse::<FeedId>().ok()).collect(),
    }
}

impl<C: Clock> Leases for DynamoDbLeases<C> {
    async fn acquire(&self, shard: Shard, until: Timestamp) -> Result<Acquisition, Failure> {
        let now = self.clock.now();
        let update =
            self.client.update_item().table_name(&self.table).set_key(Some(self.key(shard.index(), shard.count())));
        let update = update
            .update_expression("SET held_until = :until, began = :now, expires_at = :expires_at")
            .condition_expression("attribute_not_exists(held_until) OR held_until <= :now")
            .expression_attribute_values(":until", number(until.as_millisecond()))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":expires_at", epoch_seconds(now + TTL))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(response) => {
                let row = response.attributes.unwrap_or_default();
                let previous_run = millisecond(&row, "began");
                Ok(Acquisition::Acquired(Lease { until, previous_run, handover: handover(&row) }))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(conflict)) => {
                    let row = conflict.item().cloned().unwrap_or_default();
                    match millisecond(&row, "held_until") {
                        // A retry of the SDK, whose first attempt took effect: no other run has this deadline.
                        Some(held) if held.as_millisecond() == until.as_millisecond() => {
                            Ok(Acquisition::Acquired(Lease { until, previous_run: None, handover: handover(&row) }))
                        }
                        Some(held) => Ok(Acquisition::HeldUntil(held)),
                        None => {
                            Err(unexpected_response("acquiring a lease", "its row does not say until when it is held"))
                        }
                    }
                }
                _ => Err(self.failed("acquiring the lease", error)),
            },
        }
    }

    async fn release(&self, shard: Shard, lease: &Lease, handover: &Handover) -> Result<(), Failure> {
        let update = RowUpdate::of(self.key(shard.index(), shard.count()))
            .remove("held_until")
            .set_or_remove("last_served", handover.last_served.as_ref().map(string))
            .set_or_remove("last_failing_served", handover.last_failing_served.as_ref().map(string))
            .set("failed", list(&handover.failed))
            .value("own", number(lease.until.as_millisecond()))
            .only_if("#held_until = :own");
        update.send(&self.client, &self.table).await.map(|_| ())
    }

    async fn other_runs(&self, shard: Shard) -> Result<BTreeMap<u64, Timestamp>, Failure> {
        let mut runs = BTreeMap::new();
        for index in (0..shard.count()).filter(|index| *index != shard.index()) {
            runs.insert(index, self.began(index, shard.count()).await?);
        }
        Ok(runs)
    }
}
