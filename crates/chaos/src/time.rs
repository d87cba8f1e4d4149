//! The time of a simulation, and the clocks of its processes, which may deviate from it.

use std::cell::Cell;
use std::rc::Rc;

use collector::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use management_api_simulator::Simulator;
use testkit::ManualClock;

/// The true time, which is the simulator's.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedTime {
    /// Always set to the same time, for the ports in memory.
    pub(crate) clock: ManualClock,
    microsoft: Simulator,
}

impl SimulatedTime {
    pub(crate) fn of(microsoft: &Simulator) -> Self {
        Self { clock: ManualClock::at(microsoft.now()), microsoft: microsoft.clone() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn advance(&self, duration: SignedDuration) {
        self.advance_to(self.now() + duration);
    }

    fn advance_to(&self, instant: Timestamp) {
        if self.now() < instant {
            self.microsoft.set_now(instant);
            self.clock.set(instant);
        }
    }
}

/// A clock that is ahead of the true time by `skew`.
#[derive(Debug, Clone)]
pub(crate) struct SkewedClock {
    pub(crate) time: SimulatedTime,
    pub(crate) skew: Rc<Cell<SignedDuration>>,
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        self.time.now() + self.skew.get()
    }

    /// A short sleep is the client's backoff between two tries, and moves the time forward at once. A long one is a
    /// deadline, and ends when the simulation has moved the time that far.
    async fn sleep_until(&self, instant: Timestamp) {
        const LONGEST_BACKOFF: SignedDuration = SignedDuration::from_secs(10);
        if instant.duration_since(self.now()) <= LONGEST_BACKOFF {
            tokio::task::yield_now().await;
            self.time.advance_to(instant - self.skew.get());
        } else {
            self.time.clock.sleep_until(instant - self.skew.get()).await;
        }
    }
}
