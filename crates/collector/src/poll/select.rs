//! Which tenants a poll is about.

use std::collections::HashMap;
use std::sync::Arc;

use super::{PollReport, TenantReport};
use crate::failure::{Failure, FailureKind};
use crate::shard::Shard;
use crate::tenant::{InvalidSecret, Tenant};

/// The rows of this shard's tenants, and in the same order the tenants to poll; `None` for a row that has failed already.
///
/// Two secrets for one tenant would move one cursor with different settings: the first by name is polled, and the row of
/// each other one says so.
pub(super) fn select_tenants(
    secrets: Vec<Result<Arc<Tenant>, InvalidSecret>>,
    shard: Shard,
) -> (PollReport, Vec<Option<Arc<Tenant>>>) {
    let mut rows = Vec::new();
    let mut tenants = Vec::new();
    let mut polled_by: HashMap<_, String> = HashMap::new();
    for secret in secrets {
        match secret {
            Err(invalid) if shard.holds(invalid.secret_id.as_bytes()) => {
                let failure = Failure::new(FailureKind::InvalidSecret, invalid.to_string());
                rows.push(TenantReport::failed(invalid.secret_id, None, failure));
                tenants.push(None);
            }
            Ok(tenant) if shard.holds(tenant.id.0.as_bytes()) => match polled_by.get(&tenant.id) {
                Some(first) => {
                    let problem = format!(
                        "secret {} describes the tenant that secret {first} describes already; delete one of them",
                        tenant.secret_id
                    );
                    let failure = Failure::new(FailureKind::InvalidSecret, problem);
                    rows.push(TenantReport::failed(tenant.secret_id.clone(), Some(tenant.id), failure));
                    tenants.push(None);
                }
                None => {
                    polled_by.insert(tenant.id, tenant.secret_id.clone());
                    rows.push(TenantReport::waiting(&tenant));
                    tenants.push(Some(tenant));
                }
            },
            Ok(_) | Err(_) => {}
        }
    }
    (PollReport { tenants: rows, ..PollReport::default() }, tenants)
}
