//! `make bench-backlog`: how the rate limiter treats a burst, a backlog, and a limit that is lower than believed, in simulated
//! time.
#![allow(clippy::print_stdout, reason = "a program that prints tables")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot be set up should stop at once")]

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use clap::Parser;
use collector::content::Content;
use collector::failure::FailureKind;
use collector::fetch::{Delivery, Fetch, FetchOutcome};
use collector::message::ContentMessage;
use collector::ports::{Clock, Queue};
use collector::rate_limit::RateLimitPolicy;
use collector::window::Window;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use management_api::{Client, ClientSettings};
use management_api_simulator::{Aggregation, Config, Simulator, Tenant as SimulatedTenant, Throttle};
use testkit::{
    FixedJitter, InMemory, ManualClock, MemoryArchive, MemoryQueue, MemoryRateLimiter, MemoryState, MemoryTenants,
    QueueBehavior, Received, WithManagementApi,
};

/// Fetches with the real use case and the real client, against a simulated Microsoft, with AWS in memory.
#[derive(Debug, Parser)]
#[command(name = "bench_backlog", after_help = "Run it with `make bench-backlog`.")]
struct Options;

type BacklogPorts = WithManagementApi<InMemory, Client<ManualClock, FixedJitter>>;

/// A queue that delivers each delayed copy up to three seconds late.
#[derive(Debug, Default)]
struct Late {
    deliveries: Cell<u64>,
}

impl QueueBehavior for Late {
    fn deliveries(&self, _body: &str, due: Timestamp) -> Vec<Timestamp> {
        /// Multiples of the golden ratio, modulo one, are spread evenly.
        const GOLDEN_RATIO: f64 = 0.618_033_988_749_895;
        self.deliveries.set(self.deliveries.get() + 1);
        let sample = (self.deliveries.get() as f64 * GOLDEN_RATIO).fract();
        vec![due + SignedDuration::from_secs_f64(3.0 * sample)]
    }
}

/// What a run is given.
struct Case {
    name: &'static str,
    contents: usize,
    fetchers: usize,
    /// Microsoft's limit, and what the limiter believes.
    limit: usize,
    believed: u32,
    /// How long a fetcher takes for a batch.
    batch: SignedDuration,
    /// How long SQS waits before it delivers what was sent.
    batching_window: SignedDuration,
}

/// What was seen of a run.
#[derive(Default)]
struct Seen {
    /// When each request was sent, in seconds since the start, and whether Microsoft refused it.
    requests: Vec<(f64, bool)>,
    receives: HashMap<String, u32>,
    archived_after: Vec<f64>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let Options = Options::parse();
    let seconds = SignedDuration::from_secs;
    println!(
        "| case | requests | archived | listed → in S3: p50, p99 | limit used | refused | refused after a minute | most in 60 s | receives a message |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for case in [
        Case {
            name: "250 contents of one poll, 10 fetchers",
            contents: 250,
            fetchers: 10,
            limit: 2_000,
            believed: 2_000,
            batch: seconds(1),
            batching_window: seconds(5),
        },
        Case {
            name: "backlog of 5,000 contents, 50 fetchers",
            contents: 5_000,
            fetchers: 50,
            limit: 2_000,
            believed: 2_000,
            batch: SignedDuration::from_millis(250),
            batching_window: SignedDuration::ZERO,
        },
        Case {
            name: "the same, and the limit is half of what is believed",
            contents: 5_000,
            fetchers: 50,
            limit: 1_000,
            believed: 2_000,
            batch: SignedDuration::from_millis(250),
            batching_window: SignedDuration::ZERO,
        },
    ] {
        let seen = run(&case).await;
        print(&case, seen);
    }
}

async fn run(case: &Case) -> Seen {
    let clock = ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap());
    let throttle = Throttle { requests_per_minute: Some(case.limit), ..Throttle::default() };
    let aggregation = Aggregation { at_most: 1, ..Aggregation::default() };
    let microsoft = Simulator::start(Config { throttle, aggregation, ..Config::default() }).await.unwrap();
    microsoft.set_now(clock.now());
    let simulated = SimulatedTenant::example(1).subscribed();
    let tenant = collector::tenant::Tenant::parse("m365/contoso", &simulated.credentials_json()).unwrap();
    let id = microsoft.add_tenant(simulated);
    let queue = MemoryQueue::new(&clock).with_behavior(Late::default());
    fill(&microsoft, id, &tenant, &queue, &clock, case.contents).await;
    let started = clock.now() + SignedDuration::from_mins(2);
    clock.set(started);
    microsoft.set_now(started);

    let (state, archive) = (MemoryState::default(), MemoryArchive::default());
    let limiter = MemoryRateLimiter::new(RateLimitPolicy::under(case.believed), &clock);
    let root = microsoft.url().parse().ok();
    let client = || {
        let settings = ClientSettings::with_roots(root.clone(), root.clone());
        Client::new(settings, clock.clone(), FixedJitter(0.5)).unwrap()
    };
    let fetchers: Vec<Fetch<BacklogPorts>> = (0..case.fetchers)
        .map(|_| Fetch {
            tenants: MemoryTenants::of([tenant.clone()]),
            management_api: client(),
            losses: state.clone(),
            queue: queue.clone(),
            archive: archive.clone(),
            rate_limiter: limiter.clone(),
            clock: clock.clone(),
            jitter: FixedJitter(0.5),
        })
        .collect();
    let mut seen = Seen::default();
    advance(&microsoft, &clock, case.batching_window);
    while !queue.is_empty() {
        let now = clock.now().duration_since(started).as_secs_f64();
        assert!(now < 3_600.0, "{} are not archived after an hour", queue.len());
        let batches: Vec<Vec<Received>> = fetchers.iter().map(|_| queue.receive_batch()).collect();
        let turns = fetchers.iter().zip(&batches).map(async |(fetch, batch)| {
            let deliveries: Vec<Delivery<'_>> = batch.iter().map(Received::delivery).collect();
            fetch.run_batch(&deliveries, clock.now() + SignedDuration::from_mins(4), |_, _| ()).await
        });
        let outcomes = join_all(turns).await;
        for (message, outcome) in batches.iter().flatten().zip(outcomes.iter().flatten()) {
            note(&mut seen, now, now + case.batch.as_secs_f64(), message, outcome);
            if !matches!(outcome, FetchOutcome::Failed { .. }) {
                queue.delete(&message.receipt);
            }
        }
        advance(&microsoft, &clock, case.batch);
    }
    assert_eq!(archive.objects().len(), case.contents, "every content is archived");
    seen
}

fn advance(microsoft: &Simulator, clock: &ManualClock, by: SignedDuration) {
    clock.advance(by);
    microsoft.set_now(clock.now());
}

fn note(seen: &mut Seen, now: f64, done: f64, message: &Received, outcome: &FetchOutcome) {
    let content = ContentMessage::parse(&message.body).unwrap().content_id;
    *seen.receives.entry(content).or_default() += 1;
    match outcome {
        FetchOutcome::Archived(_) => {
            seen.requests.push((now, false));
            seen.archived_after.push(done);
        }
        FetchOutcome::Postponed { failure, .. } if failure.kind == FailureKind::RateLimited => {}
        FetchOutcome::Postponed { .. } => seen.requests.push((now, true)),
        FetchOutcome::Failed { failure, .. } | FetchOutcome::Lost { failure, .. } => panic!("{failure:#}"),
    }
}

/// Publishes contents, and lists them into the queue as a poller does.
async fn fill(
    microsoft: &Simulator,
    id: management_api_simulator::Uuid,
    tenant: &collector::tenant::Tenant,
    queue: &MemoryQueue,
    clock: &ManualClock,
    contents: usize,
) {
    use collector::feed::ContentType::Exchange;
    use collector::ports::ManagementApi;
    use futures::StreamExt;

    let start: Timestamp = "2026-11-22T11:00:00Z".parse().unwrap();
    for number in 0..contents {
        let created = start + SignedDuration::from_millis(500 * number as i64);
        microsoft.publish(id, Exchange.as_str(), created, [format!(r#"{{"Id":"{number}"}}"#)]);
    }
    let root = microsoft.url().parse().ok();
    let client = Client::new(ClientSettings::with_roots(root.clone(), root), clock.clone(), FixedJitter(0.5)).unwrap();
    let window = Window::new(start, start + SignedDuration::from_hours(1)).unwrap();
    let pages: Vec<_> = client.list(tenant, Exchange, window).collect().await;
    for page in pages {
        let message = |content: Content| ContentMessage::new(&tenant.secret_id, tenant.feed(Exchange), window, content);
        let messages: Vec<ContentMessage> = page.unwrap().contents.into_iter().map(message).collect();
        queue.send(&messages).await.unwrap();
    }
    assert_eq!(queue.len(), contents);
}

fn print(case: &Case, mut seen: Seen) {
    seen.archived_after.sort_by(f64::total_cmp);
    let percentile = |share: f64| seen.archived_after[((seen.archived_after.len() - 1) as f64 * share) as usize];
    let last = seen.requests.iter().map(|(at, _)| *at).fold(0.0, f64::max);
    let used = 100.0 * case.contents as f64 / (case.limit as f64 * last.max(60.0) / 60.0);
    let share = |requests: Vec<&(f64, bool)>| {
        let refused = requests.iter().filter(|(_, refused)| *refused).count();
        format!("{refused} ({:.1} %)", 100.0 * refused as f64 / requests.len().max(1) as f64)
    };
    let receives = seen.receives.values().fold(BTreeMap::<u32, usize>::new(), |mut counts, receives| {
        *counts.entry(*receives).or_default() += 1;
        counts
    });
    let mean = seen.receives.values().sum::<u32>() as f64 / seen.receives.len() as f64;
    println!(
        "| {} | {} | {} | {:.1} s, {:.1} s | {used:.0} % | {} | {} | {} | {mean:.2}, at most {} |",
        case.name,
        seen.requests.len(),
        seen.archived_after.len(),
        percentile(0.5),
        percentile(0.99),
        share(seen.requests.iter().collect()),
        share(seen.requests.iter().filter(|(at, _)| *at >= 60.0).collect()),
        most_in_a_minute(&seen.requests),
        receives.keys().last().unwrap(),
    );
}

fn most_in_a_minute(requests: &[(f64, bool)]) -> usize {
    let in_the_minute_from = |start: f64| requests.iter().filter(|(at, _)| start <= *at && *at < start + 60.0).count();
    requests.iter().map(|(at, _)| in_the_minute_from(*at)).max().unwrap_or_default()
}
