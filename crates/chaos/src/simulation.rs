//! One seed: days of a tenant and of the collector, then peace.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use management_api_simulator::{Clock, Config, RandomFaults, Simulator, Tenant as Customer, Throttle, Uuid};

use crate::checker::Judgement;
use crate::faults::Faults;
use crate::figures::Figures;
use crate::process::Collector;
use crate::profile::Shape;
use crate::time::Time;

/// The world of one seed.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) microsoft: Simulator,
    pub(crate) customer: Uuid,
    pub(crate) collector: Collector,
    pub(crate) began: Timestamp,
    /// Everything until then is published.
    pub(crate) published_until: RefCell<Timestamp>,
    /// The secret that Entra accepts, and when the collector is told of it.
    pub(crate) secret: RefCell<(u32, Option<Timestamp>)>,
    pub(crate) audit_off: RefCell<bool>,
    /// When things stopped to go wrong.
    pub(crate) peace: Cell<Timestamp>,
    pub(crate) journal: RefCell<Vec<String>>,
}

/// Lives through a seed and judges what came of it.
pub(crate) async fn live(seed: u64) -> (Judgement, Vec<String>) {
    let life = Life::begin(seed).await;
    life.go_wrong().await;
    life.heal();
    let judgement = life.come_to_rest().await;
    (judgement, life.journal.take())
}

impl Life {
    async fn begin(seed: u64) -> Self {
        let faults = Rc::new(Faults::new(seed, 0.0));
        let shape = Shape::of(&faults.chance);
        let faults = Rc::new(Faults::new(seed, shape.aws));
        let began: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let throttle = Throttle {
            requests_per_minute: shape.requests_per_minute.map(|limit| limit as usize),
            ..Throttle::default()
        };
        let token_lifetime = Duration::from_secs(faults.chance.between("token lifetime", 300, 5_400) as u64);
        let config = Config {
            clock: Clock::Manual(began),
            seed,
            throttle,
            page_size: shape.page_size,
            token_lifetime,
            ..Config::default()
        };
        let microsoft = Simulator::start(config).await.unwrap();
        let mut customer = Customer::example(1);
        if faults.chance.hits("subscribed", 0.8) {
            customer = customer.subscribed();
        }
        let customer = microsoft.add_tenant(customer);
        microsoft.set_random_faults(RandomFaults {
            slow_for: Duration::from_millis(2),
            ..RandomFaults::mixed(seed, shape.weather)
        });
        let time = Time::of(&microsoft);
        let collector = Collector::new(microsoft.url().parse().unwrap(), &time, faults, shape);
        let life = Self {
            microsoft,
            customer,
            collector,
            began,
            published_until: RefCell::new(began - SignedDuration::from_hours(6 * 24)),
            secret: RefCell::new((1, None)),
            audit_off: RefCell::new(false),
            peace: Cell::new(Timestamp::MAX),
            journal: RefCell::default(),
        };
        life.note(format!("{:?}", life.collector.shape));
        life.put_secret(1);
        life.turn_clocks();
        life
    }

    pub(crate) fn note(&self, what: impl Into<String>) {
        self.journal.borrow_mut().push(format!("{} {}", self.collector.time.now(), what.into()));
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.collector.faults
    }

    /// The days on which things go wrong.
    async fn go_wrong(&self) {
        let shape = &self.collector.shape;
        let mut reconciled = self.began;
        for poll in 0..shape.polls {
            for (_, length) in shape.outages.iter().filter(|(before, _)| *before == poll) {
                self.stand_still(*length);
            }
            let jitter = self.faults().chance.between("jitter", -60, 60);
            self.pass(SignedDuration::from_secs(shape.poll_every * 60 + jitter));
            self.meddle();
            if self.faults().happens("two pollers at once", 0.05) {
                futures::join!(self.collector.poll(), self.collector.poll());
            } else {
                self.poll().await;
            }
            if !self.faults().happens("fetchers stopped", 0.1) {
                self.collector.fetch(30).await;
            }
            if self.collector.time.now().duration_since(reconciled) >= SignedDuration::from_mins(59) {
                reconciled = self.collector.time.now();
                if self.faults().happens("two looks back at once", 0.05) {
                    futures::join!(self.collector.look_back(), self.collector.look_back());
                } else {
                    self.collector.look_back().await;
                }
            }
        }
    }

    pub(crate) async fn poll(&self) {
        let report = self.collector.poll().await;
        let Some(report) = report else { return self.note("poll killed") };
        for tenant in &report.tenants {
            for error in tenant.errors() {
                self.note(format!("poll: {error}"));
            }
        }
        for (_, feed) in report.feeds() {
            for loss in &feed.lost {
                self.note(format!("poll lost: {} {loss:?}", feed.content_type));
            }
        }
    }

    /// An outage: nothing of the collector runs.
    fn stand_still(&self, length: SignedDuration) {
        let name = match length.as_hours() {
            1 => "outage of an hour",
            24 => "outage of a day",
            _ => "outage of eight days",
        };
        self.faults().note(name);
        self.note(name);
        let until = self.collector.time.now() + length;
        while self.collector.time.now() < until {
            self.pass(SignedDuration::from_hours(1));
            self.meddle();
        }
    }

    fn pass(&self, duration: SignedDuration) {
        self.collector.time.pass(duration);
        self.publish();
    }

    pub(crate) fn figures(&self) -> Figures {
        let collector = &self.collector;
        Figures {
            seeds: 1,
            simulated_hours: collector.time.now().duration_since(self.began).as_hours().unsigned_abs(),
            polls: collector.polls.get(),
            fetches: collector.fetches.get(),
            looks_back: collector.runs.get(),
            rewritten: collector.bucket.rewritten.get(),
            altered: collector.bucket.altered.borrow().len() as u64,
            injected: self.faults().injected.borrow().clone(),
            ..Figures::default()
        }
    }
}
