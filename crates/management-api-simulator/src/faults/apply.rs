//! What a fault makes of an answer.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    config::Throttle,
    faults::kind::{FaultKind, Stage},
    http::{body::Body, request::Call, response::Reply, route::Operation},
};

/// The answer that comes instead of Microsoft's own, where a fault is of that kind: the request is not carried out.
pub(crate) fn instead(what: &FaultKind, operation: Operation, call: &Call, now: Timestamp) -> Option<Reply> {
    let of_entra = operation == Operation::Token;
    Some(match what {
        FaultKind::Error { status, code } if of_entra => entra_error(*status, code, now),
        FaultKind::Error { status, code } => Reply::error(*status, code, "An error occurred."),
        FaultKind::Throttled { retry_after, .. } if of_entra => {
            entra_error(429, "AADSTS90055", now).with_retry_after(*retry_after)
        }
        FaultKind::Throttled { status, retry_after } => {
            let quota = Throttle { status: *status, retry_after: *retry_after, ..Throttle::default() };
            Reply::too_many_requests(&quota, operation.name(), call)
        }
        FaultKind::Unavailable => Reply::html(503, "Service Unavailable"),
        FaultKind::BadGateway => Reply::text(502, "text/plain", Bytes::new()),
        FaultKind::ErrorInside200 { code } => Reply::error(200, code, "An internal error occurred. Retry the request."),
        FaultKind::Unauthorized if of_entra => {
            Reply::entra_error(401, "invalid_client", 7_000_215, "Invalid client secret provided.", now)
        }
        FaultKind::Unauthorized => Reply::unauthorized(),
        FaultKind::Answer { status, content_type, body } => Reply::text(*status, content_type, body.clone()),
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

fn entra_error(status: u16, code: &str, now: Timestamp) -> Reply {
    let number = code.trim_start_matches("AADSTS").parse().unwrap_or(0);
    Reply::entra_error(status, "temporarily_unavailable", number, "The service is temporarily unavailable.", now)
}

/// What a fault does to an answer that was given.
pub(crate) fn alter(what: &FaultKind, reply: &mut Reply, call: &Call) {
    match what {
        FaultKind::Drop => reply.delivery.dropped = true,
        FaultKind::CutBody { after } => reply.delivery.cut_after = Some(*after),
        FaultKind::Truncate { after } => truncate(&mut reply.body, *after),
        FaultKind::StallHead(wait) => reply.delivery.wait = Some(*wait),
        FaultKind::SlowFirstByte(pause) => reply.delivery.pause = Some((0, *pause)),
        FaultKind::StallBody { after, pause } => reply.delivery.pause = Some((*after, *pause)),
        FaultKind::RepeatNextPage => reply.next_page = Some(call.own_uri()),
        FaultKind::ForeignNextPage { origin } => {
            let own = reply.next_page.take().unwrap_or_else(|| call.own_uri());
            reply.next_page = Some(own.replacen(&call.origin, origin, 1));
        }
        FaultKind::ForeignContentUri { origin } => alter_first_entry(reply, |entry| {
            let own = entry.get("contentUri").and_then(Value::as_str).unwrap_or_default();
            let foreign = own.replacen(&call.origin, origin, 1);
            entry.insert("contentUri".to_owned(), Value::String(foreign));
        }),
        FaultKind::MissingContentUri => alter_first_entry(reply, |entry| {
            entry.remove("contentUri");
        }),
        FaultKind::MissingContentId => alter_first_entry(reply, |entry| {
            entry.remove("contentId");
        }),
        FaultKind::Error { .. }
        | FaultKind::Throttled { .. }
        | FaultKind::Unavailable
        | FaultKind::BadGateway
        | FaultKind::ErrorInside200 { .. }
        | FaultKind::Unauthorized
        | FaultKind::Answer { .. } => {}
    }
}

/// Something is always missing, however large `after` is.
fn truncate(body: &mut Body, after: u64) {
    match body {
        Body::Text(text) => {
            let most = text.len().saturating_sub(1);
            text.truncate(usize::try_from(after).map_or(most, |after| after.min(most)));
        }
        Body::Records(records) => records.truncated_at = Some(after.min(records.length().saturating_sub(1))),
    }
}

fn alter_first_entry(reply: &mut Reply, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
    let Some(mut entries) = entries(reply) else {
        return;
    };
    if let Some(first) = entries.first_mut() {
        change(first);
    }
    reply.body = Body::Text(serde_json::to_vec(&entries).unwrap_or_default().into());
}

/// Which kinds of fault can meet this answer besides those that meet every call.
pub(crate) fn stages(operation: Operation, reply: &Reply) -> &'static [Stage] {
    if operation != Operation::ListContent || reply.status != 200 {
        return &[];
    }
    match entries(reply) {
        None => &[],
        Some(entries) if entries.is_empty() => &[Stage::Page],
        Some(_) => &[Stage::Page, Stage::Entries],
    }
}

fn entries(reply: &Reply) -> Option<Vec<serde_json::Map<String, Value>>> {
    match &reply.body {
        Body::Text(text) => serde_json::from_slice(text).ok(),
        Body::Records(_) => None,
    }
}
