//! `GET subscriptions/list` and `POST subscriptions/start`.

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    CONTENT_TYPES,
    config::Config,
    http::{request::Request, response::Response},
    state::TenantState,
};

/// `GET subscriptions/list`: all subscriptions that were ever started, enabled or disabled.
pub(crate) fn list(tenant: &TenantState) -> Response {
    let listed: Vec<Value> = CONTENT_TYPES
        .iter()
        .filter_map(|&content_type| tenant.feeds.get(content_type)?.subscription.to_json(content_type))
        .collect();
    Response::json(200, &Value::Array(listed))
}

/// `POST subscriptions/start`. Microsoft documents the cool-down between two starts but not the response within it; the
/// simulator sends the one of an exceeded quota.
pub(crate) fn start(
    tenant: &mut TenantState,
    content_type: &'static str,
    request: &Request,
    config: &Config,
    now: Timestamp,
) -> Response {
    if !request.has_content_length {
        return Response::html(411, "Length Required");
    }
    if !request.body.is_empty() {
        return Response::error(400, "AF20021", "The webhook endpoint could not be validated.");
    }
    let subscription = &mut tenant.feed(content_type).subscription;
    if subscription.is_on() == Some(true) {
        return Response::error(400, "AF20024", "The subscription is already enabled. No property change.");
    }
    if subscription.is_cooling_down(now, config) {
        return Response::too_many_requests(&config.throttle, "StartSubscription", request);
    }
    subscription.start(now, config);
    match subscription.to_json(content_type) {
        Some(started) => Response::json(200, &started),
        None => Response::error(500, "AF50000", "An internal error occurred. Retry the request."),
    }
}
