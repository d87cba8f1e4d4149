//! Decides which faults are injected, and counts them.

use std::cell::{Cell, RefCell};
use std::future::Future;

use collector::failure::{Failure, FailureKind};

use crate::figures::Counts;
use crate::seeded_random::SeededRandom;

#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) random: SeededRandom,
    /// The probability that a call to AWS fails.
    aws_failure_rate: f64,
    stopped: Cell<bool>,
    pub(crate) injected: RefCell<Counts>,
}

/// The names of the two ways in which a call to a service fails.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service {
    /// The call had no effect.
    request_failed: &'static str,
    /// The call took effect, but the caller sees an error.
    response_lost: &'static str,
}

pub(crate) const DYNAMODB: Service = Service {
    request_failed: "DynamoDB: throttled or transaction canceled",
    response_lost: "DynamoDB: response lost after success",
};
pub(crate) const S3: Service =
    Service { request_failed: "S3: request failed", response_lost: "S3: response lost after success" };
pub(crate) const SQS: Service =
    Service { request_failed: "SQS: request failed", response_lost: "SQS: response lost after success" };
pub(crate) const SECRETS: Service = Service {
    request_failed: "Secrets Manager: request failed",
    response_lost: "Secrets Manager: response lost after success",
};

impl Faults {
    pub(crate) fn new(seed: u64, aws_failure_rate: f64) -> Self {
        Self {
            random: SeededRandom::new(seed),
            aws_failure_rate,
            stopped: Cell::new(false),
            injected: RefCell::default(),
        }
    }

    pub(crate) fn stop(&self) {
        self.stopped.set(true);
    }

    /// Whether the caller should inject `kind` now; counts it if so.
    pub(crate) fn happens(&self, kind: &'static str, probability: f64) -> bool {
        let happens = !self.stopped.get() && self.random.with_probability(kind, probability);
        if happens {
            self.count(kind);
        }
        happens
    }

    pub(crate) fn count(&self, kind: &'static str) {
        *self.injected.borrow_mut().entry(kind).or_default() += 1;
    }

    /// Makes `call`, unless one of the two failures is injected: three in five of them before it, the others after it.
    pub(crate) async fn inject<T>(
        &self,
        service: Service,
        subject: &str,
        call: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let sample = if self.stopped.get() { 1.0 } else { self.random.sample_for(service.request_failed, subject) };
        let failure = |kind: &str| Failure::new(FailureKind::AwsService, format!("{kind} ({subject})"));
        if sample < self.aws_failure_rate * 0.6 {
            self.count(service.request_failed);
            return Err(failure(service.request_failed));
        }
        let done = call.await?;
        if sample < self.aws_failure_rate {
            self.count(service.response_lost);
            return Err(failure(service.response_lost));
        }
        Ok(done)
    }
}
