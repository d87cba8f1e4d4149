//! Dispatches a request to its handler and injects faults on the way. Every request passes through here.

pub(crate) mod authorize;
pub(crate) mod blobs;
pub(crate) mod listing;
pub(crate) mod subscriptions;
pub(crate) mod window;

use jiff::Timestamp;

use crate::{
    api::authorize::{authorize, content_type},
    config::Config,
    entra,
    faults::{
        apply, content,
        kind::{FaultKind, Target},
    },
    http::{
        request::Request,
        response::{Refusal, Response},
        route::{Operation, Route, Subject},
    },
    state::{State, TenantState},
};

/// Produces the response to a request, changes the state accordingly, and records the request in the call log.
pub(crate) fn dispatch(state: &mut State, request: &Request) -> Response {
    let now = state.now();
    let Some(route) = Route::of(request) else {
        state.call_log.record_unknown(request);
        return Response::html(404, "Not Found");
    };
    if state.config.strict {
        state.call_log.check_protocol(request, &route);
    }
    let subject = Subject::of(request, &route);
    let fault = state
        .faults
        .take(&subject, Target::AnyResponse, |_| true)
        .or_else(|| state.random_faults.draw(&subject, request));
    let replacement = fault.as_ref().and_then(|kind| apply::replacement(kind, route.operation, request, now));
    // A fault without a replacement hits the response of a processed request: its effects on the state are real.
    let mut response = match replacement {
        Some(response) => response,
        None => execute(state, &route, &subject, request, now).unwrap_or_else(|refused| *refused),
    };
    if let Some(kind) = fault {
        apply::alter(&kind, &mut response, request);
    }
    // These faults wait for a response that has what they change, and can come on top of another fault.
    for target in Target::OF_RESPONSE {
        let is_applicable = |kind: &FaultKind| content::is_applicable(kind, route.operation, &response);
        if let Some(kind) = state.faults.take(&subject, target, is_applicable) {
            apply::alter(&kind, &mut response, request);
        }
    }
    state.call_log.record(request, &subject, response.status, now);
    response
}

fn execute(
    state: &mut State,
    route: &Route,
    subject: &Subject,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Refusal> {
    match route.operation {
        Operation::Token => entra::issue(state, route, request, now),
        Operation::ListSubscriptions => {
            let (tenant, _) = authorized_tenant(state, route, subject, request, now)?;
            Ok(subscriptions::list(tenant, now))
        }
        Operation::StartSubscription => {
            let (tenant, config) = authorized_tenant(state, route, subject, request, now)?;
            Ok(subscriptions::start(tenant, content_type(subject)?, request, config, now))
        }
        Operation::ListContent => {
            let (tenant, config) = authorized_tenant(state, route, subject, request, now)?;
            listing::list(tenant, content_type(subject)?, request, config, now)
        }
        Operation::FetchContent => {
            let (tenant, config) = authorized_tenant(state, route, subject, request, now)?;
            blobs::fetch(tenant, route.content_id.as_deref().unwrap_or_default(), request, config, now)
        }
    }
}

fn authorized_tenant<'s>(
    state: &'s mut State,
    route: &Route,
    subject: &Subject,
    request: &Request,
    now: Timestamp,
) -> Result<(&'s mut TenantState, &'s Config), Refusal> {
    let id = authorize(state, route, subject, request, now)?;
    let State { config, tenants, .. } = state;
    tenants.get_mut(&id).map(|tenant| (tenant, &*config)).ok_or_else(|| Box::new(Response::unauthorized()))
}
