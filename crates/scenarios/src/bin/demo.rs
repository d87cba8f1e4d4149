//! The whole collector on one machine: deploys template.yaml to a local AWS, where its schedule fires and the real
//! functions archive the records of a simulated Microsoft in S3.
#![allow(clippy::print_stdout, reason = "the output is for the person who runs it")]

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use aws_adapters::Sdk;
use clap::Parser;
use management_api_simulator::{CONTENT_TYPES, Config, Generate, Simulator, Tenant};
use scenarios::comparison::Comparison;
use scenarios::resources::put_secret;
use scenarios::stack::Stack;
use uuid::Uuid;

/// Deploys the collector to a local AWS, lets it collect, and compares the archive with what was published.
#[derive(Debug, Parser)]
#[command(name = "demo", after_help = "Run it with `make demo`, which starts the local AWS.")]
struct Options {
    /// The folder with the functions' binaries.
    #[arg(long, default_value = "target/debug")]
    bin_dir: PathBuf,
    /// A folder of {ContentType}.jsonl.gz files to publish; without it, 3,000 records are generated.
    #[arg(long)]
    records: Option<PathBuf>,
    /// Leave everything running afterwards, until Ctrl-C.
    #[arg(long)]
    keep: bool,
}

const STACK: &str = "m365-audit-demo";
const SPAN: Duration = Duration::from_secs(6 * 24 * 3_600);
const TIMEOUT: Duration = Duration::from_secs(300);

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match demonstrate(&options).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn demonstrate(options: &Options) -> Result<bool, Box<dyn Error>> {
    let local_aws = std::env::var("LOCAL_AWS_URL").map_err(|_| "no local AWS is running: use `make demo`")?;
    let microsoft = Simulator::start(Config::default()).await?;
    let tenant = Tenant::example(1).subscribed();
    let secret = tenant.credentials_json();
    let tenant = microsoft.add_tenant(tenant);
    publish(&microsoft, tenant, options)?;
    let published: usize = CONTENT_TYPES.iter().map(|name| microsoft.obtainable_records(tenant, name).len()).sum();

    let sdk = Sdk::load(true).await;
    put_secret(&sdk, "m365/demo", &secret.to_string()).await;
    println!("{published} records of six days are published; the tenant's secret is m365/demo.");
    println!("Deploying template.yaml to the local AWS …");
    let parameters = [
        format!("ManagementApiUrl={}", microsoft.url()),
        format!("TokenAuthorityUrl={}", microsoft.url()),
        format!("Architecture={}", if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }),
        "Schedule=rate(1 minute)".to_owned(),
    ];
    let stack = Stack::deploy(&options.bin_dir, STACK, &parameters).await?;
    println!("Deployed. Its rule fires every minute here, every five in AWS. Waiting for it …");

    let (bucket, prefix) = (stack.output("ArchiveBucketName"), stack.output("ArchivePrefix"));
    let comparison = wait_for_records(&microsoft, tenant, &sdk, bucket, prefix).await;
    println!("\n{comparison}");
    if options.keep {
        println!("\nEverything is left running. To look around, in another terminal:\n");
        println!("  export AWS_ENDPOINT_URL={local_aws} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test");
        println!("  export AWS_DEFAULT_REGION=us-east-1");
        for view in ["objects", "state", "logs"] {
            println!("  .venv/bin/python infra/local/show-stack.py {view} {STACK}");
        }
        println!("  curl {}/_simulator/status\n\nCtrl-C stops it all.", microsoft.url());
        tokio::signal::ctrl_c().await?;
    }
    Ok(comparison.is_complete())
}

/// Publishes six days of records. The newest is 30 seconds old: the poller leaves more recent ones to its next run.
fn publish(microsoft: &Simulator, tenant: Uuid, options: &Options) -> Result<(), Box<dyn Error>> {
    let until = microsoft.now() - Duration::from_secs(30);
    match &options.records {
        Some(folder) => {
            microsoft.load_folder(tenant, folder, SPAN, until, 1)?;
        }
        None => microsoft.generate(tenant, &Generate::new(1, 3_000, SPAN, until)),
    }
    Ok(())
}

async fn wait_for_records(microsoft: &Simulator, tenant: Uuid, sdk: &Sdk, bucket: &str, prefix: &str) -> Comparison {
    let (s3, started) = (sdk.s3(), Instant::now());
    loop {
        let comparison = Comparison::of(microsoft, tenant, &s3, bucket, prefix).await;
        let total = comparison.total();
        // On a terminal the line is rewritten; in a log it is a line of its own.
        let (begin, end) = if io::stdout().is_terminal() { ("\r", "") } else { ("", "\n") };
        let seconds = started.elapsed().as_secs();
        print!("{begin}{seconds:>4} s  {} of {} records archived {end}", total.archived, total.published);
        let _ = io::stdout().flush();
        if comparison.is_complete() || started.elapsed() > TIMEOUT {
            return comparison;
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
}
