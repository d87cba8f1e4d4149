//! The rate limiter in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use collector::failure::Failure;
use collector::feed::TenantId;
use collector::ports::{Clock, RateLimiter};
use collector::rate_limit::{RateLimitPolicy, RateLimitState};

use crate::clock::ManualClock;

/// The rate limits of all tenants. Clones share their state.
#[derive(Debug, Clone)]
pub struct MemoryRateLimiter {
    policy: RateLimitPolicy,
    clock: ManualClock,
    state: Arc<Mutex<BTreeMap<TenantId, RateLimitState>>>,
}

impl MemoryRateLimiter {
    #[must_use]
    pub fn new(policy: RateLimitPolicy, clock: &ManualClock) -> Self {
        Self { policy, clock: clock.clone(), state: Arc::default() }
    }
}

impl RateLimiter for MemoryRateLimiter {
    async fn try_acquire(&self, tenant_id: TenantId, requests: u32) -> Result<bool, Failure> {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap();
        let own = state.entry(tenant_id).or_insert(RateLimitState { next_free: now, reduced: None });
        if self.policy.is_exhausted(own, now) {
            return Ok(false);
        }
        own.next_free = own.next_free.max(now) + self.policy.span(requests, own, now);
        Ok(true)
    }

    async fn on_throttled(&self, tenant_id: TenantId) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap();
        let own = state.entry(tenant_id).or_insert(RateLimitState { next_free: now, reduced: None });
        if let Some(rate) = self.policy.reduced(own, now) {
            own.reduced = Some((rate, now));
        }
        Ok(())
    }
}
