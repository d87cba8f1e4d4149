//! Random faults, reproducible from their seed.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    faults::kind::FaultKind,
    http::{
        request::Request,
        route::{Operation, Subject},
    },
    seeds::SeededRandom,
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
    random: SeededRandom,
    /// How many requests got which kind of fault.
    pub(crate) injected: BTreeMap<&'static str, u64>,
}

impl RandomFaultState {
    pub(crate) fn new(settings: RandomFaults) -> Self {
        RandomFaultState { random: SeededRandom::new(settings.seed), settings, ..RandomFaultState::default() }
    }

    pub(crate) fn draw(&mut self, subject: &Subject, request: &Request) -> Option<FaultKind> {
        if self.settings == RandomFaults::default() {
            return None;
        }
        let tenant = subject.tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
        let request_key = [
            subject.operation.name(),
            &tenant,
            subject.content_type.as_deref().unwrap_or_default(),
            subject.content_id.as_deref().unwrap_or_default(),
            &request.parameter("starttime").unwrap_or_default(),
        ]
        .join(" ");
        let (kind, fault) = draw(&self.settings, subject.operation, &self.random, &request_key)?;
        *self.injected.entry(kind).or_default() += 1;
        Some(fault)
    }
}

fn draw(
    settings: &RandomFaults,
    operation: Operation,
    random: &SeededRandom,
    request_key: &str,
) -> Option<(&'static str, FaultKind)> {
    let is_token_request = operation == Operation::Token;
    let after = (random.sample_for("cut after", request_key) * 4_096.0) as u64;
    let slow_for = settings.slow_for.mul_f64(random.sample_for("slow for", request_key));
    let mut sample = random.sample_for("kind of fault", request_key);
    let internal_error = if is_token_request { (503, "AADSTS90033") } else { (500, "AF50000") };
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
        ("slow", settings.slow, FaultKind::StallHead(slow_for)),
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
