//! The request quota, booked in the state table: one row a tenant, one call a batch.

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

use crate::failure::aws;
use crate::items::{Item, epoch_seconds, number, string};

/// The quotas of all tenants.
#[derive(Debug)]
pub struct DynamoDbRateLimiter<C> {
    client: Client,
    table: String,
    policy: RateLimitPolicy,
    clock: C,
    /// The rows as this process saw them last: they tell which of the two kinds of booking will do.
    seen: Mutex<HashMap<TenantId, RateLimitState>>,
}

/// What became of a conditional update: the row after it, or the row that stood in its way.
enum Written {
    Done(RateLimitState),
    Refused(Option<RateLimitState>),
}

impl<C: Clock> DynamoDbRateLimiter<C> {
    /// The quotas in `table`.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>, policy: RateLimitPolicy, clock: C) -> Self {
        Self { client, table: table.into(), policy, clock, seen: Mutex::default() }
    }

    fn last_seen(&self, tenant_id: TenantId) -> Option<RateLimitState> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant_id).copied()
    }

    fn see(&self, tenant_id: TenantId, state: RateLimitState) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant_id, state);
    }

    fn update(&self, tenant_id: TenantId, now: Timestamp) -> UpdateItemFluentBuilder {
        /// A row that nobody touches for a day is of no more use.
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

    async fn write(&self, tenant_id: TenantId, update: UpdateItemFluentBuilder) -> Result<Written, Failure> {
        let written = match update.send().await {
            Ok(done) => state(done.attributes.as_ref()).map(Written::Done),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    Some(Written::Refused(state(refused.item.as_ref())))
                }
                _ => return Err(aws(format_args!("booking requests in table {}", self.table), &error)),
            },
        };
        let written = written.unwrap_or(Written::Refused(None));
        if let Written::Done(state) | Written::Refused(Some(state)) = &written {
            self.see(tenant_id, *state);
        }
        Ok(written)
    }
}

impl<C: Clock> RateLimiter for DynamoDbRateLimiter<C> {
    async fn try_acquire(&self, tenant_id: TenantId, requests: u32) -> Result<bool, Failure> {
        /// The second try knows the row; a third is for those who were overtaken in between.
        const TRIES: usize = 3;
        for _ in 0..TRIES {
            let now = self.clock.now();
            let seen = self.last_seen(tenant_id).unwrap_or(RateLimitState { next_free: now, reduced: None });
            // RateLimitState only grow: what was booked out then and reaches beyond now is booked out now.
            if self.policy.is_exhausted(&seen, now) {
                return Ok(false);
            }
            let span = self.policy.span(requests, &seen, now).as_millis();
            let update = self.update(tenant_id, now);
            let update = if seen.next_free > now {
                update
                    .update_expression("SET next_free = next_free + :span, expires_at = :expires_at")
                    .condition_expression("next_free BETWEEN :now AND :burst")
                    .expression_attribute_values(":span", number(span))
                    .expression_attribute_values(":burst", number((now + self.policy.burst).as_millisecond()))
            } else {
                let until = i128::from(now.as_millisecond()) + span;
                update
                    .update_expression("SET next_free = :until, expires_at = :expires_at")
                    .condition_expression("attribute_not_exists(next_free) OR next_free <= :now")
                    .expression_attribute_values(":until", number(until))
            };
            if let Written::Done(_) = self.write(tenant_id, update).await? {
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
        let update = match seen.reduced {
            None => update.condition_expression("attribute_not_exists(reduced_at)"),
            Some((_, since)) => update
                .condition_expression("reduced_at = :since")
                .expression_attribute_values(":since", number(since.as_millisecond())),
        };
        // Whoever slowed down in between did it for the same swarm of refusals.
        self.write(tenant_id, update).await.map(|_| ())
    }
}

fn state(row: Option<&Item>) -> Option<RateLimitState> {
    let row = row?;
    let instant = |name: &str| Timestamp::from_millisecond(row.get(name)?.as_n().ok()?.parse().ok()?).ok();
    let rate = row.get("requests_per_minute").and_then(|rate| rate.as_n().ok()?.parse().ok());
    Some(RateLimitState { next_free: instant("next_free")?, reduced: rate.zip(instant("reduced_at")) })
}
