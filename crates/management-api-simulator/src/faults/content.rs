//! Faults that change what a response contains.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Map, Value};

use crate::{
    faults::kind::{FaultKind, Target},
    http::{body::Body, response::Response, route::Operation},
};

type Entry = Map<String, Value>;

/// Whether the response has what a fault of this kind changes.
pub(crate) fn is_applicable(kind: &FaultKind, operation: Operation, response: &Response) -> bool {
    let is_listing = operation == Operation::ListContent && response.status == 200;
    match kind.target() {
        Target::AnyResponse | Target::Head => true,
        Target::ListingPage => is_listing && entries(response).is_some(),
        Target::ListingEntry => is_listing && entries(response).is_some_and(|entries| !entries.is_empty()),
        Target::Rows => response.status == 200 && rows(response).is_some(),
        Target::Fields => json(response).is_some_and(|json| has_field(&json, field_names(kind))),
        Target::Records => matches!(&response.body, Body::Records(records) if records.count() > 0),
        Target::Error => response.status >= 400,
        Target::Text | Target::Encoding => !response.body.is_empty(),
    }
}

fn field_names(kind: &FaultKind) -> &[String] {
    if let FaultKind::MissingFields { names } = kind { names } else { &[] }
}

fn json(response: &Response) -> Option<Value> {
    match &response.body {
        Body::Text(text) => serde_json::from_slice(text).ok(),
        Body::Records(_) => None,
    }
}

fn rows(response: &Response) -> Option<Vec<Value>> {
    json(response).and_then(|json| serde_json::from_value(json).ok())
}

fn entries(response: &Response) -> Option<Vec<Entry>> {
    json(response).and_then(|json| serde_json::from_value(json).ok())
}

fn has_field(json: &Value, names: &[String]) -> bool {
    match json {
        Value::Object(members) => members.iter().any(|(name, value)| names.contains(name) || has_field(value, names)),
        Value::Array(items) => items.iter().any(|item| has_field(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

pub(crate) fn alter_first_entry(response: &mut Response, change: impl FnOnce(&mut Entry)) {
    let Some(mut entries) = entries(response) else {
        return;
    };
    if let Some(first) = entries.first_mut() {
        change(first);
    }
    response.body = Body::Text(serde_json::to_vec(&entries).unwrap_or_default().into());
}

/// Puts the first half of the broken rows before the real ones and the rest after them.
pub(crate) fn insert_rows(response: &mut Response, broken: &[String]) {
    let Some(own) = rows(response) else {
        return;
    };
    let (before, after) = broken.split_at(broken.len().div_ceil(2));
    let own: Vec<String> = own.iter().map(Value::to_string).collect();
    response.body = Body::Text(format!("[{}]", [before, &own, after].concat().join(",")).into());
}

pub(crate) fn remove_fields(response: &mut Response, names: &[String]) {
    if let Some(mut json) = json(response) {
        remove(&mut json, names);
        response.body = Body::Text(json.to_string().into());
    }
}

fn remove(json: &mut Value, names: &[String]) {
    match json {
        Value::Object(members) => {
            members.retain(|name, _| !names.contains(name));
            members.values_mut().for_each(|value| remove(value, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| remove(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub(crate) fn add_byte_order_mark(body: &mut Body) {
    match body {
        Body::Text(text) => *text = [b"\xef\xbb\xbf", text.as_ref()].concat().into(),
        Body::Records(records) => records.byte_order_mark = true,
    }
}

/// Compresses the body in about equal parts, each of them a gzip member.
pub(crate) fn compress(response: &mut Response, coding: &str, members: usize) {
    let text = std::mem::replace(&mut response.body, Body::empty()).into_bytes();
    let part = text.len().div_ceil(members.max(1)).max(1);
    let mut compressed = Vec::new();
    for part in text.chunks(part) {
        let mut encoder = GzEncoder::new(&mut compressed, Compression::fast());
        // Writing into memory does not fail.
        let _ = encoder.write_all(part).and_then(|()| encoder.try_finish());
    }
    response.body = Body::Text(compressed.into());
    response.headers.push(("content-encoding".to_owned(), coding.to_owned()));
}
