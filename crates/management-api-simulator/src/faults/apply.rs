//! The effect of a fault on a response.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    clock::format_for_listing,
    config::Throttle,
    faults::{
        content::{add_byte_order_mark, alter_first_entry, compress, insert_rows, remove_fields},
        error_form::change_form,
        kind::FaultKind,
        record_defect::break_record,
    },
    http::{body::Body, request::Request, response::Response, route::Operation},
};

/// The response that is sent instead of the real one. `None` if a fault of this kind lets the request be processed and
/// only changes the delivery or the body.
pub(crate) fn replacement(
    kind: &FaultKind,
    operation: Operation,
    request: &Request,
    now: Timestamp,
) -> Option<Response> {
    let is_token_request = operation == Operation::Token;
    Some(match kind {
        FaultKind::Error { status, code } if is_token_request => entra_error(*status, code, now),
        FaultKind::Error { status, code } => Response::error(*status, code, "An error occurred."),
        FaultKind::Throttled { retry_after, .. } if is_token_request => {
            entra_error(429, "AADSTS90055", now).with_retry_after(*retry_after)
        }
        FaultKind::Throttled { status, retry_after } => {
            let quota = Throttle { status: *status, retry_after: *retry_after, ..Throttle::default() };
            Response::too_many_requests(&quota, operation.name(), request)
        }
        FaultKind::ThrottledInText { status, wait } => {
            Response::throttled_until(*status, *wait, operation.name(), request)
        }
        FaultKind::NotFound => {
            let message = format!("No HTTP resource was found that matches the request URI '{}'.", request.own_uri());
            Response::json(404, &json!({"Message": message}))
        }
        FaultKind::EmptyArray => Response::json(200, &json!([])),
        FaultKind::Unavailable => Response::html(503, "Service Unavailable"),
        FaultKind::BadGateway => Response::text(502, "text/plain", Bytes::new()),
        FaultKind::ErrorInside200 { code } => {
            Response::error(200, code, "An internal error occurred. Retry the request.")
        }
        FaultKind::Unauthorized if is_token_request => {
            Response::entra_error(401, "invalid_client", 7_000_215, "Invalid client secret provided.", now)
        }
        FaultKind::Unauthorized => Response::unauthorized(),
        FaultKind::Answer { status, content_type, body } => Response::text(*status, content_type, body.clone()),
        FaultKind::Drop
        | FaultKind::CutBody { .. }
        | FaultKind::Truncate { .. }
        | FaultKind::StallHead(_)
        | FaultKind::SlowFirstByte(_)
        | FaultKind::StallBody { .. }
        | FaultKind::RepeatNextPage
        | FaultKind::ForeignNextPage { .. }
        | FaultKind::ForeignContentUri { .. }
        | FaultKind::MissingContentUri
        | FaultKind::MissingContentId
        | FaultKind::EntryCreated { .. }
        | FaultKind::BrokenRows { .. }
        | FaultKind::MissingFields { .. }
        | FaultKind::BrokenRecord { .. }
        | FaultKind::ErrorBody(_)
        | FaultKind::ByteOrderMark
        | FaultKind::ContentCoding { .. }
        | FaultKind::Header { .. } => return None,
    })
}

fn entra_error(status: u16, code: &str, now: Timestamp) -> Response {
    let number = code.trim_start_matches("AADSTS").parse().unwrap_or(0);
    Response::entra_error(status, "temporarily_unavailable", number, "The service is temporarily unavailable.", now)
}

/// Applies a fault to a response.
pub(crate) fn alter(kind: &FaultKind, response: &mut Response, request: &Request) {
    match kind {
        FaultKind::Drop => response.delivery.dropped = true,
        FaultKind::CutBody { after } => response.delivery.cut_after = Some(*after),
        FaultKind::Truncate { after } => truncate(&mut response.body, *after),
        FaultKind::StallHead(delay) => response.delivery.head_delay = Some(*delay),
        FaultKind::SlowFirstByte(pause) => response.delivery.pause = Some((0, *pause)),
        FaultKind::StallBody { after, pause } => response.delivery.pause = Some((*after, *pause)),
        FaultKind::RepeatNextPage => response.next_page = Some(request.own_uri()),
        FaultKind::ForeignNextPage { origin } => {
            let own = response.next_page.take().unwrap_or_else(|| request.own_uri());
            response.next_page = Some(own.replacen(&request.origin, origin, 1));
        }
        FaultKind::ForeignContentUri { origin } => alter_first_entry(response, |entry| {
            let own = entry.get("contentUri").and_then(Value::as_str).unwrap_or_default();
            let foreign = own.replacen(&request.origin, origin, 1);
            entry.insert("contentUri".to_owned(), Value::String(foreign));
        }),
        FaultKind::MissingContentUri => alter_first_entry(response, |entry| {
            entry.remove("contentUri");
        }),
        FaultKind::MissingContentId => alter_first_entry(response, |entry| {
            entry.remove("contentId");
        }),
        FaultKind::EntryCreated { at } => alter_first_entry(response, |entry| {
            entry.insert("contentCreated".to_owned(), Value::String(format_for_listing(*at)));
        }),
        FaultKind::BrokenRows { rows } => insert_rows(response, rows),
        FaultKind::MissingFields { names } => remove_fields(response, names),
        FaultKind::BrokenRecord { position, defect } => match &mut response.body {
            Body::Records(records) => break_record(records, *position, *defect),
            Body::Text(_) => {}
        },
        FaultKind::ErrorBody(form) => change_form(response, *form),
        FaultKind::ByteOrderMark => add_byte_order_mark(&mut response.body),
        FaultKind::ContentCoding { name, members } => compress(response, name, *members),
        FaultKind::Header { name, value } => response.headers.push((name.clone(), value.clone())),
        // The response already is the one of `replacement`.
        FaultKind::Error { .. }
        | FaultKind::Throttled { .. }
        | FaultKind::ThrottledInText { .. }
        | FaultKind::NotFound
        | FaultKind::EmptyArray
        | FaultKind::Unavailable
        | FaultKind::BadGateway
        | FaultKind::ErrorInside200 { .. }
        | FaultKind::Unauthorized
        | FaultKind::Answer { .. } => {}
    }
}

/// Removes at least one byte, however large `after` is.
fn truncate(body: &mut Body, after: u64) {
    match body {
        Body::Text(text) => {
            let most = text.len().saturating_sub(1);
            text.truncate(usize::try_from(after).map_or(most, |after| after.min(most)));
        }
        Body::Records(records) => records.truncated_at = Some(after.min(records.length().saturating_sub(1))),
    }
}
