//! One request of the Management Activity API: with a token, with the publisher's id, tried again where that helps.

use audit_feed::failure::{Failure, FailureKind};
use audit_feed::ports::{Clock, Dice};
use audit_feed::tenant::Tenant;
use jiff::SignedDuration;
use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use reqwest::{Method, Response};
use url::Url;

use crate::client::Client;
use crate::endpoints::Endpoints;
use crate::error::{ErrorAnswer, Operation, transport};
use crate::token::Token;

/// A request, complete but for the token.
pub(crate) struct Call<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    pub(crate) address: String,
}

/// What came back.
pub(crate) enum Answer {
    Success(Response),
    Error(ErrorAnswer),
}

impl<C: Clock, D: Dice> Client<C, D> {
    /// Sends `call` up to three times, a second or two apart: what still fails then is left to the next poll or the
    /// queue, since waiting inside a function is paid for. `read` takes what it needs from the answer; an answer that
    /// it cannot read counts as a failed try.
    pub(crate) async fn send<T>(
        &self,
        call: &Call<'_>,
        read: impl AsyncFn(Answer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        const TRIES: u32 = 3;
        let mut tries = 0;
        loop {
            tries += 1;
            let result = match self.send_once(call).await {
                Ok(answer) => read(answer).await,
                Err(failure) => Err(failure),
            };
            match result {
                Err(failure) if failure.kind == FailureKind::Passing && tries < TRIES => {
                    let pause = SignedDuration::from_secs_f64(f64::from(tries) * (0.5 + self.dice.roll()));
                    if failure.retry_after.is_some_and(|wish| wish > pause) {
                        return Err(failure);
                    }
                    self.clock.sleep_until(self.clock.now() + pause).await;
                }
                result => return result,
            }
        }
    }

    /// One try; a token that is refused, or too old to hold what was granted since, is replaced by a fresh one, once.
    async fn send_once(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let url = call.endpoints.own(&with_publisher(&call.address, call.tenant))?;
        let now = self.clock.now();
        let token = self.tokens.get(&self.http, call.endpoints, call.tenant, now, None).await?;
        let answer = self.send_with(call, url.clone(), &token).await?;
        if let Answer::Error(error) = &answer
            && (error.is_token_refused() || error.is_permission_missing() && token.may_lack_new_permissions(now))
        {
            let fresh = self.tokens.get(&self.http, call.endpoints, call.tenant, now, Some(&token)).await?;
            return self.send_with(call, url, &fresh).await;
        }
        Ok(answer)
    }

    async fn send_with(&self, call: &Call<'_>, url: Url, token: &Token) -> Result<Answer, Failure> {
        let mut request = self.http.request(call.method.clone(), url).bearer_auth(token.bearer.reveal());
        if call.method == Method::POST {
            // An empty body, said so: a webhook body could overwrite another application's.
            request = request.header(CONTENT_LENGTH, 0);
        }
        let response = request.send().await.map_err(transport)?;
        if response.status().is_success() {
            return Ok(Answer::Success(response));
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.unwrap_or_default();
        Ok(Answer::Error(ErrorAnswer::read(status, &headers, &body)))
    }
}

impl Call<'_> {
    /// The failure that `error` is for this call.
    pub(crate) fn failure(&self, error: ErrorAnswer) -> Failure {
        error.failure(self.operation, &self.address)
    }

    /// The rows of a JSON array, with the answer's headers. Anything else in a success is an error in disguise.
    pub(crate) async fn rows<T: serde::de::DeserializeOwned>(
        &self,
        answer: Answer,
    ) -> Result<(HeaderMap, Vec<T>), Failure> {
        let response = match answer {
            Answer::Success(response) => response,
            Answer::Error(error) => return Err(self.failure(error)),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(transport)?;
        match serde_json::from_slice(&body) {
            Ok(rows) => Ok((headers, rows)),
            Err(_) => Err(self.failure(ErrorAnswer::read(status, &headers, &body))),
        }
    }
}

/// Microsoft wants its quota's owner named on every call, and leaves the name out of the addresses that it hands out.
fn with_publisher(address: &str, tenant: &Tenant) -> String {
    const PARAMETER: &str = "PublisherIdentifier=";
    if address.to_ascii_lowercase().contains(&PARAMETER.to_ascii_lowercase()) {
        return address.to_owned();
    }
    let separator = if address.contains('?') { '&' } else { '?' };
    format!("{address}{separator}{PARAMETER}{}", tenant.publisher_id)
}
