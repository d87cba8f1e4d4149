//! Authentication and authorization of requests to the Management Activity API.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    CONTENT_TYPES,
    http::{
        request::Request,
        response::{Refusal, Response},
        route::{Route, Subject},
    },
    state::{State, tenant::Role},
};

/// Returns the tenant that the request may act on. The request counts against the quota as soon as the token and the
/// tenant in the path are valid, whatever happens to it afterwards.
pub(crate) fn authorize(
    state: &mut State,
    route: &Route,
    subject: &Subject,
    request: &Request,
    now: Timestamp,
) -> Result<Uuid, Refusal> {
    let token = request.authorization.as_deref().and_then(|header| header.strip_prefix("Bearer "));
    let Some(grant) = token.and_then(|token| state.tokens.grant(token, now)).cloned() else {
        return Err(Box::new(Response::unauthorized()));
    };
    let Some(tenant) = subject.tenant else {
        let message = format!("The tenant ID passed in the URL ({}) is not a valid GUID.", route.tenant);
        return Err(Response::refusal(400, "AF20013", &message));
    };
    if tenant != grant.tenant {
        let message = format!(
            "The tenant ID passed in the URL ({tenant}) does not match the tenant ID passed in the access token ({}).",
            grant.tenant
        );
        return Err(Response::refusal(400, "AF20010", &message));
    }
    let publisher = request.parameter("publisheridentifier").filter(|publisher| !publisher.is_empty());
    let quota_account = publisher.map(|publisher| (tenant, publisher));
    if !state.meter.try_admit(quota_account, &state.config.throttle, now) {
        return Err(Box::new(Response::too_many_requests(&state.config.throttle, route.operation.name(), request)));
    }
    if !state.tenants.get(&tenant).is_some_and(|found| found.settings.auditing) {
        return Err(Response::refusal(400, "AF20012", &format!("Tenant {tenant} does not exist.")));
    }
    check_permissions(&grant.roles, subject)?;
    Ok(tenant)
}

fn check_permissions(roles: &[Role], subject: &Subject) -> Result<(), Refusal> {
    let required: &[(Role, &str)] = match subject.content_type.as_deref() {
        Some("DLP.All") => &[(Role::Read, "ActivityFeed.Read"), (Role::ReadDlp, "ActivityFeed.ReadDlp")],
        Some(_) | None => &[(Role::Read, "ActivityFeed.Read")],
    };
    match required.iter().find(|(role, _)| !roles.contains(role)) {
        None => Ok(()),
        Some((_, name)) => {
            let message =
                format!("The permission set () sent in the request did not include the expected permission {name}.");
            Err(Response::refusal(401, "AF10001", &message))
        }
    }
}

/// The requested content type, checked against the five known ones.
pub(crate) fn content_type(subject: &Subject) -> Result<&'static str, Refusal> {
    let Some(requested) = &subject.content_type else {
        return Err(Response::refusal(400, "AF20001", "Missing parameter: contentType."));
    };
    CONTENT_TYPES
        .into_iter()
        .find(|known| known == requested)
        .ok_or_else(|| Response::refusal(400, "AF20020", "The specified content type is not valid."))
}
