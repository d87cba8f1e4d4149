//! The poller: lists what every tenant published since the last poll and queues it for the fetchers.

mod handler;

use collector::poll::Poll;
use composition::settings::PollerSettings;
use composition::{AwsPorts, Wiring, start};
use lambda_runtime::{Error, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = start("poller", PollerSettings::read)?;
    let wiring = Wiring::load(&settings.common).await;
    let poll = Poll::<AwsPorts> {
        leases: wiring.leases("poller"),
        tenants: wiring.tenants(),
        management_api: wiring.management_api()?,
        cursors: wiring.state(),
        losses: wiring.state(),
        queue: wiring.queue(),
        rate_limiter: wiring.rate_limiter(),
        clock: wiring.clock(),
        policy: settings.policy,
    };
    let metrics = settings.common.metrics;
    lambda_runtime::run(service_fn(|event| handler::handle(event, &poll, &metrics))).await
}
