//! The deployed collector: its storage, and the environments in which its functions run.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use collector::feed::FeedId;
use collector::rate_limit::RateLimitPolicy;
use jiff::Timestamp;
use management_api::{Client, ClientSettings, RootOverrides};
use testkit::{CrashPoint, MemoryArchive, MemoryLeases, MemoryQueue, MemoryRateLimiter, MemoryState, MemoryTenants};
use url::Url;

use crate::faults::Faults;
use crate::ports::{RandomDelivery, SeededJitter};
use crate::process::{ExecutionEnvironment, Process};
use crate::profile::{Profile, RECHECK_AGES_MINUTES};
use crate::time::{SimulatedTime, SkewedClock};

#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) time: SimulatedTime,
    /// Of the simulated Microsoft.
    pub(crate) url: Url,
    pub(crate) faults: Rc<Faults>,
    pub(crate) state: MemoryState,
    pub(crate) archive: MemoryArchive,
    pub(crate) queue: MemoryQueue,
    pub(crate) dead_letters: MemoryQueue,
    pub(crate) sent: RandomDelivery,
    pub(crate) tenants: MemoryTenants,
    pub(crate) rate_limiter: MemoryRateLimiter,
    pub(crate) poller_leases: MemoryLeases,
    pub(crate) reconciler_leases: MemoryLeases,
    pub(crate) poller: ExecutionEnvironment,
    pub(crate) fetcher: ExecutionEnvironment,
    pub(crate) reconciler: ExecutionEnvironment,
    pub(crate) recheck_ages_minutes: RefCell<Vec<i64>>,
    pub(crate) profile: Profile,
    /// When each run of the reconciler started, and for which feeds it did all that was due.
    pub(crate) completed_reconciles: RefCell<Vec<(Timestamp, Vec<FeedId>)>>,
    pub(crate) polls: Cell<u64>,
    pub(crate) deliveries: Cell<u64>,
    pub(crate) reconciler_runs: Cell<u64>,
}

impl Deployment {
    pub(crate) fn new(url: Url, time: &SimulatedTime, faults: Rc<Faults>, profile: Profile) -> Self {
        let policy = RateLimitPolicy::under(profile.requests_per_minute.unwrap_or(2_000));
        let (sent, dead_letters) = (RandomDelivery::new(&faults), MemoryQueue::new(&time.clock));
        Self {
            time: time.clone(),
            url,
            state: MemoryState::by(&time.clock),
            archive: MemoryArchive::default(),
            queue: MemoryQueue::new(&time.clock).with_dead_letters(&dead_letters).with_behavior(sent.clone()),
            dead_letters,
            sent,
            tenants: MemoryTenants::default(),
            rate_limiter: MemoryRateLimiter::new(policy, &time.clock),
            poller_leases: MemoryLeases::of_all(&time.clock),
            reconciler_leases: MemoryLeases::of_all(&time.clock),
            poller: ExecutionEnvironment::default(),
            fetcher: ExecutionEnvironment::default(),
            reconciler: ExecutionEnvironment::default(),
            recheck_ages_minutes: RefCell::new(RECHECK_AGES_MINUTES.to_vec()),
            completed_reconciles: RefCell::default(),
            polls: Cell::default(),
            deliveries: Cell::default(),
            reconciler_runs: Cell::default(),
            faults,
            profile,
        }
    }

    /// Starts an invocation, and decides whether and where it will be killed.
    pub(crate) fn start_process(&self, environment: &ExecutionEnvironment) -> Process {
        let clock = SkewedClock { time: self.time.clone(), skew: Rc::clone(&environment.skew) };
        let crash_point = if self.faults.happens("Lambda: function killed", self.profile.kill_rate) {
            // Any step of an invocation like the last whole one; beyond it, the invocation survives.
            let usual_steps = environment.steps.get().max(20) as i64;
            let step = self.faults.random.between("crash step", 1, usual_steps + usual_steps / 4);
            CrashPoint::at(step as u64)
        } else {
            CrashPoint::default()
        };
        let mut warm_client = environment.client.borrow_mut();
        let client = warm_client.get_or_insert_with(|| self.new_client(&clock)).clone();
        Process { crash_point, clock, client }
    }

    fn new_client(&self, clock: &SkewedClock) -> Client<SkewedClock, SeededJitter> {
        let overrides =
            RootOverrides { management_api: Some(self.url.clone()), token_authority: Some(self.url.clone()) };
        // Real time: a response that stalls must not hold up the simulation.
        let read_timeout = Duration::from_millis(400);
        let settings = ClientSettings { overrides, read_timeout, ..ClientSettings::default() };
        Client::new(settings, clock.clone(), SeededJitter(Rc::clone(&self.faults))).unwrap()
    }

    /// Returns what `work` returns, or `None` if the process is killed.
    pub(crate) async fn run_process<T>(
        &self,
        environment: &ExecutionEnvironment,
        process: &Process,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let output = process.crash_point.run(work).await;
        match &output {
            Some(_) => environment.steps.set(process.crash_point.steps()),
            // A new environment gets a new client; not after every crash, because a new client takes 20 ms.
            None if self.faults.random.with_probability("cold start", 0.25) => {
                *environment.client.borrow_mut() = None;
            }
            None => {}
        }
        output
    }
}
