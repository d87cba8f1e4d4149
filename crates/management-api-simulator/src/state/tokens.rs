//! The store of issued access tokens.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    TOKEN_PREFIX,
    clock::plus,
    state::tenant::{Role, Tenant},
};

/// All issued tokens that have not been revoked. Expired ones are removed when the next token is issued.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    granted: HashMap<String, Grant>,
}

/// What a token authorizes.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) tenant: Uuid,
    pub(crate) roles: Vec<Role>,
    expires: Timestamp,
}

impl Tokens {
    /// Issues a new token for the tenant's application.
    pub(crate) fn issue(&mut self, tenant: &Tenant, lifetime: Duration, now: Timestamp) -> String {
        self.granted.retain(|_, grant| now < grant.expires);
        let token = format!("{TOKEN_PREFIX}{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let grant = Grant { tenant: tenant.id, roles: tenant.roles.clone(), expires: plus(now, lifetime) };
        self.granted.insert(token.clone(), grant);
        token
    }

    /// `None` if the token has expired, was revoked, or was never issued.
    pub(crate) fn grant(&self, token: &str, now: Timestamp) -> Option<&Grant> {
        self.granted.get(token).filter(|grant| now < grant.expires)
    }

    pub(crate) fn revoke(&mut self, tenant: Uuid) {
        self.granted.retain(|_, grant| grant.tenant != tenant);
    }
}
