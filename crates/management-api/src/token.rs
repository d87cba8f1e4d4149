//! A cache of access tokens, one per tenant, obtained from Entra with the OAuth 2.0 client credentials grant.
//!
//! A token is reused until shortly before it expires, or until the API rejects it. Tasks that need a tenant's token at
//! the same time share one request for it. Rejected credentials are not tried again for a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use collector::failure::{Failure, FailureKind};
use collector::feed::TenantId;
use collector::tenant::{Secret, Tenant};
use futures::lock::Mutex as AsyncMutex;
use jiff::{SignedDuration, Timestamp};

use crate::clouds::Endpoints;
use crate::decode::received::Received;
use crate::decode::token::issued_token;
use crate::error::{ErrorResponse, transport};

#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    entries: Mutex<HashMap<TenantId, Arc<CacheEntry>>>,
}

/// A tenant's token, with everything that it depends on: if any of it changes, the entry is replaced. The lock is held
/// during the request for a token, so that concurrent tasks wait for its result instead of each sending their own.
#[derive(Debug)]
struct CacheEntry {
    endpoints: Endpoints,
    client_id: String,
    client_secret: Secret,
    answer: AsyncMutex<Option<Answer>>,
}

/// What Entra answered last.
#[derive(Debug)]
enum Answer {
    Issued(Token),
    /// Until `retry_at`, everyone gets this failure: a backlog of messages would ask Entra once for each of them.
    Rejected {
        failure: Failure,
        retry_at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) bearer: Secret,
    issued_at: Timestamp,
    /// From this instant on a new token is used instead, although this one is still valid.
    renew_at: Timestamp,
}

impl Token {
    /// Whether to try a new token before reporting a missing permission: a token only has the permissions that were
    /// granted when it was issued. Not before ten minutes, because a tenant that denies a content type on purpose would
    /// otherwise cost a new token with every request.
    pub(crate) fn may_lack_new_permissions(&self, now: Timestamp) -> bool {
        self.issued_at + SignedDuration::from_mins(10) <= now
    }
}

impl TokenCache {
    const RETRY_REJECTED_AFTER: SignedDuration = SignedDuration::from_mins(1);

    /// The tenant's cached token, or a new one if there is none, it is about to expire, or it is the `rejected` one.
    pub(crate) async fn get(
        &self,
        http: &reqwest::Client,
        endpoints: &Endpoints,
        tenant: &Tenant,
        now: Timestamp,
        rejected: Option<&Token>,
    ) -> Result<Token, Failure> {
        let entry = self.entry(endpoints, tenant);
        let mut answer = entry.answer.lock().await;
        match answer.as_ref() {
            // Another task may have replaced the rejected token in the meantime.
            Some(Answer::Issued(token)) if now < token.renew_at && rejected != Some(token) => return Ok(token.clone()),
            Some(Answer::Rejected { failure, retry_at }) if now < *retry_at => return Err(failure.clone()),
            Some(Answer::Issued(_) | Answer::Rejected { .. }) | None => *answer = None,
        }
        let requested = request_token(http, endpoints, tenant, now).await;
        *answer = match &requested {
            Ok(token) => Some(Answer::Issued(token.clone())),
            Err(failure) if matches!(failure.kind, FailureKind::CredentialsRejected | FailureKind::Tenant) => {
                Some(Answer::Rejected { failure: failure.clone(), retry_at: now + Self::RETRY_REJECTED_AFTER })
            }
            Err(_) => None,
        };
        requested
    }

    fn entry(&self, endpoints: &Endpoints, tenant: &Tenant) -> Arc<CacheEntry> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(&tenant.id)
            && entry.endpoints == *endpoints
            && entry.client_id == tenant.client_id
            && entry.client_secret == tenant.client_secret
        {
            return Arc::clone(entry);
        }
        let entry = Arc::new(CacheEntry {
            endpoints: endpoints.clone(),
            client_id: tenant.client_id.clone(),
            client_secret: tenant.client_secret.clone(),
            answer: AsyncMutex::default(),
        });
        entries.insert(tenant.id, Arc::clone(&entry));
        entry
    }
}

async fn request_token(
    http: &reqwest::Client,
    endpoints: &Endpoints,
    tenant: &Tenant,
    now: Timestamp,
) -> Result<Token, Failure> {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &tenant.client_id),
        ("client_secret", tenant.client_secret.reveal()),
        ("scope", &endpoints.scope),
    ];
    let response = http.post(&endpoints.token).form(&form).send().await.map_err(transport)?;
    let received = Received::new(response, now, &tenant.client_secret);
    if !received.head.status.is_success() {
        return Err(token_failure(&received.into_error().await));
    }
    let (head, body) = received.into_bytes().await?;
    let Some(token) = issued_token(&body) else { return Err(without_token(&head.error(&body))) };
    let lifetime = token.lifetime;
    // Renew five minutes before expiry, or after half the lifetime if the lifetime is shorter than ten minutes.
    let used_for = (lifetime - SignedDuration::from_mins(5)).max(lifetime / 2);
    let renew_at = now.checked_add(used_for).unwrap_or(Timestamp::MAX);
    Ok(Token { bearer: Secret::new(token.access_token), issued_at: now, renew_at })
}

/// A success status without an access token.
fn without_token(response: &ErrorResponse) -> Failure {
    if !response.entra_code.is_empty() {
        return token_failure(response);
    }
    let problem = "the token endpoint's response contains no access token";
    // A JSON body may hold the token in a form that is not recognised, so it is never shown.
    let is_json = response.excerpt.starts_with(['{', '[', '"']);
    let detail = if is_json { format!("HTTP {}", response.status.as_u16()) } else { response.detail() };
    Failure::new(FailureKind::Transient, format!("{problem}: {detail}"))
}

/// Why Entra issued no token. Its description starts with a code, `AADSTS…`, which decides.
fn token_failure(response: &ErrorResponse) -> Failure {
    let (kind, advice) = match (response.entra_code.as_str(), response.status.as_u16()) {
        ("7000215", _) => (
            FailureKind::CredentialsRejected,
            "client_secret is wrong: the tenant's secret must contain the client secret's *value*, not its id",
        ),
        ("7000222", _) => (
            FailureKind::CredentialsRejected,
            "client_secret has expired: create a new one in Entra and put its value into the tenant's secret",
        ),
        ("700016", _) => (
            FailureKind::CredentialsRejected,
            "client_id is not an application of this tenant: check client_id and tenant_id",
        ),
        ("90002", _) => (FailureKind::Tenant, "there is no such tenant in this cloud: check tenant_id and cloud"),
        ("901002" | "70011", _) => (
            FailureKind::Tenant,
            "the token scope does not belong to this cloud: check cloud, or set token_scope in the tenant's secret",
        ),
        ("90055", _) | (_, 429) => (FailureKind::Throttled, "the request will be retried later"),
        ("90033", _) | (_, 408 | 500..=599) => (FailureKind::Transient, "the request will be retried"),
        _ => (FailureKind::CredentialsRejected, "check tenant_id, client_id and client_secret in the tenant's secret"),
    };
    let detail = match (response.code.as_str(), response.message.as_str()) {
        ("", "") if response.excerpt.is_empty() => String::new(),
        ("", "") if response.content_type.is_empty() => format!(": {}", response.excerpt),
        ("", "") => format!(", {}: {}", response.content_type, response.excerpt),
        (detail, "") | (_, detail) => format!(": {detail}"),
    };
    let mut failure =
        Failure::new(kind, format!("Entra issued no token (HTTP {}){detail}; {advice}", response.status.as_u16()));
    failure.retry_after = response.retry_after;
    failure
}
