//! A subscription: whether it is on, since when, and what that makes obtainable.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    clock::{minus, plus},
    config::Config,
};

/// The subscription of one tenant to one content type. The default was never started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subscription {
    /// Every change, oldest first; empty: never started.
    changes: Vec<(Timestamp, bool)>,
    last_started: Option<Timestamp>,
    reaches_back_to: Option<Timestamp>,
}

impl Subscription {
    /// On since ever.
    pub(crate) fn always_on() -> Self {
        Subscription { changes: vec![(Timestamp::MIN, true)], ..Subscription::default() }
    }

    /// `None`: never started.
    pub(crate) fn is_on(&self) -> Option<bool> {
        self.changes.last().map(|&(_, on)| on)
    }

    /// Whether it was on at this instant.
    pub(crate) fn was_on(&self, at: Timestamp) -> bool {
        let before = self.changes.partition_point(|&(since, _)| since <= at);
        before.checked_sub(1).and_then(|index| self.changes.get(index)).is_some_and(|&(_, on)| on)
    }

    /// Whether content made available at this instant, before the first start, became obtainable by it.
    pub(crate) fn reaches_back_to(&self, created: Timestamp) -> bool {
        self.reaches_back_to.is_some_and(|from| from <= created)
    }

    pub(crate) fn start(&mut self, now: Timestamp, config: &Config) {
        if self.changes.is_empty() && !config.reach_back.is_zero() {
            self.reaches_back_to = Some(minus(now, config.reach_back));
        }
        self.changes.push((now, true));
        self.last_started = Some(now);
    }

    pub(crate) fn stop(&mut self, now: Timestamp) {
        self.changes.push((now, false));
    }

    pub(crate) fn is_cooling_down(&self, now: Timestamp, config: &Config) -> bool {
        self.last_started.is_some_and(|last| now < plus(last, config.start_cool_down))
    }

    pub(crate) fn to_json(&self, content_type: &str) -> Option<Value> {
        let status = if self.is_on()? { "enabled" } else { "disabled" };
        Some(json!({"contentType": content_type, "status": status, "webhook": null}))
    }
}
