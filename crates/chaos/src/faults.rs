//! What goes wrong, and how often it did.

use std::cell::{Cell, RefCell};
use std::future::Future;

use collector::failure::{Failure, FailureKind};

use crate::figures::Tally;
use crate::seeded_random::Chance;

/// The faults of one seed.
#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) chance: Chance,
    /// How likely a call of AWS fails.
    level: f64,
    off: Cell<bool>,
    pub(crate) injected: RefCell<Tally>,
}

/// The two ways in which a call of a service fails.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service {
    /// Nothing was done.
    refuses: &'static str,
    /// It was done, and nobody heard of it.
    is_unheard: &'static str,
}

pub(crate) const DYNAMODB: Service =
    Service { refuses: "DynamoDB: throttled or transaction failed", is_unheard: "DynamoDB: done, answer lost" };
pub(crate) const S3: Service = Service { refuses: "S3: 5xx", is_unheard: "S3: done, answer lost" };
pub(crate) const SQS: Service = Service { refuses: "SQS: call failed", is_unheard: "SQS: done, answer lost" };
pub(crate) const SECRETS: Service =
    Service { refuses: "Secrets Manager: call failed", is_unheard: "Secrets Manager: answer lost" };

impl Faults {
    pub(crate) fn new(seed: u64, level: f64) -> Self {
        Self { chance: Chance::new(seed), level, off: Cell::new(false), injected: RefCell::default() }
    }

    pub(crate) fn switch_off(&self) {
        self.off.set(true);
    }

    /// Whether `kind` happens now; it is counted if so.
    pub(crate) fn happens(&self, kind: &'static str, likely: f64) -> bool {
        let happens = !self.off.get() && self.chance.hits(kind, likely);
        if happens {
            self.note(kind);
        }
        happens
    }

    pub(crate) fn note(&self, kind: &'static str) {
        *self.injected.borrow_mut().entry(kind).or_default() += 1;
    }

    /// `call`, or one of the two ways in which it fails.
    pub(crate) async fn strike<T>(
        &self,
        service: Service,
        about: &str,
        call: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let roll = if self.off.get() { 1.0 } else { self.chance.about(service.refuses, about) };
        let failure = |what: &str| Failure::new(FailureKind::AwsService, format!("{what} ({about})"));
        if roll < self.level * 0.6 {
            self.note(service.refuses);
            return Err(failure(service.refuses));
        }
        let done = call.await?;
        if roll < self.level {
            self.note(service.is_unheard);
            return Err(failure(service.is_unheard));
        }
        Ok(done)
    }
}
