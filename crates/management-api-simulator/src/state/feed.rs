//! The feed of one content type of one tenant: its slices in order, and how they are grouped into aggregates.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use crate::{
    clock::{plus, to_millisecond},
    config::{Aggregation, Config},
    content_id::SliceKey,
    records::slice::{Content, Slice},
    state::subscription::Subscription,
};

/// `start <= contentCreated < end`, unless [`Config::inclusive_end`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

/// Slices that a listing shows under one content id.
#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    pub(crate) first: SliceKey,
    pub(crate) last: SliceKey,
    pub(crate) keys: Vec<SliceKey>,
    pub(crate) expires: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct Feed {
    pub(crate) slices: BTreeMap<SliceKey, StoredSlice>,
    pub(crate) subscription: Subscription,
    /// The latest end of a listed window that was completely in the past: a slice created before it is late.
    listed_until: Option<Timestamp>,
    open: Option<OpenAggregate>,
    aggregates: u64,
}

/// The aggregate that the next slice may still join.
#[derive(Debug)]
struct OpenAggregate {
    number: u64,
    last: Timestamp,
    slices: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct StoredSlice {
    pub(crate) content: Content,
    pub(crate) visible_at: Timestamp,
    pub(crate) expires: Option<Timestamp>,
    aggregate: u64,
    obtainability: Obtainability,
}

/// Whether a slice can be fetched, which depends on the subscription when it was published.
#[derive(Debug, Clone, Copy)]
enum Obtainability {
    /// The subscription was on.
    Always,
    /// The subscription was stopped.
    Never,
    /// The subscription had not been started yet.
    IfFirstStartReachesBack,
    /// Published ahead of time: depends on the subscription at this time.
    DecidedAt(Timestamp),
}

impl Feed {
    pub(crate) fn new(subscription: Subscription) -> Self {
        Feed { subscription, ..Feed::default() }
    }

    pub(crate) fn publish(&mut self, slice: Slice, config: &Config, now: Timestamp) {
        let created = to_millisecond(slice.created);
        let visible_at = slice.visible_at.map_or(created, |at| at.max(created));
        let content = self.with_repeats(slice.content, slice.repeat);
        let aggregate = self.aggregate_for(created, visible_at > created, config.aggregation);
        let obtainability = match self.subscription.last_change() {
            _ if created > now => Obtainability::DecidedAt(created),
            Some(true) => Obtainability::Always,
            Some(false) => Obtainability::Never,
            None => Obtainability::IfFirstStartReachesBack,
        };
        let number = self.slices.range((created, 0)..=(created, u32::MAX)).next_back().map_or(0, |(key, _)| key.1 + 1);
        self.slices.insert(
            (created, number),
            StoredSlice { content, visible_at, expires: slice.expires.map(to_millisecond), aggregate, obtainability },
        );
    }

    fn with_repeats(&self, content: Content, count: usize) -> Content {
        match content {
            Content::Records(records) if count > 0 => {
                let mut earlier: Vec<Bytes> =
                    self.slices.values().rev().flat_map(records_newest_first).take(count).collect();
                earlier.reverse();
                Content::Records(records.iter().cloned().chain(earlier).collect())
            }
            Content::Records(_) | Content::Generated(_) => content,
        }
    }

    /// A slice joins the open aggregate if it closely follows its last slice. A slice that is too late for a window
    /// already listed becomes an aggregate of its own, because content ids that were handed out never change.
    fn aggregate_for(&mut self, created: Timestamp, is_late: bool, rule: Aggregation) -> u64 {
        let is_late = is_late || self.listed_until.is_some_and(|until| created < until);
        if let Some(open) = &mut self.open
            && !is_late
            && open.last <= created
            && created <= plus(open.last, rule.gap)
            && open.slices < rule.at_most
        {
            open.last = created;
            open.slices += 1;
            return open.number;
        }
        self.aggregates += 1;
        let is_in_order = self.open.as_ref().is_none_or(|open| open.last <= created);
        if !is_late && is_in_order {
            self.open = Some(OpenAggregate { number: self.aggregates, last: created, slices: 1 });
        }
        self.aggregates
    }

    /// The aggregates of a window that a listing shows now. An aggregate across the boundary of the window is clipped to
    /// it.
    pub(crate) fn aggregates(&mut self, window: Window, config: &Config, now: Timestamp) -> Vec<Aggregate> {
        // While a window ends in the future, its aggregates may still grow and change their ids, as in the live service.
        if window.end <= now {
            self.listed_until = self.listed_until.max(Some(window.end));
        }
        let mut found: BTreeMap<u64, Vec<SliceKey>> = BTreeMap::new();
        let end = if config.inclusive_end { (window.end, u32::MAX) } else { (window.end, 0) };
        for (key, stored) in self.slices.range((window.start, 0)..end) {
            if stored.visible_at <= now && self.obtainable(*key, stored) {
                found.entry(stored.aggregate).or_default().push(*key);
            }
        }
        found.into_values().filter_map(|keys| self.aggregate(keys, config)).collect()
    }

    fn aggregate(&self, keys: Vec<SliceKey>, config: &Config) -> Option<Aggregate> {
        let (first, last) = (*keys.first()?, *keys.last()?);
        let earliest_expiry = keys.iter().filter_map(|key| self.slices.get(key)?.expires).min();
        let expires = earliest_expiry.unwrap_or_else(|| plus(last.0, config.content_lifetime));
        Some(Aggregate { first, last, keys, expires })
    }

    /// Whether the subscription made this slice obtainable.
    pub(crate) fn obtainable(&self, key: SliceKey, stored: &StoredSlice) -> bool {
        match stored.obtainability {
            Obtainability::Always => true,
            Obtainability::Never => false,
            Obtainability::IfFirstStartReachesBack => self.subscription.reaches_back_to(key.0),
            Obtainability::DecidedAt(at) => self.subscription.was_on(at),
        }
    }
}

/// Empty for generated records, which are never repeated.
fn records_newest_first(stored: &StoredSlice) -> Vec<Bytes> {
    match &stored.content {
        Content::Records(records) => records.iter().rev().cloned().collect(),
        Content::Generated(_) => Vec::new(),
    }
}
