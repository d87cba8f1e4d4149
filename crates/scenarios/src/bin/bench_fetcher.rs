//! The fetcher, as it is deployed, on one large content blob: how fast, and in how much memory. Before that, in the same
//! run, on a blob of one megabyte: what an invocation takes anyway.
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

/// Lets the fetcher archive one content blob in the local AWS of the environment, and measures it.
#[derive(Debug, Parser)]
#[command(name = "bench_fetcher", after_help = "Run it by `make bench`, which starts the local AWS.")]
struct Options {
    /// The fetcher's binary.
    #[arg(long, default_value = "target/lambda/fetcher/bootstrap")]
    fetcher: PathBuf,
    /// The size of the blob in MB.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    megabytes: u64,
    /// A folder of {ContentType}.jsonl.gz files: the blob holds their records over and over, instead of made-up ones, which
    /// are as large but compress better than real ones.
    #[arg(long)]
    records: Option<PathBuf>,
}

const MEGABYTE: u64 = 1_000_000;
const CONTENT_TYPE: &str = "Audit.SharePoint";

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    if std::env::var("LOCAL_AWS_URL").is_err() {
        eprintln!("there is no local AWS here: run `make bench`, or this by infra/local/with-local-aws");
        return ExitCode::from(2);
    }
    if !options.fetcher.is_file() {
        eprintln!("there is no fetcher at {}: run `make build`, or name it by --fetcher", options.fetcher.display());
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
    // What the fetcher says of itself in its metrics.
    let mut lines = logs.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let metrics = lines.find(|line| line.get("BytesIn").is_some()).unwrap_or_default();
    if metrics["Records"] != count {
        return Err(format!("of {count} records these are archived: {}\n{logs}", metrics["Records"]).into());
    }
    let megabytes = |bytes: u64| bytes as f64 / MEGABYTE as f64;
    let blob = megabytes(metrics["BytesIn"].as_u64().unwrap_or_default());
    let object = megabytes(object_bytes(resources).await?);
    let (seconds, processor) = (took.as_secs_f64(), usage.processor.as_secs_f64());
    let (speed, peak) = (blob / seconds, megabytes(usage.peak_bytes));
    println!("{blob:>10.1}{count:>10}{object:>11.2}{seconds:>10.2}{speed:>9.1}{processor:>19.2}{peak:>18.1}");
    Ok(())
}

/// Records made or read before anyone asks for them, over and over: sending them must cost as little as it can.
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

/// With the environment of the template.
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

/// The one message in the queue, as Lambda hands it over.
async fn event(resources: &Resources) -> Result<Value, Box<dyn Error>> {
    let request = resources.sdk.sqs().receive_message().queue_url(&resources.queue_url).max_number_of_messages(10);
    let messages = request.send().await?.messages.unwrap_or_default();
    let [message] = messages.as_slice() else {
        return Err(format!("{} messages are in the queue, where one blob was published", messages.len()).into());
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

/// The size of the one object in the archive.
async fn object_bytes(resources: &Resources) -> Result<u64, Box<dyn Error>> {
    let objects = resources.sdk.s3().list_objects_v2().bucket(&resources.bucket).send().await?;
    match objects.contents() {
        [object] => Ok(object.size().unwrap_or_default().try_into()?),
        objects => Err(format!("{} objects are in the archive, where one blob was published", objects.len()).into()),
    }
}
