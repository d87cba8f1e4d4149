//! `GET subscriptions/list` and `POST subscriptions/start`.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    CONTENT_TYPES,
    config::Config,
    http::{request::Request, response::Response},
    state::TenantState,
};

/// `GET subscriptions/list`: all subscriptions that were ever started, enabled or disabled.
pub(crate) fn list(tenant: &TenantState, now: Timestamp) -> Response {
    let listed: Vec<Value> = CONTENT_TYPES
        .iter()
        .filter_map(|&content_type| tenant.feeds.get(content_type)?.subscription.to_json(content_type, now))
        .collect();
    Response::json(200, &Value::Array(listed))
}

/// `POST subscriptions/start`. Microsoft documents the cool-down between two starts but not the response within it; the
/// simulator sends the one of an exceeded quota, with the text that was observed.
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
    if subscription.refuses_start(now) {
        return Response::error(400, "AF20024", "The subscription is already enabled. No property change.");
    }
    if let Some(left) = subscription.cool_down_left(now, config) {
        let throttle = &config.throttle;
        return Response::throttled_until(throttle.status, left, "StartSubscription", request)
            .with_retry_after(throttle.retry_after);
    }
    subscription.start(now, config);
    Response::json(200, &json!({"contentType": content_type, "status": "enabled", "webhook": null}))
}
