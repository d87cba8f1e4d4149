//! The effect of a fault on a response.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    config::Throttle,
    faults::kind::{FaultKind, Target},
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
        | FaultKind::MissingContentId => return None,
    })
}

fn entra_error(status: u16, code: &str, now: Timestamp) -> Response {
    let number = code.trim_start_matches("AADSTS").parse().unwrap_or(0);
    Response::entra_error(status, "temporarily_unavailable", number, "The service is temporarily unavailable.", now)
}

/// Applies a fault to the response of a processed request.
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
        // The response already is the one of `replacement`.
        FaultKind::Error { .. }
        | FaultKind::Throttled { .. }
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

fn alter_first_entry(response: &mut Response, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
    let Some(mut entries) = entries(response) else {
        return;
    };
    if let Some(first) = entries.first_mut() {
        change(first);
    }
    response.body = Body::Text(serde_json::to_vec(&entries).unwrap_or_default().into());
}

/// The targets that this response offers to faults, besides [`Target::AnyResponse`].
pub(crate) fn targets(operation: Operation, response: &Response) -> &'static [Target] {
    if operation != Operation::ListContent || response.status != 200 {
        return &[];
    }
    match entries(response) {
        None => &[],
        Some(entries) if entries.is_empty() => &[Target::ListingPage],
        Some(_) => &[Target::ListingPage, Target::ListingEntry],
    }
}

fn entries(response: &Response) -> Option<Vec<serde_json::Map<String, Value>>> {
    match &response.body {
        Body::Text(text) => serde_json::from_slice(text).ok(),
        Body::Records(_) => None,
    }
}
