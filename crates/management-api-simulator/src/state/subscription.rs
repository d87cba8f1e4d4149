//! Subscriptions: whether one is on, since when, and which content that makes obtainable.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    clock::{minus, plus},
    config::Config,
};

/// The subscription of one tenant to one content type. By default it was never started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subscription {
    /// Every start (`true`) and stop, oldest first.
    changes: Vec<(Timestamp, bool)>,
    last_started: Option<Timestamp>,
    reaches_back_to: Option<Timestamp>,
}

impl Subscription {
    pub(crate) fn always_on() -> Self {
        Subscription { changes: vec![(Timestamp::MIN, true)], ..Subscription::default() }
    }

    /// `None` if it was never started.
    pub(crate) fn is_on(&self) -> Option<bool> {
        self.changes.last().map(|&(_, on)| on)
    }

    pub(crate) fn was_on(&self, at: Timestamp) -> bool {
        let before = self.changes.partition_point(|&(since, _)| since <= at);
        before.checked_sub(1).and_then(|index| self.changes.get(index)).is_some_and(|&(_, on)| on)
    }

    /// Whether content from before the first start, available since `created`, became obtainable through that start.
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
