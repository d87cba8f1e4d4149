//! The HTTP server: converts requests and responses, and decides nothing else.

pub(crate) mod admin;

use std::sync::Arc;

use axum::{
    Router,
    body::Body as HttpBody,
    extract::{self, ConnectInfo},
    http::{HeaderMap, HeaderName, HeaderValue, Response as HttpResponse, header},
    middleware::map_response_with_state,
    routing::get,
};
use bytes::Bytes;

use crate::{
    api::dispatch,
    clock::format_for_http,
    http::{body::Body, connection::ConnectionBreaker, delivery, request::Request, response::Response},
    state::SharedState,
};

/// Far above any legitimate request, in bytes.
const LARGEST_REQUEST: usize = 1024 * 1024;

pub(crate) fn router(shared: Arc<SharedState>) -> Router {
    Router::new()
        .route("/_simulator/health", get(admin::health))
        .route("/_simulator/status", get(admin::status))
        .fallback(serve)
        .layer(map_response_with_state(Arc::clone(&shared), add_date))
        .with_state(shared)
}

/// Adds the simulator's time as `Date`; otherwise the HTTP library would add the real one.
async fn add_date(
    extract::State(shared): extract::State<Arc<SharedState>>,
    mut response: HttpResponse<HttpBody>,
) -> HttpResponse<HttpBody> {
    if let Ok(date) = HeaderValue::try_from(format_for_http(shared.state().now())) {
        response.headers_mut().entry(header::DATE).or_insert(date);
    }
    response
}

async fn serve(
    extract::State(shared): extract::State<Arc<SharedState>>,
    ConnectInfo(breaker): ConnectInfo<ConnectionBreaker>,
    http_request: extract::Request,
) -> HttpResponse<HttpBody> {
    let response = match unpack(http_request, &shared).await {
        Some(request) => dispatch(&mut shared.state(), &request),
        None => Response::html(413, "Request Entity Too Large"),
    };
    if let Some(delay) = response.delivery.head_delay {
        tokio::time::sleep(delay).await;
    }
    if response.delivery.dropped {
        breaker.break_connection();
    }
    pack(response)
}

async fn unpack(http_request: extract::Request, shared: &SharedState) -> Option<Request> {
    let (parts, body) = http_request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, LARGEST_REQUEST).await.ok()?;
    let host = text(&parts.headers, header::HOST).unwrap_or_else(|| shared.address.to_string());
    Some(Request {
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

fn pack(response: Response) -> HttpResponse<HttpBody> {
    let mut builder =
        HttpResponse::builder().status(response.status).header(header::CONTENT_TYPE, response.content_type);
    if let Some(uri) = response.next_page {
        builder = builder.header("NextPageUri", uri);
    }
    if let Some(wait) = response.retry_after {
        builder = builder.header(header::RETRY_AFTER, wait.as_secs());
    }
    if let Body::Records(records) = &response.body
        && records.gzip
    {
        builder = builder.header(header::CONTENT_ENCODING, "gzip");
    }
    if let Some(length) = delivery::length(&response.body) {
        builder = builder.header(header::CONTENT_LENGTH, length);
    }
    let packed = builder.body(HttpBody::from_stream(delivery::stream(response.body, response.delivery)));
    packed.and_then(|packed| with_headers(packed, response.headers)).unwrap_or_else(|error| {
        // Only a scripted response can contain something that HTTP does not allow.
        let mut refused = HttpResponse::new(HttpBody::from(error.to_string()));
        *refused.status_mut() = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
        refused
    })
}

fn with_headers(
    mut response: HttpResponse<HttpBody>,
    headers: Vec<(String, String)>,
) -> axum::http::Result<HttpResponse<HttpBody>> {
    for (name, value) in headers {
        response.headers_mut().insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    Ok(response)
}
