//! The request quota, booked in the state table: one row a tenant, one call a batch.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use audit_feed::failure::Failure;
use audit_feed::feed::TenantId;
use audit_feed::ports::{Clock, RequestQuota};
use audit_feed::quota::{Bookings, QuotaPolicy};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use jiff::{SignedDuration, Timestamp};

use crate::failure::aws;
use crate::items::{Item, epoch_seconds, number, string};

/// The quotas of all tenants.
#[derive(Debug)]
pub struct DynamoDbQuota<C> {
    client: Client,
    table: String,
    policy: QuotaPolicy,
    clock: C,
    /// The rows as this process saw them last: they tell which of the two kinds of booking will do.
    seen: Mutex<HashMap<TenantId, Bookings>>,
}

/// What became of a conditional update: the row after it, or the row that stood in its way.
enum Written {
    Done(Bookings),
    Refused(Option<Bookings>),
}

impl<C: Clock> DynamoDbQuota<C> {
    /// The quotas in `table`.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>, policy: QuotaPolicy, clock: C) -> Self {
        Self { client, table: table.into(), policy, clock, seen: Mutex::default() }
    }

    fn last_seen(&self, tenant_id: TenantId) -> Option<Bookings> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant_id).copied()
    }

    fn see(&self, tenant_id: TenantId, bookings: Bookings) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant_id, bookings);
    }

    fn update(&self, tenant_id: TenantId, now: Timestamp) -> UpdateItemFluentBuilder {
        /// A row that nobody touches for a day is of no more use.
        const KEPT: SignedDuration = SignedDuration::from_hours(24);
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", string(format_args!("{tenant_id}#requests")))
            .key("sk", string("quota"))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":expires_at", epoch_seconds(now + KEPT))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    async fn write(&self, tenant_id: TenantId, update: UpdateItemFluentBuilder) -> Result<Written, Failure> {
        let written = match update.send().await {
            Ok(done) => bookings(done.attributes.as_ref()).map(Written::Done),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    Some(Written::Refused(bookings(refused.item.as_ref())))
                }
                _ => return Err(aws(format_args!("booking requests in table {}", self.table), &error)),
            },
        };
        let written = written.unwrap_or(Written::Refused(None));
        if let Written::Done(bookings) | Written::Refused(Some(bookings)) = &written {
            self.see(tenant_id, *bookings);
        }
        Ok(written)
    }
}

impl<C: Clock> RequestQuota for DynamoDbQuota<C> {
    async fn book(&self, tenant_id: TenantId, requests: u32) -> Result<bool, Failure> {
        /// The second try knows the row; a third is for those who were overtaken in between.
        const TRIES: usize = 3;
        for _ in 0..TRIES {
            let now = self.clock.now();
            let seen = self.last_seen(tenant_id).unwrap_or(Bookings { booked_until: now, slowed: None });
            // Bookings only grow: what was booked out then and reaches beyond now is booked out now.
            if self.policy.is_booked_out(&seen, now) {
                return Ok(false);
            }
            let span = self.policy.span(requests, &seen, now).as_millis();
            let update = self.update(tenant_id, now);
            let update = if seen.booked_until > now {
                update
                    .update_expression("SET booked_until = booked_until + :span, expires_at = :expires_at")
                    .condition_expression("booked_until BETWEEN :now AND :ahead")
                    .expression_attribute_values(":span", number(span))
                    .expression_attribute_values(":ahead", number((now + self.policy.ahead).as_millisecond()))
            } else {
                let until = i128::from(now.as_millisecond()) + span;
                update
                    .update_expression("SET booked_until = :until, expires_at = :expires_at")
                    .condition_expression("attribute_not_exists(booked_until) OR booked_until <= :now")
                    .expression_attribute_values(":until", number(until))
            };
            if let Written::Done(_) = self.write(tenant_id, update).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn refused(&self, tenant_id: TenantId) -> Result<(), Failure> {
        let now = self.clock.now();
        let seen = self.last_seen(tenant_id).unwrap_or(Bookings { booked_until: now, slowed: None });
        let Some(rate) = self.policy.slowed(&seen, now) else { return Ok(()) };
        let update = self
            .update(tenant_id, now)
            .update_expression(
                "SET requests_per_minute = :rate, slowed_at = :now, expires_at = :expires_at, \
                 booked_until = if_not_exists(booked_until, :now)",
            )
            .expression_attribute_values(":rate", number(rate));
        let update = match seen.slowed {
            None => update.condition_expression("attribute_not_exists(slowed_at)"),
            Some((_, since)) => update
                .condition_expression("slowed_at = :since")
                .expression_attribute_values(":since", number(since.as_millisecond())),
        };
        // Whoever slowed down in between did it for the same swarm of refusals.
        self.write(tenant_id, update).await.map(|_| ())
    }
}

fn bookings(row: Option<&Item>) -> Option<Bookings> {
    let row = row?;
    let instant = |name: &str| Timestamp::from_millisecond(row.get(name)?.as_n().ok()?.parse().ok()?).ok();
    let rate = row.get("requests_per_minute").and_then(|rate| rate.as_n().ok()?.parse().ok());
    Some(Bookings { booked_until: instant("booked_until")?, slowed: rate.zip(instant("slowed_at")) })
}
