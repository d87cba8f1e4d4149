//! The tenants' rate limiter (GCRA, see [`collector::rate_limit`]) in the state table: one row for each tenant.
//!
//! Usually one conditional update reserves the requests of a whole batch, without reading the row before.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use collector::failure::Failure;
use collector::feed::TenantId;
use collector::ports::{Clock, RateLimiter};
use collector::rate_limit::{RateLimitPolicy, RateLimitState};
use jiff::{SignedDuration, Timestamp};

use crate::failure::{sdk_failure, unexpected_response};
use crate::items::{Item, epoch_seconds, millisecond, number, string};

#[derive(Debug)]
pub struct DynamoDbRateLimiter<C> {
    client: Client,
    table: String,
    policy: RateLimitPolicy,
    clock: C,
    /// The rows as this process last saw them. They predict which of the two conditional updates will succeed.
    last_seen: Mutex<HashMap<TenantId, RateLimitState>>,
}

/// The result of a conditional update.
enum UpdateOutcome {
    /// With the row after the update.
    Applied(RateLimitState),
    /// With the row whose values did not meet the condition.
    Conflict(Option<RateLimitState>),
}

impl<C: Clock> DynamoDbRateLimiter<C> {
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>, policy: RateLimitPolicy, clock: C) -> Self {
        Self { client, table: table.into(), policy, clock, last_seen: Mutex::default() }
    }

    fn last_seen(&self, tenant_id: TenantId) -> Option<RateLimitState> {
        self.last_seen.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant_id).copied()
    }

    fn remember(&self, tenant_id: TenantId, state: RateLimitState) {
        self.last_seen.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant_id, state);
    }

    fn update(&self, tenant_id: TenantId, now: Timestamp) -> UpdateItemFluentBuilder {
        /// After a day, next_free is long past and the rate has recovered.
        const TTL: SignedDuration = SignedDuration::from_hours(24);
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(row_key(tenant_id)))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":expires_at", epoch_seconds(now + TTL))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    async fn write(&self, tenant_id: TenantId, request: UpdateItemFluentBuilder) -> Result<UpdateOutcome, Failure> {
        let result = match request.send().await {
            Ok(response) => state(response.attributes.as_ref()).map(UpdateOutcome::Applied),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(conflict)) => {
                    Some(UpdateOutcome::Conflict(state(conflict.item.as_ref())))
                }
                _ => {
                    return Err(sdk_failure(
                        format_args!("reserving requests of tenant {tenant_id} in table {}", self.table),
                        error,
                    ));
                }
            },
        };
        let outcome = result.unwrap_or(UpdateOutcome::Conflict(None));
        if let UpdateOutcome::Applied(state) | UpdateOutcome::Conflict(Some(state)) = &outcome {
            self.remember(tenant_id, *state);
        }
        Ok(outcome)
    }
}

/// A span of time that a process has reserved.
struct Reserved {
    from: Timestamp,
    span: SignedDuration,
    now: Timestamp,
}

/// How far ahead a span may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    Horizon,
    Unlimited,
}

impl<C: Clock> DynamoDbRateLimiter<C> {
    /// Moves `next_free` forward by the span of `requests`, from now at the earliest; `None` if that would exceed the limit.
    async fn advance(&self, tenant_id: TenantId, requests: u32, limit: Limit) -> Result<Option<Reserved>, Failure> {
        /// After a conflict the second attempt knows the row. A third covers another process that was faster in
        /// between.
        const MAX_ATTEMPTS: usize = 3;
        for _ in 0..MAX_ATTEMPTS {
            let now = self.clock.now();
            let seen = self.last_seen(tenant_id).unwrap_or(RateLimitState { next_free: now, reduced: None });
            let span = self.policy.span(requests, &seen, now);
            let latest = match limit {
                Limit::Horizon => self.policy.latest(span, now),
                Limit::Unlimited => Timestamp::MAX,
            };
            let update = self.update(tenant_id, now);
            // Two forms of the update, because a DynamoDB expression cannot compute the maximum of next_free and now.
            let conditional_update = if seen.next_free > now {
                update
                    .update_expression("SET next_free = next_free + :span, expires_at = :expires_at")
                    .condition_expression("next_free BETWEEN :now AND :latest")
                    .expression_attribute_values(":span", number(span.as_millis()))
                    .expression_attribute_values(":latest", number(latest.as_millisecond()))
            } else {
                update
                    .update_expression("SET next_free = :until, expires_at = :expires_at")
                    .condition_expression("attribute_not_exists(next_free) OR next_free <= :now")
                    .expression_attribute_values(":until", number((now + span).as_millisecond()))
            };
            match self.write(tenant_id, conditional_update).await? {
                UpdateOutcome::Applied(state) => return Ok(Some(Reserved { from: state.next_free - span, span, now })),
                UpdateOutcome::Conflict(Some(state)) if state.next_free > latest => return Ok(None),
                UpdateOutcome::Conflict(_) => {}
            }
        }
        let operation = format_args!("reserving requests of tenant {tenant_id} in table {}", self.table);
        Err(unexpected_response(operation, "other processes keep changing the row"))
    }
}

impl<C: Clock> RateLimiter for DynamoDbRateLimiter<C> {
    async fn reserve(&self, tenant_id: TenantId, requests: u32) -> Result<Option<Vec<Timestamp>>, Failure> {
        let reserved = self.advance(tenant_id, requests, Limit::Horizon).await?;
        Ok(reserved.map(|Reserved { from, span, now }| self.policy.slots(from, span, requests, now)))
    }

    async fn charge(&self, tenant_id: TenantId, requests: u32) -> Result<(), Failure> {
        self.advance(tenant_id, requests, Limit::Unlimited).await.map(|_| ())
    }

    async fn reduced_at(&self, tenant_id: TenantId) -> Result<Option<Timestamp>, Failure> {
        let read = self.client.get_item().table_name(&self.table).set_key(Some(row_key(tenant_id)));
        let response = read.send().await.map_err(|error| {
            sdk_failure(format_args!("reading the request rate of tenant {tenant_id} in table {}", self.table), error)
        })?;
        let row = state(response.item());
        if let Some(row) = row {
            self.remember(tenant_id, row);
        }
        Ok(row.and_then(|row| row.reduced).map(|(_, at)| at))
    }

    async fn on_throttled(&self, tenant_id: TenantId, retry_after: Option<SignedDuration>) -> Result<(), Failure> {
        /// The first attempt may rest on a row of an hour ago; the second one knows the row.
        const MAX_ATTEMPTS: usize = 2;
        for _ in 0..MAX_ATTEMPTS {
            let now = self.clock.now();
            let seen = self.last_seen(tenant_id).unwrap_or(RateLimitState { next_free: now, reduced: None });
            // Another process may just have decreased the rate for the same throttling.
            let Some(rate) = self.policy.reduced(&seen, now) else { return Ok(()) };
            let next_free = self.policy.next_free_after_throttling(retry_after, now);
            let update = self
                .update(tenant_id, now)
                .update_expression(
                    "SET requests_per_minute = :rate, reduced_at = :now, next_free = :next_free, expires_at = :expires_at",
                )
                .expression_attribute_values(":rate", number(rate))
                .expression_attribute_values(":next_free", number(next_free.as_millisecond()));
            let conditional_update = match seen.reduced {
                None => update.condition_expression("attribute_not_exists(reduced_at)"),
                Some((_, since)) => update
                    .condition_expression("reduced_at = :since")
                    .expression_attribute_values(":since", number(since.as_millisecond())),
            };
            if let UpdateOutcome::Applied(_) = self.write(tenant_id, conditional_update).await? {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn row_key(tenant_id: TenantId) -> Item {
    Item::from([("pk".into(), string(format_args!("{tenant_id}#requests"))), ("sk".into(), string("quota"))])
}

fn state(row: Option<&Item>) -> Option<RateLimitState> {
    let row = row?;
    let rate = row.get("requests_per_minute").and_then(|rate| rate.as_n().ok()?.parse().ok());
    Some(RateLimitState {
        next_free: millisecond(row, "next_free")?,
        reduced: rate.zip(millisecond(row, "reduced_at")),
    })
}
