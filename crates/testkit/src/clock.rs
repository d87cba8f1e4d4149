//! A clock and a jitter that tests control.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use collector::ports::{Clock, Jitter};
use jiff::{SignedDuration, Timestamp};

/// A clock that moves only when a test moves it. Clones share their time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<(Timestamp, Vec<Waker>)>>);

impl ManualClock {
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new((now, Vec::new()))))
    }

    /// Moves the clock forward, or back if `by` is negative.
    pub fn advance(&self, by: SignedDuration) {
        self.set(self.now() + by);
    }

    pub fn set(&self, now: Timestamp) {
        let mut state = self.0.lock().unwrap();
        state.0 = now;
        state.1.drain(..).for_each(Waker::wake);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().0
    }

    async fn sleep_until(&self, instant: Timestamp) {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            if state.0 >= instant {
                return Poll::Ready(());
            }
            state.1.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Returns the same number for every sample.
#[derive(Debug, Clone, Copy, Default)]
pub struct FixedJitter(pub f64);

impl Jitter for FixedJitter {
    fn sample(&self) -> f64 {
        self.0
    }
}
