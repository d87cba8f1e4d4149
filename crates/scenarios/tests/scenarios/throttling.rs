//! Fifty concurrent fetchers, while Microsoft allows 2,000 requests in any minute.

use std::sync::{Arc, Mutex};

use aws_adapters::{DynamoDbRateLimiter, SecretsManagerTenants};
use collector::fetch::{Delivery, Fetch, FetchOutcome};
use collector::ports::{Clock, Jitter, Ports};
use collector::rate_limit::RateLimitPolicy;
use futures::future::join_all;
use jiff::SignedDuration;
use management_api::{Client, ClientSettings, RootOverrides};
use management_api_simulator::Aggregation;
use testkit::{ManualClock, MemoryArchive, MemoryLeases, MemoryQueue, MemoryState, Received};

use crate::fixture::{Fixture, at};

const FETCHERS: usize = 50;
const CONTENTS: usize = 5_000;
const LIMIT: u32 = 2_000;

/// Evenly spread numbers (multiples of the golden ratio, modulo 1), the same in every run.
#[derive(Debug, Clone, Default)]
struct UniformJitter(Arc<Mutex<f64>>);

impl Jitter for UniformJitter {
    fn sample(&self) -> f64 {
        let mut last = self.0.lock().unwrap();
        *last = (*last + 0.618_033_988_749_895) % 1.0;
        *last
    }
}

/// Fetchers with the real client, tenants and rate limiter, and everything else in memory.
struct FetcherPorts;

impl Ports for FetcherPorts {
    type Tenants = SecretsManagerTenants<ManualClock>;
    type ManagementApi = Client<ManualClock, UniformJitter>;
    type Cursors = MemoryState;
    type Windows = MemoryState;
    type OpenContents = MemoryState;
    type Losses = MemoryState;
    type Leases = MemoryLeases;
    type Queue = MemoryQueue;
    type DeadLetters = MemoryQueue;
    type Archive = MemoryArchive;
    type ArchiveIndex = MemoryArchive;
    type RateLimiter = DynamoDbRateLimiter<ManualClock>;
    type Clock = ManualClock;
    type Jitter = UniformJitter;
}

#[tokio::test]
async fn fifty_fetchers_use_the_limit_and_are_rarely_throttled() {
    let fixture = Fixture::of(&["Audit.Exchange"]).await;
    fixture.microsoft.configure(|config| {
        config.page_size = 500;
        config.aggregation = Aggregation { at_most: 1, ..Aggregation::default() };
    });
    for number in 0..CONTENTS {
        let created = at("2026-11-22T11:00:00Z") + SignedDuration::from_millis(500 * number as i64);
        fixture.microsoft.publish(fixture.tenant, "Audit.Exchange", created, [format!(r#"{{"Id":"{number}"}}"#)]);
    }
    let clock = fixture.collector.clock.clone();
    let queue = MemoryQueue::new(&clock);
    fixture.collector.poll_into(queue.clone()).await;
    assert_eq!(queue.len(), CONTENTS);
    fixture.microsoft.configure(|config| config.throttle.requests_per_minute = Some(LIMIT as usize));
    fixture.advance_minutes(2);
    fixture.microsoft.reset_calls();

    let (archive, state, jitter) = (MemoryArchive::default(), MemoryState::default(), UniformJitter::default());
    let resources = &fixture.collector.resources;
    let url = fixture.microsoft.url().parse().ok();
    let fetchers: Vec<_> = (0..FETCHERS)
        .map(|_| {
            let overrides = RootOverrides { management_api: url.clone(), token_authority: url.clone() };
            let settings = ClientSettings { overrides, ..ClientSettings::default() };
            let secrets = resources.sdk.secrets_manager();
            let policy = RateLimitPolicy::under(LIMIT);
            Fetch::<FetcherPorts> {
                tenants: SecretsManagerTenants::new(secrets, &resources.secret_prefix, clock.clone()),
                management_api: Client::new(settings, clock.clone(), jitter.clone()).unwrap(),
                losses: state.clone(),
                queue: queue.clone(),
                archive: archive.clone(),
                rate_limiter: DynamoDbRateLimiter::new(
                    resources.sdk.dynamodb(),
                    &resources.table,
                    policy,
                    clock.clone(),
                ),
                clock: clock.clone(),
                jitter: jitter.clone(),
            }
        })
        .collect();

    let (mut failed, mut busy) = (0, (SignedDuration::ZERO, 0));
    let started = clock.now();
    while !queue.is_empty() {
        let turns = fetchers.iter().map(async |fetch| {
            let messages = queue.receive_batch();
            let deliveries: Vec<Delivery<'_>> = messages.iter().map(Received::delivery).collect();
            let outcomes = fetch.run_batch(&deliveries, clock.now() + SignedDuration::from_mins(4), |_, _| ()).await;
            for (message, outcome) in messages.iter().zip(&outcomes) {
                if !matches!(outcome, FetchOutcome::Failed { .. }) {
                    queue.delete(&message.receipt);
                }
            }
            outcomes
        });
        let outcomes: Vec<FetchOutcome> = join_all(turns).await.into_iter().flatten().collect();
        failed += outcomes.iter().filter(|outcome| matches!(outcome, FetchOutcome::Failed { .. })).count();
        fixture.collector.advance(SignedDuration::from_millis(250));
        let elapsed = clock.now().duration_since(started);
        assert!(elapsed < SignedDuration::from_mins(20), "{} of {CONTENTS}", archive.objects().len());
        // With this many messages waiting, the fetchers could use the whole quota.
        if queue.len() > LIMIT as usize / 2 {
            busy = (elapsed, fixture.microsoft.calls().allowed);
        }
    }

    let calls = fixture.microsoft.calls();
    let refused = calls.refused as f64 / (calls.allowed + calls.refused) as f64;
    let used = busy.1 as f64 / (f64::from(LIMIT) * busy.0.as_secs_f64() / 60.0);
    println!("{} of {CONTENTS} archived by {FETCHERS} fetchers", archive.objects().len());
    println!("refused: {} of {} requests, {:.2} %", calls.refused, calls.allowed + calls.refused, 100.0 * refused);
    println!("quota used: {:.1} % of {LIMIT} a minute over {} s of backlog", 100.0 * used, busy.0.as_secs());
    assert_eq!((archive.objects().len(), failed), (CONTENTS, 0), "contents archived, and failed deliveries");
    assert!(refused < 0.02, "{refused}");
    assert!(used >= 0.85, "{used}");
}
