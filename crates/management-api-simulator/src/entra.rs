//! The token endpoint of Entra ID: `POST /{tenant}/oauth2/v2.0/token` with a `scope`, and its older version
//! `POST /{tenant}/oauth2/token` with a `resource`. Both take the client's id and secret in the form or as HTTP Basic
//! authentication.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::json;
use uuid::Uuid;

use crate::{
    clock::plus,
    http::{
        request::Request,
        response::{Refusal, Response},
        route::Route,
    },
    state::{
        State,
        tenant::{Cloud, Tenant},
    },
};

/// Issues a token, or refuses with an error in Entra's format.
pub(crate) fn issue(state: &mut State, route: &Route, request: &Request, now: Timestamp) -> Result<Response, Refusal> {
    let tenant = Uuid::try_parse(&route.tenant).ok().and_then(|id| state.tenants.get(&id));
    let Some(tenant) = tenant.map(|found| &found.settings) else {
        return Err(refuse(400, "invalid_request", 90_002, &format!("Tenant '{}' not found.", route.tenant), now));
    };
    let form = Form::of(request);
    check_credentials(tenant, &form, route.is_v1_token, now)?;
    let lifetime = state.config.token_lifetime;
    let token = state.tokens.issue(tenant, lifetime, now);
    let seconds = lifetime.as_secs();
    let granted = if route.is_v1_token {
        // The older version sends numbers as strings.
        json!({
            "token_type": "Bearer",
            "expires_in": seconds.to_string(),
            "ext_expires_in": seconds.to_string(),
            "not_before": now.as_second().to_string(),
            "expires_on": plus(now, lifetime).as_second().to_string(),
            "resource": form.field("resource"),
            "access_token": token,
        })
    } else {
        json!({
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": token,
        })
    };
    Ok(Response::json(200, &granted))
}

/// The form of a token request, together with the client's id and secret from HTTP Basic authentication.
struct Form<'a> {
    body: &'a [u8],
    basic: Option<(String, String)>,
}

impl<'a> Form<'a> {
    fn of(request: &'a Request) -> Self {
        Form { body: &request.body, basic: request.authorization.as_deref().and_then(basic_credentials) }
    }

    fn field(&self, name: &str) -> Option<String> {
        let from_basic = self.basic.as_ref().and_then(|(id, secret)| match name {
            "client_id" => Some(id.clone()),
            "client_secret" => Some(secret.clone()),
            _ => None,
        });
        from_basic.or_else(|| {
            form_urlencoded::parse(self.body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        })
    }
}

/// RFC 6749, section 2.3.1: id and secret are percent-encoded before they are joined.
fn basic_credentials(authorization: &str) -> Option<(String, String)> {
    let decoded = STANDARD.decode(authorization.strip_prefix("Basic ")?).ok()?;
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((decode(id), decode(secret)))
}

fn check_credentials(tenant: &Tenant, form: &Form<'_>, is_v1: bool, now: Timestamp) -> Result<(), Refusal> {
    let field = |name: &str| form.field(name);
    let missing = |name: &str| {
        let message = format!("The request body must contain the following parameter: '{name}'.");
        refuse(400, "invalid_request", 900_144, &message, now)
    };
    match field("grant_type").ok_or_else(|| missing("grant_type"))?.as_str() {
        "client_credentials" => {}
        other => {
            let message = format!("The app requested an unsupported grant type '{other}'.");
            return Err(refuse(400, "unsupported_grant_type", 70_003, &message, now));
        }
    }
    let client_id = field("client_id").ok_or_else(|| missing("client_id"))?;
    if client_id != tenant.client_id {
        let message =
            format!("Application with identifier '{client_id}' was not found in the directory '{}'.", tenant.id);
        return Err(refuse(400, "unauthorized_client", 700_016, &message, now));
    }
    if is_v1 {
        check_resource(tenant.cloud, &field("resource").ok_or_else(|| missing("resource"))?, now)?;
    } else {
        check_scope(tenant.cloud, &field("scope").ok_or_else(|| missing("scope"))?, now)?;
    }
    match (field("client_secret"), field("client_assertion")) {
        (Some(secret), _) => check_secret(tenant, &secret, now),
        (None, Some(_)) => {
            let message =
                "The certificate with identifier used to sign the client assertion is not registered on application.";
            Err(refuse(401, "invalid_client", 700_027, message, now))
        }
        (None, None) => {
            let message =
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            Err(refuse(401, "invalid_client", 7_000_218, message, now))
        }
    }
}

fn check_resource(cloud: Cloud, resource: &str, now: Timestamp) -> Result<(), Refusal> {
    if cloud.resources().contains(&resource.trim_end_matches('/')) {
        return Ok(());
    }
    let message = format!("The resource principal named {resource} was not found in the tenant.");
    Err(refuse(400, "invalid_resource", 500_011, &message, now))
}

fn check_scope(cloud: Cloud, scope: &str, now: Timestamp) -> Result<(), Refusal> {
    let resource = scope.strip_suffix("/.default").map(|resource| resource.trim_end_matches('/'));
    let grants = |cloud: Cloud| resource.is_some_and(|resource| cloud.resources().contains(&resource));
    if grants(cloud) {
        Ok(())
    } else if Cloud::ALL.into_iter().any(grants) && matches!(cloud, Cloud::GccHigh | Cloud::Dod) {
        let message = "The resource of the scope is not available in this government cloud.";
        Err(refuse(400, "invalid_request", 901_002, message, now))
    } else {
        let message = format!("The provided request must include a valid 'scope'. The scope '{scope}' is not valid.");
        Err(refuse(400, "invalid_scope", 70_011, &message, now))
    }
}

fn check_secret(tenant: &Tenant, secret: &str, now: Timestamp) -> Result<(), Refusal> {
    let known: Vec<_> = tenant.secrets.iter().filter(|known| known.value == secret).collect();
    if known.iter().any(|secret| secret.expires.is_none_or(|at| now < at)) {
        Ok(())
    } else if known.is_empty() {
        let message = "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                       value, not the client secret ID.";
        Err(refuse(401, "invalid_client", 7_000_215, message, now))
    } else {
        let message = format!("The provided client secret keys for app '{}' are expired.", tenant.client_id);
        Err(refuse(401, "invalid_client", 7_000_222, &message, now))
    }
}

fn refuse(status: u16, error: &str, code: u32, message: &str, now: Timestamp) -> Refusal {
    Box::new(Response::entra_error(status, error, code, message, now))
}
