//! Subscriptions: what is on, since when, and what that makes obtainable.

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    CONTENT_TYPES,
    config::Config,
    http::{request::Call, response::Reply},
    state::TenantState,
};

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
        return Reply::too_many_requests(&config.throttle, "StartSubscription", call);
    }
    subscription.start(now, config);
    match subscription.to_json(content_type) {
        Some(started) => Reply::json(200, &started),
        None => Reply::error(500, "AF50000", "An internal error occurred. Retry the request."),
    }
}
