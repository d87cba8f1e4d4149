//! Who may call the API, and for what.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    CONTENT_TYPES,
    http::{
        request::Call,
        response::{Refusal, Reply},
        route::{Route, Subject},
    },
    state::{World, tenant::Role},
};

/// The tenant a call may act in. Counts the call against the quota once it is known whose it is.
pub(crate) fn authorize(
    world: &mut World,
    route: &Route,
    subject: &Subject,
    call: &Call,
    now: Timestamp,
) -> Result<Uuid, Refusal> {
    let token = call.authorization.as_deref().and_then(|header| header.strip_prefix("Bearer "));
    let Some(grant) = token.and_then(|token| world.tokens.grant(token, now)).cloned() else {
        return Err(Box::new(Reply::unauthorized()));
    };
    let Some(tenant) = subject.tenant else {
        let message = format!("The tenant ID passed in the URL ({}) is not a valid GUID.", route.tenant);
        return Err(Reply::refusal(400, "AF20013", &message));
    };
    if tenant != grant.tenant {
        let message = format!(
            "The tenant ID passed in the URL ({tenant}) does not match the tenant ID passed in the access token ({}).",
            grant.tenant
        );
        return Err(Reply::refusal(400, "AF20010", &message));
    }
    let account = (tenant, call.parameter("publisheridentifier"));
    if !world.meter.admits(account, &world.config.throttle, now) {
        return Err(Box::new(Reply::too_many_requests(&world.config.throttle, route.operation.name(), call)));
    }
    if !world.tenants.get(&tenant).is_some_and(|found| found.settings.auditing) {
        return Err(Reply::refusal(400, "AF20012", &format!("Tenant {tenant} does not exist.")));
    }
    permits(&grant.roles, subject)?;
    Ok(tenant)
}

fn permits(roles: &[Role], subject: &Subject) -> Result<(), Refusal> {
    let needed: &[(Role, &str)] = match subject.content_type.as_deref() {
        Some("DLP.All") => &[(Role::Read, "ActivityFeed.Read"), (Role::ReadDlp, "ActivityFeed.ReadDlp")],
        Some(_) | None => &[(Role::Read, "ActivityFeed.Read")],
    };
    match needed.iter().find(|(role, _)| !roles.contains(role)) {
        None => Ok(()),
        Some((_, name)) => {
            let message =
                format!("The permission set () sent in the request did not include the expected permission {name}.");
            Err(Reply::refusal(401, "AF10001", &message))
        }
    }
}

/// The content type that a call names, as one of the five.
pub(crate) fn content_type(subject: &Subject) -> Result<&'static str, Refusal> {
    let Some(named) = &subject.content_type else {
        return Err(Reply::refusal(400, "AF20001", "Missing parameter: contentType."));
    };
    CONTENT_TYPES
        .into_iter()
        .find(|known| known == named)
        .ok_or_else(|| Reply::refusal(400, "AF20020", "The specified content type is not valid."))
}
