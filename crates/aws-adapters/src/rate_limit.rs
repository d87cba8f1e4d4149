//! The tenants' rate limiter (GCRA, see [`collector::rate_limit`]) in the state table: one row for each tenant.
//!
//! Usually one conditional update acquires the requests of a whole batch, without reading the row before.

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

use crate::failure::sdk_failure;
use crate::items::{Item, epoch_seconds, number, string};

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
            .key("pk", string(format_args!("{tenant_id}#requests")))
            .key("sk", string("quota"))
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
                _ => return Err(sdk_failure(format_args!("acquiring requests in table {}", self.table), error)),
            },
        };
        let outcome = result.unwrap_or(UpdateOutcome::Conflict(None));
        if let UpdateOutcome::Applied(state) | UpdateOutcome::Conflict(Some(state)) = &outcome {
            self.remember(tenant_id, *state);
        }
        Ok(outcome)
    }
}

impl<C: Clock> RateLimiter for DynamoDbRateLimiter<C> {
    async fn try_acquire(&self, tenant_id: TenantId, requests: u32) -> Result<bool, Failure> {
        /// After a conflict the second attempt knows the row. A third covers another process that was faster in
        /// between.
        const MAX_ATTEMPTS: usize = 3;
        for _ in 0..MAX_ATTEMPTS {
            let now = self.clock.now();
            let seen = self.last_seen(tenant_id).unwrap_or(RateLimitState { next_free: now, reduced: None });
            // next_free only moves forward, so an exhausted state needs no request to DynamoDB.
            if self.policy.is_exhausted(&seen, now) {
                return Ok(false);
            }
            let span = self.policy.span(requests, &seen, now).as_millis();
            let update = self.update(tenant_id, now);
            // Two forms of the update, because a DynamoDB expression cannot compute the maximum of next_free and now.
            let conditional_update = if seen.next_free > now {
                update
                    .update_expression("SET next_free = next_free + :span, expires_at = :expires_at")
                    .condition_expression("next_free BETWEEN :now AND :latest")
                    .expression_attribute_values(":span", number(span))
                    .expression_attribute_values(":latest", number((now + self.policy.burst).as_millisecond()))
            } else {
                let until = i128::from(now.as_millisecond()) + span;
                update
                    .update_expression("SET next_free = :until, expires_at = :expires_at")
                    .condition_expression("attribute_not_exists(next_free) OR next_free <= :now")
                    .expression_attribute_values(":until", number(until))
            };
            if let UpdateOutcome::Applied(_) = self.write(tenant_id, conditional_update).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn on_throttled(&self, tenant_id: TenantId) -> Result<(), Failure> {
        let now = self.clock.now();
        let seen = self.last_seen(tenant_id).unwrap_or(RateLimitState { next_free: now, reduced: None });
        let Some(rate) = self.policy.reduced(&seen, now) else { return Ok(()) };
        let update = self
            .update(tenant_id, now)
            .update_expression(
                "SET requests_per_minute = :rate, reduced_at = :now, expires_at = :expires_at, \
                 next_free = if_not_exists(next_free, :now)",
            )
            .expression_attribute_values(":rate", number(rate));
        let conditional_update = match seen.reduced {
            None => update.condition_expression("attribute_not_exists(reduced_at)"),
            Some((_, since)) => update
                .condition_expression("reduced_at = :since")
                .expression_attribute_values(":since", number(since.as_millisecond())),
        };
        // On a conflict another process has just decreased the rate for the same throttling.
        self.write(tenant_id, conditional_update).await.map(|_| ())
    }
}

fn state(row: Option<&Item>) -> Option<RateLimitState> {
    let row = row?;
    let instant = |name: &str| Timestamp::from_millisecond(row.get(name)?.as_n().ok()?.parse().ok()?).ok();
    let rate = row.get("requests_per_minute").and_then(|rate| rate.as_n().ok()?.parse().ok());
    Some(RateLimitState { next_free: instant("next_free")?, reduced: rate.zip(instant("reduced_at")) })
}
