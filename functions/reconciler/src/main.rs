//! The reconciler: lists recorded windows again and compares them with the archive.

mod handler;

use collector::reconcile::Reconcile;
use composition::settings::ReconcilerSettings;
use composition::{AwsPorts, Wiring, start};
use lambda_runtime::{Error, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = start("reconciler", ReconcilerSettings::read)?;
    let wiring = Wiring::load(&settings.common).await;
    let reconcile = Reconcile::<AwsPorts> {
        leases: wiring.leases("reconciler"),
        tenants: wiring.tenants(),
        management_api: wiring.management_api()?,
        windows: wiring.state(),
        open_contents: wiring.state(),
        losses: wiring.state(),
        queue: wiring.queue(),
        archive: wiring.archive(&settings.archive),
        dead_letters: wiring.dead_letters(settings.dead_letter_queue_url.as_deref()),
        rate_limiter: wiring.rate_limiter(),
        clock: wiring.clock(),
        policy: settings.policy,
    };
    let metrics = settings.common.metrics;
    lambda_runtime::run(service_fn(|event| handler::handle(event, &reconcile, &metrics))).await
}
