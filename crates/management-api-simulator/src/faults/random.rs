//! Random faults, reproducible from their seed.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use rand::RngExt;

use crate::{
    faults::kind::FaultKind,
    http::{
        request::Request,
        route::{Operation, Subject},
    },
    seeds::{fingerprint, seeded},
};

/// The probability of each kind of fault for one request, from 0 to 1; the sum must not exceed 1. The default is no
/// faults.
///
/// Whether a request gets a fault depends on the seed, on what is requested, and on how many times it was requested
/// before, but not on the order in which different requests arrive.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RandomFaults {
    /// Another seed gives another sequence of faults.
    pub seed: u64,
    /// [`FaultKind::Throttled`] with 403 (429 from the token endpoint).
    pub throttled: f64,
    /// [`FaultKind::Unavailable`].
    pub unavailable: f64,
    /// [`FaultKind::BadGateway`].
    pub bad_gateway: f64,
    /// [`FaultKind::Error`] with 500 and AF50000 (503 and AADSTS90033 from the token endpoint).
    pub internal_error: f64,
    /// [`FaultKind::ErrorInside200`] with AF50000; never from the token endpoint.
    pub error_inside_200: f64,
    /// [`FaultKind::Unauthorized`]; never from the token endpoint.
    pub unauthorized: f64,
    /// [`FaultKind::Drop`].
    pub dropped: f64,
    /// [`FaultKind::CutBody`] within the first 4 KiB.
    pub cut_body: f64,
    /// [`FaultKind::Truncate`] within the first 4 KiB; never from the token endpoint.
    pub truncated: f64,
    /// [`FaultKind::StallHead`] for at most `slow_for`.
    pub slow: f64,
    /// The maximum delay of a slow response.
    pub slow_for: Duration,
}

impl RandomFaults {
    /// Every kind of fault with the same probability; `together` is the probability that a request gets any. Slow
    /// responses are delayed by up to 50 ms.
    pub fn mixed(seed: u64, together: f64) -> Self {
        let each = together / 10.0;
        RandomFaults {
            seed,
            throttled: each,
            unavailable: each,
            bad_gateway: each,
            internal_error: each,
            error_inside_200: each,
            unauthorized: each,
            dropped: each,
            cut_body: each,
            truncated: each,
            slow: each,
            slow_for: Duration::from_millis(50),
        }
    }
}

/// The random faults and what they did so far.
#[derive(Debug, Default)]
pub(crate) struct RandomFaultState {
    pub(crate) settings: RandomFaults,
    request_counts: HashMap<u64, u64>,
    /// How many requests got which kind of fault.
    pub(crate) injected: BTreeMap<&'static str, u64>,
}

impl RandomFaultState {
    pub(crate) fn new(settings: RandomFaults) -> Self {
        RandomFaultState { settings, ..RandomFaultState::default() }
    }

    pub(crate) fn draw(&mut self, subject: &Subject, request: &Request) -> Option<FaultKind> {
        if self.settings == RandomFaults::default() {
            return None;
        }
        let tenant = subject.tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
        let request_key = fingerprint(&[
            subject.operation.name(),
            &tenant,
            subject.content_type.as_deref().unwrap_or_default(),
            subject.content_id.as_deref().unwrap_or_default(),
            &request.parameter("starttime").unwrap_or_default(),
        ]);
        let nth = self.request_counts.entry(request_key).or_default();
        *nth += 1;
        let (kind, fault) = draw(&self.settings, subject.operation, request_key, *nth)?;
        *self.injected.entry(kind).or_default() += 1;
        Some(fault)
    }
}

fn draw(
    settings: &RandomFaults,
    operation: Operation,
    request_key: u64,
    nth: u64,
) -> Option<(&'static str, FaultKind)> {
    // The label is part of what a seed means: another label gives other faults for the seeds of known failures.
    let mut rng = seeded(settings.seed ^ request_key, &["weather", &nth.to_string()]);
    let is_token_request = operation == Operation::Token;
    let after = rng.random_range(0..4_096);
    let internal_error = if is_token_request { (503, "AADSTS90033") } else { (500, "AF50000") };
    let mut sample: f64 = rng.random_range(0.0..1.0);
    // Every random number is drawn before a kind is chosen, so that one probability does not shift the others' numbers.
    let kinds = [
        ("throttled", settings.throttled, FaultKind::Throttled { status: 403, retry_after: None }),
        ("unavailable", settings.unavailable, FaultKind::Unavailable),
        ("bad_gateway", settings.bad_gateway, FaultKind::BadGateway),
        (
            "internal_error",
            settings.internal_error,
            FaultKind::Error { status: internal_error.0, code: internal_error.1.to_owned() },
        ),
        ("error_inside_200", settings.error_inside_200, FaultKind::ErrorInside200 { code: "AF50000".to_owned() }),
        ("unauthorized", settings.unauthorized, FaultKind::Unauthorized),
        ("dropped", settings.dropped, FaultKind::Drop),
        ("cut_body", settings.cut_body, FaultKind::CutBody { after }),
        ("truncated", settings.truncated, FaultKind::Truncate { after }),
        ("slow", settings.slow, FaultKind::StallHead(settings.slow_for.mul_f64(rng.random_range(0.0..1.0)))),
    ];
    for (kind, probability, fault) in kinds {
        if sample < probability {
            let excluded = is_token_request && matches!(kind, "error_inside_200" | "unauthorized" | "truncated");
            return (!excluded).then_some((kind, fault));
        }
        sample -= probability;
    }
    None
}
