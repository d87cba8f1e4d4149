//! Subscriptions: whether one is on, since when, and which content that makes obtainable.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    clock::{minus, plus},
    config::Config,
};

/// A contradiction between the answers about one subscription, as observed in the live service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionAnomaly {
    /// The list says `enabled`, listings are refused with AF20023. The next start succeeds and ends the contradiction.
    EnabledButRefused,
    /// The list leaves the subscription out, a start is refused with AF20024, and listings work.
    WorkingButUnlisted,
}

/// What a listing is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListingAccess {
    Granted,
    /// AF20023.
    Disabled,
}

/// The subscription of one tenant to one content type. By default it was never started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subscription {
    /// Every start (`true`) and stop, oldest first.
    changes: Vec<(Timestamp, bool)>,
    last_started: Option<Timestamp>,
    reaches_back_to: Option<Timestamp>,
    /// The start that takes effect only at this time.
    pending: Option<Timestamp>,
    pub(crate) anomaly: Option<SubscriptionAnomaly>,
}

impl Subscription {
    pub(crate) fn always_on() -> Self {
        Subscription { changes: vec![(Timestamp::MIN, true)], ..Subscription::default() }
    }

    /// Whether the last change was a start, even if it has no effect yet; `None` if it was never started.
    pub(crate) fn last_change(&self) -> Option<bool> {
        self.changes.last().map(|&(_, on)| on)
    }

    /// Whether it is in effect; `None` if no start ever took effect.
    pub(crate) fn is_on(&self, now: Timestamp) -> Option<bool> {
        if self.is_pending(now) {
            // Before the pending starts, there was nothing or a stop.
            return self.changes.iter().any(|&(_, on)| !on).then_some(false);
        }
        self.last_change()
    }

    fn is_pending(&self, now: Timestamp) -> bool {
        self.pending.is_some_and(|effective| now < effective)
    }

    /// What listings are answered with; `None` if there is no subscription (AF20022).
    pub(crate) fn listing(&self, now: Timestamp) -> Option<ListingAccess> {
        if self.is_pending(now) || self.anomaly == Some(SubscriptionAnomaly::EnabledButRefused) {
            return Some(ListingAccess::Disabled);
        }
        let granted = self.last_change()?;
        Some(if granted { ListingAccess::Granted } else { ListingAccess::Disabled })
    }

    /// Whether a start is refused because the subscription is on already.
    pub(crate) fn refuses_start(&self, now: Timestamp) -> bool {
        self.is_on(now) == Some(true) && self.anomaly != Some(SubscriptionAnomaly::EnabledButRefused)
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
        if !config.start_delay.is_zero() && self.last_change() != Some(true) {
            self.pending = Some(plus(now, config.start_delay));
        }
        self.changes.push((now, true));
        self.last_started = Some(now);
        self.anomaly = None;
    }

    pub(crate) fn stop(&mut self, now: Timestamp) {
        self.changes.push((now, false));
        self.pending = None;
        self.anomaly = None;
    }

    /// The time until a client may start it again.
    pub(crate) fn cool_down_left(&self, now: Timestamp, config: &Config) -> Option<Duration> {
        let until = plus(self.last_started?, config.start_cool_down);
        Duration::try_from(until.duration_since(now)).ok().filter(|left| !left.is_zero())
    }

    /// Its row in the list of subscriptions, if it has one.
    pub(crate) fn to_json(&self, content_type: &str, now: Timestamp) -> Option<Value> {
        if self.anomaly == Some(SubscriptionAnomaly::WorkingButUnlisted) {
            return None;
        }
        let status = if self.is_on(now)? { "enabled" } else { "disabled" };
        Some(json!({"contentType": content_type, "status": status, "webhook": null}))
    }
}
