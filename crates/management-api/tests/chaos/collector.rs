//! The use cases, wired as the functions wire them, each in a process of its own with a clock of its own.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use audit_feed::feed::FeedId;
use audit_feed::quota::QuotaPolicy;
use jiff::{SignedDuration, Timestamp};
use management_api::{Client, ClientSettings, RootOverrides};
use testkit::{MemoryQuota, MemoryTenants, Power};
use url::Url;

use crate::faults::Faults;
use crate::frail::{Frail, Table};
use crate::frail_archive::Bucket;
use crate::frail_microsoft::{Microsoft, SeededDice};
use crate::shape::Shape;
use crate::sqs::Sqs;
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
    pub(crate) quota: MemoryQuota,
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

/// One invocation: its supply of power, its clock, its client.
pub(crate) struct Process {
    power: Power,
    pub(crate) clock: SkewedClock,
    pub(crate) microsoft: Microsoft,
    faults: Rc<Faults>,
}

impl Process {
    pub(crate) fn port<P: Clone>(&self, port: &P) -> Frail<P> {
        Frail { port: port.clone(), faults: Rc::clone(&self.faults), power: self.power.clone() }
    }
}

impl Collector {
    /// A collector that has done nothing yet, with Microsoft at `url`.
    pub(crate) fn new(url: Url, time: &Time, faults: Rc<Faults>, shape: Shape) -> Self {
        let policy = QuotaPolicy::under(shape.requests_per_minute.unwrap_or(2_000));
        Self {
            time: time.clone(),
            url,
            table: Table::at(time),
            bucket: Bucket::at(time),
            sqs: Sqs::new(time, &faults),
            tenants: MemoryTenants::default(),
            quota: MemoryQuota::new(policy, &time.clock),
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
        let power = if self.faults.happens("a function killed", self.shape.kills) {
            let most = environment.steps.get().max(20) as i64;
            Power::failing_at(self.faults.chance.between("step of death", 1, most + most / 4) as u64)
        } else {
            Power::default()
        };
        let mut warm = environment.warm.borrow_mut();
        if warm.is_none() {
            *warm = Some(self.start(&clock));
        }
        let microsoft = warm.clone().unwrap();
        Process { power, clock, microsoft, faults: Rc::clone(&self.faults) }
    }

    fn start(&self, clock: &SkewedClock) -> Microsoft {
        let overrides =
            RootOverrides { management_api: Some(self.url.clone()), token_authority: Some(self.url.clone()) };
        let read_timeout = Duration::from_millis(400);
        let settings = ClientSettings { overrides, read_timeout, ..ClientSettings::default() };
        let client = Client::new(settings, clock.clone(), SeededDice(Rc::clone(&self.faults))).unwrap();
        Microsoft { client: Rc::new(client), time: self.time.clone() }
    }

    /// What `work` gives, unless the process is killed.
    pub(crate) async fn live<T>(
        &self,
        environment: &Environment,
        process: &Process,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let done = process.power.run(work).await;
        match &done {
            Some(_) => environment.steps.set(process.power.steps()),
            // A new environment has a new client; not each time, because that alone takes 20 ms.
            None if self.faults.chance.hits("cold start", 0.25) => *environment.warm.borrow_mut() = None,
            None => {}
        }
        done
    }
}
