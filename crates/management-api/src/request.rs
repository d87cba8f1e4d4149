//! One request of the Management Activity API: with a token, with the publisher's id, tried again where that helps.

use collector::failure::{Failure, FailureKind};
use collector::ports::{Clock, Jitter};
use collector::tenant::Tenant;
use jiff::SignedDuration;
use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use reqwest::{Method, Response};
use url::Url;

use crate::client::Client;
use crate::clouds::Endpoints;
use crate::error::{ErrorResponse, Operation, transport};
use crate::token::Token;

/// A request, complete but for the token.
pub(crate) struct ApiRequest<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    pub(crate) address: String,
}

/// What came back.
pub(crate) enum ApiResponse {
    Success(Response),
    Error(ErrorResponse),
}

impl<C: Clock, D: Jitter> Client<C, D> {
    /// Sends `request` up to three times, a second or two apart: what still fails then is left to the next poll or the
    /// queue, since waiting inside a function is paid for. `read` takes what it needs from the response; an response that
    /// it cannot read counts as a failed try.
    pub(crate) async fn send<T>(
        &self,
        request: &ApiRequest<'_>,
        read: impl AsyncFn(ApiResponse) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        const TRIES: u32 = 3;
        let mut tries = 0;
        loop {
            tries += 1;
            let result = match self.send_once(request).await {
                Ok(response) => read(response).await,
                Err(failure) => Err(failure),
            };
            match result {
                Err(failure) if failure.kind == FailureKind::Transient && tries < TRIES => {
                    let pause = SignedDuration::from_secs_f64(f64::from(tries) * (0.5 + self.jitter.sample()));
                    if failure.retry_after.is_some_and(|retry_after| retry_after > pause) {
                        return Err(failure);
                    }
                    self.clock.sleep_until(self.clock.now() + pause).await;
                }
                result => return result,
            }
        }
    }

    /// One try; a token that is refused, or too old to hold what was granted since, is replaced by a fresh one, once.
    async fn send_once(&self, request: &ApiRequest<'_>) -> Result<ApiResponse, Failure> {
        let url = request.endpoints.require_same_origin(&with_publisher(&request.address, request.tenant))?;
        let now = self.clock.now();
        let token = self.tokens.get(&self.http, request.endpoints, request.tenant, now, None).await?;
        let response = self.send_with(request, url.clone(), &token).await?;
        if let ApiResponse::Error(error) = &response
            && (error.is_token_refused() || error.is_permission_missing() && token.may_lack_new_permissions(now))
        {
            let fresh = self.tokens.get(&self.http, request.endpoints, request.tenant, now, Some(&token)).await?;
            return self.send_with(request, url, &fresh).await;
        }
        Ok(response)
    }

    async fn send_with(&self, request: &ApiRequest<'_>, url: Url, token: &Token) -> Result<ApiResponse, Failure> {
        let mut builder = self.http.request(request.method.clone(), url).bearer_auth(token.bearer.reveal());
        if request.method == Method::POST {
            // Explicitly empty: a webhook body could overwrite the webhook of another application.
            builder = builder.header(CONTENT_LENGTH, 0);
        }
        let response = builder.send().await.map_err(transport)?;
        if response.status().is_success() {
            return Ok(ApiResponse::Success(response));
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.unwrap_or_default();
        Ok(ApiResponse::Error(ErrorResponse::read(status, &headers, &body)))
    }
}

impl ApiRequest<'_> {
    /// The failure that `error` is for this request.
    pub(crate) fn failure(&self, error: ErrorResponse) -> Failure {
        error.failure(self.operation, &self.address)
    }

    /// The rows of a JSON array, with the response's headers. Anything else in a success is an error in disguise.
    pub(crate) async fn rows<T: serde::de::DeserializeOwned>(
        &self,
        response: ApiResponse,
    ) -> Result<(HeaderMap, Vec<T>), Failure> {
        let response = match response {
            ApiResponse::Success(response) => response,
            ApiResponse::Error(error) => return Err(self.failure(error)),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(transport)?;
        match serde_json::from_slice(&body) {
            Ok(rows) => Ok((headers, rows)),
            Err(_) => Err(self.failure(ErrorResponse::read(status, &headers, &body))),
        }
    }
}

/// Microsoft wants its quota's owner named on every request, and leaves the name out of the addresses that it hands out.
fn with_publisher(address: &str, tenant: &Tenant) -> String {
    const PARAMETER: &str = "PublisherIdentifier=";
    if address.to_ascii_lowercase().contains(&PARAMETER.to_ascii_lowercase()) {
        return address.to_owned();
    }
    let separator = if address.contains('?') { '&' } else { '?' };
    format!("{address}{separator}{PARAMETER}{}", tenant.publisher_id)
}
