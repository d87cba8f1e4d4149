//! The tenants in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use collector::failure::{Failure, FailureKind};
use collector::ports::{Freshness, Tenants};
use collector::tenant::{InvalidSecret, Tenant};

/// Secrets by name: the current version of each, and the one in the cache. Clones share their secrets.
#[derive(Debug, Clone, Default)]
pub struct MemoryTenants(Arc<Mutex<Secrets>>);

#[derive(Debug, Default)]
struct Secrets {
    current: BTreeMap<String, Result<Arc<Tenant>, InvalidSecret>>,
    cached: BTreeMap<String, Arc<Tenant>>,
}

impl MemoryTenants {
    #[must_use]
    pub fn of(tenants: impl IntoIterator<Item = Tenant>) -> Self {
        let secrets = Self::default();
        tenants.into_iter().for_each(|tenant| secrets.put(tenant));
        secrets
    }

    /// Adds or rotates a tenant's secret. If the old one has been read, it stays in the cache.
    pub fn put(&self, tenant: Tenant) {
        self.0.lock().unwrap().current.insert(tenant.secret_id.clone(), Ok(Arc::new(tenant)));
    }

    /// Adds a secret that does not describe a tenant.
    pub fn put_bad(&self, secret_id: &str, problem: &str) {
        let invalid = InvalidSecret { secret_id: secret_id.to_owned(), problems: vec![problem.to_owned()] };
        self.0.lock().unwrap().current.insert(secret_id.to_owned(), Err(invalid));
    }
}

impl Tenants for MemoryTenants {
    async fn all(&self) -> Result<Vec<Result<Arc<Tenant>, InvalidSecret>>, Failure> {
        Ok(self.0.lock().unwrap().current.values().cloned().collect())
    }

    async fn one(&self, secret_id: &str, freshness: Freshness) -> Result<Arc<Tenant>, Failure> {
        let mut secrets = self.0.lock().unwrap();
        if let (Freshness::Cached, Some(tenant)) = (freshness, secrets.cached.get(secret_id)) {
            return Ok(Arc::clone(tenant));
        }
        let invalid = |problem: String| Failure::new(FailureKind::InvalidSecret, problem);
        let current = secrets.current.get(secret_id).cloned();
        let tenant = current.ok_or_else(|| invalid(format!("there is no secret {secret_id}")))?;
        let tenant = tenant.map_err(|problems| invalid(problems.to_string()))?;
        secrets.cached.insert(secret_id.to_owned(), Arc::clone(&tenant));
        Ok(tenant)
    }
}
