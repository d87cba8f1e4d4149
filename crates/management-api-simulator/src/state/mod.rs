//! The complete state of the simulated service.

pub(crate) mod call_log;
pub(crate) mod feed;
pub(crate) mod pages;
pub(crate) mod published;
pub(crate) mod subscription;
pub(crate) mod tenant;
pub(crate) mod throttle;
pub(crate) mod tokens;

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    CONTENT_TYPES,
    clock::Clock,
    config::Config,
    content_id::SliceKey,
    faults::{ScriptedFaults, random::RandomFaultState},
    state::{
        call_log::CallLog, feed::Feed, pages::Pages, subscription::Subscription, tenant::Tenant, throttle::Meter,
        tokens::Tokens,
    },
};

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) tenants: BTreeMap<Uuid, TenantState>,
    pub(crate) tokens: Tokens,
    pub(crate) meter: Meter,
    pub(crate) faults: ScriptedFaults,
    pub(crate) random_faults: RandomFaultState,
    pub(crate) call_log: CallLog,
}

#[derive(Debug)]
pub(crate) struct TenantState {
    pub(crate) settings: Tenant,
    /// One for each of the five content types.
    pub(crate) feeds: BTreeMap<&'static str, Feed>,
    /// The content ids that listings have handed out.
    pub(crate) listed: HashMap<String, ListedContent>,
    pub(crate) pages: Pages,
}

#[derive(Debug)]
pub(crate) struct ListedContent {
    pub(crate) content_type: &'static str,
    pub(crate) keys: Vec<SliceKey>,
    pub(crate) expires: Timestamp,
}

impl State {
    pub(crate) fn new(config: Config) -> Self {
        State {
            clock: config.clock,
            config,
            tenants: BTreeMap::new(),
            tokens: Tokens::default(),
            meter: Meter::default(),
            faults: ScriptedFaults::default(),
            random_faults: RandomFaultState::default(),
            call_log: CallLog::default(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn add_tenant(&mut self, settings: Tenant) {
        let feeds = CONTENT_TYPES
            .into_iter()
            .map(|content_type| {
                let subscribed = settings.subscriptions.iter().any(|named| named == content_type);
                let subscription = if subscribed { Subscription::always_on() } else { Subscription::default() };
                (content_type, Feed::new(subscription))
            })
            .collect();
        let tenant = TenantState { settings, feeds, listed: HashMap::new(), pages: Pages::default() };
        self.tenants.insert(tenant.settings.id, tenant);
    }

    /// # Panics
    ///
    /// If there is no such tenant, which is a mistake of the library's user.
    #[track_caller]
    pub(crate) fn tenant(&mut self, tenant: Uuid) -> &mut TenantState {
        match self.tenants.get_mut(&tenant) {
            Some(found) => found,
            None => panic!("there is no tenant {tenant}: add it first"),
        }
    }
}

impl TenantState {
    /// # Panics
    ///
    /// If this is not one of the five content types, which is a mistake of the library's user.
    #[track_caller]
    pub(crate) fn feed(&mut self, content_type: &str) -> &mut Feed {
        match self.feeds.get_mut(content_type) {
            Some(feed) => feed,
            None => {
                panic!("there is no content type {content_type:?}: expected one of {CONTENT_TYPES:?}")
            }
        }
    }
}

/// Shared by the handles and the server.
pub(crate) struct SharedState {
    pub(crate) address: SocketAddr,
    pub(crate) state: Mutex<State>,
}

impl SharedState {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A method that panics on a missing tenant leaves the state unchanged, so a poisoned lock is safe to use.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
