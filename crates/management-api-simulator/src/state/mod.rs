//! Everything Microsoft knows.

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
    faults::{Faults, random::RandomFaultState},
    state::{
        call_log::Tally, feed::Feed, pages::Pages, subscription::Subscription, tenant::Tenant, throttle::Meter,
        tokens::Tokens,
    },
};

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) tenants: BTreeMap<Uuid, TenantState>,
    pub(crate) tokens: Tokens,
    pub(crate) meter: Meter,
    pub(crate) faults: Faults,
    pub(crate) sky: RandomFaultState,
    pub(crate) tally: Tally,
}

#[derive(Debug)]
pub(crate) struct TenantState {
    pub(crate) settings: Tenant,
    /// One for each of the five content types.
    pub(crate) feeds: BTreeMap<&'static str, Feed>,
    /// What every content id handed out stands for.
    pub(crate) listed: HashMap<String, Listed>,
    pub(crate) pages: Pages,
}

#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) content_type: &'static str,
    pub(crate) keys: Vec<SliceKey>,
    pub(crate) expires: Timestamp,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        World {
            clock: config.clock,
            config,
            tenants: BTreeMap::new(),
            tokens: Tokens::default(),
            meter: Meter::default(),
            faults: Faults::default(),
            sky: RandomFaultState::default(),
            tally: Tally::default(),
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
                let subscription = if subscribed { Subscription::since_ever() } else { Subscription::default() };
                (content_type, Feed::new(subscription))
            })
            .collect();
        let tenant = TenantState { settings, feeds, listed: HashMap::new(), pages: Pages::default() };
        self.tenants.insert(tenant.settings.id, tenant);
    }

    /// # Panics
    ///
    /// If there is no such tenant: the caller of the library is mistaken.
    #[track_caller]
    pub(crate) fn tenant(&mut self, tenant: Uuid) -> &mut TenantState {
        match self.tenants.get_mut(&tenant) {
            Some(found) => found,
            None => panic!("the simulator has no tenant {tenant}: add it first"),
        }
    }
}

impl TenantState {
    /// # Panics
    ///
    /// If this is none of the five content types: the caller of the library is mistaken.
    #[track_caller]
    pub(crate) fn feed(&mut self, content_type: &str) -> &mut Feed {
        match self.feeds.get_mut(content_type) {
            Some(feed) => feed,
            None => {
                panic!("there is no content type {content_type:?}: it is one of {CONTENT_TYPES:?}")
            }
        }
    }
}

/// What the handle and the server have in common.
pub(crate) struct Shared {
    pub(crate) address: SocketAddr,
    pub(crate) world: Mutex<World>,
}

impl Shared {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        // A panic over a tenant that is not there leaves the world as it was.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
