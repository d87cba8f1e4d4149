//! HTTP around the world: unpacks requests, packs answers, decides nothing.

pub(crate) mod admin;

use std::sync::Arc;

use axum::{
    Router,
    body::Body as HttpBody,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, Response, header},
    routing::get,
};
use bytes::Bytes;

use crate::{
    api::answer,
    http::{body::Body, connection::Fuse, delivery, request::Call, response::Reply},
    state::Shared,
};

/// Far above any request that makes sense.
const LARGEST_REQUEST: usize = 1024 * 1024;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_simulator/health", get(admin::health))
        .route("/_simulator/status", get(admin::status))
        .fallback(serve)
        .with_state(shared)
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(fuse): ConnectInfo<Fuse>,
    request: Request,
) -> Response<HttpBody> {
    let reply = match unpack(request, &shared).await {
        Some(call) => answer(&mut shared.world(), &call),
        None => Reply::html(413, "Request Entity Too Large"),
    };
    if let Some(wait) = reply.delivery.wait {
        tokio::time::sleep(wait).await;
    }
    if reply.delivery.dropped {
        fuse.blow();
    }
    pack(reply)
}

async fn unpack(request: Request, shared: &Shared) -> Option<Call> {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, LARGEST_REQUEST).await.ok()?;
    let host = text(&parts.headers, header::HOST).unwrap_or_else(|| shared.address.to_string());
    Some(Call {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        origin: format!("http://{host}"),
        authorization: text(&parts.headers, header::AUTHORIZATION),
        accepts_gzip: text(&parts.headers, header::ACCEPT_ENCODING).is_some_and(|accepted| accepted.contains("gzip")),
        has_content_length: parts.headers.contains_key(header::CONTENT_LENGTH),
        body,
    })
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn pack(reply: Reply) -> Response<HttpBody> {
    let mut response = Response::builder().status(reply.status).header(header::CONTENT_TYPE, reply.content_type);
    if let Some(uri) = reply.next_page {
        response = response.header("NextPageUri", uri);
    }
    if let Some(wait) = reply.retry_after {
        response = response.header(header::RETRY_AFTER, wait.as_secs());
    }
    if let Body::Records(records) = &reply.body
        && records.gzip
    {
        response = response.header(header::CONTENT_ENCODING, "gzip");
    }
    if let Some(length) = delivery::length(&reply.body) {
        response = response.header(header::CONTENT_LENGTH, length);
    }
    response.body(HttpBody::from_stream(delivery::stream(reply.body, reply.delivery))).unwrap_or_else(|error| {
        // Only a scripted answer can hold what HTTP does not allow.
        let mut refused = Response::new(HttpBody::from(error.to_string()));
        *refused.status_mut() = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
        refused
    })
}
