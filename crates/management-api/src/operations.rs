//! The operations of the API, as the port that the use cases call.

use bytes::Bytes;
use collector::failure::{Failure, FailureKind};
use collector::feed::ContentType;
use collector::ports::{Clock, ContentPage, Jitter, ManagementApi};
use collector::tenant::Tenant;
use collector::window::Window;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use jiff::SignedDuration;
use reqwest::{Method, Response};
use url::Url;

use crate::client::Client;
use crate::error::{ErrorResponse, Operation, transport};
use crate::listing::pages;
use crate::request::{ApiRequest, ApiResponse};
use crate::wire::Subscription;

impl<C: Clock, J: Jitter> ManagementApi for Client<C, J> {
    fn clock_offset(&self) -> SignedDuration {
        SignedDuration::ZERO
    }

    async fn enabled_subscriptions(&self, tenant: &Tenant) -> Result<Vec<ContentType>, Failure> {
        let endpoints = self.endpoints(tenant);
        let address = endpoints.operation("subscriptions/list", "");
        let operation = Operation::ListSubscriptions;
        let request = ApiRequest { tenant, endpoints: &endpoints, operation, method: Method::GET, address };
        let (_, subscriptions) =
            self.send(&request, async |response| request.rows::<Subscription>(response).await).await?;
        let enabled = subscriptions.iter().filter(|subscription| subscription.status.eq_ignore_ascii_case("enabled"));
        Ok(enabled.filter_map(|subscription| subscription.content_type.parse().ok()).collect())
    }

    async fn start_subscription(&self, tenant: &Tenant, content_type: ContentType) -> Result<(), Failure> {
        let endpoints = self.endpoints(tenant);
        let address = endpoints.operation("subscriptions/start", &format!("contentType={content_type}"));
        let operation = Operation::StartSubscription;
        let request = ApiRequest { tenant, endpoints: &endpoints, operation, method: Method::POST, address };
        self.send(&request, async |response| {
            let error = match response {
                ApiResponse::Success(success) => ErrorResponse::inside(success).await?,
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

/// The bytes of a blob. A blob is a JSON array, but Microsoft may send an error object with a success status, so the
/// first byte of the body decides.
async fn blob(
    request: &ApiRequest<'_>,
    response: Response,
) -> Result<impl Stream<Item = Result<Bytes, Failure>> + use<>, Failure> {
    /// Far above the few hundred bytes of an error object; bounds the memory if the body is something else.
    const LONGEST_ERROR: usize = 64 * 1024;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = response.bytes_stream().map_err(transport).boxed();
    let mut head = Vec::new();
    let first_byte = loop {
        match body.try_next().await? {
            Some(bytes) => head.extend_from_slice(&bytes),
            None => break None,
        }
        if let Some(byte) = head.trim_ascii_start().first() {
            break Some(*byte);
        }
    };
    match first_byte {
        Some(b'{') => {
            while head.len() < LONGEST_ERROR
                && let Some(bytes) = body.try_next().await?
            {
                head.extend_from_slice(&bytes);
            }
            Err(request.failure(ErrorResponse::read(status, &headers, &head)))
        }
        Some(_) => Ok(stream::iter([Ok(Bytes::from(head))]).chain(body)),
        None => Err(Failure::new(FailureKind::Transient, "fetching content failed: HTTP 200 with an empty body")),
    }
}
