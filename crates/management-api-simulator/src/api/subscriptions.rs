//! Subscriptions: what is on, since when, and what that makes obtainable.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    CONTENT_TYPES,
    clock::{minus, plus},
    config::Config,
    http::{
        request::Call,
        response::{Reply, too_many_requests},
    },
    state::TenantState,
};

/// The subscription of one tenant to one content type. The default was never started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subscription {
    /// Every change, oldest first; empty: never started.
    changes: Vec<(Timestamp, bool)>,
    last_started: Option<Timestamp>,
    reaches_back_to: Option<Timestamp>,
}

impl Subscription {
    /// On since ever.
    pub(crate) fn since_ever() -> Self {
        Subscription { changes: vec![(Timestamp::MIN, true)], ..Subscription::default() }
    }

    /// `None`: never started.
    pub(crate) fn is_on(&self) -> Option<bool> {
        self.changes.last().map(|&(_, on)| on)
    }

    /// Whether it was on at this instant.
    pub(crate) fn was_on(&self, at: Timestamp) -> bool {
        let before = self.changes.partition_point(|&(since, _)| since <= at);
        before.checked_sub(1).and_then(|index| self.changes.get(index)).is_some_and(|&(_, on)| on)
    }

    /// Whether content made available at this instant, before the first start, became obtainable by it.
    pub(crate) fn reaches_back_to(&self, created: Timestamp) -> bool {
        self.reaches_back_to.is_some_and(|from| from <= created)
    }

    pub(crate) fn start(&mut self, now: Timestamp, config: &Config) {
        if self.changes.is_empty() && !config.reach_back.is_zero() {
            self.reaches_back_to = Some(minus(now, config.reach_back));
        }
        self.changes.push((now, true));
        self.last_started = Some(now);
    }

    pub(crate) fn stop(&mut self, now: Timestamp) {
        self.changes.push((now, false));
    }

    fn cools_down(&self, now: Timestamp, config: &Config) -> bool {
        self.last_started.is_some_and(|last| now < plus(last, config.start_cool_down))
    }

    fn to_json(&self, content_type: &str) -> Option<Value> {
        let status = if self.is_on()? { "enabled" } else { "disabled" };
        Some(json!({"contentType": content_type, "status": status, "webhook": null}))
    }
}

/// `GET subscriptions/list`: those that were ever started.
pub(crate) fn list(tenant: &TenantState) -> Reply {
    let listed: Vec<Value> = CONTENT_TYPES
        .iter()
        .filter_map(|&content_type| tenant.feeds.get(content_type)?.subscription.to_json(content_type))
        .collect();
    Reply::json(200, &Value::Array(listed))
}

/// `POST subscriptions/start`. Microsoft documents the cool-down but not its answer: here it is the one of the quota.
pub(crate) fn start(
    tenant: &mut TenantState,
    content_type: &'static str,
    call: &Call,
    config: &Config,
    now: Timestamp,
) -> Reply {
    if !call.has_content_length {
        return Reply::html(411, "Length Required");
    }
    if !call.body.is_empty() {
        return Reply::error(400, "AF20021", "The webhook endpoint could not be validated.");
    }
    let subscription = &mut tenant.feed(content_type).subscription;
    if subscription.is_on() == Some(true) {
        return Reply::error(400, "AF20024", "The subscription is already enabled. No property change.");
    }
    if subscription.cools_down(now, config) {
        return too_many_requests(&config.throttle, "StartSubscription", call);
    }
    subscription.start(now, config);
    match subscription.to_json(content_type) {
        Some(started) => Reply::json(200, &started),
        None => Reply::error(500, "AF50000", "An internal error occurred. Retry the request."),
    }
}
