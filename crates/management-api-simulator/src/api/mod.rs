//! From a request to an answer: the one way through Microsoft.

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
    faults::{apply, kind::Stage},
    http::{
        request::Call,
        response::{Refusal, Reply},
        route::{Operation, Route, Subject},
    },
    state::{TenantState, World},
};

/// Answers a call, changes the world as it asks for, and keeps account of it.
pub(crate) fn answer(world: &mut World, call: &Call) -> Reply {
    let now = world.now();
    let Some(route) = Route::of(call) else {
        world.tally.unknown(call);
        return Reply::html(404, "Not Found");
    };
    world.tally.check(call, &route);
    let subject = Subject::of(call, &route);
    let fault = world.faults.take(&subject, Stage::Call).or_else(|| world.sky.draw(&subject, call));
    let instead = fault.as_ref().and_then(|what| apply::instead(what, route.operation, call, now));
    let mut reply = match instead {
        Some(reply) => reply,
        None => carry_out(world, &route, &subject, call, now).unwrap_or_else(|refused| *refused),
    };
    if let Some(what) = fault {
        apply::alter(&what, &mut reply, call);
    }
    for stage in apply::stages(route.operation, &reply) {
        if let Some(what) = world.faults.take(&subject, *stage) {
            apply::alter(&what, &mut reply, call);
        }
    }
    world.tally.record(call, &subject, reply.status, now);
    reply
}

fn carry_out(
    world: &mut World,
    route: &Route,
    subject: &Subject,
    call: &Call,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    match route.operation {
        Operation::Token => entra::issue(world, route, call, now),
        Operation::ListSubscriptions => {
            let (tenant, _) = enter(world, route, subject, call, now)?;
            Ok(subscriptions::list(tenant))
        }
        Operation::StartSubscription => {
            let (tenant, config) = enter(world, route, subject, call, now)?;
            Ok(subscriptions::start(tenant, content_type(subject)?, call, config, now))
        }
        Operation::ListContent => {
            let (tenant, config) = enter(world, route, subject, call, now)?;
            listing::list(tenant, content_type(subject)?, call, config, now)
        }
        Operation::FetchContent => {
            let (tenant, config) = enter(world, route, subject, call, now)?;
            blobs::fetch(tenant, route.content_id.as_deref().unwrap_or_default(), call, config, now)
        }
    }
}

fn enter<'w>(
    world: &'w mut World,
    route: &Route,
    subject: &Subject,
    call: &Call,
    now: Timestamp,
) -> Result<(&'w mut TenantState, &'w Config), Refusal> {
    let id = authorize(world, route, subject, call, now)?;
    let World { config, tenants, .. } = world;
    tenants.get_mut(&id).map(|tenant| (tenant, &*config)).ok_or_else(|| Box::new(Reply::unauthorized()))
}
