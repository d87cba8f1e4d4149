//! A clock for tests that must not wait.

use std::sync::{Arc, Mutex};

use collector::ports::Clock;
use jiff::{SignedDuration, Timestamp};

/// Stands still except when a task sleeps: it then jumps to the end of the pause at once, and records the pause. Clones
/// share the same time.
#[derive(Debug, Clone)]
pub(crate) struct AutoAdvancingClock(Arc<Mutex<ClockState>>);

#[derive(Debug)]
struct ClockState {
    now: Timestamp,
    pauses: Vec<SignedDuration>,
}

impl AutoAdvancingClock {
    pub(crate) fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(ClockState { now, pauses: Vec::new() })))
    }

    pub(crate) fn set(&self, now: Timestamp) {
        self.0.lock().unwrap().now = now;
    }

    /// The pauses so far, in milliseconds.
    pub(crate) fn pauses(&self) -> Vec<i128> {
        self.0.lock().unwrap().pauses.iter().map(SignedDuration::as_millis).collect()
    }
}

impl Clock for AutoAdvancingClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().now
    }

    async fn sleep_until(&self, instant: Timestamp) {
        let mut state = self.0.lock().unwrap();
        let pause = instant.duration_since(state.now);
        state.pauses.push(pause);
        state.now = instant;
    }
}
