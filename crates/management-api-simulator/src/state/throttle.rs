//! The request quota of each tenant and publisher.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    clock::minus,
    config::{Throttle, ThrottleWindow},
};

/// The unit of a quota: tenant and `PublisherIdentifier`. `None` is shared by all requests of all tenants that lack one.
type QuotaAccount = Option<(Uuid, String)>;

/// Counts requests against the quota.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    admitted: HashMap<QuotaAccount, VecDeque<Timestamp>>,
    pub(crate) allowed: u64,
    pub(crate) refused: u64,
}

impl Meter {
    /// Counts a request and returns true if it is within the quota. Refused requests do not use up the quota.
    pub(crate) fn try_admit(&mut self, account: QuotaAccount, throttle: &Throttle, now: Timestamp) -> bool {
        let Some(limit) = throttle.requests_per_minute else {
            self.allowed += 1;
            return true;
        };
        let admitted = self.admitted.entry(account).or_default();
        while admitted.front().is_some_and(|&at| !is_in_same_minute(at, now, throttle.window)) {
            admitted.pop_front();
        }
        let try_admit = admitted.len() < limit;
        if try_admit {
            admitted.push_back(now);
            self.allowed += 1;
        } else {
            self.refused += 1;
        }
        try_admit
    }
}

fn is_in_same_minute(at: Timestamp, now: Timestamp, window: ThrottleWindow) -> bool {
    match window {
        ThrottleWindow::Sliding => minus(now, Duration::from_secs(60)) < at,
        ThrottleWindow::Fixed => at.as_second().div_euclid(60) == now.as_second().div_euclid(60),
    }
}
