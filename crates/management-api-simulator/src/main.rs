//! The simulator as a program: it serves one tenant until Ctrl-C or SIGTERM.

use std::{io, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use management_api_simulator::{Clock, Config, Generate, Publishing, SignedDuration, Simulator, Tenant, Uuid};
use tokio::signal::unix::{SignalKind, signal};

/// Simulates the Office 365 Management Activity API and its token endpoint for one tenant.
///
/// Use the printed address as the client's API root and token authority. All state is lost on exit. `GET
/// /_simulator/health` and `GET /_simulator/status` report the simulator's state.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// Address to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// GUID of the tenant
    #[arg(long, value_name = "GUID", default_value = "00000001-0000-4000-8000-000000000000")]
    tenant_id: Uuid,
    /// Client id of the application that reads the tenant's audit log
    #[arg(long, value_name = "ID", default_value = "00000001-c11e-4000-8000-000000000000")]
    client_id: String,
    /// Client secret of the application
    #[arg(
        long,
        value_name = "SECRET",
        env = "SIMULATOR_CLIENT_SECRET",
        hide_env_values = true,
        default_value = "simulated-client-secret-1"
    )]
    client_secret: String,
    /// Publish the records in this folder: files {ContentType}.jsonl or {ContentType}.jsonl.gz, one record per line
    #[arg(long, value_name = "FOLDER", conflicts_with = "generate")]
    records: Option<PathBuf>,
    /// Publish this many generated records, over all five content types
    #[arg(long, value_name = "COUNT")]
    generate: Option<usize>,
    /// Seed of generated data: the same seed gives the same records and slices
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Spread the initially published records over this many hours before now
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=168))]
    span_hours: u64,
    /// Publish ten more generated records every this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    publish_every: Option<u64>,
    /// Maximum number of entries on a page of a listing
    #[arg(long, value_name = "ENTRIES", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    page_size: u64,
    /// Request quota per minute for each tenant and PublisherIdentifier; 0 disables it
    #[arg(long, value_name = "COUNT", default_value_t = 2_000)]
    requests_per_minute: usize,
    /// Report every deviation from the documented protocol among the violations in /_simulator/status, such as a request
    /// without PublisherIdentifier. The responses stay the same
    #[arg(long, overrides_with = "lenient")]
    strict: bool,
    /// Report only requests for which Microsoft has no operation [default]
    #[arg(long, overrides_with = "strict")]
    lenient: bool,
    /// Set Microsoft's clock this many seconds ahead of this machine's, or behind it if negative
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true)]
    clock_offset: i32,
    /// Treat all five subscriptions as always enabled. Otherwise the client must start each one, and can then fetch all
    /// content published before the start
    #[arg(long)]
    subscriptions_on: bool,
}

impl Options {
    fn config(&self) -> Config {
        let mut config = Config {
            listen: self.listen,
            seed: self.seed,
            strict: self.strict && !self.lenient,
            clock: Clock::Offset(SignedDuration::from_secs(self.clock_offset.into())),
            page_size: usize::try_from(self.page_size).unwrap_or(usize::MAX),
            // Longer than the retention of 7 days, so that a client gets everything published before it subscribes.
            reach_back: Duration::from_secs(8 * 24 * 3_600),
            ..Config::default()
        };
        config.throttle.requests_per_minute = (self.requests_per_minute > 0).then_some(self.requests_per_minute);
        config
    }

    fn tenant(&self) -> Tenant {
        let tenant = Tenant::new(self.tenant_id, &self.client_id, &self.client_secret);
        if self.subscriptions_on { tenant.subscribed() } else { tenant }
    }

    fn span(&self) -> Duration {
        Duration::from_secs(self.span_hours * 3_600)
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(options: &Options) -> io::Result<()> {
    let microsoft = Simulator::start(options.config())
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {}: {error}", options.listen)))?;
    let tenant = options.tenant();
    let id = microsoft.add_tenant(tenant.clone());
    if let Some(folder) = &options.records {
        microsoft.load_folder(id, folder, options.span(), microsoft.now(), options.seed)?;
    }
    if let Some(count) = options.generate {
        microsoft.generate(id, &Generate::new(options.seed, count, options.span(), microsoft.now()));
    }
    let _publisher = options.publish_every.map(|seconds| {
        let every = Duration::from_secs(seconds);
        microsoft.keep_publishing(id, Publishing { seed: options.seed.wrapping_add(1), every, records: 10 })
    });
    print_address_and_credentials(&microsoft.url(), &tenant);
    wait_for_shutdown().await
}

/// Prints one line with everything a client's configuration needs.
#[allow(clippy::print_stdout, reason = "the address is the output of the program")]
fn print_address_and_credentials(url: &str, tenant: &Tenant) {
    println!("listening on {url} tenant {}", tenant.credentials_json());
}

async fn wait_for_shutdown() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}
