//! The handle's levers: tenants, subscriptions, mishaps.

pub(crate) mod calls;
pub(crate) mod oracle;
pub(crate) mod publishing;

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::{
    CONTENT_TYPES,
    faults::{
        Fault,
        random::{RandomFaultState, RandomFaults},
    },
    simulator::Simulator,
    state::tenant::{Role, Secret, Tenant},
};

impl Simulator {
    /// Adds a tenant, or replaces the one of the same id with all that was published for it. Returns its id.
    pub fn add_tenant(&self, tenant: Tenant) -> Uuid {
        let id = tenant.id;
        self.shared.state().add_tenant(tenant);
        id
    }

    /// One more secret that is accepted.
    #[track_caller]
    pub fn add_secret(&self, tenant: Uuid, secret: Secret) {
        self.shared.state().tenant(tenant).settings.secrets.push(secret);
    }

    /// A secret is no longer accepted (AADSTS7000215). Tokens it obtained stay good.
    #[track_caller]
    pub fn remove_secret(&self, tenant: Uuid, value: &str) {
        self.shared.state().tenant(tenant).settings.secrets.retain(|secret| secret.value != value);
    }

    /// All tokens of a tenant are answered with 401 from now on.
    pub fn revoke_tokens(&self, tenant: Uuid) {
        self.shared.state().tokens.revoke(tenant);
    }

    /// Grants exactly these permissions. A token that is out keeps those it was issued with.
    #[track_caller]
    pub fn set_roles(&self, tenant: Uuid, roles: impl Into<Vec<Role>>) {
        self.shared.state().tenant(tenant).settings.roles = roles.into();
    }

    /// Turns unified auditing on or off.
    #[track_caller]
    pub fn set_auditing(&self, tenant: Uuid, on: bool) {
        self.shared.state().tenant(tenant).settings.auditing = on;
    }

    /// An administrator starts a subscription: no cool-down holds him up, but it begins anew.
    #[track_caller]
    pub fn start_subscription(&self, tenant: Uuid, content_type: &str) {
        let mut state = self.shared.state();
        let (now, config) = (state.now(), state.config.clone());
        state.tenant(tenant).feed(content_type).subscription.start(now, &config);
    }

    /// An administrator stops a subscription: what is published from now on can never be fetched.
    #[track_caller]
    pub fn stop_subscription(&self, tenant: Uuid, content_type: &str) {
        let mut state = self.shared.state();
        let now = state.now();
        state.tenant(tenant).feed(content_type).subscription.stop(now);
    }

    /// Whether a subscription is on; `None`: it was never started.
    #[track_caller]
    pub fn subscription(&self, tenant: Uuid, content_type: &str) -> Option<bool> {
        self.shared.state().tenant(tenant).feed(content_type).subscription.is_on()
    }

    /// Scripts a fault. Faults are tried in the order they were given; a call meets the first whose turn it is.
    ///
    /// # Panics
    ///
    /// If it waits for a content type that does not exist: it would wait in vain.
    #[track_caller]
    pub fn inject(&self, fault: Fault) {
        if let Some(named) = &fault.on.content_type {
            assert!(CONTENT_TYPES.contains(&named.as_str()), "there is no content type {named:?}");
        }
        self.shared.state().faults.inject(fault);
    }

    /// Takes back every scripted fault, used or not.
    pub fn clear_faults(&self) {
        self.shared.state().faults = Default::default();
    }

    /// Begins another weather, with its counts at zero; the default clears the sky.
    pub fn set_random_faults(&self, random_faults: RandomFaults) {
        self.shared.state().random_faults = RandomFaultState::new(random_faults);
    }

    /// How many calls met which kind of mishap since the weather was set, by the names of [`RandomFaults`]'s fields.
    pub fn random_faults_injected(&self) -> BTreeMap<&'static str, u64> {
        self.shared.state().random_faults.injected.clone()
    }
}
