//! The request quota in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use audit_feed::failure::Failure;
use audit_feed::feed::TenantId;
use audit_feed::ports::{Clock, RequestQuota};
use audit_feed::quota::{Bookings, QuotaPolicy};

use crate::clock::ManualClock;

/// The quotas of all tenants. Clones are the same quotas.
#[derive(Debug, Clone)]
pub struct MemoryQuota {
    policy: QuotaPolicy,
    clock: ManualClock,
    bookings: Arc<Mutex<BTreeMap<TenantId, Bookings>>>,
}

impl MemoryQuota {
    /// Nothing booked yet.
    #[must_use]
    pub fn new(policy: QuotaPolicy, clock: &ManualClock) -> Self {
        Self { policy, clock: clock.clone(), bookings: Arc::default() }
    }
}

impl RequestQuota for MemoryQuota {
    async fn book(&self, tenant_id: TenantId, requests: u32) -> Result<bool, Failure> {
        let now = self.clock.now();
        let mut bookings = self.bookings.lock().unwrap();
        let own = bookings.entry(tenant_id).or_insert(Bookings { booked_until: now, slowed: None });
        if self.policy.is_booked_out(own, now) {
            return Ok(false);
        }
        own.booked_until = own.booked_until.max(now) + self.policy.span(requests, own, now);
        Ok(true)
    }

    async fn refused(&self, tenant_id: TenantId) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut bookings = self.bookings.lock().unwrap();
        let own = bookings.entry(tenant_id).or_insert(Bookings { booked_until: now, slowed: None });
        if let Some(rate) = self.policy.slowed(own, now) {
            own.slowed = Some((rate, now));
        }
        Ok(())
    }
}
