//! The time of day and chance, as the machine has them.

use std::time::Duration;

use collector::ports::{Clock, Jitter};
use jiff::Timestamp;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep_until(&self, instant: Timestamp) {
        // An instant that is past is no wait.
        let wait = Duration::try_from(instant.duration_since(self.now())).unwrap_or_default();
        tokio::time::sleep(wait).await;
    }
}

/// The machine's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomJitter;

impl Jitter for RandomJitter {
    fn sample(&self) -> f64 {
        rand::random()
    }
}
