//! One seed: days of a tenant and its collector under faults, then a quiet period, then the check.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use management_api_simulator::{
    Clock, Config, RandomFaults, SeededRandom, Simulator, Tenant as SimulatedTenant, Throttle, Uuid,
};

use crate::deployment::Deployment;
use crate::faults::Faults;
use crate::figures::CampaignFigures;
use crate::profile::Profile;
use crate::time::SimulatedTime;

#[derive(Debug)]
pub(crate) struct Simulation {
    pub(crate) microsoft: Simulator,
    pub(crate) tenant_id: Uuid,
    pub(crate) deployment: Deployment,
    pub(crate) started_at: Timestamp,
    /// Everything created up to this instant has been published.
    pub(crate) published_until: RefCell<Timestamp>,
    pub(crate) secret: Cell<ClientSecret>,
    pub(crate) auditing_disabled: Cell<bool>,
    pub(crate) faults_stopped_at: Cell<Timestamp>,
    pub(crate) event_log: RefCell<Vec<String>>,
}

/// The client secret that Entra accepts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientSecret {
    pub(crate) number: u32,
    /// When an administrator will store it in Secrets Manager; `None` once that is done.
    pub(crate) store_at: Option<Timestamp>,
}

impl Simulation {
    pub(crate) async fn start(seed: u64) -> Self {
        let profile = Profile::sample(&SeededRandom::new(seed));
        let faults = Rc::new(Faults::new(seed, profile.aws_failure_rate, profile.bad_minute_rate));
        let started_at: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let throttle = Throttle {
            requests_per_minute: profile.requests_per_minute.map(|limit| limit as usize),
            ..Throttle::default()
        };
        let token_lifetime = Duration::from_secs(faults.random.between("token lifetime", 300, 5_400) as u64);
        let config = Config {
            clock: Clock::Manual(started_at),
            seed,
            throttle,
            page_size: profile.page_size,
            token_lifetime,
            ..Config::default()
        };
        let microsoft = Simulator::start(config).await.unwrap();
        let mut tenant = SimulatedTenant::example(1);
        if faults.random.with_probability("subscribed", 0.8) {
            tenant = tenant.subscribed();
        }
        let tenant_id = microsoft.add_tenant(tenant);
        microsoft.set_random_faults(RandomFaults {
            // Real time, which would add up.
            slow_for: Duration::from_millis(2),
            ..RandomFaults::mixed(seed, profile.microsoft_fault_rate)
        });
        let time = SimulatedTime::of(&microsoft);
        let deployment = Deployment::new(microsoft.url().parse().unwrap(), &time, faults, profile);
        let simulation = Self {
            microsoft,
            tenant_id,
            deployment,
            started_at,
            // Older content for the backfill.
            published_until: RefCell::new(started_at - SignedDuration::from_hours(6 * 24)),
            secret: Cell::new(ClientSecret { number: 1, store_at: None }),
            auditing_disabled: Cell::new(false),
            faults_stopped_at: Cell::new(Timestamp::MAX),
            event_log: RefCell::default(),
        };
        simulation.log(format!("{:?}", simulation.deployment.profile));
        simulation.store_secret(1);
        simulation.change_clock_skew();
        simulation
    }

    pub(crate) fn log(&self, event: impl Into<String>) {
        self.event_log.borrow_mut().push(format!("{} {}", self.deployment.time.now(), event.into()));
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.deployment.faults
    }

    pub(crate) async fn run_with_faults(&self) {
        let profile = &self.deployment.profile;
        let mut reconciled_at = self.started_at;
        for poll in 0..profile.polls {
            for (_, length) in profile.outages.iter().filter(|(before, _)| *before == poll) {
                self.run_outage(*length);
            }
            let jitter = self.faults().random.between("poll jitter", -60, 60);
            self.advance(SignedDuration::from_secs(profile.poll_interval_minutes * 60 + jitter));
            self.apply_admin_actions();
            self.apply_incidents(poll);
            if self.faults().happens("Lambda: two concurrent pollers", 0.05) {
                futures::join!(self.deployment.poll(), self.deployment.poll());
            } else {
                self.poll_and_log().await;
            }
            let is_stopped = profile.fetchers_stopped.contains(&poll);
            if !is_stopped && !self.faults().happens("Lambda: fetcher not invoked", 0.1) {
                self.deployment.fetch_batches(30).await;
            }
            if self.deployment.time.now().duration_since(reconciled_at) >= SignedDuration::from_mins(59) {
                reconciled_at = self.deployment.time.now();
                if self.faults().happens("Lambda: two concurrent reconcilers", 0.05) {
                    futures::join!(self.deployment.reconcile(), self.deployment.reconcile());
                } else {
                    self.deployment.reconcile().await;
                }
            }
        }
    }

    pub(crate) async fn poll_and_log(&self) {
        let report = self.deployment.poll().await;
        let Some(report) = report else { return self.log("poll killed or failed") };
        for tenant in &report.tenants {
            for error in tenant.errors() {
                self.log(format!("poll: {error}"));
            }
        }
        for (_, feed) in report.feeds() {
            for unlisted in &feed.windows_unlisted {
                self.log(format!("poll passed over {} of {}", unlisted.window, feed.content_type));
            }
            for loss in &feed.lost {
                self.log(format!("poll reported a loss: {} {loss:?}", feed.content_type));
            }
        }
    }

    /// None of the functions runs, while the tenant goes on publishing.
    fn run_outage(&self, length: SignedDuration) {
        let kind = match length.as_hours() {
            1 => "outage: 1 hour",
            24 => "outage: 1 day",
            _ => "outage: 8 days",
        };
        self.faults().count(kind);
        self.log(kind);
        let end = self.deployment.time.now() + length;
        while self.deployment.time.now() < end {
            self.advance(SignedDuration::from_hours(1));
            self.apply_admin_actions();
        }
    }

    fn advance(&self, duration: SignedDuration) {
        self.deployment.time.advance(duration);
        self.publish();
    }

    pub(crate) fn figures(&self) -> CampaignFigures {
        let deployment = &self.deployment;
        CampaignFigures {
            seeds: 1,
            simulated_hours: deployment.time.now().duration_since(self.started_at).as_hours().unsigned_abs(),
            polls: deployment.polls.get(),
            deliveries: deployment.deliveries.get(),
            reconciler_runs: deployment.reconciler_runs.get(),
            windows_halved: deployment.state.history().replaced.len() as u64,
            overwrites: deployment.archive.overwrites(),
            changed_objects: deployment.archive.changed().len() as u64,
            injected: self.faults().injected.borrow().clone(),
            ..CampaignFigures::default()
        }
    }
}
