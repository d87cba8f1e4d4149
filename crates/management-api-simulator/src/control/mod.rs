//! Methods of [`Simulator`] to change and observe it: tenants, subscriptions and faults here, the rest in the
//! submodules.

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
    state::{
        subscription::SubscriptionAnomaly,
        tenant::{Role, Secret, Tenant},
    },
};

impl Simulator {
    /// Adds a tenant and returns its id. An existing tenant with the same id is replaced, with everything published for
    /// it.
    pub fn add_tenant(&self, tenant: Tenant) -> Uuid {
        let id = tenant.id;
        self.shared.state().add_tenant(tenant);
        id
    }

    /// Adds a client secret; the existing ones stay valid.
    #[track_caller]
    pub fn add_secret(&self, tenant: Uuid, secret: Secret) {
        self.shared.state().tenant(tenant).settings.secrets.push(secret);
    }

    /// Removes a client secret: it is rejected with AADSTS7000215. Tokens that were issued for it stay valid.
    #[track_caller]
    pub fn remove_secret(&self, tenant: Uuid, value: &str) {
        self.shared.state().tenant(tenant).settings.secrets.retain(|secret| secret.value != value);
    }

    /// Invalidates all tokens of a tenant: they are rejected with 401.
    pub fn revoke_tokens(&self, tenant: Uuid) {
        self.shared.state().tokens.revoke(tenant);
    }

    /// Replaces the permissions of the application. Tokens that were already issued keep theirs.
    #[track_caller]
    pub fn set_roles(&self, tenant: Uuid, roles: impl Into<Vec<Role>>) {
        self.shared.state().tenant(tenant).settings.roles = roles.into();
    }

    /// Turns unified auditing on or off.
    #[track_caller]
    pub fn set_auditing(&self, tenant: Uuid, on: bool) {
        self.shared.state().tenant(tenant).settings.auditing = on;
    }

    /// Starts a subscription as an administrator would, without a check of the cool-down between two starts. The
    /// cool-down before the next start by a client begins anew.
    #[track_caller]
    pub fn start_subscription(&self, tenant: Uuid, content_type: &str) {
        let mut state = self.shared.state();
        let (now, config) = (state.now(), state.config.clone());
        state.tenant(tenant).feed(content_type).subscription.start(now, &config);
    }

    /// Stops a subscription as an administrator would: content published from now on can never be fetched.
    #[track_caller]
    pub fn stop_subscription(&self, tenant: Uuid, content_type: &str) {
        let mut state = self.shared.state();
        let now = state.now();
        state.tenant(tenant).feed(content_type).subscription.stop(now);
    }

    /// Whether a subscription is on; `None` if no start ever took effect.
    #[track_caller]
    pub fn subscription(&self, tenant: Uuid, content_type: &str) -> Option<bool> {
        let mut state = self.shared.state();
        let now = state.now();
        state.tenant(tenant).feed(content_type).subscription.is_on(now)
    }

    /// Lets the answers about a subscription that is on contradict each other; `None` ends it, as does a start or a stop.
    #[track_caller]
    pub fn set_subscription_anomaly(&self, tenant: Uuid, content_type: &str, anomaly: Option<SubscriptionAnomaly>) {
        self.shared.state().tenant(tenant).feed(content_type).subscription.anomaly = anomaly;
    }

    /// Adds a scripted fault. If several faults match a request, the one that was added first is injected.
    ///
    /// # Panics
    ///
    /// If the fault matches a content type that does not exist: it could never be injected.
    #[track_caller]
    pub fn inject(&self, fault: Fault) {
        if let Some(named) = &fault.on.content_type {
            assert!(CONTENT_TYPES.contains(&named.as_str()), "there is no content type {named:?}");
        }
        self.shared.state().faults.inject(fault);
    }

    /// Removes all scripted faults, used or not.
    pub fn clear_faults(&self) {
        self.shared.state().faults = Default::default();
    }

    /// Replaces the random faults and resets their counts; [`RandomFaults::default`] turns them off.
    pub fn set_random_faults(&self, random_faults: RandomFaults) {
        self.shared.state().random_faults = RandomFaultState::new(random_faults);
    }

    /// How many requests got which random fault since [`Simulator::set_random_faults`], by the field names of
    /// [`RandomFaults`].
    pub fn random_faults_injected(&self) -> BTreeMap<&'static str, u64> {
        self.shared.state().random_faults.injected.clone()
    }
}
