//! The rate limiter in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use collector::failure::Failure;
use collector::feed::TenantId;
use collector::ports::{Clock, RateLimiter};
use collector::rate_limit::{RateLimitPolicy, RateLimitState};
use jiff::{SignedDuration, Timestamp};

use crate::clock::ManualClock;

/// The rate limits of all tenants. Clones share their state.
#[derive(Debug, Clone)]
pub struct MemoryRateLimiter<C = ManualClock> {
    policy: RateLimitPolicy,
    clock: C,
    state: Arc<Mutex<BTreeMap<TenantId, RateLimitState>>>,
}

impl MemoryRateLimiter {
    #[must_use]
    pub fn new(policy: RateLimitPolicy, clock: &ManualClock) -> Self {
        Self { policy, clock: clock.clone(), state: Arc::default() }
    }

    /// The same state, as a process with this clock sees it.
    #[must_use]
    pub fn by<C>(&self, clock: C) -> MemoryRateLimiter<C> {
        MemoryRateLimiter { policy: self.policy, clock, state: Arc::clone(&self.state) }
    }
}

impl<C: Clock> MemoryRateLimiter<C> {
    fn with_state<T>(&self, tenant_id: TenantId, change: impl FnOnce(&mut RateLimitState, Timestamp) -> T) -> T {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap();
        change(state.entry(tenant_id).or_insert(RateLimitState { next_free: now, reduced: None }), now)
    }
}

impl<C: Clock> RateLimiter for MemoryRateLimiter<C> {
    async fn reserve(&self, tenant_id: TenantId, requests: u32) -> Result<Option<Vec<Timestamp>>, Failure> {
        Ok(self.with_state(tenant_id, |state, now| {
            let span = self.policy.span(requests, state, now);
            let from = state.next_free.max(now);
            (from <= self.policy.latest(span, now)).then(|| {
                state.next_free = from + span;
                self.policy.slots(from, span, requests, now)
            })
        }))
    }

    async fn charge(&self, tenant_id: TenantId, requests: u32) -> Result<(), Failure> {
        self.with_state(tenant_id, |state, now| {
            state.next_free = state.next_free.max(now) + self.policy.span(requests, state, now);
        });
        Ok(())
    }

    async fn reduced_at(&self, tenant_id: TenantId) -> Result<Option<Timestamp>, Failure> {
        Ok(self.with_state(tenant_id, |state, _| state.reduced.map(|(_, at)| at)))
    }

    async fn on_throttled(&self, tenant_id: TenantId, retry_after: Option<SignedDuration>) -> Result<(), Failure> {
        self.with_state(tenant_id, |state, now| {
            if let Some(rate) = self.policy.reduced(state, now) {
                state.reduced = Some((rate, now));
                state.next_free = self.policy.next_free_after_throttling(retry_after, now);
            }
        });
        Ok(())
    }
}
