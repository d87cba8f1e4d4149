//! The operations of the API, as the port that the use cases call.

use bytes::Bytes;
use collector::failure::{Failure, FailureKind};
use collector::feed::ContentType;
use collector::ports::{Clock, ContentPage, Jitter, ManagementApi};
use collector::tenant::Tenant;
use collector::window::Window;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use jiff::SignedDuration;
use reqwest::Method;
use url::Url;

use crate::client::Client;
use crate::decode::json::without_byte_order_mark;
use crate::decode::received::{LONGEST_ERROR, Received};
use crate::decode::subscriptions::enabled;
use crate::error::Operation;
use crate::listing::pages;
use crate::request::{ApiRequest, ApiResponse};

impl<C: Clock, J: Jitter> ManagementApi for Client<C, J> {
    /// Whole seconds, as the last response of the API showed it: at most an hour in either direction, and zero below two
    /// seconds or before the first response.
    fn clock_offset(&self) -> SignedDuration {
        self.clock_offset.get()
    }

    async fn enabled_subscriptions(&self, tenant: &Tenant) -> Result<Vec<ContentType>, Failure> {
        let endpoints = self.endpoints(tenant);
        let address = endpoints.operation("subscriptions/list", "");
        let operation = Operation::ListSubscriptions;
        let request = ApiRequest { tenant, endpoints: &endpoints, operation, method: Method::GET, address };
        let (_, rows) = self.send(&request, async |response| request.rows(response).await).await?;
        Ok(enabled(&rows))
    }

    async fn start_subscription(&self, tenant: &Tenant, content_type: ContentType) -> Result<(), Failure> {
        let endpoints = self.endpoints(tenant);
        let address = endpoints.operation("subscriptions/start", &format!("contentType={content_type}"));
        let operation = Operation::StartSubscription;
        let request = ApiRequest { tenant, endpoints: &endpoints, operation, method: Method::POST, address };
        self.send(&request, async |response| {
            let error = match response {
                ApiResponse::Success(success) => {
                    let (head, body) = success.into_bytes().await?;
                    Some(head.error(&body)).filter(|error| !error.code.is_empty())
                }
                ApiResponse::Error(error) => Some(error),
            };
            match error {
                Some(error) if !error.is_already_enabled() => Err(request.failure(error)),
                Some(_) | None => Ok(()),
            }
        })
        .await
    }

    fn list(
        &self,
        tenant: &Tenant,
        content_type: ContentType,
        window: Window,
    ) -> impl Stream<Item = Result<ContentPage, Failure>> {
        pages(self, tenant, content_type, window)
    }

    async fn open(&self, tenant: &Tenant, uri: &Url) -> Result<impl Stream<Item = Result<Bytes, Failure>>, Failure> {
        let endpoints = self.endpoints(tenant);
        let operation = Operation::FetchContent;
        let request =
            ApiRequest { tenant, endpoints: &endpoints, operation, method: Method::GET, address: uri.to_string() };
        self.send(&request, async |response| match response {
            ApiResponse::Success(success) => blob(&request, success).await,
            ApiResponse::Error(error) => Err(request.failure(error)),
        })
        .await
    }
}

/// The bytes of a blob. A blob is a JSON array, but Microsoft may send an error with a success status, so the first byte
/// of the body decides. A body that is neither is passed on: the record stream rejects it, and nothing is thrown away.
async fn blob(
    request: &ApiRequest<'_>,
    response: Received,
) -> Result<impl Stream<Item = Result<Bytes, Failure>> + use<>, Failure> {
    let (head, mut body) = response.into_stream().await?;
    let mut beginning = Vec::new();
    while is_undecided(&beginning)
        && beginning.len() < LONGEST_ERROR
        && let Some(bytes) = body.try_next().await?
    {
        beginning.extend_from_slice(&bytes);
    }
    match without_byte_order_mark(&beginning).first() {
        Some(b'[') => {}
        Some(_) => {
            while beginning.len() < LONGEST_ERROR
                && let Some(bytes) = body.try_next().await?
            {
                beginning.extend_from_slice(&bytes);
            }
            let error = head.error(&beginning);
            if error.is_error() {
                return Err(request.failure(error));
            }
        }
        None if beginning.len() < LONGEST_ERROR => {
            return Err(Failure::new(FailureKind::Transient, "fetching content failed: HTTP 200 with an empty body"));
        }
        None => {}
    }
    Ok(stream::iter([Ok(Bytes::from(beginning))]).chain(body))
}

/// Whether the first byte after the byte order mark has not arrived yet.
fn is_undecided(beginning: &[u8]) -> bool {
    "\u{feff}".as_bytes().starts_with(without_byte_order_mark(beginning))
}
