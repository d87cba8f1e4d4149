//! Which messages of a batch are fetched now, and which wait for their slot.

use std::collections::BTreeMap;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::retry::beyond_horizon;
use super::{Delivery, Fetch};
use crate::failure::Failure;
use crate::feed::TenantId;
use crate::message::ContentMessage;
use crate::ports::{Clock, DelayedCopy, Jitter, Ports, RateLimiter};
use crate::rate_limit::RateLimitPolicy;
use crate::time_limit::until;

/// When the request of a message may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Now,
    At(Timestamp),
    /// Up to the limiter's horizon all is reserved.
    BeyondHorizon,
}

impl Delivery<'_> {
    fn is_in_slot(&self, now: Timestamp) -> bool {
        self.slot.is_some_and(|slot| now.duration_since(slot).abs() <= RateLimitPolicy::SLOT_TOLERANCE)
    }
}

impl<P: Ports> Fetch<P> {
    /// Reserves the requests of all messages that have no slot yet, at once for each tenant. Where the limiter does not answer
    /// within two seconds everything is admitted: it protects from refusals, and a refusal loses nothing.
    pub(super) async fn admit(
        &self,
        batch: &[Delivery<'_>],
        messages: &[Result<ContentMessage, Failure>],
        deadline: Timestamp,
    ) -> Vec<Admission> {
        let mut tenants: BTreeMap<TenantId, Vec<usize>> = BTreeMap::new();
        for (index, message) in messages.iter().enumerate() {
            if let Ok(message) = message {
                tenants.entry(message.tenant_id).or_default().push(index);
            }
        }
        let until_then = deadline.min(self.clock.now() + RateLimitPolicy::TIMEOUT);
        let admitted = tenants.iter().map(async |(tenant_id, indexes)| {
            let deliveries: Vec<&Delivery<'_>> = indexes.iter().map(|index| &batch[*index]).collect();
            until(&self.clock, until_then, self.admit_tenant(*tenant_id, &deliveries)).await
        });
        let mut admissions = vec![Admission::Now; batch.len()];
        for (indexes, admitted) in tenants.values().zip(join_all(admitted).await) {
            let Some(Ok(admitted)) = admitted else { continue };
            for (index, admission) in indexes.iter().zip(admitted) {
                admissions[*index] = admission;
            }
        }
        admissions
    }

    async fn admit_tenant(&self, tenant_id: TenantId, deliveries: &[&Delivery<'_>]) -> Result<Vec<Admission>, Failure> {
        let now = self.clock.now();
        let has_slots = deliveries.iter().any(|delivery| delivery.is_in_slot(now));
        let taken_back = if has_slots { self.rate_limiter.reduced_at(tenant_id).await? } else { None };
        let is_reserved = |delivery: &&Delivery<'_>| {
            delivery.is_in_slot(now) && taken_back.is_none_or(|at| delivery.sent_at.is_some_and(|sent| at < sent))
        };
        let reserved: Vec<bool> = deliveries.iter().map(is_reserved).collect();
        // A message that comes back after a failure is fetched at once, though it counts: a copy would begin with its receives
        // anew, and never come to the last one.
        let is_retry = |delivery: &&Delivery<'_>| delivery.receive_count > 1;
        let requests = reserved.iter().filter(|reserved| !**reserved).count().try_into().unwrap_or(u32::MAX);
        let slots = if requests > 0 { self.rate_limiter.reserve(tenant_id, requests).await? } else { Some(Vec::new()) };
        // The limiter took the time later than this process did above: what is now for the one must be now for the other.
        let now = self.clock.now();
        let mut slots = slots.map(Vec::into_iter);
        let mut next_slot = || match &mut slots {
            None => Admission::BeyondHorizon,
            Some(slots) => slots.next().filter(|slot| *slot > now).map_or(Admission::Now, Admission::At),
        };
        let admission = |(delivery, reserved): (&&Delivery<'_>, bool)| {
            let slot = if reserved { Admission::Now } else { next_slot() };
            if is_retry(delivery) { Admission::Now } else { slot }
        };
        Ok(deliveries.iter().zip(reserved).map(admission).collect())
    }

    /// The copy that takes the place of a message until it may be fetched.
    pub(super) fn waiting_copy<'a>(
        &self,
        message: &'a ContentMessage,
        admission: Admission,
    ) -> Option<DelayedCopy<'a>> {
        match admission {
            Admission::Now => None,
            Admission::At(slot) => {
                let delay = slot.duration_since(self.clock.now()).max(SignedDuration::ZERO);
                Some(DelayedCopy { message, delay, slot: Some(slot) })
            }
            Admission::BeyondHorizon => {
                Some(DelayedCopy { message, delay: beyond_horizon(self.jitter.sample()), slot: None })
            }
        }
    }
}
