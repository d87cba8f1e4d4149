//! The fetcher: archives the content blobs that the messages in the queue name.

mod handler;

use collector::fetch::Fetch;
use composition::settings::FetcherSettings;
use composition::{AwsPorts, Wiring, start};
use lambda_runtime::{Error, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = start("fetcher", FetcherSettings::read)?;
    let wiring = Wiring::load(&settings.common).await;
    let fetch = Fetch::<AwsPorts> {
        tenants: wiring.tenants(),
        management_api: wiring.management_api()?,
        losses: wiring.state(),
        queue: wiring.queue(),
        archive: wiring.archive(&settings.archive),
        rate_limiter: wiring.rate_limiter(),
        clock: wiring.clock(),
        jitter: wiring.jitter(),
    };
    let metrics = settings.common.metrics;
    lambda_runtime::run(service_fn(|event| handler::handle(event, &fetch, &metrics))).await
}
