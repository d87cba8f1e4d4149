//! Measures the time and memory that the deployed fetcher needs for one large content blob, and before that for a blob
//! of one megabyte, which shows what any invocation costs.
#![allow(clippy::print_stdout, reason = "a measurement, run by hand")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use management_api_simulator::{CONTENT_TYPES, Config, Content, Generated, Simulator, Slice, Tenant};
use scenarios::invocation::Invocation;
use scenarios::local_collector::LocalCollector;
use scenarios::resources::Resources;
use serde_json::{Value, json};

/// Lets the fetcher archive one content blob in a local AWS, and measures time and memory.
#[derive(Debug, Parser)]
#[command(name = "bench_fetcher", after_help = "Run it with `make bench`, which starts the local AWS.")]
struct Options {
    /// The fetcher's binary.
    #[arg(long, default_value = "target/lambda/fetcher/bootstrap")]
    fetcher: PathBuf,
    /// The size of the blob in MB.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    megabytes: u64,
    /// A folder of {ContentType}.jsonl.gz files: the blob repeats their records. Without it, records are generated;
    /// they are as large as real ones, but compress better.
    #[arg(long)]
    records: Option<PathBuf>,
}

const MEGABYTE: u64 = 1_000_000;
const CONTENT_TYPE: &str = "Audit.SharePoint";

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    if std::env::var("LOCAL_AWS_URL").is_err() {
        eprintln!("no local AWS is running: use `make bench`, or start this program with infra/local/with-local-aws");
        return ExitCode::from(2);
    }
    if !options.fetcher.is_file() {
        eprintln!(
            "there is no fetcher at {}: run `make build`, or pass its path with --fetcher",
            options.fetcher.display()
        );
        return ExitCode::from(2);
    }
    println!("{}, each blob in a process of its own", options.fetcher.display());
    println!("   blob MB   records  object MB   seconds     MB/s  processor seconds  peak resident MB");
    for megabytes in [1, options.megabytes] {
        if let Err(error) = measure(&options, megabytes).await {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn measure(options: &Options, megabytes: u64) -> Result<(), Box<dyn Error>> {
    let microsoft = Simulator::start(Config::default()).await?;
    let tenant = Tenant::example(1).subscribed();
    let secret = tenant.credentials_json();
    let tenant = microsoft.add_tenant(tenant);
    let slice = blob(&microsoft, options.records.as_deref(), megabytes)?;
    let count = slice.content.count();
    microsoft.publish_slice(tenant, CONTENT_TYPE, slice);

    let mut collector = LocalCollector::new(&microsoft).await;
    collector.backfill_hours = 1;
    let resources = &collector.resources;
    resources.put_secret("contoso", &secret).await;
    collector.poll().await;
    let invocation = invoke(&options.fetcher, resources, &microsoft.url()).await?;

    let Invocation { response, logs, took, usage } = &invocation;
    if response["batchItemFailures"] != json!([]) {
        return Err(format!("the blob is not archived: {response}\n{logs}").into());
    }
    // The fetcher's metrics, which it writes as a log line.
    let mut lines = logs.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let metrics = lines.find(|line| line.get("BytesIn").is_some()).unwrap_or_default();
    if metrics["Records"] != count {
        return Err(format!("{} of {count} records are archived\n{logs}", metrics["Records"]).into());
    }
    let megabytes = |bytes: u64| bytes as f64 / MEGABYTE as f64;
    let blob = megabytes(metrics["BytesIn"].as_u64().unwrap_or_default());
    let object = megabytes(object_bytes(resources).await?);
    let (seconds, processor) = (took.as_secs_f64(), usage.processor.as_secs_f64());
    let (speed, peak) = (blob / seconds, megabytes(usage.peak_bytes));
    println!("{blob:>10.1}{count:>10}{object:>11.2}{seconds:>10.2}{speed:>9.1}{processor:>19.2}{peak:>18.1}");
    Ok(())
}

/// About `megabytes` of records: a few of them, repeated. They are generated or read in advance, so that the simulator
/// spends as little time as possible on sending them.
fn blob(microsoft: &Simulator, folder: Option<&Path>, megabytes: u64) -> Result<Slice, Box<dyn Error>> {
    let created = microsoft.now() - Duration::from_secs(600);
    let mut records = Vec::new();
    if let Some(folder) = folder {
        let other = microsoft.add_tenant(Tenant::example(2).subscribed());
        microsoft.load_folder(other, folder, Duration::from_secs(60), created, 1)?;
        records.extend(CONTENT_TYPES.iter().flat_map(|name| microsoft.obtainable_records(other, name)));
    } else {
        records.extend(Content::Generated(Generated { seed: 1, count: 3_000, record_bytes: 1_300 }).iter());
    }
    let mut bytes = 0;
    let records = records.iter().cycle().take_while(|record| {
        let before = bytes;
        bytes += record.len() as u64 + 1;
        before < megabytes * MEGABYTE
    });
    Ok(Slice::new(created, records.cloned()))
}

/// Invokes the fetcher with the variables that the template sets.
async fn invoke(fetcher: &Path, resources: &Resources, microsoft: &str) -> Result<Invocation, Box<dyn Error>> {
    let variables = [
        ("STATE_TABLE", resources.table.as_str()),
        ("FETCH_QUEUE_URL", &resources.queue_url),
        ("ARCHIVE_BUCKET", &resources.bucket),
        ("TENANT_SECRET_PREFIX", &resources.secret_prefix),
        ("MANAGEMENT_API_URL", microsoft),
        ("TOKEN_AUTHORITY_URL", microsoft),
    ];
    Invocation::of(fetcher, &event(resources).await?, &variables).await
}

/// The event that Lambda makes of the one message in the queue.
async fn event(resources: &Resources) -> Result<Value, Box<dyn Error>> {
    let request = resources.sdk.sqs().receive_message().queue_url(&resources.queue_url).max_number_of_messages(10);
    let messages = request.send().await?.messages.unwrap_or_default();
    let [message] = messages.as_slice() else {
        return Err(format!("one blob was published, but the queue contains {} messages", messages.len()).into());
    };
    Ok(json!({ "Records": [{
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": { "ApproximateReceiveCount": "1" },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:fetch",
        "awsRegion": "us-east-1",
    }] }))
}

/// The size of the only object in the archive.
async fn object_bytes(resources: &Resources) -> Result<u64, Box<dyn Error>> {
    let objects = resources.sdk.s3().list_objects_v2().bucket(&resources.bucket).send().await?;
    match objects.contents() {
        [object] => Ok(object.size().unwrap_or_default().try_into()?),
        objects => Err(format!("one blob was published, but the archive contains {} objects", objects.len()).into()),
    }
}
