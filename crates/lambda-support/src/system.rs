//! The system's clock and randomness.

use std::time::Duration;

use collector::ports::{Clock, Jitter};
use jiff::Timestamp;

#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep_until(&self, instant: Timestamp) {
        // For an instant in the past the conversion fails: there is nothing to wait for.
        let wait = Duration::try_from(instant.duration_since(self.now())).unwrap_or_default();
        tokio::time::sleep(wait).await;
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub struct RandomJitter;

impl Jitter for RandomJitter {
    fn sample(&self) -> f64 {
        rand::random()
    }
}
