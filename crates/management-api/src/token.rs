//! Access tokens by client credentials: one per tenant, kept until shortly before they expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use collector::failure::{Failure, FailureKind};
use collector::feed::TenantId;
use collector::tenant::{Secret, Tenant};
use futures::lock::Mutex as AsyncMutex;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::clouds::Endpoints;
use crate::error::{ErrorResponse, transport};
use crate::wire::TokenResponse;

/// The tokens in use.
#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    entries: Mutex<HashMap<TenantId, Arc<CacheEntry>>>,
}

/// The token of one set of credentials in one place. Whoever finds it empty fills it while the others wait: one request, not one
/// for each content type.
#[derive(Debug)]
struct CacheEntry {
    endpoints: Endpoints,
    client_id: String,
    client_secret: Secret,
    token: AsyncMutex<Option<Token>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) bearer: Secret,
    issued_at: Timestamp,
    renew_at: Timestamp,
}

impl Token {
    /// Whether a permission may have been granted since: a token holds those of the time at which it was issued. Seldom
    /// enough, since where a content type is denied on purpose each of these costs a token.
    pub(crate) fn may_lack_new_permissions(&self, now: Timestamp) -> bool {
        self.issued_at + SignedDuration::from_mins(10) <= now
    }
}

impl TokenCache {
    /// The tenant's token, new where there is none, it is about to expire, or it is `refused`.
    pub(crate) async fn get(
        &self,
        http: &reqwest::Client,
        endpoints: &Endpoints,
        tenant: &Tenant,
        now: Timestamp,
        refused: Option<&Token>,
    ) -> Result<Token, Failure> {
        let entry = self.entry(endpoints, tenant);
        let mut held = entry.token.lock().await;
        if let Some(token) = held.as_ref()
            && now < token.renew_at
            && refused != Some(token)
        {
            return Ok(token.clone());
        }
        *held = None;
        let token = request(http, endpoints, tenant, now).await?;
        *held = Some(token.clone());
        Ok(token)
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
            token: AsyncMutex::default(),
        });
        entries.insert(tenant.id, Arc::clone(&entry));
        entry
    }
}

async fn request(
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
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.map_err(transport)?;
    if !status.is_success() {
        return Err(refusal(&ErrorResponse::read(status, &headers, &body)));
    }
    let response: TokenResponse = serde_json::from_slice(&body)
        .map_err(|_| Failure::new(FailureKind::Transient, "the token endpoint's response holds no access token"))?;
    let lifetime = SignedDuration::from_secs(seconds(&response.expires_in).unwrap_or(0).max(0));
    // Five minutes early, or half-way through a token that lives for less than ten.
    let used_for = (lifetime - SignedDuration::from_mins(5)).max(lifetime / 2);
    let renew_at = now.checked_add(used_for).unwrap_or(Timestamp::MAX);
    Ok(Token { bearer: Secret::new(response.access_token), issued_at: now, renew_at })
}

fn seconds(expires_in: &Value) -> Option<i64> {
    expires_in.as_i64().or_else(|| expires_in.as_str()?.parse().ok())
}

/// Why there is no token. Microsoft's description starts with its code, `AADSTS…`.
fn refusal(response: &ErrorResponse) -> Failure {
    let code: String =
        response.message.strip_prefix("AADSTS").unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    let (kind, advice) = match (code.as_str(), response.status.as_u16()) {
        ("7000215", _) => (
            FailureKind::CredentialsRejected,
            "client_secret is wrong: put the secret's *value*, not its id, into the tenant's secret",
        ),
        ("7000222", _) => (
            FailureKind::CredentialsRejected,
            "client_secret has expired: create a new one in Entra and put its value into the tenant's secret",
        ),
        ("700016", _) => {
            (FailureKind::CredentialsRejected, "client_id is no application of this tenant: check both ids")
        }
        ("90002", _) => (FailureKind::Tenant, "there is no such tenant in this cloud: check tenant_id and cloud"),
        ("901002" | "70011", _) => (
            FailureKind::Tenant,
            "the scope is not this cloud's: check cloud, or set token_scope in the tenant's secret",
        ),
        ("90055", _) | (_, 429) => (FailureKind::Throttled, "it is tried again later"),
        ("90033", _) | (_, 408 | 500..=599) => (FailureKind::Transient, "it is tried again"),
        _ => (FailureKind::CredentialsRejected, "check tenant_id, client_id and client_secret in the tenant's secret"),
    };
    let detail = match (response.code.as_str(), response.message.as_str()) {
        ("", "") => String::new(),
        (detail, "") | (_, detail) => format!(": {detail}"),
    };
    let mut failure =
        Failure::new(kind, format!("Entra gives no token (HTTP {}){detail}; {advice}", response.status.as_u16()));
    failure.retry_after = response.retry_after;
    failure
}
