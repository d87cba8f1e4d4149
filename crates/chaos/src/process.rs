//! The use cases, wired as the functions wire them, each in a process of its own with a clock of its own.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use collector::feed::FeedId;
use collector::rate_limit::RateLimitPolicy;
use jiff::{SignedDuration, Timestamp};
use management_api::{Client, ClientSettings, RootOverrides};
use testkit::{CrashPoint, MemoryRateLimiter, MemoryTenants};
use url::Url;

use crate::faults::Faults;
use crate::faulty_archive::Bucket;
use crate::faulty_management_api::{Microsoft, SeededJitter};
use crate::faulty_ports::{Frail, Table};
use crate::profile::Shape;
use crate::queue::Sqs;
use crate::time::{SkewedClock, Time};

/// The collector, and where it keeps things.
#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) time: Time,
    pub(crate) url: Url,
    pub(crate) faults: Rc<Faults>,
    pub(crate) table: Table,
    pub(crate) bucket: Bucket,
    pub(crate) sqs: Sqs,
    pub(crate) tenants: MemoryTenants,
    pub(crate) rate_limiter: MemoryRateLimiter,
    pub(crate) poller: Environment,
    pub(crate) fetcher: Environment,
    pub(crate) reconciler: Environment,
    pub(crate) shape: Shape,
    /// When a look back began that came to the end of all that was due, and of which feeds.
    pub(crate) looks: RefCell<Vec<(Timestamp, Vec<FeedId>)>>,
    pub(crate) polls: Cell<u64>,
    pub(crate) fetches: Cell<u64>,
    pub(crate) runs: Cell<u64>,
}

/// Where one function runs.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    pub(crate) skew: Rc<Cell<SignedDuration>>,
    warm: RefCell<Option<Microsoft>>,
    /// How many steps an invocation took that was not killed.
    steps: Cell<u64>,
}

/// One invocation: its supply of crash_point, its clock, its client.
pub(crate) struct Process {
    crash_point: CrashPoint,
    pub(crate) clock: SkewedClock,
    pub(crate) microsoft: Microsoft,
    faults: Rc<Faults>,
}

impl Process {
    pub(crate) fn port<P: Clone>(&self, port: &P) -> Frail<P> {
        Frail { port: port.clone(), faults: Rc::clone(&self.faults), crash_point: self.crash_point.clone() }
    }
}

impl Collector {
    /// A collector that has done nothing yet, with Microsoft at `url`.
    pub(crate) fn new(url: Url, time: &Time, faults: Rc<Faults>, shape: Shape) -> Self {
        let policy = RateLimitPolicy::under(shape.requests_per_minute.unwrap_or(2_000));
        Self {
            time: time.clone(),
            url,
            table: Table::at(time),
            bucket: Bucket::at(time),
            sqs: Sqs::new(time, &faults),
            tenants: MemoryTenants::default(),
            rate_limiter: MemoryRateLimiter::new(policy, &time.clock),
            poller: Environment::default(),
            fetcher: Environment::default(),
            reconciler: Environment::default(),
            looks: RefCell::default(),
            polls: Cell::default(),
            fetches: Cell::default(),
            runs: Cell::default(),
            faults,
            shape,
        }
    }

    pub(crate) fn process(&self, environment: &Environment) -> Process {
        let clock = SkewedClock { time: self.time.clone(), skew: Rc::clone(&environment.skew) };
        let crash_point = if self.faults.happens("a function killed", self.shape.kills) {
            let most = environment.steps.get().max(20) as i64;
            CrashPoint::failing_at(self.faults.chance.between("step of death", 1, most + most / 4) as u64)
        } else {
            CrashPoint::default()
        };
        let mut warm = environment.warm.borrow_mut();
        if warm.is_none() {
            *warm = Some(self.start(&clock));
        }
        let microsoft = warm.clone().unwrap();
        Process { crash_point, clock, microsoft, faults: Rc::clone(&self.faults) }
    }

    fn start(&self, clock: &SkewedClock) -> Microsoft {
        let overrides =
            RootOverrides { management_api: Some(self.url.clone()), token_authority: Some(self.url.clone()) };
        let read_timeout = Duration::from_millis(400);
        let settings = ClientSettings { overrides, read_timeout, ..ClientSettings::default() };
        let client = Client::new(settings, clock.clone(), SeededJitter(Rc::clone(&self.faults))).unwrap();
        Microsoft { client: Rc::new(client), time: self.time.clone() }
    }

    /// FaultKind `work` gives, unless the process is killed.
    pub(crate) async fn live<T>(
        &self,
        environment: &Environment,
        process: &Process,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let done = process.crash_point.run(work).await;
        match &done {
            Some(_) => environment.steps.set(process.crash_point.steps()),
            // A new environment has a new client; not each time, because that alone takes 20 ms.
            None if self.faults.chance.hits("cold start", 0.25) => *environment.warm.borrow_mut() = None,
            None => {}
        }
        done
    }
}
