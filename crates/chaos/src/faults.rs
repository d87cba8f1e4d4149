//! Decides which faults are injected, and counts them.

use std::cell::{Cell, RefCell};

use collector::failure::{Failure, FailureKind};
use collector::window::Window;
use jiff::SignedDuration;
use management_api_simulator::SeededRandom;
use testkit::{Action, PortCall};

use crate::figures::Counts;
use crate::time::SimulatedTime;

#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) random: SeededRandom,
    /// The probability that a call to AWS fails.
    aws_failure_rate: f64,
    seed: u64,
    /// The probability that an hour holds a minute that cannot be listed, alone or in a longer window.
    bad_minute_rate: f64,
    stopped: Cell<bool>,
    pub(crate) injected: RefCell<Counts>,
}

/// The names of the two ways in which a call to a service fails.
#[derive(Debug, Clone, Copy)]
struct Service {
    /// The call had no effect.
    request_failed: &'static str,
    /// The call took effect, but the caller sees an error.
    response_lost: &'static str,
}

const DYNAMODB: Service = Service {
    request_failed: "DynamoDB: throttled or transaction canceled",
    response_lost: "DynamoDB: response lost after success",
};
const S3: Service = Service { request_failed: "S3: request failed", response_lost: "S3: response lost after success" };
const SQS: Service =
    Service { request_failed: "SQS: request failed", response_lost: "SQS: response lost after success" };
const SECRETS: Service = Service {
    request_failed: "Secrets Manager: request failed",
    response_lost: "Secrets Manager: response lost after success",
};

impl Faults {
    pub(crate) fn new(seed: u64, aws_failure_rate: f64, bad_minute_rate: f64) -> Self {
        Self {
            random: SeededRandom::new(seed),
            aws_failure_rate,
            seed,
            bad_minute_rate,
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

    /// What becomes of a call of a port. Time passes where a response or an upload takes long.
    pub(crate) fn action(&self, time: &SimulatedTime, call: PortCall<'_>) -> Action {
        match call {
            PortCall::Subscriptions(_) | PortCall::Page(_) | PortCall::Open(_) => {
                // Rarely, a response takes so long that a deadline may pass meanwhile.
                if self.happens("Microsoft: response delayed by minutes", 0.002) {
                    time.advance(SignedDuration::from_secs(self.random.between("response delay", 30, 240)));
                }
                Action::Proceed
            }
            PortCall::List(_, window) if self.holds_bad_minute(window) => {
                let kind = "Microsoft: window that cannot be listed";
                self.count(kind);
                let failure = Failure::new(FailureKind::Transient, kind);
                // What was queued of a window that is halved then comes again under other content ids.
                if self.random.with_probability("first page can be listed", 0.5) {
                    Action::FailAfterFirst(failure)
                } else {
                    Action::Fail(failure)
                }
            }
            PortCall::StartSubscription(_) | PortCall::List(..) | PortCall::ReadBlob => Action::Proceed,
            PortCall::SendOne => {
                if self.happens("SQS: batch partially rejected", 0.005) {
                    let problem = "SQS rejected some messages of the batch";
                    return Action::Fail(Failure::new(FailureKind::AwsService, problem));
                }
                Action::Proceed
            }
            PortCall::StoreObject(key) => {
                // Meanwhile the message may be delivered to another fetcher.
                if self.happens("S3: slow upload", 0.002) {
                    time.advance(SignedDuration::from_mins(self.random.between("upload duration", 1, 40)));
                }
                self.aws_action(S3, key)
            }
            PortCall::BeginObject | PortCall::WriteObject => self.aws_action(S3, "write"),
            PortCall::Malformed(feed) => self.aws_action(S3, &format!("malformed {feed}")),
            PortCall::Archived(feed) => self.aws_action(S3, &format!("list {feed}")),
            PortCall::StoreReport(key) => self.aws_action(S3, key),
            PortCall::AllTenants => self.aws_action(SECRETS, "all"),
            PortCall::ReadTenant(secret_id) => self.aws_action(SECRETS, secret_id),
            PortCall::Send
            | PortCall::SendDelayed
            | PortCall::Waiting
            | PortCall::ChangeVisibility
            | PortCall::ReceiveDeadLetters
            | PortCall::RemoveDeadLetter => self.aws_action(SQS, &format!("{call:?}")),
            PortCall::AcquireLease
            | PortCall::ReleaseLease
            | PortCall::OtherRuns
            | PortCall::Feeds(_)
            | PortCall::RecordWindow(_)
            | PortCall::ReplaceWindow(_)
            | PortCall::SaveFailedListings(_)
            | PortCall::CommitWindow(_)
            | PortCall::PassOver(_)
            | PortCall::Skip(_)
            | PortCall::SaveSubscription(_)
            | PortCall::Windows(_)
            | PortCall::UpdateWindow(_)
            | PortCall::Rechecks(_)
            | PortCall::SaveRechecks(_)
            | PortCall::PutOpen(_)
            | PortCall::RemoveOpen(_)
            | PortCall::OpenContents(_)
            | PortCall::RecordLoss(_)
            | PortCall::MarkReported(_)
            | PortCall::MarkProcessed(_)
            | PortCall::Losses(_)
            | PortCall::Reserve(_)
            | PortCall::Charge(_)
            | PortCall::ReducedAt(_)
            | PortCall::OnThrottled(_) => self.aws_action(DYNAMODB, &format!("{call:?}")),
        }
    }

    /// The same minutes are bad whenever they are asked for, until the faults stop.
    fn holds_bad_minute(&self, window: Window) -> bool {
        const HOUR: i64 = 3_600;
        let (start, end) = (window.start().as_second(), window.end().as_second());
        let mut hours = start.div_euclid(HOUR)..=(end - 1).div_euclid(HOUR);
        !self.stopped.get()
            && hours.any(|hour| {
                let random = SeededRandom::new(self.seed.wrapping_add(hour.unsigned_abs()));
                let bad = hour * HOUR + 60 * random.between("bad minute", 0, 59);
                random.with_probability("hour with a bad minute", self.bad_minute_rate) && bad < end && start < bad + 60
            })
    }

    /// One of the two failures, or none: three in five of them come before the call, the others after it.
    fn aws_action(&self, service: Service, subject: &str) -> Action {
        let sample = if self.stopped.get() { 1.0 } else { self.random.sample_for(service.request_failed, subject) };
        let failure = |kind: &str| Failure::new(FailureKind::AwsService, format!("{kind} ({subject})"));
        if sample < self.aws_failure_rate * 0.6 {
            self.count(service.request_failed);
            Action::Fail(failure(service.request_failed))
        } else if sample < self.aws_failure_rate {
            self.count(service.response_lost);
            Action::LoseResponse(failure(service.response_lost))
        } else {
            Action::Proceed
        }
    }
}
