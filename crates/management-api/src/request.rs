//! One request to the Management Activity API: adds the token and the publisher id, and retries transient failures.

use collector::failure::{Failure, FailureKind};
use collector::ports::{Clock, Jitter};
use collector::tenant::Tenant;
use jiff::SignedDuration;
use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use url::Url;

use crate::client::Client;
use crate::clouds::Endpoints;
use crate::decode::json::{self, Row};
use crate::decode::received::Received;
use crate::error::{ErrorResponse, Operation, transport};
use crate::token::Token;

/// A request without its token and its publisher id, which [`Client::send`] adds.
pub(crate) struct ApiRequest<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    pub(crate) address: String,
}

pub(crate) enum ApiResponse {
    Success(Received),
    Error(ErrorResponse),
}

impl<C: Clock, J: Jitter> Client<C, J> {
    /// Sends `request` up to three times, about one and two seconds apart, as long as it fails with
    /// [`FailureKind::Transient`]. Longer waits are left to the next poll or the queue, because waiting inside a
    /// function is billed. `read` extracts the result from the response; its failures are retried in the same way.
    pub(crate) async fn send<T>(
        &self,
        request: &ApiRequest<'_>,
        read: impl AsyncFn(ApiResponse) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        const MAX_ATTEMPTS: u32 = 3;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let result = match self.send_once(request).await {
                Ok(response) => read(response).await,
                Err(failure) => Err(failure),
            };
            match result {
                Err(failure) if failure.kind == FailureKind::Transient && attempts < MAX_ATTEMPTS => {
                    let pause = SignedDuration::from_secs_f64(f64::from(attempts) * (0.5 + self.jitter.sample()));
                    // The server asks for a longer pause than we may sleep here: the caller decides.
                    if failure.retry_after.is_some_and(|retry_after| retry_after > pause) {
                        return Err(failure);
                    }
                    self.clock.sleep_until(self.clock.now() + pause).await;
                }
                result => return result,
            }
        }
    }

    /// Sends the request once; a second time if the token was rejected, or is so old that it may lack a permission
    /// granted since. The second time uses a fresh token.
    async fn send_once(&self, request: &ApiRequest<'_>) -> Result<ApiResponse, Failure> {
        let url = request.endpoints.require_same_origin(&with_publisher(&request.address, request.tenant))?;
        let now = self.clock.now();
        let token = self.tokens.get(&self.http, request.endpoints, request.tenant, now, None).await?;
        let response = self.send_with(request, url.clone(), &token).await?;
        if let ApiResponse::Error(error) = &response
            && (error.is_token_rejected() || error.is_permission_missing() && token.may_lack_new_permissions(now))
        {
            let fresh = self.tokens.get(&self.http, request.endpoints, request.tenant, now, Some(&token)).await?;
            return self.send_with(request, url, &fresh).await;
        }
        Ok(response)
    }

    async fn send_with(&self, request: &ApiRequest<'_>, url: Url, token: &Token) -> Result<ApiResponse, Failure> {
        let mut builder = self.http.request(request.method.clone(), url).bearer_auth(token.bearer.reveal());
        if request.method == Method::POST {
            // Starting a subscription with a body could replace the webhook of another application.
            builder = builder.header(CONTENT_LENGTH, 0);
        }
        let response = builder.send().await.map_err(transport)?;
        let now = self.clock.now();
        self.clock_offset.observe(response.headers(), now);
        let received = Received::new(response, now, &token.bearer);
        if received.head.status.is_success() {
            return Ok(ApiResponse::Success(received));
        }
        Ok(ApiResponse::Error(received.into_error().await))
    }
}

impl ApiRequest<'_> {
    pub(crate) fn failure(&self, error: ErrorResponse) -> Failure {
        error.failure(self.operation, &self.address)
    }

    /// The rows of a JSON array, with the response's headers. Any other body is read as an error, even if the status is
    /// a success.
    pub(crate) async fn rows(&self, response: ApiResponse) -> Result<(HeaderMap, Vec<Row>), Failure> {
        let success = match response {
            ApiResponse::Success(success) => success,
            ApiResponse::Error(error) => return Err(self.failure(error)),
        };
        let (head, body) = success.into_bytes().await?;
        match json::rows(&body) {
            Some(rows) => Ok((head.headers, rows)),
            None => Err(self.failure(head.error(&body))),
        }
    }
}

/// Every request must name the publisher, whose quota it counts against. The addresses that Microsoft returns (next
/// pages, contents) lack it.
fn with_publisher(address: &str, tenant: &Tenant) -> String {
    const PARAMETER: &str = "PublisherIdentifier=";
    if address.to_ascii_lowercase().contains(&PARAMETER.to_ascii_lowercase()) {
        return address.to_owned();
    }
    let separator = if address.contains('?') { '&' } else { '?' };
    format!("{address}{separator}{PARAMETER}{}", tenant.publisher_id)
}
