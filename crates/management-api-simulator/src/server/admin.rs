//! The simulator's own endpoints, under `/_simulator/`.

use std::sync::Arc;

use axum::{
    extract,
    http::header,
    response::{IntoResponse, Response as HttpResponse},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    http::route::Operation,
    state::{
        SharedState, State,
        feed::Feed,
        published::{Published, published},
    },
};

const OPERATIONS: [Operation; 5] = [
    Operation::Token,
    Operation::ListSubscriptions,
    Operation::StartSubscription,
    Operation::ListContent,
    Operation::FetchContent,
];

/// `GET /_simulator/health` → `{"status":"ok"}`
pub(crate) async fn health() -> HttpResponse {
    json_response(&json!({"status": "ok"}))
}

/// `GET /_simulator/status` → `{now, tenants: {id: {type: {slices, records, obtainable_records, subscription}}}, calls,
/// throttled, random_faults, violations, unused_faults}`
pub(crate) async fn status(extract::State(shared): extract::State<Arc<SharedState>>) -> HttpResponse {
    json_response(&describe(&shared.state()))
}

fn json_response(value: &Value) -> HttpResponse {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn describe(state: &State) -> Value {
    let tenants: Map<String, Value> = state
        .tenants
        .iter()
        .map(|(id, tenant)| {
            let feeds: Map<String, Value> =
                tenant.feeds.iter().map(|(&name, feed)| (name.to_owned(), summary(feed, state.now()))).collect();
            (id.to_string(), Value::Object(feeds))
        })
        .collect();
    let calls_so_far = state.call_log.calls(state.meter.allowed, state.meter.refused);
    let calls: Map<String, Value> =
        OPERATIONS.iter().map(|&operation| (operation.name().to_owned(), calls_so_far.of(operation).into())).collect();
    json!({
        "now": state.now().to_string(),
        "tenants": tenants,
        "calls": calls,
        "throttled": calls_so_far.refused,
        "random_faults": state.random_faults.injected,
        "violations": state.call_log.violations,
        "unused_faults": state.faults.unused(),
    })
}

/// `{slices, records, obtainable_records, subscription}`
fn summary(feed: &Feed, now: Timestamp) -> Value {
    let records = |wanted: fn(&Published) -> bool, slices: &[Published]| -> u64 {
        slices.iter().filter(|slice| wanted(slice)).map(|slice| slice.content.count()).sum()
    };
    let slices = published(feed);
    let subscription = feed.subscription.is_on(now).map(|on| if on { "enabled" } else { "disabled" });
    json!({
        "slices": slices.len(),
        "records": records(|_| true, &slices),
        "obtainable_records": records(|slice| slice.obtainable, &slices),
        "subscription": subscription,
    })
}
