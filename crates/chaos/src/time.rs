//! One time for the world, and clocks that go wrong by it.

use std::cell::Cell;
use std::rc::Rc;

use collector::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use management_api_simulator::Simulator;
use testkit::ManualClock;

/// The true time, which is Microsoft's.
#[derive(Debug, Clone)]
pub(crate) struct Time {
    /// The same time, for what is in memory.
    pub(crate) clock: ManualClock,
    microsoft: Simulator,
}

impl Time {
    pub(crate) fn of(microsoft: &Simulator) -> Self {
        Self { clock: ManualClock::at(microsoft.now()), microsoft: microsoft.clone() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn pass(&self, duration: SignedDuration) {
        self.until(self.now() + duration);
    }

    fn until(&self, instant: Timestamp) {
        if self.now() < instant {
            self.microsoft.set_now(instant);
            self.clock.set(instant);
        }
    }
}

/// A clock that is ahead of the true time by `skew`.
#[derive(Debug, Clone)]
pub(crate) struct SkewedClock {
    pub(crate) time: Time,
    pub(crate) skew: Rc<Cell<SignedDuration>>,
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        self.time.now() + self.skew.get()
    }

    /// The short sleeps are the client's between two tries: the time passes at once. The long ones are deadlines, which
    /// come when enough time has passed.
    async fn sleep_until(&self, instant: Timestamp) {
        const SHORT: SignedDuration = SignedDuration::from_secs(10);
        if instant.duration_since(self.now()) <= SHORT {
            tokio::task::yield_now().await;
            self.time.until(instant - self.skew.get());
        } else {
            self.time.clock.sleep_until(instant - self.skew.get()).await;
        }
    }
}
