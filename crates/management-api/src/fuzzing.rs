//! The decoder without HTTP, for fuzz targets and property tests. Not for use otherwise.

use bytes::Bytes;
use collector::failure::Failure;
use collector::feed::ContentType;
use collector::ports::ContentPage;
use collector::tenant::Secret;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::clouds::Endpoints;
use crate::decode;
use crate::decode::redact::Credentials;
use crate::decode::response_head::ResponseHead;
use crate::error::Operation;

/// The request in the message of [`decode_error`].
pub const ADDRESS: &str = "https://manage.office.com/api/v1.0/tenant/activity/feed/subscriptions/content";

/// A page of a listing; `None` if the body is not one.
#[must_use]
pub fn decode_listing(body: &[u8], endpoints: &Endpoints, window_start: Timestamp) -> Option<ContentPage> {
    Some(decode::listing::content_page(decode::json::rows(body)?, endpoints, window_start))
}

/// The enabled subscriptions; `None` if the body is not a list.
#[must_use]
pub fn decode_subscriptions(body: &[u8]) -> Option<Vec<ContentType>> {
    Some(decode::subscriptions::enabled(&decode::json::rows(body)?))
}

/// The lifetime of the token in the body; `None` if there is no token.
#[must_use]
pub fn decode_token(body: &[u8]) -> Option<SignedDuration> {
    Some(decode::token::issued_token(body)?.lifetime)
}

/// The failure of a listing that was requested with `credential` and got this response. An invalid status counts as 500,
/// and invalid headers are left out.
#[must_use]
pub fn decode_error(
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
    credential: &Secret,
    received_at: Timestamp,
) -> Failure {
    let head = ResponseHead {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        headers: header_map(headers),
        received_at,
        credentials: Credentials::of(credential.reveal()),
    };
    head.error(body).failure(Operation::ListContent, ADDRESS)
}

/// The decompressed pieces of a body that arrives in these pieces.
///
/// # Errors
/// As the stream of a blob.
pub async fn decompress(headers: &[(&str, &str)], pieces: Vec<Bytes>) -> Result<Vec<Bytes>, Failure> {
    let pieces = stream::iter(pieces.into_iter().map(Ok)).boxed();
    decode::gzip::decompress(&header_map(headers), pieces).await?.try_collect().await
}

fn header_map(headers: &[(&str, &str)]) -> HeaderMap {
    let parse = |(name, value): &(&str, &str)| {
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
    };
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter().filter_map(parse) {
        map.append(name, value);
    }
    map
}
