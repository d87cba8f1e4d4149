//! What the program tells about itself, under `/_simulator/`.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::{
    http::route::Operation,
    state::{
        Shared, World,
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
pub(crate) async fn health() -> Response {
    answer(&json!({"status": "ok"}))
}

/// `GET /_simulator/status` → `{now, tenants: {id: {type: {slices, records, obtainable_records, subscription}}}, calls,
/// throttled, weather, violations, unused_faults}`
pub(crate) async fn status(State(shared): State<Arc<Shared>>) -> Response {
    answer(&describe(&shared.world()))
}

fn answer(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn describe(world: &World) -> Value {
    let tenants: Map<String, Value> = world
        .tenants
        .iter()
        .map(|(id, tenant)| {
            let feeds: Map<String, Value> =
                tenant.feeds.iter().map(|(&name, feed)| (name.to_owned(), summary(feed))).collect();
            (id.to_string(), Value::Object(feeds))
        })
        .collect();
    let counted = world.tally.calls(world.meter.allowed, world.meter.refused);
    let calls: Map<String, Value> =
        OPERATIONS.iter().map(|&operation| (operation.name().to_owned(), counted.of(operation).into())).collect();
    json!({
        "now": world.now().to_string(),
        "tenants": tenants,
        "calls": calls,
        "throttled": counted.refused,
        "weather": world.sky.met,
        "violations": world.tally.violations,
        "unused_faults": world.faults.unused(),
    })
}

/// `{slices, records, obtainable_records, subscription}`
fn summary(feed: &Feed) -> Value {
    let records = |wanted: fn(&Published) -> bool, slices: &[Published]| -> u64 {
        slices.iter().filter(|slice| wanted(slice)).map(|slice| slice.content.count()).sum()
    };
    let slices = published(feed);
    let subscription = feed.subscription.is_on().map(|on| if on { "enabled" } else { "disabled" });
    json!({
        "slices": slices.len(),
        "records": records(|_| true, &slices),
        "obtainable_records": records(|slice| slice.obtainable, &slices),
        "subscription": subscription,
    })
}
