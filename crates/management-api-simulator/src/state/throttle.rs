//! The quota: requests a minute for each tenant and publisher.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use jiff::Timestamp;
use uuid::Uuid;

use crate::clock::minus;

/// The quota of requests to the API (the token endpoint has none), for each tenant and `PublisherIdentifier`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throttle {
    /// Default 2,000, Microsoft's baseline; `None`: no limit.
    pub requests_per_minute: Option<usize>,
    /// Which minute.
    pub window: ThrottleWindow,
    /// The status of a refusal: 403 as documented (default), or 429.
    pub status: u16,
    /// Sent as `Retry-After` in whole seconds; default: not sent.
    pub retry_after: Option<Duration>,
}

impl Default for Throttle {
    fn default() -> Self {
        Throttle { requests_per_minute: Some(2_000), window: ThrottleWindow::Sliding, status: 403, retry_after: None }
    }
}

/// Which minute a quota counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThrottleWindow {
    /// The 60 s before the request.
    Sliding,
    /// The minute of the clock.
    Fixed,
}

/// Who shares a quota. Whoever names no publisher shares one with all others who do not.
type Account = (Uuid, Option<String>);

/// Counts requests against the quota.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    admitted: HashMap<Account, VecDeque<Timestamp>>,
    pub(crate) allowed: u64,
    pub(crate) refused: u64,
}

impl Meter {
    /// Whether one more request is within the quota. Refused ones do not count against it.
    pub(crate) fn admits(&mut self, account: Account, throttle: &Throttle, now: Timestamp) -> bool {
        let Some(limit) = throttle.requests_per_minute else {
            self.allowed += 1;
            return true;
        };
        let admitted = self.admitted.entry(account).or_default();
        while admitted.front().is_some_and(|&at| !shares_minute(at, now, throttle.window)) {
            admitted.pop_front();
        }
        let admits = admitted.len() < limit;
        if admits {
            admitted.push_back(now);
            self.allowed += 1;
        } else {
            self.refused += 1;
        }
        admits
    }
}

fn shares_minute(at: Timestamp, now: Timestamp, window: ThrottleWindow) -> bool {
    match window {
        ThrottleWindow::Sliding => minus(now, Duration::from_secs(60)) < at,
        ThrottleWindow::Fixed => at.as_second().div_euclid(60) == now.as_second().div_euclid(60),
    }
}
