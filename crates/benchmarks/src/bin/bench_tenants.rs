//! `make bench-tenants`: time, CPU time and memory of a poll and of an hour's reconciliation, by the number of tenants.
#![allow(clippy::print_stdout, reason = "a program that prints tables")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot be set up should stop at once")]

use std::time::{Duration, Instant};

use benchmarks::collector::Collector;
use benchmarks::microsoft::{Microsoft, Request, serve};
use benchmarks::usage::Usage;
use clap::{Parser, Subcommand};
use collector::poll::{PollReport, TenantReport};
use collector::ports::Clock;
use collector::scheduler::RunLimits;
use collector::shard::Shard;
use jiff::{SignedDuration, Timestamp};

/// Polls and reconciles many tenants, against a simulated Microsoft in another process that takes 300 ms for each answer, and
/// AWS in memory.
#[derive(Debug, Parser)]
#[command(name = "bench_tenants", after_help = "Run it with `make bench-tenants`.")]
struct Options {
    /// Numbers of tenants, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "10,100,1000", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    tenants: Vec<u32>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// Parts that run in processes of their own.
#[derive(Debug, Clone, Subcommand)]
enum Part {
    #[command(hide = true)]
    Serve,
    #[command(hide = true)]
    Poll { per_hour: u32 },
    #[command(hide = true)]
    Hang { hanging: u32 },
    #[command(hide = true)]
    Reconcile { per_hour: u32 },
}

const LATENCY_MILLISECONDS: u64 = 300;
const CONTENTS_PER_HOUR: u32 = 10;
/// As the template sets them, less what a function reserves for its answer.
const POLL_DEADLINE: SignedDuration = SignedDuration::from_secs(240 - 5);
const RECONCILE_DEADLINE: SignedDuration = SignedDuration::from_secs(600 - 5);
/// As in the functions.
const POLL_LIMITS: RunLimits = RunLimits { concurrency: 32, stop_before: SignedDuration::from_secs(15) };
const RECONCILE_LIMITS: RunLimits = RunLimits { concurrency: 32, stop_before: SignedDuration::from_secs(30) };
const AGES_MINUTES: [i64; 4] = [15, 180, 1_440, 8_640];
const FIVE_MINUTES: i64 = 300;

#[tokio::main]
async fn main() {
    let options = Options::parse();
    match options.part {
        None => tables(&options.tenants).await,
        Some(Part::Serve) => serve(options.tenants[0]).await.unwrap(),
        Some(part) => local(measure(part, options.tenants[0])).await,
    }
}

/// The use cases run on one thread, like the functions.
async fn local(work: impl Future<Output = ()>) {
    tokio::task::LocalSet::new().run_until(work).await;
}

async fn tables(tenants: &[u32]) {
    println!("| tenants | what they publish | run | wall | CPU | peak memory | growth a tenant |");
    println!("|---:|---|---|---:|---:|---:|---:|");
    for tenants in tenants {
        for per_hour in [0, CONTENTS_PER_HOUR] {
            for part in ["poll", "reconcile"] {
                run(*tenants, part, per_hour).await;
            }
        }
    }
    let most = tenants.iter().copied().max().unwrap_or_default();
    println!("\n| a fifth of the tenants hang | wall | the others polled | those that hang tried |");
    println!("|---|---:|---:|---:|");
    run(most, "hang", most / 5).await;
}

async fn run(tenants: u32, part: &str, argument: u32) {
    let program = std::env::current_exe().unwrap();
    let (tenants, argument) = (tenants.to_string(), argument.to_string());
    let arguments = ["--tenants", tenants.as_str(), part, argument.as_str()];
    let status = tokio::process::Command::new(program).args(arguments).status().await.unwrap();
    assert!(status.success(), "{part} of {tenants} tenants failed");
}

async fn measure(part: Part, tenants: u32) {
    let microsoft = Microsoft::start(&["--tenants", &tenants.to_string(), "serve"]).await;
    match part {
        Part::Serve => {}
        Part::Poll { per_hour } => polls(microsoft, tenants, per_hour).await,
        Part::Hang { hanging } => polls_with_hanging(microsoft, tenants, hanging).await,
        Part::Reconcile { per_hour } => reconciliation(microsoft, tenants, per_hour).await,
    }
}

fn collector(microsoft: &Microsoft, tenants: u32, limits: RunLimits) -> Collector {
    Collector::new(&microsoft.url, tenants, limits, &AGES_MINUTES.map(SignedDuration::from_mins))
}

/// The whole minute before `instant`.
fn minute(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second() / 60 * 60).unwrap()
}

/// What a phase of a run used.
struct Phase {
    began: Instant,
    before: Usage,
}

impl Phase {
    fn begin() -> Self {
        Usage::reset_peak();
        Self { began: Instant::now(), before: Usage::of_this_process() }
    }

    fn print(self, tenants: u32, per_hour: u32, run: &str) {
        const MEGABYTE: f64 = 1_000_000.0;
        let (after, wall) = (Usage::of_this_process(), self.began.elapsed().as_secs_f64());
        let processor = (after.processor - self.before.processor).as_secs_f64();
        let peak = after.peak_bytes as f64 / MEGABYTE;
        let growth =
            (after.peak_bytes.saturating_sub(self.before.resident_bytes)) as f64 / 1_000.0 / f64::from(tenants);
        let publish = if per_hour == 0 { "nothing".to_owned() } else { format!("{per_hour} contents an hour") };
        println!("| {tenants} | {publish} | {run} | {wall:.1} s | {processor:.1} s | {peak:.0} MB | {growth:.1} kB |");
    }
}

/// The first poll of a new process, which needs tokens, and the next one.
async fn polls(mut microsoft: Microsoft, tenants: u32, per_hour: u32) {
    let collector = collector(&microsoft, tenants, POLL_LIMITS);
    let now = minute(collector.clock.now());
    if per_hour > 0 {
        let (from, to) = (now - SignedDuration::from_mins(10), now + SignedDuration::from_mins(30));
        microsoft.request(Request::Publish { from, to, per_hour }).await;
    }
    microsoft.request(Request::Delay { milliseconds: LATENCY_MILLISECONDS, hanging: 0 }).await;
    collector.listed_until(tenants, now - SignedDuration::from_mins(5));
    for (offset, run) in [(0, "poll of a new process"), (FIVE_MINUTES, "next poll")] {
        microsoft.request(Request::SetOffset { seconds: offset }).await;
        collector.clock.set_offset(offset);
        let phase = Phase::begin();
        let report = collector.poll(POLL_DEADLINE).await;
        phase.print(tenants, per_hour, run);
        assert_eq!(polled(&report, 0), tenants as usize, "every tenant is polled: {}", first_error(&report));
        collector.archive_all().await;
    }
}

/// Three polls while the first tenants hang.
async fn polls_with_hanging(mut microsoft: Microsoft, tenants: u32, hanging: u32) {
    let collector = collector(&microsoft, tenants, POLL_LIMITS);
    microsoft.request(Request::Delay { milliseconds: LATENCY_MILLISECONDS, hanging }).await;
    collector.listed_until(tenants, minute(collector.clock.now()) - SignedDuration::from_mins(5));
    for (poll, name) in ["first poll", "second poll", "third poll"].into_iter().enumerate() {
        let offset = FIVE_MINUTES * poll as i64;
        microsoft.request(Request::SetOffset { seconds: offset }).await;
        collector.clock.set_offset(offset);
        let began = Instant::now();
        let report = collector.poll(POLL_DEADLINE).await;
        let wall = began.elapsed().as_secs_f64();
        let others = tenants - hanging;
        let was_tried =
            |tenant: &&TenantReport| tenant.errors().any(|error| error.message.contains("Microsoft did not answer"));
        let tried = report.tenants[..hanging as usize].iter().filter(was_tried).count();
        println!("| {name} | {wall:.1} s | {} of {others} | {tried} of {hanging} |", polled(&report, hanging));
    }
}

/// How many tenants had all their feeds listed, without the first ones.
fn polled(report: &PollReport, without: u32) -> usize {
    let is_polled = |tenant: &&TenantReport| {
        tenant.content_types.iter().all(|feed| feed.windows_listed > 0 && feed.error.is_none())
    };
    report.tenants[without as usize..].iter().filter(is_polled).count()
}

fn first_error(report: &PollReport) -> String {
    let error = report.tenants.iter().flat_map(|tenant| tenant.errors()).next();
    error.map_or("no error".to_owned(), |error| format!("{error:#}"))
}

/// What is due in an hour: the windows of an hour for each age. At most 250 tenants a shard.
async fn reconciliation(mut microsoft: Microsoft, tenants: u32, per_hour: u32) {
    const TENANTS_PER_SHARD: u32 = 250;
    let collector = collector(&microsoft, tenants, RECONCILE_LIMITS);
    let now = minute(collector.clock.now());
    // Where nothing is published, all polls of an hour leave one row. The last poll, in the next hour, writes it.
    let polls_after_minutes: Vec<i64> =
        if per_hour == 0 { vec![60, 65] } else { (1..=13).map(|poll| 5 * poll).collect() };
    for age in AGES_MINUTES.into_iter().rev() {
        // Polled an hour long, so that all its windows are due now, and were not an hour ago.
        let from = now - SignedDuration::from_mins(age + 67);
        if per_hour > 0 {
            let to = from + SignedDuration::from_hours(1);
            microsoft.request(Request::Publish { from, to, per_hour }).await;
        }
        collector.listed_until(tenants, from);
        for minutes in &polls_after_minutes {
            let at = from + SignedDuration::from_secs(minutes * 60 + 5);
            let offset = at.duration_since(Timestamp::now()).as_secs();
            microsoft.request(Request::SetOffset { seconds: offset }).await;
            collector.clock.set_offset(offset);
            let report = collector.poll(SignedDuration::from_hours(1)).await;
            assert_eq!(polled(&report, 0), tenants as usize, "every tenant is polled: {}", first_error(&report));
            collector.archive_all().await;
        }
    }
    microsoft.request(Request::SetOffset { seconds: 0 }).await;
    collector.clock.set_offset(0);
    microsoft.request(Request::Delay { milliseconds: LATENCY_MILLISECONDS, hanging: 0 }).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let shards = u64::from(tenants.div_ceil(TENANTS_PER_SHARD));
    let phase = Phase::begin();
    let report = collector.reconcile(Shard::new(0, shards).unwrap(), RECONCILE_DEADLINE).await;
    let windows: u64 = report.feeds.iter().map(|feed| feed.windows_checked).sum();
    let mine = report.feeds.len() / 5;
    let run = format!("reconciliation, shard 1 of {shards}: {mine} tenants, {windows} windows");
    phase.print(tenants, per_hour, &run);
    let errors: Vec<String> = report.errors().map(|error| format!("{error:#}")).collect();
    assert!(errors.is_empty() && !report.more_to_do, "all that is due is rechecked: {errors:?}");
    assert!(windows >= 4 * report.feeds.len() as u64, "each feed has a window for each age: {windows}");
    assert_eq!(collector.waiting(), 0, "nothing is late or missing");
}
